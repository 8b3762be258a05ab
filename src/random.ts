/**
 * The only source of randomness in the library: Philox4x32-10, a counter-based generator
 * (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011). A stream is a
 * plain value; the n-th number of a stream can be computed without the n-1 before it, so results do
 * not depend on the order or the number of workers.
 */

/** A stream of random numbers, named by a seed and a path of labels. */
export interface RandomStream {
  readonly key0: number;
  readonly key1: number;
}

/** The root stream of a seed (an integer; its low 32 bits and the next 21 are used). */
export function randomStream(seed: number): RandomStream {
  return { key0: seed >>> 0, key1: Math.floor(seed / 4294967296) >>> 0 };
}

/** A stream of its own for a part of the work, independent of its siblings. */
export function substream(stream: RandomStream, label: number | string): RandomStream {
  const tag = typeof label === 'number' ? label >>> 0 : hashText(label);
  const out = philox(tag, typeof label === 'number' ? 1 : 2, 0x5349, 0x5645, stream);
  return { key0: out[0], key1: out[1] };
}

/** Fills `out` with 32-bit integers, numbers `first`, `first + 1`, ... of the stream. `first` is a multiple of 4. */
export function randomUint32(stream: RandomStream, out: Uint32Array, first = 0): Uint32Array {
  for (let i = 0; i < out.length; i += 4) {
    const counter = (first + i) / 4;
    const block = philox(counter >>> 0, Math.floor(counter / 4294967296), 0, 0, stream);
    for (let j = 0; j < 4 && i + j < out.length; j++) out[i + j] = block[j];
  }
  return out;
}

/** Uniform numbers in [0, 1) with 32 random bits each. */
export function uniform(stream: RandomStream, count: number): Float64Array {
  const bits = randomUint32(stream, new Uint32Array(count));
  return Float64Array.from(bits, (b) => b / 4294967296);
}

/** Standard normal numbers (Box-Muller on pairs of uniform numbers). */
export function normal(stream: RandomStream, count: number): Float64Array {
  const bits = randomUint32(stream, new Uint32Array(count + (count & 1)));
  const out = new Float64Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log((bits[i] + 1) / 4294967297));
    const angle = (2 * Math.PI * bits[i + 1]) / 4294967296;
    out[i] = radius * Math.cos(angle);
    if (i + 1 < count) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

/** A random permutation of 0..count-1 (Fisher-Yates). */
export function permutation(stream: RandomStream, count: number): Uint32Array {
  const draws = uniform(stream, count);
  const out = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(draws[i] * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

type Block = [number, number, number, number];

/** One block of Philox4x32-10: four 32-bit words from a counter of four and the stream's key of two. */
export function philox(c0: number, c1: number, c2: number, c3: number, stream: RandomStream): Block {
  let k0 = stream.key0;
  let k1 = stream.key1;
  for (let round = 0; round < 10; round++) {
    const hi0 = multiplyHigh(0xd2511f53, c0);
    const lo0 = Math.imul(0xd2511f53, c0) >>> 0;
    const hi1 = multiplyHigh(0xcd9e8d57, c2);
    const lo1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    c0 = (hi1 ^ c1 ^ k0) >>> 0;
    c1 = lo1;
    c2 = (hi0 ^ c3 ^ k1) >>> 0;
    c3 = lo0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The upper 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(carry / 65536)) >>> 0;
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
