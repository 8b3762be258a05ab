// The memory of every core, bit for bit: as large as the mapping counted, and its lists hold exactly the synapses that a source
// neuron reaches. The file holds nothing else, and what is wrong with it is said.
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { CompileError, Reporter } from '../../src/diagnostics.js';
import { hasTwoCompartments } from '../../src/map/core-use.js';
import { memoryByProjection } from '../../src/map/memory-by-projection.js';
import { partition } from '../../src/map/partition.js';
import type { Partitioned } from '../../src/map/mapping.js';
import { linksOf, sourceReach } from '../../src/map/reach.js';
import { isShared } from '../../src/map/synapse-format.js';
import { inListOrder } from '../../src/map/synaptic-memory.js';
import { segmentChannels, weightIndex } from '../../src/map/weight-census.js';
import { takeBits } from '../../src/program/bits.js';
import { coreImage, packMemory, type CoreImage, type PackedMemory } from '../../src/program/core-image.js';
import { emitProgram, sealProgram } from '../../src/program/emit.js';
import type { Program } from '../../src/program/program.js';
import { readProgram } from '../../src/program/read.js';
import { readSegment, segmentBytes, writeSegment, type SegmentCode } from '../../src/program/segment.js';
import { loadTarget } from '../../src/target/load-target.js';
import type { Target } from '../../src/target/schema.js';
import { chain, conv, dense, networks, vgg16 } from '../map/random-network.js';
import { asStored, programOf, sampleProgram } from './sample-program.js';

const loihi1 = loadTarget('loihi1');
const tiny: Target = {
  ...loihi1, core: { ...loihi1.core, neurons: 24, inAxons: 4000, outAxons: 40000, synapticMemoryBits: 60000, delaySlots: 24 * 8 }, memory: { ...loihi1.memory, axonChannels: 2, sharedOffset: 8 },
};
const unshared: Target = { ...tiny, capabilities: { ...tiny.capabilities, sharedConvolution: false }, core: { ...tiny.core, synapticMemoryBits: 400000 } };

function complaint(bytes: Uint8Array): string {
  try { readProgram(bytes, 'toy.spk'); } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
  return 'nothing was wrong';
}

/** Weights of one segment, read from an image bit by bit as the schema of the file says it; null where a block's header is wrong. */
function decode(image: CoreImage, at: number, { place, count, delay }: { place: number; count: number; delay: number }): number[] | null {
  const { sparse, weightBits, delayBits, indexBits } = image.table[place - 1];
  const weights = new Array<number>(count).fill(0);
  const end = [...image.lists.flatMap((l) => l.segments), image.bytes.length].sort((a, b) => a - b).find((start) => start > at) ?? image.bytes.length;
  for (let byte = at, channel = 0; byte < (sparse ? end : at + 1) || (!sparse && channel < count);) {
    const inBlock = takeBits(image.bytes, byte * 8, 6) + 1;
    if (takeBits(image.bytes, byte * 8 + 6, 4) !== place) return null;
    let bit = byte * 8 + 10;
    for (let i = 0; i < inBlock; i++, channel++) {
      const raw = takeBits(image.bytes, bit, weightBits);
      if (delayBits > 0 && takeBits(image.bytes, bit + weightBits, delayBits) !== delay) return null;
      weights[sparse ? takeBits(image.bytes, bit + weightBits + delayBits, indexBits) : channel] = raw >= 2 ** (weightBits - 1) ? raw - 2 ** weightBits : raw;
      bit += weightBits + delayBits + indexBits;
    }
    byte += Math.ceil((bit - byte * 8) / 64) * 8;
    if (sparse && inBlock < 64) break;
  }
  return weights;
}

/** Every source pixel finds a stored list of which a stretch of rows is what it reads; its segments hold the projection's weights. */
function checkLists(mapped: Partitioned, memory: PackedMemory, core: number): void {
  const { slice } = mapped.cores[core];
  const image = coreImage(mapped, memory, core);
  linksOf(mapped.network).forEach((link, projection) => {
    if (link.projection.target !== slice.population) return;
    const reach = sourceReach(link, slice);
    const place = image.table.findIndex((entry) => entry.projection === projection) + 1;
    for (let source = reach.channels[0]; source < reach.channels[1]; source++) {
      const range = segmentChannels(link, source, slice.channels);
      const lists = image.lists.filter((l) => l.projection === projection && l.source === source);
      for (const row of reach.rows) {
        for (const column of reach.columns) {
          const [rows, columns] = [inListOrder(row.taps, link, 0), inListOrder(column.taps, link, 1)];
          const found = lists.find((l) => l.columns.join() === columns.join() && (isShared(link, mapped.target) ? `,${l.rows.join()},`.includes(`,${rows.join()},`) : l.rows.join() === rows.join()));
          expect(found, `list of channel ${source}`).toBeDefined();
          const first = found!.rows.indexOf(rows[0]) * columns.length;
          rows.forEach((ky, r) => columns.forEach((kx, c) => {
            const weight = link.projection.weight.subarray(weightIndex(link, ky * link.projection.window.kernel[1] + kx, source, range[0])).subarray(0, range[1] - range[0]);
            const at = found!.segments[first + r * columns.length + c];
            if (image.table[place - 1].sparse && weight.every((w) => w === 0)) return; // takes no room
            expect(decode(image, at, { place, count: weight.length, delay: link.projection.delay })).toEqual([...weight]);
          }));
        }
      }
    }
  });
}

describe('the memory of a core', () => {
  test.each([['shared lists', tiny], ['a list a neuron', unshared]] as const)('holds what was counted, to the bit, and the synapses of every pixel (%s)', (_, target) => {
    const seen = { sparse: 0, resets: 0, cores: 0 };
    fc.assert(fc.property(networks, (network) => {
      let mapped;
      try { mapped = partition(network, target, new Reporter()); } catch { return; }
      const memory = packMemory(mapped);
      mapped.cores.forEach(({ use, slice }, i) => {
        const image = coreImage(mapped, memory, i);
        expect(image.bytes.length * 8).toBe(use.synapticBits);
        expect(image.table.length).toBeLessThanOrEqual(target.core.synapseFormats!);
        seen.cores++;
        seen.sparse += image.table.filter((e) => e.sparse).length;
        seen.resets += hasTwoCompartments(network.populations.find((p) => p.id === slice.population)!) ? 1 : 0;
        if (i % 5 === 0) checkLists(mapped, memory, i);
      });
      expect(memoryByProjection(mapped).reduce((sum, m) => sum + m.bits, 0)).toBe(mapped.cores.reduce((sum, c) => sum + c.use.synapticBits, 0));
    }), { numRuns: 25, seed: 11 });
    expect(seen.cores).toBeGreaterThan(100);
    expect(seen.sparse).toBeGreaterThan(20);
    expect(seen.resets).toBeGreaterThan(10);
  });
  test('of a VGG16 is as large as counted, core by core and layer by layer', () => {
    const mapped = partition(vgg16({ model: 'if', reset: 'soft' }), loadTarget('loihi2'), new Reporter());
    const memory = packMemory(mapped);
    const bits = mapped.cores.map((_, i) => coreImage(mapped, memory, i).bytes.length * 8);
    expect(bits).toEqual(mapped.cores.map((c) => c.use.synapticBits));
    for (const layer of memoryByProjection(mapped)) {
      expect(layer.bits, layer.population).toBe(mapped.cores.reduce((sum, c, i) => sum + (c.slice.population === layer.population ? bits[i] : 0), 0));
    }
  });
  test('pruned weights leave it: the same layer with nine tenths of its weights gone takes less than half', () => {
    const bits = (pruned: number): number => {
      const mapped = partition(chain([16, 8, 8], [conv(32, 3, { pad: 1 }), dense(10, [32, 8, 8])], { wide: true, pruned }), loihi1, new Reporter());
      return mapped.cores.reduce((sum, c) => sum + c.use.synapticBits, 0);
    };
    expect(bits(0.9)).toBeLessThan(0.5 * bits(0));
  });
});

describe('a segment', () => {
  const code = (entry: Partial<SegmentCode['entry']>, delay = 0): SegmentCode => ({ memory: loihi1.memory, place: 3, delay, entry: { sparse: false, weightBits: 8, indexBits: 0, delayBits: 0, ...entry } });
  test('dense: header of count less one and format, then the weights', () => {
    const out = new Uint8Array(8);
    expect(writeSegment(out, 0, Int8Array.of(1, -1), code({}))).toBe(8);
    expect([takeBits(out, 0, 6), takeBits(out, 6, 4), takeBits(out, 10, 8), takeBits(out, 18, 8), takeBits(out, 26, 16)]).toEqual([1, 3, 1, 255, 0]);
  });
  test('sparse: an index beside each weight, zeros left out', () => {
    const out = new Uint8Array(8);
    writeSegment(out, 0, Int8Array.of(0, 0, 5, 0, -3), code({ sparse: true, weightBits: 4, indexBits: 6, delayBits: 6 }, 9));
    expect([takeBits(out, 0, 6), takeBits(out, 10, 4), takeBits(out, 14, 6), takeBits(out, 20, 6), takeBits(out, 26, 4), takeBits(out, 30, 6), takeBits(out, 36, 6)]).toEqual([1, 5, 9, 2, 13, 9, 4]);
  });
  test('reads back whatever was written, in any widths', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: -7, max: 7 }), { maxLength: 200 }), fc.boolean(), fc.constantFrom(4, 5, 6, 8), fc.constantFrom(0, 6), (weights, sparse, weightBits, delayBits) => {
      const row = Int8Array.from(weights);
      const form = code({ sparse, weightBits, delayBits, indexBits: sparse ? 8 : 0 }, 17);
      const out = new Uint8Array(segmentBytes(sparse ? weights.filter((w) => w !== 0).length : weights.length, form));
      expect(writeSegment(out, 0, row, form)).toBe(out.length);
      const back = new Int8Array(weights.length).fill(99);
      readSegment(out, back, form);
      expect(back).toEqual(row);
    }), { numRuns: 200, seed: 4 });
  });
});

describe('the memory in a file', () => {
  const base = sampleProgram();
  const memory = packMemory(base);
  const changed = (change: Partial<PackedMemory>, program: Program = base): string => complaint(sealProgram(program, { ...memory, ...change }));
  const refusal = (problem: string): string => `error[program/memory] in toy.spk: the synaptic memory does not belong to this program: ${problem}\n`
    + '  hint: it was packed for another target or changed after it was compiled; compile the model again';
  const bank = (key: string, change: object) => new Map([...memory.banks].map(([k, b]) => [k, k === key ? { ...b, ...change } : b]));
  const [first, second] = [...memory.banks.keys()];

  test('gives the weights of pruned networks back, on every kind of chip', () => {
    fc.assert(fc.property(networks, fc.constantFrom(loihi1, loadTarget('loihi2'), { ...loihi1, capabilities: { ...loihi1.capabilities, sharedConvolution: false } }), (network, target) => {
      const resets = { ...target, capabilities: { ...target.capabilities, resets: ['soft', 'hard', 'soft-two-compartment'] as const } };
      const program = programOf(network, resets);
      const bytes = emitProgram(program);
      expect(readProgram(bytes, 'toy.spk')).toEqual(asStored(program));
      expect(Buffer.compare(emitProgram(asStored(program)), bytes)).toBe(0);
    }), { numRuns: 40, seed: 6 });
  });
  test('a bank that is missing, too short or too long', () => {
    expect(changed({ banks: new Map([...memory.banks].slice(1)) })).toBe(refusal('1 banks of synaptic memory, its cores need 2'));
    expect(changed({ banks: bank(first, { bytes: memory.banks.get(first)!.bytes.subarray(8) }) })).toBe(refusal('channels 0 to 3 of projection "c0": 136 bytes of segments, they ask for 144'));
    expect(changed({ banks: bank(second, { plan: { ...memory.banks.get(second)!.plan, channels: [0, 2] } }) })).toBe(refusal('no synaptic memory for channels 0 to 4 of projection "c1"'));
  });
  test('a bit in the rounding of a block, a header of another format', () => {
    for (const bit of [7, 63]) {
      const bytes = memory.banks.get(first)!.bytes.slice();
      bytes[bit >> 3] ^= 1 << (bit & 7);
      expect(changed({ banks: bank(first, { bytes }) })).toBe(refusal('the segments of channels 0 to 3 of projection "c0" are not what their weights pack to'));
    }
  });
  test('a changed weight that is still a weight is a changed program, and reads', () => {
    const bytes = memory.banks.get(first)!.bytes.slice();
    bytes[1] ^= 4;
    const read = readProgram(sealProgram(base, { ...memory, banks: bank(first, { bytes }) }), 'toy.spk');
    expect(read.network.projections[0].weight.filter((w, i) => w !== base.network.projections[0].weight[i])).toHaveLength(1);
  });
  test('another target\'s memory', () => {
    expect(complaint(sealProgram({ ...base, target: loadTarget('loihi2') }, memory))).toBe('nothing was wrong'); // the same blocks and widths
    expect(complaint(sealProgram({ ...base, target: { ...loihi1, memory: loadTarget('virtual').memory } }, memory))).toMatch(/^error\[program\/memory\] in toy\.spk: .*"c0": 144 bytes of segments, they ask for 36\n/);
  });
  test('a table of other formats, a wrong count of bits, resets that are not the thresholds\'', () => {
    expect(changed({ tables: memory.tables.map((t) => t.map((e) => ({ ...e, shift: 3 }))) })).toBe(refusal('core 1 has other synapse formats than its weights ask for'));
    expect(changed({ tables: memory.tables.map(() => []) })).toBe(refusal('core 1 has no synapse format for projection "c0"'));
    expect(changed({ tables: memory.tables.map((t) => t.map((e) => ({ ...e, indexBits: 30 }))) })).toBe(refusal('core 1 has a synapse format of 4 + 0 + 30 bits, which the target does not know'));
    expect(changed({}, { ...base, cores: base.cores.map((c) => ({ ...c, use: { ...c.use, synapticBits: 64 } })) })).toContain('claims 64 bits of synaptic memory, its lists take');
    const two = programOf(chain([2, 3, 3], [conv(3, 2), dense(4, [3, 2, 2])], { neuron: { model: 'if', reset: 'soft-two-compartment' } }));
    const packed = packMemory(two);
    expect(complaint(sealProgram(two, { ...packed, resets: packed.resets.map((r) => r.map((b, i) => (i === 1 ? b ^ 8 : b))) }))).toBe(refusal('core 1 has reset synapses that do not take its thresholds away'));
  });
});
