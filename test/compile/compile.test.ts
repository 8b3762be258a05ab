// The whole compiler on a real network: same bytes, passes in order, and a program that answers as the ANN does.
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { normalisedImages } from '../../src/program/normalised-images.js';
import { compileModel, type CompileResult } from '../../src/compile.js';
import { loadDataset } from '../../src/data/load-dataset.js';
import { Reporter } from '../../src/diagnostics.js';
import { predict } from '../../src/graph/evaluate-parallel.js';
import { importOnnx } from '../../src/onnx/import-onnx.js';
import { readModelCard } from '../../src/onnx/model-card.js';
import { readProgram } from '../../src/program/read.js';
import { simulate } from '../../src/simulate/simulate.js';
import { loadTarget } from '../../src/target/load-target.js';

const card = readModelCard('models/cnn_mnist/model.json', new Reporter());
const compile = (options: { readonly seed?: number; readonly onPass?: (name: string) => void } = {}): Promise<CompileResult> =>
  compileModel('models/cnn_mnist/model.onnx', {
    target: loadTarget('loihi2'), timesteps: 32, card, normalisation: card.input, seed: options.seed ?? 0,
    observer: { onPass: (name) => options.onPass?.(name) },
  });

describe('cnn_mnist on loihi2', () => {
  const passes: string[] = [];
  let first: CompileResult;
  beforeAll(async () => { first = await compile({ onPass: (name) => passes.push(name) }); });

  it('compiles to the same bytes twice, and to others under another seed', async () => {
    const hash = ({ bytes }: CompileResult): string => createHash('sha256').update(bytes).digest('hex');
    expect(hash(await compile())).toBe(hash(first));
    expect(hash(await compile({ seed: 1 }))).not.toBe(hash(first));
  });

  it('shows every pass to the observer, in order', () => {
    expect(passes).toEqual([
      'check-options', 'import', 'evaluate',
      'drop-softmax', 'lower-interleaved', 'remove-transposes', 'normalise-reshapes', 'fold-batch-norm', 'lower-concat', 'fold-affine', 'lower-subtract', 'lower-pad', 'lower-max-pool', 'lower-average-pool', 'normal-form',
      'normalisation', 'synthesise', 'calibrate', 'convert', 'check-reset', 'quantise', 'partition', 'place', 'route', 'weigh', 'emit',
    ]);
    expect(first.summary.passes.map((p) => p.name)).toEqual(passes);
  });

  it('says what it made and what it looked at', () => {
    const { cores, chips, neurons, synapses, parameters, warnings } = first.summary;
    expect({ cores, chips, neurons, synapses, parameters, warnings }).toEqual({ cores: first.program.coresUsed, chips: 1, neurons: 18954, synapses: 4080896, parameters: 206922, warnings: [] });
    expect(first.program.classes).toEqual([...'0123456789']);
    expect(first.program.provenance).toMatchObject({ modelName: 'cnn_mnist', modelSha256: card.sha256, seed: 0, privateData: false });
    expect(first.program.provenance.calibration).toMatch(/no data of any person$/);
  });

  it('answers as the ANN does: at least 47 of 50 test images right, and 47 like the ANN', async () => {
    const data = loadDataset('idx:models/samples/mnist-1000-images-idx3-ubyte.gz,models/samples/mnist-1000-labels-idx1-ubyte.gz');
    const trace = await simulate(readProgram(first.bytes, 'cnn_mnist.spk'), data, { timing: 'functional', seed: 0, workers: 1, limit: 50 });
    const answers = Array.from({ length: 50 }, (_, i) => trace.predictions[i * 32 + 31]);
    const { graph } = importOnnx('models/cnn_mnist/model.onnx', { card, report: new Reporter() });
    const images = normalisedImages(first.program.normalisation, data);
    const ann = await predict(graph, images.subarray(0, 50 * 784), 50, { workers: 1 });
    expect(answers.filter((a, i) => a === data.labels[i]).length).toBeGreaterThanOrEqual(47);
    expect(answers.filter((a, i) => a === ann[i]).length).toBeGreaterThanOrEqual(47);
  });
});
