// Answers step by step: those of the plain evaluator at every T, whatever the number of workers.
import { expect, it } from 'vitest';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import { integerAnswers } from '../../src/simulate/answers.js';
import { dice, randomImage, randomNetwork } from './random-network.js';

it('the answer after t steps is that of the same network run for t steps', async () => {
  const codes = new Set<string>();
  for (let seed = 1; seed <= 12; seed++) {
    const { network } = randomNetwork(seed);
    codes.add(network.input.code);
    const d = dice(seed);
    const pictures = Array.from({ length: 3 }, () => randomImage(network.imageShape, d));
    const images = Float32Array.from(pictures.flatMap((p) => [...p]));
    const steps = 2 * network.timesteps;
    const answers = await integerAnswers(network, images, 3, { timesteps: steps, seed: 7, workers: 1 });
    for (const t of [1, Math.ceil(network.timesteps / 2), network.timesteps, steps]) {
      pictures.forEach((image, sample) => {
        const { predictions } = evaluateInteger({ ...network, timesteps: t }, image, { seed: 7, sample });
        expect(answers[sample * steps + t - 1], `seed ${seed}, T = ${t}`).toBe(predictions[t - 1]);
      });
    }
  }
  expect([...codes].sort()).toEqual(['bias', 'poisson', 'rate']);
});

it('does not depend on the workers, and tells how far it is', async () => {
  const { network } = randomNetwork(3);
  const d = dice(3);
  const images = Float32Array.from(Array.from({ length: 11 }, () => [...randomImage(network.imageShape, d)]).flat());
  const seen: number[] = [];
  const one = await integerAnswers(network, images, 11, { seed: 0, workers: 1, onDone: (done, total) => seen.push(done / total) });
  expect(seen).toEqual([4 / 11, 8 / 11, 1]);
  expect(await integerAnswers(network, images, 11, { seed: 0, workers: 3 })).toEqual(one);
  expect(one).toHaveLength(11 * network.timesteps);
});
