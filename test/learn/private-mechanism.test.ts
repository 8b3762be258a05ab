// The mechanism of private training, audited: what it draws, clips and adds, and a canary that proves no
// more epsilon than is claimed. Six faults that look harmless each prove more.
import { describe, expect, it } from 'vitest';
import { tightEpsilon } from '../../src/audit/accountant/tight-epsilon.js';
import { addClipped, privateMechanism, type Mechanism } from '../../src/learn/private-mechanism.js';
import { addNormals, cryptographicBits, seededBits, uniforms } from '../../src/learn/random-bits.js';
import { normal, permutation, randomStream, substream } from '../../src/random.js';
import { auditedEpsilon, CLIP, DELTA, NOISE, RATE, SIZE, soundMechanism, soundStep, STEPS, summed, type Audited } from './mechanism-audit.js';

const bits = () => seededBits(randomStream(7));
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
const variance = (values: readonly number[]): number => {
  const mean = sum(values) / values.length;
  return sum(values.map((v) => (v - mean) ** 2)) / (values.length - 1);
};

describe('the random numbers', () => {
  it('are normal: variance within the chi-square interval, share within one deviation', () => {
    for (const source of [bits(), cryptographicBits]) {
      const out = new Float64Array(20_001).fill(3);
      addNormals(source, 2.5, out);
      const draws = Array.from(out, (x) => (x - 3) / 2.5);
      // chi-square of 20,000 is 20,000 +- 200 (one deviation): five of them are missed once in two million runs
      expect(Math.abs(sum(draws.map((x) => x * x)) - 20_001)).toBeLessThan(1000);
      expect(Math.abs(sum(draws) / Math.sqrt(20_001))).toBeLessThan(5);
      expect(Math.abs(draws.filter((x) => Math.abs(x) < 1).length / 20_001 - 0.6827)).toBeLessThan(0.017);
    }
  });
  it('of the cryptographic source never repeat; the seeded ones do', () => {
    expect(uniforms(cryptographicBits, 4)).not.toEqual(uniforms(cryptographicBits, 4));
    expect(uniforms(bits(), 4)).toEqual(uniforms(bits(), 4));
    const source = bits();
    expect(uniforms(source, 3)).not.toEqual(uniforms(source, 3));
  });
});

describe('clipping', () => {
  it('leaves no gradient longer than C, whatever its size, and short ones alone', () => {
    for (let k = 0; k < 200; k++) {
      const gradient = Float32Array.from(normal(substream(randomStream(3), k), 50), (x) => x * 10 ** ((k % 13) - 6));
      const added = new Float64Array(50);
      addClipped(added, gradient, 0.7);
      const [before, after] = [gradient, added].map((v) => Math.sqrt(sum(Array.from(v, (x) => x * x))));
      expect(after).toBeLessThanOrEqual(0.7);
      expect(after).toBeCloseTo(Math.min(before, 0.7), 5);
      if (before < 0.69) expect(added).toEqual(Float64Array.from(gradient));
    }
  });
  it('counts a gradient that is not finite as none', () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const added = new Float64Array(2);
      addClipped(added, Float32Array.of(bad, 1), 1);
      expect([...added]).toEqual([0, 0]);
    }
  });
  it('of one huge gradient over many steps: mean norm C / B, noise of deviation sigma C / B', () => {
    const settings = { examples: 100, rate: 0.2, noise: 1.3, clip: 2, expectedBatch: 20 };
    const mechanism = privateMechanism(settings, bits());
    const releases = Array.from({ length: 2000 }, () => {
      const total = new Float64Array(8);
      for (const record of mechanism.sample()) if (record === 0) mechanism.add(total, Float32Array.of(1e6, 0, 0, 0, 0, 0, 0, 0));
      return Array.from(mechanism.release(total));
    });
    const spread = (1.3 * 2) / 20;
    const quiet = releases.flatMap((r) => r.slice(1));
    // chi-square of 14,000: deviation 167
    expect(Math.abs(sum(quiet.map((x) => (x / spread) ** 2)) - 14_000)).toBeLessThan(5 * 167);
    expect(sum(releases.map((r) => r[0])) / 2000).toBeCloseTo(0.2 * (2 / 20), 2);
  });
});

describe('sampling', () => {
  const settings = { examples: 500, rate: 0.03, noise: 1, clip: 1, expectedBatch: 15 };
  const mechanism = privateMechanism(settings, bits());
  const batches = Array.from({ length: 3000 }, () => mechanism.sample());
  it('has every record in as often as a binomial says', () => {
    const counts = new Float64Array(500);
    for (const batch of batches) for (const record of batch) counts[record]++;
    // each count is Bin(3000, 0.03): 90 +- 9.3; their chi-square over 500 records is 500 +- 32
    expect(Math.abs(sum(Array.from(counts, (c) => (c - 90) ** 2 / (90 * 0.97))) - 500)).toBeLessThan(5 * 32);
    expect(counts.reduce((a, b) => Math.max(a, b))).toBeLessThan(90 + 5 * 9.4);
  });
  it('varies in size by n q (1 - q), which a shuffle does not, and may be empty', () => {
    const sizes = batches.map((b) => b.length);
    const expected = 500 * 0.03 * 0.97;
    expect(Math.abs(variance(sizes) / expected - 1)).toBeLessThan(5 * Math.sqrt(2 / 3000));
    expect(Array.from({ length: 200 }, () => privateMechanism({ ...settings, examples: 20 }, cryptographicBits).sample().length)).toContain(0);
  });
});

const fixedNoise = Float64Array.from(normal(randomStream(99), SIZE), (x) => x * NOISE * CLIP);
const sound: Omit<Audited, 'crowd'> = { step: soundStep, mechanism: soundMechanism };
const withPart = (change: (made: Mechanism, run: number, settings: Parameters<Audited['mechanism']>[0]) => Partial<Mechanism>): Omit<Audited, 'crowd'> =>
  ({ ...sound, mechanism: (settings, run) => { const made = soundMechanism(settings, run); return { ...made, ...change(made, run, settings) }; } });

/** Each with the number of others beside the canary at which it shows. */
const FAULTS: Readonly<Record<string, Audited>> = {
  'batches from a shuffle': { crowd: 99, ...withPart((_, run, { examples, expectedBatch }) => {
    let [read, epoch, order] = [0, 0, new Uint32Array()];
    return { sample: () => Uint32Array.from({ length: Math.round(expectedBatch) }, () => {
      if (read % examples === 0) order = permutation(substream(randomStream(run), epoch++), examples);
      return order[read++ % examples];
    }) };
  }) },
  'noise drawn once per layer': { crowd: 0, ...withPart((_, run, { expectedBatch }) => {
    let step = 0;
    return { release: (total) => { const n = normal(substream(randomStream(run), step++), 2); return total.map((x, i) => (x + n[i >> 1] * NOISE * CLIP) / expectedBatch); } };
  }) },
  'division by the actual batch': { crowd: 99, mechanism: soundMechanism, step: (mechanism, gradientsOf) => {
    const batch = mechanism.sample();
    return soundStep({ ...mechanism, sample: () => batch }, gradientsOf).map((x) => (x * 10) / Math.max(1, batch.length));
  } },
  'clipping each time step': { crowd: 0, mechanism: soundMechanism, step: (mechanism, gradientsOf) => {
    const total = new Float64Array(SIZE);
    for (const record of mechanism.sample()) for (const part of gradientsOf(record)) mechanism.add(total, part);
    return mechanism.release(total);
  } },
  'empty batches skipped': { crowd: 0, mechanism: soundMechanism, step: (mechanism, gradientsOf) => {
    const batch = mechanism.sample();
    return batch.length === 0 ? null : soundStep({ ...mechanism, sample: () => batch }, gradientsOf);
  } },
  'the same noise in every step': { crowd: 0, ...withPart((_, __, { expectedBatch }) => ({ release: (total) => total.map((x, i) => (x + fixedNoise[i]) / expectedBatch) })) },
};

describe('a canary', () => {
  const claimed = tightEpsilon([{ rate: RATE, noise: NOISE, steps: STEPS }], DELTA).epsilon;
  it('proves less than is claimed of the mechanism, alone and in a crowd', () => {
    expect(claimed).toBeCloseTo(1.036, 3);
    for (const crowd of [0, 99]) {
      const proven = auditedEpsilon({ crowd, ...sound });
      expect(proven).toBeLessThan(claimed);
      if (crowd === 0) expect(proven).toBeGreaterThan(0.1 * claimed); // the audit is not blind; a crowd that nobody observes hides the canary
    }
  });
  for (const [fault, audited] of Object.entries(FAULTS)) it(`proves more where there is a fault: ${fault}`, () => expect(auditedEpsilon(audited)).toBeGreaterThan(1.1 * claimed));
});

it('time steps are summed before the clip', () => expect([...summed([Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 1, 1, 1)])]).toEqual([2, 3, 4, 5]));
