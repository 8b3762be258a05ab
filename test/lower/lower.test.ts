/** The whole lowering on random networks; each pass is checked against the import on the way. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lowered } from './check.js';
import { randomNetwork } from './random-network.js';

describe('lower', () => {
  it('brings any network to the normal form with the same values', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 30 }), fc.integer({ min: 1, max: 4 }), (seed, blocks) => {
      lowered(randomNetwork(seed, blocks));
    }), { numRuns: 300, seed: 11 });
  });
});
