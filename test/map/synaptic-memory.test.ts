import { describe, expect, test } from 'vitest';
import { bitsPerSynapse, runBits, synapseFormat, synapticBits } from '../../src/map/synaptic-memory.js';
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
  const network = chain(input, [layer]);
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
  test('a weight is 7 bits and a sign; a delayed one carries its delay', () => {
    expect([bitsPerSynapse(0, loihi1), bitsPerSynapse(3, loihi1)]).toEqual([8, 14]);
  });
});

describe('a projection', () => {
  test('a dense layer has one list a source neuron', () => {
    expect(bitsOf([10, 1, 1], dense(64, [10, 1, 1]))).toBe(10 * 576);
  });
  test('a cut of the channels shortens the lists', () => {
    expect(bitsOf([10, 1, 1], dense(64, [10, 1, 1]), { channels: [0, 6] })).toBe(10 * 64);
  });
  test('a 3-tap convolution without padding has nine patterns a channel: 1, 2 or 3 rows of runs of 1, 2 or 3 pixels', () => {
    // 6 channels: runs of 6, 12, 18 weights take 64, 128 and 192 bits. On a 6x6 map the taps that
    // fall inside are, along each axis, {0}, {0,1}, {0,1,2} (twice), {1,2}, {2}: 1+2+3+2+1 rows times the runs.
    const runs = 64 + 128 + 192 + 128 + 64;
    expect(bitsOf([5, 6, 6], conv(6, 3))).toBe(5 * (1 + 2 + 3 + 2 + 1) * runs);
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
  test('a depthwise filter reads one channel: runs of single pixels', () => {
    expect(bitsOf([4, 8, 8], conv(4, 1, { groups: 4 }))).toBe(4 * 64);
  });
  test('pixels that are pooled together share their list', () => {
    expect(bitsOf([4, 8, 8], { ...dense(6, [4, 1, 1]), pool: [8, 8] })).toBe(4 * 64);
  });
});

test('a projection is shared where weights repeat and the chip can', () => {
  const format = (input: readonly [number, number, number], layer: Layer, target: Target = loihi1) => synapseFormat(linksOf(chain(input, [layer]))[0], target);
  expect(format([4, 8, 8], conv(4, 3))).toBe('shared');
  expect(format([4, 8, 8], dense(4, [4, 8, 8]))).toBe('dense');
  expect(format([4, 8, 8], { ...dense(4, [4, 4, 4]), pool: [2, 2] })).toBe('shared');
  expect(format([4, 8, 8], conv(4, 3), { ...loihi1, capabilities: { ...loihi1.capabilities, sharedConvolution: false } })).toBe('dense');
});
