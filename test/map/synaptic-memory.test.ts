import { describe, expect, test } from 'vitest';
import { indexBits, listFormat, runBits, synapseFormat, weightBits } from '../../src/map/synapse-format.js';
import { synapticBits } from '../../src/map/synaptic-memory.js';
import { linksOf, sourceReach } from '../../src/map/reach.js';
import { populationId } from '../../src/spiking/network.js';
import { loadTarget } from '../../src/target/load-target.js';
import type { Target } from '../../src/target/schema.js';
import { chain, conv, dense } from './random-network.js';
import type { Layer } from './random-network.js';

const loihi1 = loadTarget('loihi1');
const { memory } = loihi1;
const withMemory = (change: Partial<Target['memory']>): Target => ({ ...loihi1, memory: { ...memory, ...change } });

/** Bits of one layer's memory for a slice of its target (the whole unless cut). */
function bitsOf(input: readonly [number, number, number], layer: Layer, cut: { channels?: [number, number]; rows?: [number, number] } = {}, target: Target = loihi1): number {
  const network = chain(input, [layer], { wide: true });
  const [link] = linksOf(network);
  const slice = { population: populationId('p1'), channels: cut.channels ?? [0, link.target[0]] as const, rows: cut.rows ?? [0, link.target[1]] as const, columns: [0, link.target[2]] as const };
  return synapticBits(link, slice, sourceReach(link, slice), target);
}

describe('a run of weights', () => {
  test.each([[64, 576], [256, 2304], [512, 4608], [1024, 9216]])('%d dense 8-bit weights take %d bits (published table)', (count, bits) => {
    expect(runBits(count, 8, memory)).toBe(bits);
  });
  test.each([[64, 1216], [256, 4864], [512, 9728], [1024, 19456]])('with a 10-bit index each, %d take %d bits (published table)', (count, bits) => {
    expect(runBits(count, 8 + memory.indexBits, memory)).toBe(bits);
  });
  test('a short run is rounded up to whole words: 8 + 10 bits to 64, 7 * 8 + 10 to 128', () => {
    expect([0, 1, 6, 7, 65].map((n) => runBits(n, 8, memory))).toEqual([0, 64, 64, 128, 576 + 64]);
  });
  test('the width of a weight is the smallest of the code table: sign and magnitude, never 7 bits', () => {
    expect([0, 1, 3, 4, 7, 15, 31, 32, 127].map(weightBits)).toEqual([0, 2, 3, 4, 4, 5, 6, 8, 8]);
  });
  test('an index has 6 to 12 bits, as far as the chip goes', () => {
    expect([1, 64, 65, 1024, 1025].map((n) => indexBits(n, memory))).toEqual([6, 6, 7, 10, null]);
    expect(indexBits(4, { ...memory, indexBits: 0 })).toBeNull();
  });
});

describe('a projection', () => {
  test('a dense layer has one list a source neuron', () => {
    expect(bitsOf([10, 1, 1], dense(64, [10, 1, 1]))).toBe(10 * 576);
  });
  test('a cut of the channels shortens the lists', () => {
    expect(bitsOf([10, 1, 1], dense(64, [10, 1, 1]), { channels: [0, 6] })).toBe(10 * 64);
  });
  test('a 3-tap convolution without padding stores its rows once for each set of columns', () => {
    // Along the columns of a 6x6 map the taps that fall inside are {0}, {0,1}, {0,1,2} (twice), {1,2}, {2}: nine
    // columns in all. Pixels that reach fewer than three rows read a part of the same list. 6 channels take 64 bits.
    expect(bitsOf([5, 6, 6], conv(6, 3))).toBe(5 * 9 * 3 * 64);
  });
  test('the size of the map does not matter once the patterns are the same', () => {
    expect(bitsOf([5, 30, 30], conv(6, 3), {}, withMemory({ sharedOffset: null }))).toBe(bitsOf([5, 6, 6], conv(6, 3)));
  });
  test('lists are copied for each stretch of 256 compartments their bases fall in', () => {
    // 1x1 filter, 4 channels on 16x16: one pattern, bases 0, 4, ..., 1020: four stretches.
    expect(bitsOf([3, 16, 16], conv(4, 1))).toBe(3 * 64 * 4);
    expect(bitsOf([3, 16, 16], conv(4, 1), { rows: [0, 8] })).toBe(3 * 64 * 2);
    expect(bitsOf([3, 16, 16], conv(4, 1), {}, withMemory({ sharedOffset: null }))).toBe(3 * 64);
  });
  test('without shared weights every source pixel has lists of its own', () => {
    const target = { ...loihi1, capabilities: { ...loihi1.capabilities, sharedConvolution: false } };
    expect(bitsOf([3, 16, 16], conv(4, 1), {}, target)).toBe(3 * 64 * 256);
  });
  test('a depthwise filter reads one channel: segments of one weight', () => {
    expect(bitsOf([4, 8, 8], conv(4, 1, { groups: 4 }))).toBe(4 * 64);
  });
  test('pixels that are pooled together share their list', () => {
    expect(bitsOf([4, 8, 8], { ...dense(6, [4, 1, 1]), pool: [8, 8] })).toBe(4 * 64);
  });
});

test('a projection is shared where weights repeat and the chip can', () => {
  const format = (input: readonly [number, number, number], layer: Layer, target: Target = loihi1) => synapseFormat(linksOf(chain(input, [layer], { wide: true }))[0], target);
  expect(format([4, 8, 8], conv(4, 3))).toBe('shared');
  expect(format([4, 8, 8], dense(4, [4, 8, 8]))).toBe('dense');
  expect(format([4, 8, 8], { ...dense(4, [4, 4, 4]), pool: [2, 2] })).toBe('shared');
  expect(format([4, 8, 8], conv(4, 3), { ...loihi1, capabilities: { ...loihi1.capabilities, sharedConvolution: false } })).toBe('dense');
});

describe('a pruned projection', () => {
  const pruned = (share: number, layer: Layer = dense(64, [10, 1, 1])) => linksOf(chain([10, 1, 1], [layer], { wide: true, pruned: share }))[0];
  test('is sparse where an index beside each weight takes less than the zeros', () => {
    expect([0, 0.25, 0.75, 1].map((share) => listFormat(pruned(share), loihi1).sparse)).toEqual([false, false, true, true]);
    expect([synapseFormat(pruned(0.75), loihi1), synapseFormat(pruned(0), loihi1)]).toEqual(['sparse', 'dense']);
  });
  test('stays dense on a chip without indices', () => {
    expect(listFormat(pruned(0.95), withMemory({ indexBits: 0 })).sparse).toBe(false);
  });
  test('takes 8 + 6 bits a weight that is left, and nothing where none is', () => {
    const link = pruned(0.75);
    const bits = (l: typeof link): number => {
      const slice = { population: populationId('p1'), channels: [0, 64] as const, rows: [0, 1] as const, columns: [0, 1] as const };
      return synapticBits(l, slice, sourceReach(l, slice), loihi1);
    };
    const rows = Array.from({ length: 10 }, (_, i) => link.projection.weight.subarray(i * 64, (i + 1) * 64).filter((w) => w !== 0).length);
    expect(bits(link)).toBe(rows.reduce((sum, n) => sum + Math.ceil((n * 14 + 10) / 64) * 64, 0));
    expect(bits(link)).toBeLessThan(10 * 576);
    expect(bits(pruned(1))).toBe(0);
  });
  test('weights that no spike can reach do not count', () => {
    const network = chain([4, 1, 1], [conv(8, 3, { pad: 1 })]);
    const weight = network.projections[0].weight.map((w, i) => (Math.floor(i / 32) === 4 ? 1 : w * 20));
    const [link] = linksOf({ ...network, projections: [{ ...network.projections[0], weight }] });
    expect(listFormat(link, loihi1)).toEqual({ shared: false, sparse: false, weightBits: 2, delayBits: 0 });
  });
});
