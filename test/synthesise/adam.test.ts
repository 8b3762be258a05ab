// Adam: the first steps by hand, and each number for itself.
import { expect, it } from 'vitest';
import { createAdam } from '../../src/synthesise/adam.js';

it('the first step has the size of the rate, whatever the gradient', () => {
  const values = Float32Array.of(0, 0, 5);
  createAdam(3, { rate: 0.1 })(values, Float32Array.of(1e-3, -40, 0));
  [-0.1, 0.1, 5].forEach((v, i) => expect(values[i]).toBeCloseTo(v, 4));
});

it('the second step is that of the paper\'s formulas', () => {
  const values = Float32Array.of(0);
  const adam = createAdam(1, { rate: 0.1, decay: 0.5, squareDecay: 0.9 });
  adam(values, Float32Array.of(1));
  adam(values, Float32Array.of(-3));
  const mean = (0.5 * 0.5 * 1 + 0.5 * -3) / (1 - 0.25);
  const square = (0.9 * 0.1 * 1 + 0.1 * 9) / (1 - 0.81);
  expect(values[0]).toBeCloseTo(-0.1 - (0.1 * mean) / Math.sqrt(square), 6);
});

it('finds the bottom of a bowl', () => {
  const values = Float32Array.of(3, -2);
  const adam = createAdam(2, { rate: 0.05 });
  for (let i = 0; i < 800; i++) adam(values, Float32Array.from(values, (v, k) => 2 * (v - k)));
  [0, 1].forEach((v, i) => expect(values[i]).toBeCloseTo(v, 1));
});
