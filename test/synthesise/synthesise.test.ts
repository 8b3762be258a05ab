// Making whole sets: same bytes for any number of workers, the loss goes down, refusals.
import { beforeAll, describe, expect, it } from 'vitest';
import { createEvaluator } from '../../src/graph/evaluate.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { knownStatistics, addStatisticsGradient } from '../../src/synthesise/batch-norm-matching.js';
import type { ImageSet } from '../../src/synthesise/image-set.js';
import { start } from '../../src/synthesise/synthesise-task.js';
import { proceduralImages } from '../../src/synthesise/procedural-images.js';
import { recipeSettings, type RecipeName } from '../../src/synthesise/recipes.js';
import { synthesise, type SynthesiseOptions } from '../../src/synthesise/synthesise.js';
import { MODEL, NORMALISATION, SHAPE, smallNetwork } from './small-network.js';

const base: SynthesiseOptions = { recipe: 'mixed', count: 70, seed: 3, workers: 1, changes: { steps: 3 }, normalisation: NORMALISATION, model: MODEL };
const make = async (changes: Partial<SynthesiseOptions>): Promise<ImageSet> => (await synthesise(smallNetwork(), { ...base, ...changes })).set;

describe.each(['impressions', 'batch-norm', 'mixed', 'procedural'] satisfies RecipeName[])('%s', (recipe) => {
  let set: ImageSet;
  beforeAll(async () => { set = await make({ recipe }); });

  it('three workers make the same bytes as one', async () => {
    const again = await make({ recipe, workers: 3 });
    expect(again.sha256).toBe(set.sha256);
    expect(Buffer.from(again.bytes).equals(set.bytes)).toBe(true);
  });

  it('another seed makes others', async () => expect((await make({ recipe, seed: 4 })).sha256).not.toBe(set.sha256));

  it('the set says where it comes from, and its images lie in the range that bytes have', () => {
    expect(set).toMatchObject({ count: 70, shape: SHAPE, recipeName: recipe, seed: 3, modelSha256: MODEL.sha256, modelName: 'small' });
    expect(set.recipe).toMatch(new RegExp(`^70 synthetic images \\(recipe ${recipe}`));
    const plane = SHAPE[1] * SHAPE[2];
    set.images.forEach((x, i) => {
      const c = Math.floor(i / plane) % 3;
      const byte = (x * NORMALISATION.std[c] + NORMALISATION.mean[c]) * 255;
      if (Math.abs(byte - set.bytes[i]) > 1e-3) throw new Error(`image number ${i}: ${byte} is not ${set.bytes[i]}`);
    });
  });
});

describe('what the recipes reach', () => {
  const network = smallNetwork();

  it('impressions come nearer to their labels the longer they are made', async () => {
    const crossEntropy = async (steps: number): Promise<number> => {
      const { images, targets, count } = await make({ recipe: 'impressions', count: 24, changes: { steps, rate: 0.02 } });
      const [scores] = createEvaluator(network, createKernels()).run(images, count).outputs;
      let sum = 0;
      for (let n = 0; n < count; n++) {
        const row = scores.subarray(n * 3, n * 3 + 3);
        const total = row.reduce((a, v) => a + Math.exp(v / 20), 0);
        row.forEach((v, c) => { sum -= targets[n * 3 + c] * (v / 20 - Math.log(total)); });
      }
      return sum / count;
    };
    expect(await crossEntropy(30)).toBeLessThan(await crossEntropy(1) - 0.01);
  });

  it('an impression does not depend on the images made beside it', () => {
    const makeBatch = start({ graph: network, options: { settings: recipeSettings('impressions', { steps: 4 }), normalisation: NORMALISATION, seed: 3 }, done: new Int32Array(1) });
    const together = makeBatch({ first: 0, count: 5 });
    const alone = makeBatch({ first: 2, count: 1 });
    expect([...alone.bytes]).toEqual([...together.bytes.subarray(2 * 192, 3 * 192)]);
    expect([...alone.targets]).toEqual([...together.targets.subarray(6, 9)]);
  });

  it('batch-norm matching brings mean and deviation of every layer nearer to the file', async () => {
    const apart = async (steps: number): Promise<number> => {
      const { images, count } = await make({ recipe: 'batch-norm', count: 64, changes: { steps, rate: 0.05 } });
      const known = [...knownStatistics(network)];
      const { kept } = createEvaluator(network, createKernels()).run(images, count, { keep: known.map(([id]) => id) });
      return known.reduce((sum, [id, s]) => sum + addStatisticsGradient(kept.get(id)!, new Float32Array(kept.get(id)!.length), s, { count, weight: 1 }), 0);
    };
    expect(await apart(30)).toBeLessThan(0.9 * await apart(1));
  });

  it('data impressions keep the paper\'s step when they have the paper\'s number of them', () => {
    expect(recipeSettings('impressions', { steps: 2499 })).toMatchObject({ rate: 1e-3, temperature: 20, totalVariation: 0, l2: 0, jitter: 0, statistics: 0 });
    expect(recipeSettings('impressions', { steps: 10, rate: 0.5 })).toMatchObject({ steps: 10, rate: 0.5 });
  });
});

it('every class of a mixed set starts from every kind of picture', async () => {
  const { bytes } = await make({ count: 24, changes: { steps: 1, rate: 1e-6 } });
  const [first, drawn] = [bytes.subarray(0, 192), proceduralImages({ count: 24, shape: SHAPE, seed: 3, normalise: (v) => v }).images];
  expect(first.every((b, i) => Math.abs(b - 255 * drawn[i]) <= 1)).toBe(true);
  // three classes and two kinds: image 3 is of class 0 again and of the other kind
  expect(bytes.subarray(3 * 192, 4 * 192).every((b, i) => Math.abs(b - 255 * drawn[3 * 192 + i]) <= 1)).toBe(true);
});

it('progress counts image steps', async () => {
  const heard: (readonly [number, number])[] = [];
  await make({ count: 5, onProgress: (done, total) => { heard.push([done, total]); } });
  expect(heard.at(-1)).toEqual([15, 15]);
});

it('an abort ends the work with its reason', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(make({ signal })).rejects.toThrow('enough');
});

describe('refusals', () => {
  it('synthesise/no-statistics: nothing to match', async () => {
    await expect(synthesise(smallNetwork({ statistics: false }), { ...base, recipe: 'batch-norm' })).rejects.toThrow(
      'error[synthesise/no-statistics] for --recipe: recipe "batch-norm" matches batch-norm statistics, and no layer of this file has any\n'
      + '  hint: choose --recipe mixed, which asks for them only where they are, or impressions',
    );
  });

  it('mixed goes without them', async () => {
    expect((await synthesise(smallNetwork({ statistics: false }), { ...base, count: 4 })).set.count).toBe(4);
  });

  it('synthesise/diverged: a step beyond all numbers', async () => {
    await expect(make({ recipe: 'impressions', changes: { steps: 4, rate: 1e38 } })).rejects.toThrow(
      'error[synthesise/diverged]: the images left all bounds at a step of 1e+38: a gradient was not a number\n  hint: choose a smaller --rate',
    );
  });
});
