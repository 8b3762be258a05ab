/**
 * Where the random numbers of private training come from. What protects the examples is that nobody
 * can guess the batches and the noise, so they come from the operating system's cryptographic generator; the
 * seeded source is for tests, and for networks that are trained to be attacked and published nowhere. A sum of four normal numbers hides the grid of the doubles that one is made of
 * (Holohan and Braghin, "Secure random sampling in differential privacy", ESORICS 2021).
 */
import { randomFillSync } from 'node:crypto';
import { randomUint32, type RandomStream } from '../random.js';

/** Fills the array with random words. */
export type RandomBits = (words: Uint32Array) => void;

/** The cryptographic generator: no seed, no repetition. */
export const cryptographicBits: RandomBits = (words) => { randomFillSync(words); };

/** The words of a stream, one after another. Never for a network that is published: whoever knows the seed can take the noise off again. */
export function seededBits(stream: RandomStream): RandomBits {
  let next = 0;
  return (words) => {
    randomUint32(stream, words, next);
    next += Math.ceil(words.length / 4) * 4;
  };
}

const UNIT = 2 ** -53;

/** Uniform numbers in [0, 1) with 53 random bits each. */
export function uniforms(bits: RandomBits, count: number): Float64Array {
  const words = new Uint32Array(2 * count);
  bits(words);
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) out[i] = ((words[2 * i] >>> 5) * 67108864 + (words[2 * i + 1] >>> 6)) * UNIT;
  return out;
}

const SUMMED = 4;

/** Adds independent normal numbers of this standard deviation to `out`. */
export function addNormals(bits: RandomBits, deviation: number, out: Float64Array): void {
  const scale = deviation / Math.sqrt(SUMMED);
  for (let round = 0; round < SUMMED; round++) {
    const draws = uniforms(bits, out.length + (out.length & 1));
    for (let i = 0; i < out.length; i += 2) {
      const radius = scale * Math.sqrt(-2 * Math.log(1 - draws[i]));
      const angle = 2 * Math.PI * draws[i + 1];
      out[i] += radius * Math.cos(angle);
      if (i + 1 < out.length) out[i + 1] += radius * Math.sin(angle);
    }
  }
}
