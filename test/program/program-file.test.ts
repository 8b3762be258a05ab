import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { CompileError } from '../../src/diagnostics.js';
import { packMemory } from '../../src/program/core-image.js';
import { emitProgram, sealProgram } from '../../src/program/emit.js';
import { readProgram } from '../../src/program/read.js';
import { seal } from '../../src/program/envelope.js';
import { SpikeProgramType } from '../../src/program/program-proto.js';
import type { WireProgram } from '../../src/program/program-proto.js';
import { programText } from '../../src/program/text.js';
import type { Program } from '../../src/program/program.js';
import type { IntegerNetwork } from '../../src/quantise/integer-network.js';
import { createKernels } from '../../src/kernels/kernels.js';
import { createSampleEngine } from '../../src/simulate/sample-engine.js';
import { loadTarget } from '../../src/target/load-target.js';
import { populationId } from '../../src/spiking/network.js';
import { chain, dense, networks, vgg16 } from '../map/random-network.js';
import { asStored, programOf, sampleProgram } from './sample-program.js';

const complaint = (bytes: Uint8Array): string => {
  try { readProgram(bytes, 'toy.spk'); } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
  return 'nothing was wrong';
};
/** Behind the magic, three numbers and the table of four sections; before the checksum. */
const payloadOf = (bytes: Uint8Array): Uint8Array => bytes.slice(20 + 4 * 20, -32);
const sealed = (payload: Uint8Array): Uint8Array => seal([{ name: 'whole', bytes: payload }]);

describe('a program file', () => {
  test.each(['bias', 'rate', 'poisson'] as const)('gives back the program it was made from, and the same bytes again (%s input)', (code) => {
    const program = sampleProgram(code);
    const bytes = emitProgram(program);
    const back = readProgram(bytes, 'toy.spk');
    expect(back).toEqual(asStored(program));
    expect(Buffer.compare(emitProgram(back), bytes)).toBe(0);
  });
  test('holds how its network was trained, with the certificate; without one the file has no trace of it', () => {
    const certificate = { mechanism: 'm', phases: [{ rate: 0.5, noise: 2, steps: 3 }, { rate: 0.1, noise: 1.5, steps: 20 }], clip: 0.3, expectedBatch: 100, epsilon: 4.25, delta: 1e-4, adjacency: 'a', unit: 'u', accountant: 'p' };
    const training = { data: 'digits', dataSha256: 'cd'.repeat(32), examples: 1000, steps: 20, certificate };
    const program = sampleProgram('bias');
    for (const found of [training, { ...training, certificate: null }]) {
      const trained = { ...program, provenance: { ...program.provenance, training: found } };
      expect(readProgram(emitProgram(trained), 'toy.spk').provenance).toEqual(trained.provenance);
    }
    expect(readProgram(emitProgram(program), 'toy.spk').provenance).not.toHaveProperty('training');
    const wrong = (changes: object): string => complaint(emitProgram({ ...program, provenance: { ...program.provenance, training: { ...training, certificate: { ...certificate, ...changes } } } }));
    expect(wrong({ epsilon: NaN })).toContain('its certificate has a number that is not finite or not above 0');
    expect(wrong({ delta: 0.1 })).toContain('the delta of its certificate, 0.1, is 1/1000 or more');
    expect(wrong({ phases: [] })).toContain('its certificate has a phase that no mechanism runs');
    expect(wrong({ expectedBatch: 50 })).toContain('the rate of its certificate is not the expected batch over the number of examples');
  });
  test('does so for random networks on a real chip', () => {
    fc.assert(fc.property(networks, (network) => {
      const program = programOf(network);
      const bytes = emitProgram(program);
      expect(readProgram(bytes, 'toy.spk')).toEqual(asStored(program));
      expect(Buffer.compare(emitProgram(program), bytes)).toBe(0);
    }), { numRuns: 40, seed: 5 });
  });
  test('holds signed neurons; without them the file has no trace of their field', () => {
    const shape = [2, 5, 5] as const;
    const signed = programOf(chain(shape, [dense(3, shape), dense(2, [3, 1, 1])], { neuron: { model: 'signed-if', reset: 'soft', retract: 0.375 } }), loadTarget('loihi2'));
    const bytes = emitProgram(signed);
    expect(readProgram(bytes, 'toy.spk')).toEqual(asStored(signed));
    expect(readProgram(bytes, 'toy.spk').network.populations.map((p) => p.neuron)).toEqual([{ model: 'relay' }, { model: 'signed-if', reset: 'soft', retract: 0.375 }, { model: 'integrator' }]);
    expect(programText(signed)).toContain('population  p1  3x1x1  signed-if soft retract 0.375  threshold 6400');
    const fields = (program: Program): boolean[] => {
      const wire = SpikeProgramType.decode(payloadOf(emitProgram(program))) as unknown as WireProgram;
      return wire.network.populations.map((p) => Object.hasOwn(p, 'retract'));
    };
    expect([fields(signed), fields(sampleProgram())]).toEqual([[false, true, false], [false, false, false]]);
  });
  test('holds cuba neurons; without them the file has no trace of their fields', () => {
    const shape = [2, 5, 5] as const;
    const neuron = { model: 'cuba', reset: 'hard', leak: 0.875, currentLeak: 0.75, refractory: 3 } as const;
    const plain = chain(shape, [dense(3, shape), dense(2, [3, 1, 1])], { neuron });
    const network = { ...plain, populations: plain.populations.map((p) => (p.neuron.model === 'cuba' ? { ...p, decay: 512, currentDecay: 1024, refractory: 3 } : p)) };
    const program = programOf(network);
    const bytes = emitProgram(program);
    expect(readProgram(bytes, 'toy.spk')).toEqual(program);
    expect(programText(program)).toContain('population  p1  3x1x1  cuba hard leak 0.875 current leak 0.75 refractory 3  threshold 6400  start 0  decay 512/4096  current decay 1024/4096  refractory 3');
    const fields = (of: Program): string[] => {
      const wire = SpikeProgramType.decode(payloadOf(emitProgram(of))) as unknown as WireProgram;
      return wire.network.populations.map((p) => ['currentDecay', 'refractory', 'currentLeak'].filter((name) => Object.hasOwn(p, name)).join());
    };
    expect([fields(program), fields(sampleProgram())]).toEqual([['', 'currentDecay,refractory,currentLeak', ''], ['', '', '']]);
    const broken = (change: object): string => complaint(emitProgram({ ...program, network: { ...network, populations: network.populations.map((p) => (p.neuron.model === 'cuba' ? { ...p, ...change } : p)) } }));
    expect(broken({ currentDecay: 0 })).toContain('population "p1" has the current decay 0');
    expect(broken({ currentDecay: 4097 })).toContain('population "p1" has the current decay 4097');
    expect(broken({ refractory: 0 })).toContain('population "p1" waits 0 steps after a spike');
    expect(broken({ neuron: { ...neuron, currentLeak: 1 } })).toContain('population "p1" has the leak 0.875 and keeps 1 of its current');
  });
  test('has bounds that hold for its weights, for sums are added up in no more bits than those ask for', () => {
    const { network } = sampleProgram();
    const loose = (bound: number): Program => ({ ...sampleProgram(), network: { ...network, projections: network.projections.map((p, i) => (i === 0 ? { ...p, bound } : p)) } });
    expect(complaint(emitProgram(loose(1)))).toMatch(/projection "c0" can sum to \d+ in a step, its bound says 1/);
    expect(readProgram(emitProgram(loose(2000)), 'toy.spk').network.projections[0].bound).toBe(2000);
  });
  test('does not share memory with the bytes it was read from', () => {
    const bytes = emitProgram(sampleProgram());
    const back = readProgram(bytes, 'toy.spk');
    const before = programText(back);
    bytes.fill(0);
    expect(programText(back)).toBe(before);
  });
  test('grows with parameters and cores, never with unrolled synapses', () => {
    const network = vgg16({ model: 'if', reset: 'soft' });
    const parameters = network.projections.reduce((sum, p) => sum + p.weight.length, 0);
    const program = programOf(network, loadTarget('loihi2'));
    const started = performance.now();
    const bytes = emitProgram(program);
    const back = readProgram(bytes, 'vgg16.spk');
    expect(performance.now() - started).toBeLessThan(15_000);
    expect(back.coresUsed).toBeGreaterThan(100);
    // 64 weights of 8 bits and a header of 10 bits take 72 bytes; cuts of the channels leave shorter blocks
    expect(bytes.length).toBeLessThan(1.25 * parameters);
  });
});

describe('a program that takes a flattened picture', () => {
  const flat = programOf(chain([12, 1, 1], [dense(4, [12, 1, 1])]));
  const withMeans = (count: number): Program => ({ ...flat, normalisation: { scale: 255, mean: new Array<number>(count).fill(0.5), std: new Array<number>(count).fill(0.25) } });
  test.each([1, 3, 12])('has %i means, one for each of its planes', (count) => {
    expect(readProgram(emitProgram(withMeans(count)), 'toy.spk').normalisation.mean).toHaveLength(count);
  });
  test.each([0, 5])('cannot have %i means, which do not divide it into planes', (count) => {
    expect(complaint(emitProgram(withMeans(count)))).toContain(`the normalisation has ${count} means and ${count} deviations for 12 channels`);
  });
});

describe('a broken file', () => {
  const good = emitProgram(sampleProgram());
  test('every cut is noticed', () => {
    for (let length = 0; length < good.length; length++) expect(complaint(good.subarray(0, length))).toMatch(/^error\[program\/(cut-short|not-a-program)\]/);
    expect(complaint(good.subarray(0, 100))).toBe(
      `error[program/cut-short] in toy.spk: the file has 100 bytes of ${good.length}: it is cut short\n`
      + '  hint: copy the file again in binary mode, or compile the model again');
    expect(complaint(new Uint8Array())).toBe(
      'error[program/not-a-program] in toy.spk: the file is empty\n  hint: name a .spk file; `spikeveil compile MODEL` makes one from an ONNX model');
  });
  test('every flipped bit is noticed', () => {
    fc.assert(fc.property(fc.nat(good.length * 8 - 1), (bit) => {
      const bytes = good.slice();
      bytes[bit >> 3] ^= 1 << (bit & 7);
      expect(complaint(bytes)).toMatch(/^error\[program\/(damaged|cut-short|not-a-program|other-version)\]/);
    }), { numRuns: 400, seed: 1 });
    const bytes = good.slice();
    bytes[500] ^= 16;
    expect(complaint(bytes)).toBe(
      'error[program/damaged] in toy.spk: the file does not match its checksums: its section "origin" has changed\n'
      + '  hint: copy the file again in binary mode, or compile the model again');
    expect(complaint(Uint8Array.of(...good, 0))).toContain('program/damaged');
    const flipped = (at: number): string => complaint(good.map((b, i) => (i === at ? b ^ 1 : b)));
    expect(flipped(good.length - 40)).toContain('its section "memory" has changed');
    expect(flipped(good.length - 1)).toContain('its header or checksum has changed');
    const both = good.slice();
    both[500] ^= 1;
    both[good.length - 40] ^= 1;
    expect(complaint(both)).toContain('its section "origin" and its section "memory" have changed');
  });
  test('another kind of file is told by its first bytes', () => {
    expect(complaint(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0))).toBe(
      'error[program/not-a-program] in toy.spk: this is not a spike program: it begins with 89 50 4e 47 0d 0a 1a 0a\n'
      + '  hint: name a .spk file; `spikeveil compile MODEL` makes one from an ONNX model');
  });
  test('a newer format says which tool to update', () => {
    const bytes = good.slice();
    bytes[8] = 9;
    expect(complaint(bytes)).toBe(
      'error[program/other-version] in toy.spk: the program has format version 9, this tool reads version 2\n'
      + '  hint: update Spikeveil, or compile the model again with this version');
  });
});

describe('a payload that was made by someone else', () => {
  const payload = payloadOf(emitProgram(sampleProgram('bias')));
  test('a payload that breaks off is malformed', () => {
    expect(complaint(sealed(payload.subarray(0, payload.length - 3)))).toMatch(new RegExp(
      '^error\\[program/malformed\\] in toy\\.spk: the program cannot be decoded: field memory leaves its message at byte \\d+\n'
      + '  hint: it was not written by this tool; compile the model again$'));
    expect(complaint(sealed(new Uint8Array()))).toContain('a part is missing (provenance)');
  });
  test('no payload of any bytes crashes the reader', () => {
    fc.assert(fc.property(fc.nat(payload.length - 1), fc.uint8Array({ minLength: 1, maxLength: 6 }), (at, bytes) => {
      const changed = payload.slice();
      changed.set(bytes.subarray(0, payload.length - at), at);
      expect(complaint(sealed(changed))).toMatch(/^(error\[(program|target)\/|nothing was wrong)/);
    }), { numRuns: 1500, seed: 2 });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(complaint(sealed(bytes))).toMatch(/^error\[(program|target)\//);
    }), { numRuns: 500, seed: 3 });
  });
  test('what is changed behind the checksums is refused or runs', () => {
    const kernels = createKernels();
    const memory = kernels.memory.mark();
    const seen = { refused: 0, ran: 0 };
    for (const code of ['bias', 'rate', 'poisson'] as const) {
      const good = payloadOf(emitProgram(sampleProgram(code)));
      const places = fc.oneof(fc.nat(good.length - 1), fc.integer({ min: Math.floor(good.length * 0.8), max: good.length - 1 }));
      fc.assert(fc.property(places, fc.nat(7), (at, bit) => {
        const changed = good.slice();
        changed[at] ^= 1 << bit;
        let program;
        try { program = readProgram(sealed(changed), 'toy.spk'); } catch (error) {
          expect(error).toBeInstanceOf(CompileError);
          seen.refused++;
          return;
        }
        kernels.memory.release(memory);
        const network = { ...program.network, timesteps: Math.min(2, program.network.timesteps) };
        const { scores } = createSampleEngine(network, kernels, 1).run(new Float32Array(50).fill(0.5), 0);
        expect(scores).toHaveLength(4);
        seen.ran++;
      }), { numRuns: 250, seed: 9 });
    }
    expect(seen.refused).toBeGreaterThan(200);
    expect(seen.ran).toBeGreaterThan(100);
  });
  test('millions of empty messages are refused before they become objects', () => {
    const bytes = new Uint8Array(12_000_000);
    for (let i = 0; i < bytes.length; i += 2) bytes[i] = 0x1a; // an empty source layer
    const started = performance.now();
    expect(complaint(sealed(bytes))).toContain('the program cannot be decoded: more than 1000000 fields');
    expect(performance.now() - started).toBeLessThan(5000);
  });
  test('a signed neuron that resets hard, or not at all, is malformed', () => {
    for (const reset of [0, 2, 3]) {
      const wire = SpikeProgramType.decode(payload) as unknown as WireProgram;
      Object.assign(wire.network.populations[1], { model: 4, reset, retract: 0, decay: 0 });
      expect(complaint(sealed(SpikeProgramType.encode(wire).finish()))).toContain('the program cannot be decoded: a code is none of those this version knows');
    }
  });
  test('a target inside that is nested very deep, or has a mistake, is refused', () => {
    const withTarget = (targetJson: string): Uint8Array => {
      const wire = SpikeProgramType.decode(payload) as unknown as WireProgram;
      wire.targetJson = targetJson;
      return sealed(SpikeProgramType.encode(wire).finish());
    };
    expect(complaint(withTarget('['.repeat(200_000) + ']'.repeat(200_000)))).toMatch(/^error\[target\/wrong-value\] in toy\.spk \(its target\) \(\/\): the value is a list/);
    expect(complaint(withTarget('{'))).toMatch(/^error\[target\/broken-json\] in toy\.spk \(its target\)/);
  });
});

describe('a program that contradicts itself', () => {
  const base = sampleProgram();
  const network = (change: Partial<IntegerNetwork>): Program => ({ ...base, network: { ...base.network, ...change } });
  const population = (index: number, change: object): Program => network({ populations: base.network.populations.map((p, i) => (i === index ? { ...p, ...change } : p)) });
  const projection = (index: number, change: object): Program => network({ projections: base.network.projections.map((p, i) => (i === index ? { ...p, ...change } : p)) });
  const packed = packMemory(base);
  /** The file of a program that the packer would not take, with the memory of the one it was made from. */
  const withMemoryOfBase = (program: Program): Uint8Array => sealProgram(program, {
    ...packed, tables: program.cores.map((_, i) => packed.tables[i] ?? []), resets: program.cores.map(() => new Uint8Array()),
  });
  const bias = sampleProgram('bias');
  const hostLayer = (change: object): Program => {
    if (bias.network.input.code !== 'bias') throw new Error('not the bias code');
    return { ...bias, network: { ...bias.network, input: { ...bias.network.input, layers: bias.network.input.layers.map((l) => ({ ...l, ...change })) } } };
  };

  test('is refused with what contradicts what', () => {
    expect(complaint(withMemoryOfBase(projection(1, { target: populationId('nobody') })))).toBe(
      'error[program/inconsistent] in toy.spk: the program contradicts itself: projection "c1" goes to an unknown population "nobody"\n'
      + '  hint: it was changed after it was compiled; compile the model again');
  });
  test.each<[string, Program, string]>([
    ['timesteps', network({ timesteps: 0 }), '0 time steps'],
    ['image', network({ imageShape: [2, 0, 5] }), 'the image has no proper shape'],
    ['names', population(1, { id: populationId('p0') }), 'two populations are called "p0"'],
    ['shape', population(1, { shape: [3, 3, 2 ** 30] }), 'population "p1" has no proper shape'],
    ['biases', population(1, { bias: new Int32Array(2) }), 'population "p1" has 2 biases for 3 channels'],
    ['scales', population(1, { scale: Float64Array.of(1, NaN, 1) }), 'population "p1" needs 3 finite scales'],
    ['leak', population(1, { neuron: { model: 'lif', reset: 'hard', leak: NaN } }), 'population "p1" has the leak NaN'],
    ['retract', population(1, { neuron: { model: 'signed-if', reset: 'soft', retract: 1.5 }, decay: 0 }), 'population "p1" takes spikes back below -1.5 thresholds with the decay 0'],
    ['no retract', population(1, { neuron: { model: 'signed-if', reset: 'soft' }, decay: 0 }), 'population "p1" takes spikes back below -NaN thresholds with the decay 0'],
    ['signed with a leak', population(1, { neuron: { model: 'signed-if', reset: 'soft', retract: 0 }, decay: 9 }), 'population "p1" takes spikes back below -0 thresholds with the decay 9'],
    ['signed input', network({ input: { code: 'rate', population: populationId('p0'), scale: 1, format: { mantissaMax: 9, exponentMax: 7 } }, populations: base.network.populations.map((p, i) => (i === 0 ? { ...p, neuron: { model: 'signed-if', reset: 'soft', retract: 0 } } : p)) }), 'the image enters the signed population "p0"'],
    ['decay', population(1, { decay: 5000 }), 'population "p1" has the decay 5000'],
    ['threshold', population(1, { threshold: 2 ** 30 }), 'population "p1" has the threshold 1073741824 with the limit 8388607'],
    ['thresholds', population(1, { thresholds: Int32Array.of(9) }), 'population "p1" has 1 thresholds for 3 channels'],
    ['initial', population(1, { initial: -(2 ** 30) }), 'population "p1" starts at -1073741824 with the limit 8388607'],
    ['limit', population(1, { limit: 0 }), 'population "p1" has the limit 0'],
    ['projections', projection(1, { id: 'c0' }), 'two projections are called "c0"'],
    ['source', projection(0, { source: populationId('x') }), 'projection "c0" comes from an unknown population "x"'],
    ['groups', projection(0, { groups: 5 }), 'projection "c0" has 5 groups for 2 to 3 channels'],
    ['stride', projection(0, { window: { ...base.network.projections[0].window, stride: [0, 1] } }), 'projection "c0" has no proper window'],
    ['kernel', projection(0, { window: { ...base.network.projections[0].window, stride: [1, 1] } }), 'projection "c0" does not lead from a map of 5x5 to one of 3x3'],
    ['direction', population(1, { depth: 0 }), 'projection "c0" goes from depth 0 to depth 0'],
    ['shift', projection(0, { shift: 17 }), 'projection "c0" has the shift 17'],
    ['bound', projection(0, { bound: 40000 }), 'projection "c0" has the accumulator bound 40000'],
    ['error', projection(0, { weightError: Infinity }), 'projection "c0" has a weight error that is not a number'],
    ['wiring', projection(1, { delay: 3 }), 'projection "c1" has the delay 3 between depth 1 and depth 3'],
    ['sum', projection(1, { bound: 32767, shift: 16 }), 'population "p2" can reach 2155806722 in a step, beyond 32 bits'],
    ['relay', network({ input: { code: 'rate', population: populationId('p0'), scale: 1, format: { mantissaMax: 9, exponentMax: 7 } } }), 'population "p0" relays spikes that no image sends'],
    ['output', network({ output: populationId('p1') }), 'the output "p1" is not an integrator of the network'],
    ['input', network({ input: { code: 'poisson', population: populationId('x'), full: 1 } }), 'the image enters an unknown population "x"'],
    ['full', network({ input: { code: 'poisson', population: populationId('p0'), full: 0 } }), 'the input code has the scale 0'],
    ['input shape', network({ imageShape: [2, 5, 6] }), 'an image of 2x5x6 does not enter a population of 2x5x5'],
    ['format', network({ input: { code: 'rate', population: populationId('p0'), scale: 1, format: { mantissaMax: 0, exponentMax: 7 } } }), 'the bias format has no proper widths'],
    ['host layer', hostLayer({ target: populationId('x') }), 'host layer 0 goes to an unknown population "x"'],
    ['host weights', hostLayer({ weight: Float32Array.of(1, 2, NaN, 3) }), 'host layer 0 has a number that is not finite'],
    ['host biases', hostLayer({ bias: new Float32Array(1) }), 'host layer 0 has 1 biases and 2 scales for 2 channels'],
    ['normalisation', { ...base, normalisation: { scale: 255, mean: [0], std: [1, 1] } }, 'the normalisation has 1 means and 2 deviations for 2 channels'],
    ['division', { ...base, normalisation: { scale: 255, mean: [0, 0], std: [0, 1] } }, 'the normalisation divides by zero or has a number that is not finite'],
    ['classes', { ...base, classes: ['cat'] }, '1 class names for 4 outputs'],
    ['source network', { ...base, source: { layers: [{ name: 'a', macs: 0.5, parameters: 1, inputs: 1, outputs: 1 }], parameters: 1 } }, 'the source network has a count that is not a whole number'],
    ['use', { ...base, cores: base.cores.map((c) => ({ ...c, use: { ...c.use, synapticBits: -1 } })) }, 'core 0 has no proper slice or use'],
    ['cover', { ...base, cores: base.cores.slice(0, 2), places: base.places.slice(0, 2), routes: [] }, '4 neurons of "p2" are on no core'],
    ['overlap', { ...base, cores: [...base.cores, base.cores[2]], places: [...base.places, { ...base.places[2], port: 3 }] }, 'core 3 holds 4 neurons of "p2" that another core holds'],
    ['slice', { ...base, cores: base.cores.map((c, i) => (i === 1 ? { ...c, slice: { ...c.slice, rows: [0, 9] } } : c)) }, 'core 1 holds a slice outside "p1"'],
    ['limits', { ...base, cores: base.cores.map((c, i) => (i === 1 ? { ...c, use: { ...c.use, inAxons: 5000 } } : c)) }, 'core 1 uses 5000 input axons of 4096'],
    ['places', { ...base, places: base.places.map((p) => ({ ...p, x: 90 })) }, 'core 0 is at chip 0, router (90, 0), port 0, which is not on the board'],
    ['routes', { ...base, routes: base.routes.map((r) => ({ ...r, from: 7 })) }, 'route 0 is not the one that the network and the places ask for'],
  ])('%s', (_, program, problem) => {
    expect(complaint(withMemoryOfBase(program))).toContain(`error[program/inconsistent] in toy.spk: the program contradicts itself: ${problem}\n`);
  });
});

test('the printed form is stable', () => {
  expect(programText(sampleProgram())).toMatchInlineSnapshot(`
    "program of toy for loihi1  (spikeveil 0.0.0-test, seed 3, calibration: none)
    integer network  image 2x5x5  input poisson  T 8
      population  p0  2x5x5  relay  threshold 6400  start 0  |bias| <= 0  depth 0
      population  p1  3x3x3  lif hard leak 0.875  threshold 6400  start 0  |bias| <= 1  depth 1
        <- p0  filter 3x3 stride 2x2 pads 1,1,1,1  << 6  bound 1000  weight error 1.00 %
      population  p2  4x1x1  integrator  threshold 0  start 0  |bias| <= 3  depth 3
        <- p1  filter 3x3  << 6  bound 1000  weight error 1.00 %  delay 1
      weights  c0  54 bytes  sha256 afe46ef32d3c17e5
      weights  c1  108 bytes  sha256 ba15fa19cbeb39b9
    mapping on loihi1  cores 3  chips 1  routes 2  hops 0
      memory  p1 <- c0  shared  weight 4 index 0 delay 0  1152 bits on 1 core
      memory  p2 <- c1  dense  weight 4 index 0 delay 6  1728 bits on 1 core
      core 0  p0  channels 0..2 rows 0..5 columns 0..5  neurons 50  in 0  out 25  memory 0 bits  chip 0 router 0,0 port 0
      core 1  p1  channels 0..3 rows 0..3 columns 0..3  neurons 27  in 25  out 27  memory 1152 bits  chip 0 router 0,0 port 1
      core 2  p2  channels 0..4 rows 0..1 columns 0..1  neurons 4  in 27  out 0  memory 1728 bits  chip 0 router 0,0 port 2
      route 0 -> 1  c0  0+0 hops
      route 1 -> 2  c1  0+0 hops"
  `);
});
