// Programs whose fan-ins are in parts: every core's memory is as large as counted and holds its part's weights, and the file brings them back.
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { CompileError } from '../../src/diagnostics.js';
import { linksOf, neuronsIn } from '../../src/map/reach.js';
import { takesSums } from '../../src/map/fan-in-parts.js';
import { coreImage, packMemory } from '../../src/program/core-image.js';
import { emitProgram, sealProgram } from '../../src/program/emit.js';
import { readProgram } from '../../src/program/read.js';
import { readSegment } from '../../src/program/segment.js';
import { loadTarget } from '../../src/target/load-target.js';
import { gradedTarget, wideNetwork, wideNetworks } from '../map/wide-network.js';
import { synapsesBy } from '../map/unrolled.js';
import { asStored, programOf } from './sample-program.js';

function complaint(bytes: Uint8Array): string {
  try { readProgram(bytes, 'toy.spk'); } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
  return 'nothing was wrong';
}

describe('random networks', () => {
  test('every image is as large as counted, and the file gives the program and its own bytes again', () => {
    fc.assert(fc.property(wideNetworks, fc.boolean(), (network, sharedConvolution) => {
      const program = asStored(programOf(network, gradedTarget({ sharedConvolution })));
      const memory = packMemory(program);
      program.cores.forEach(({ use }, i) => expect(coreImage(program, memory, i).bytes.length * 8).toBe(use.synapticBits));
      const bytes = emitProgram(program);
      const read = readProgram(bytes, 'toy.spk');
      expect(read).toEqual(program);
      expect(Buffer.compare(emitProgram(read), bytes)).toBe(0);
    }), { numRuns: 10, seed: 5 });
  }, 20_000);
});

test('a part stores the weights of its own sources, unshifted; the neurons one synapse of weight 1 for all sums of a projection', () => {
  const program = programOf(wideNetwork({ model: 'if', reset: 'soft' }, 0.5), gradedTarget());
  const memory = packMemory(program);
  const links = linksOf(program.network);
  const unrolled = links.map((link) => synapsesBy(link, (s) => `${s.from[0]} ${s.tap.join()}`));
  let parts = 0;
  program.cores.forEach(({ slice }, core) => {
    const image = coreImage(program, memory, core);
    const code = (place: number) => ({ memory: program.target.memory, entry: image.table[place], place: place + 1, delay: 0 });
    const { part } = slice;
    if (part !== undefined) {
      parts++;
      expect(image.table.map((entry) => [entry.projection, entry.shift])).toEqual([[part.projection, 0]]);
      const link = links[part.projection];
      const channels = new Set(image.lists.map((l) => l.source));
      expect([...channels]).toEqual(Array.from({ length: part.channels[1] - part.channels[0] }, (_, i) => part.channels[0] + i));
      const starts = [...image.lists.flatMap((l) => l.segments), image.bytes.length].sort((a, b) => a - b);
      for (const list of image.lists) {
        let at = 0;
        for (const ky of list.rows) for (const kx of list.columns) {
          const first = list.segments[at++];
          const weights = new Int8Array(slice.channels[1] - slice.channels[0]);
          readSegment(image.bytes.subarray(first, starts.find((s) => s > first) ?? first), weights, code(0));
          const wanted = new Int8Array(weights.length);
          for (const s of unrolled[part.projection].get(`${list.source} ${ky},${kx}`) ?? []) if (s.to[0] >= slice.channels[0] && s.to[0] < slice.channels[1]) wanted[s.to[0] - slice.channels[0]] = link.projection.weight[s.weight];
          if (wanted.some((w) => w !== 0)) expect(weights).toEqual(wanted);
        }
      }
      return;
    }
    const summed = links.flatMap((link, projection) => (takesSums(slice, link) ? [projection] : []));
    if (summed.length === 0) return;
    expect(image.table.map((entry) => [entry.projection, entry.shift])).toEqual(summed.map((projection) => [projection, links[projection].projection.shift]));
    const each = image.bytes.length / neuronsIn(slice) / summed.length;
    summed.forEach((_, place) => {
      for (let n = 0; n < neuronsIn(slice); n++) {
        const weight = new Int8Array(1);
        readSegment(image.bytes.subarray((place * neuronsIn(slice) + n) * each, (place * neuronsIn(slice) + n + 1) * each), weight, code(place));
        expect(weight[0]).toBe(1);
      }
    });
  });
  expect(parts).toBeGreaterThan(5);
});

describe('a wrong file', () => {
  const program = programOf(wideNetwork(), gradedTarget());
  const memory = packMemory(program);
  const first = program.cores.findIndex(({ slice }) => slice.part !== undefined);
  const home = memory.sums.findIndex((bytes) => bytes.length > 0);
  const withCore = (change: (core: typeof program.cores[number]) => typeof program.cores[number]) => ({ ...program, cores: program.cores.map((c, i) => (i === first ? change(c) : c)) });
  test.each([
    ['a sum counted twice', sealProgram(program, { ...memory, sums: memory.sums.map((b, i) => (i === home ? b.map((byte, j) => (j === 1 ? byte ^ 12 : byte)) : b)) }), 'takes in sums with synapses of another weight than 1'],
    ['no synapse for sums', sealProgram(program, { ...memory, sums: memory.sums.map(() => new Uint8Array()) }), 'takes in sums with synapses of another weight than 1'],
    ['too little memory claimed', sealProgram(withCore((c) => ({ ...c, use: { ...c.use, synapticBits: 64 } })), memory), 'claims 64 bits of synaptic memory'],
    ['a part of other sources', sealProgram(withCore((c) => ({ ...c, slice: { ...c.slice, part: { ...c.slice.part!, channels: [1, 2] } } })), memory), 'do not hold each of its synapses once'],
    ['a target without graded spikes', sealProgram({ ...program, target: { ...program.target, capabilities: { ...loadTarget('loihi2').capabilities, gradedSpikes: false, signedSpikes: false } } }, memory), 'which graded cannot send'],
  ])('%s', (_, bytes, problem) => {
    expect(complaint(bytes)).toContain(problem);
  });
});
