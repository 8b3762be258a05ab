// Architecture files: every one in the tree builds a sound network, every mistake is named with its place,
// and the file of a trained network survives being written and read.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CompileError } from '../../src/diagnostics.js';
import { printArchitectureSchema, type Architecture } from '../../src/learn/architecture-schema.js';
import { buildNetwork } from '../../src/learn/build-network.js';
import { readParameters } from '../../src/learn/parameters.js';
import { readArchitecture } from '../../src/learn/read-architecture.js';
import { readTrainedNetwork, writeTrainedNetwork } from '../../src/learn/trained-network-file.js';
import { recordProblem, type TrainingRecord } from '../../src/learn/training-record.js';
import { verifySpikingNetwork } from '../../src/spiking/verify-network.js';

const tiny = {
  name: 'tiny', image: [1, 6, 6], normalisation: { scale: 255, mean: [0], std: [1] }, timesteps: 3, code: 'direct',
  neuron: { model: 'if', reset: 'soft', start: 0.5 }, surrogate: { shape: 'triangle', width: 1 },
  layers: [{ kind: 'conv', channels: 2, kernel: 3, pad: 1 }, { kind: 'pool', size: 2 }, { kind: 'fc', units: 4 }],
};
const read = (changes: object = {}): Architecture => readArchitecture(JSON.stringify({ ...tiny, ...changes }), 'a.json');
const refusal = (job: () => unknown): string => {
  try { job(); } catch (error) { expect(error).toBeInstanceOf(CompileError); return (error as Error).message; }
  throw new Error('nothing was refused');
};

const folder = 'models/architectures';
it('the published schema is that of the source', () => expect(readFileSync(`${folder}/architecture.schema.json`, 'utf8')).toBe(printArchitectureSchema()));
for (const file of readdirSync(folder).filter((f) => !f.endsWith('.schema.json'))) {
  it(`${file} is a sound network`, () => {
    const architecture = readArchitecture(readFileSync(`${folder}/${file}`, 'utf8'), file);
    expect(`${architecture.name}.json`).toBe(file);
    verifySpikingNetwork(buildNetwork(architecture, 1));
  });
}

describe('the network of an architecture', () => {
  it('has the maps, filters and pools that it says', () => {
    const network = buildNetwork(read(), 5);
    expect(network.populations.map((p) => [p.id, ...p.shape])).toEqual([['conv1', 2, 6, 6], ['fc2', 4, 1, 1]]);
    expect(network.projections.map((p) => [p.id, p.window.kernel, p.pool])).toEqual([['fc2<-conv1', [3, 3], [2, 2]]]);
    expect(network.populations[1].neuron).toEqual({ model: 'integrator' });
    const { weight } = network.projections[0];
    expect(weight).not.toEqual(buildNetwork(read(), 6).projections[0].weight);
    expect(weight).toEqual(buildNetwork(read(), 5).projections[0].weight);
  });
  it('reads an image in rates as the positive and the negative part', () => {
    const network = buildNetwork(read({ code: 'rate', neuron: { model: 'lif', leak: 0.9, reset: 'hard', start: 0 } }), 5);
    verifySpikingNetwork(network);
    expect(network.populations.map((p) => p.id)).toEqual(['image', 'conv1', 'fc2']);
    const { weight } = network.projections[0];
    expect(Array.from(weight.slice(9, 18))).toEqual(Array.from(weight.slice(0, 9), (w) => -w));
  });
});

describe('a wrong architecture', () => {
  it('is not JSON', () => expect(refusal(() => readArchitecture('{', 'a.json'))).toContain('error[learn/architecture-unreadable] in a.json: the architecture is not JSON: '));
  it('has every problem named at once, with its pointer', () => {
    expect(refusal(() => read({ timesteps: 0, colour: 1, layers: [{ kind: 'conv', channels: 2 }, { kind: 'gelu' }] })).split('\n').filter((l) => l.startsWith('error')).sort()).toEqual([
      "error[learn/architecture-wrong] in a.json (/layers/0): must have required property 'kernel'",
      "error[learn/architecture-wrong] in a.json (/layers/1): a layer's kind is conv, pool, fc",
      'error[learn/architecture-wrong] in a.json (/timesteps): must be >= 1',
      'error[learn/architecture-wrong] in a.json: there is no key "colour"',
    ].sort());
  });
  it('does not fit', () => {
    const wrong = (changes: object): string => refusal(() => read(changes)).split('\n')[0];
    expect(wrong({ layers: [{ kind: 'conv', channels: 2, kernel: 7 }, { kind: 'fc', units: 4 }] })).toContain('(/layers/0): a filter of 7 x 7 does not fit on a map of 6 x 6');
    expect(wrong({ layers: [tiny.layers[0], { kind: 'pool', size: 4 }, tiny.layers[2]] })).toContain('cells of 4 do not divide a map of 6 x 6');
    expect(wrong({ layers: [tiny.layers[2]] })).toContain('at least one layer of spiking neurons');
    expect(wrong({ layers: [tiny.layers[0]] })).toContain('the last layer is an fc');
    expect(wrong({ neuron: { ...tiny.neuron, leak: 0.5 } })).toContain('an if neuron has no leak');
    expect(wrong({ neuron: { ...tiny.neuron, model: 'lif' } })).toContain('a lif neuron needs a leak');
    expect(wrong({ image: [3, 6, 6] })).toContain('an image of 3 channels needs as many means and deviations');
  });
  it('has a normalisation layer, which is refused with its reason', () => {
    const text = refusal(() => read({ layers: [tiny.layers[0], { kind: 'batch-norm' }, { kind: 'group-norm', groups: 2 }, tiny.layers[2]] }));
    expect(text).toContain('error[learn/normalisation-layer] in a.json (/layers/1): batch-norm is refused: it mixes the images of a batch');
    expect(text).toContain('error[learn/normalisation-layer] in a.json (/layers/2): group-norm is refused: it divides by statistics of the image at hand');
    expect(text).not.toContain('architecture-wrong');
  });
});

describe('the file of a trained network', () => {
  const architecture = read({ trainThresholds: true });
  const training: TrainingRecord = {
    data: 'digits', dataSha256: 'ab'.repeat(32), examples: 1000, steps: 20,
    certificate: { mechanism: 'm', phases: [{ rate: 0.1, noise: 1, steps: 20 }], clip: 0.3, expectedBatch: 100, epsilon: 4, delta: 1e-4, adjacency: 'a', unit: 'u', accountant: 'p' },
  };
  const network = buildNetwork(architecture, 9);
  const bytes = writeTrainedNetwork({ architecture, seed: 5, training, network });
  const reseal = (change: (file: Buffer) => Buffer): Uint8Array => {
    const body = change(Buffer.from(bytes.subarray(0, bytes.length - 32)));
    return Buffer.concat([body, createHash('sha256').update(body).digest()]);
  };
  const replaced = (from: string, to: string): Uint8Array => reseal((file) => Buffer.from(file.toString('latin1').replace(from, to), 'latin1'));

  it('survives', () => {
    const back = readTrainedNetwork(bytes, 'f.snn');
    expect(back.training).toEqual(training);
    expect(back.architecture).toEqual(architecture);
    expect(readParameters(back.network)).toEqual(readParameters(network));
    expect(writeTrainedNetwork(back)).toEqual(bytes);
    expect(readTrainedNetwork(writeTrainedNetwork({ ...back, training: { ...training, certificate: null } }), 'f.snn').training.certificate).toBeNull();
  });
  it('is told from other files, and damage from health', () => {
    expect(refusal(() => readTrainedNetwork(Buffer.from('hello'), 'f.snn'))).toContain('error[learn/not-a-trained-network] in f.snn');
    for (let at = 8; at < bytes.length; at += 37) {
      const changed = bytes.slice();
      changed[at] ^= 4;
      expect(refusal(() => readTrainedNetwork(changed, 'f.snn'))).toContain('learn/trained-network-damaged');
      expect(refusal(() => readTrainedNetwork(bytes.subarray(0, at), 'f.snn'))).toContain('learn/trained-network-damaged');
    }
  });
  it('claims nothing that cannot be', () => {
    const wrong = (from: string, to: string): string => refusal(() => readTrainedNetwork(replaced(from, to), 'f.snn')).split('\n')[0];
    expect(wrong('"steps":20,"c', '"steps":21,"c')).toContain('its certificate covers 20 steps of 21');
    expect(wrong('"delta":0.0001', '"delta":0.1000')).toContain('the delta of its certificate, 0.1, is 1/1000 or more');
    expect(wrong('"noise":1', '"noise":0')).toContain('a phase that no mechanism runs');
    expect(wrong('"rate":0.1', '"rate":0.2')).toContain('the rate of its certificate is not the expected batch');
    expect(wrong('"clip":0.3', '"clap":0.3')).toContain('its header is wrong at /training/certificate');
    expect(wrong('"kernel":3', '"kernel":1')).toContain('bytes of parameters, its architecture needs');
    expect(recordProblem({ ...training, examples: 0 })).toContain('not a whole number');
    expect(recordProblem({ ...training, certificate: { ...training.certificate!, epsilon: NaN } })).toContain('not finite');
  });
});
