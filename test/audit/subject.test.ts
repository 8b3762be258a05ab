// Scores that an audit reads: those of the plain evaluators, in one unit for float network, spiking network and program, for any number of workers.
import { describe, expect, it } from 'vitest';
import { classCount, imageShapeOf, isChancy, scoresOf, withoutSoftmax, type Subject } from '../../src/audit/subject.js';
import { nodeId, type Graph } from '../../src/graph/graph.js';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import { quantise } from '../../src/quantise/quantise.js';
import { Reporter } from '../../src/diagnostics.js';
import { loadTarget } from '../../src/target/load-target.js';
import { smallLesson } from '../learn/small-lesson.js';
import { dice, randomImage, randomNetwork } from '../simulate/random-network.js';

const dense: Graph = {
  nodes: [
    { kind: 'input', id: nodeId('x'), inputs: [], shape: [2] },
    { kind: 'dense', id: nodeId('y'), inputs: [nodeId('x')], shape: [3], weight: Float32Array.of(1, 2, 0, 1, -1, 0), bias: Float32Array.of(0, 1, 0) },
    { kind: 'softmax', id: nodeId('p'), inputs: [nodeId('y')], shape: [3], axis: 0, log: false },
  ],
  outputs: [nodeId('p')],
};

describe('scores of a subject', () => {
  it('are logits of a float network, without its softmax', async () => {
    const subject: Subject = { kind: 'ann', graph: dense };
    expect([...await scoresOf(subject, Float32Array.of(1, 2, -1, 0.5), 2, { workers: 1 })]).toEqual([5, 3, -1, 0, 1.5, 1]);
    expect([classCount(subject), imageShapeOf(subject), isChancy(subject)]).toEqual([3, [2, 1, 1], false]);
    expect(withoutSoftmax(withoutSoftmax(dense)).outputs).toEqual(['y']);
  });

  it('of a program are close to those of the spiking network that it was rounded from, in the same unit', async () => {
    const { network, set } = smallLesson(20);
    const program = { network: quantise(network, loadTarget('loihi2'), new Reporter()) };
    const [floats, integers] = await Promise.all([scoresOf({ kind: 'spiking', network }, set.images, 20, { workers: 1 }), scoresOf({ kind: 'program', program }, set.images, 20, { workers: 1 })]);
    expect(floats).toHaveLength(20 * classCount({ kind: 'program', program }));
    const spread = Math.hypot(...floats) / Math.sqrt(floats.length);
    const apart = Math.hypot(...floats.map((s, i) => s - integers[i])) / Math.sqrt(floats.length);
    expect(spread).toBeGreaterThan(0);
    expect(apart / spread).toBeLessThan(0.3);
    expect(apart).toBeGreaterThan(0); // they are of the integers
  });

  it('of a program are its potential over scale and T, averaged over the seeds of the Poisson code alone', async () => {
    const codes = new Set<string>();
    for (let seed = 1; seed <= 12; seed++) {
      const { network } = randomNetwork(seed);
      codes.add(network.input.code);
      const image = randomImage(network.imageShape, dice(seed));
      const output = network.populations.find((p) => p.id === network.output)!;
      const of = (chance: number): number[] => [...evaluateInteger(network, image, { seed: chance, sample: 0 }).scores].map((v, i) => v / (output.scale[Math.floor(i / (output.shape[1] * output.shape[2]))] * network.timesteps));
      const seeds = [3, 4, 5];
      const runs = (network.input.code === 'poisson' ? seeds : [3]).map(of);
      const found = await scoresOf({ kind: 'program', program: { network } }, image, 1, { seeds, workers: 1 });
      found.forEach((score, i) => expect(score).toBeCloseTo(runs.reduce((sum, r) => sum + r[i], 0) / runs.length, 9));
    }
    expect(codes).toContain('poisson');
  });

  it('do not depend on the workers', async () => {
    const { network, set } = smallLesson(50);
    const one = await scoresOf({ kind: 'spiking', network }, set.images, 50, { workers: 1 });
    expect(await scoresOf({ kind: 'spiking', network }, set.images, 50, { workers: 3 })).toEqual(one);
    expect(await scoresOf({ kind: 'spiking', network }, set.images, 0, { workers: 1 })).toHaveLength(0);
  });
});
