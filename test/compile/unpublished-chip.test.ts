// A chip of which little is published: what is compiled for it runs within its integers, and every unknown constant is null and named.
import { describe, expect, it } from 'vitest';
import { compileModel } from '../../src/compile.js';
import { loadDataset } from '../../src/data/load-dataset.js';
import { subset } from '../../src/data/subset.js';
import { CompileError, Reporter } from '../../src/diagnostics.js';
import { energyReport } from '../../src/energy/energy-report.js';
import { readModelCard } from '../../src/onnx/model-card.js';
import { simulate } from '../../src/simulate/simulate.js';
import { publishesLatency, unpublishedLatencies } from '../../src/simulate/latencies.js';
import { loadTarget } from '../../src/target/load-target.js';

const card = readModelCard('models/cnn_mnist/model.json', new Reporter());
const data = loadDataset('idx:models/samples/mnist-1000-images-idx3-ubyte.gz,models/samples/mnist-1000-labels-idx1-ubyte.gz');
const target = loadTarget('spinnaker2');
const compile = (model: string, options = {}) => compileModel(model, { target, timesteps: 16, card, normalisation: card.input, calibration: subset(data, { limit: 16 }), ...options });

describe('cnn_mnist on spinnaker2', async () => {
  const { program } = await compile('models/cnn_mnist/model.onnx');
  const tested = subset(data, { limit: 40 });
  const trace = await simulate(program, tested, { timing: 'functional', seed: 0, workers: 1 });

  it('answers as the network does', () => {
    const last = trace.timesteps - 1;
    const right = Array.from({ length: tested.count }, (_, i) => Number(trace.predictions[i * trace.timesteps + last] === tested.labels[i])).reduce((a, b) => a + b, 0);
    expect(right).toBeGreaterThanOrEqual(38);
  });
  it('stays within whole numbers that a float of 32 bits holds', () => {
    for (const p of program.network.populations) expect(p.limit).toBeLessThan(2 ** 24);
    for (const p of program.network.projections) expect(p.weight.reduce((a, w) => Math.max(a, Math.abs(w)), 0)).toBeLessThanOrEqual(127);
    for (const { use } of program.cores) expect(use.neurons).toBeLessThanOrEqual(250);
  });
  it('prices synaptic operations by the one figure, and names all that is unknown', () => {
    const { lines, staticJoules } = energyReport(program, trace).perInference;
    const unit = (key: string): number | null | undefined => lines.find((l) => l.key === key)?.unitPicojoules;
    expect([unit('synops-shared'), unit('synops-dense'), staticJoules]).toEqual([10, 10, 0]);
    for (const key of ['neuron-active', 'neuron-inactive', 'spikes', 'axon-out', 'axon-in', 'readout', 'barrier', 'static']) {
      expect([key, unit(key)]).toEqual([key, null]);
      expect(lines.find((l) => l.key === key)?.note).toContain('not counted');
    }
    expect(energyReport(program, trace).notes.join(' ')).toContain('neuron updates, active');
  });
  it('has no latency to time with', () => {
    expect(publishesLatency(target.profiles[0])).toBe(false);
    expect(publishesLatency(loadTarget('loihi2').profiles[0])).toBe(true);
    expect(unpublishedLatencies(program, target.profiles[0])).toContain('barrier');
  });
});

it('shortcuts over layers wait, which spinnaker2 does not offer', async () => {
  const error = await compile('models/resnet8_cifar10/model.onnx', { card: undefined, layout: 'NHWC', normalisation: undefined, calibration: undefined }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(CompileError);
  expect(new Set((error as CompileError).diagnostics.map((d) => d.code))).toEqual(new Set(['map/delay-too-long']));
});
