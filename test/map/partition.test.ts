import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { CompileError, Reporter } from '../../src/diagnostics.js';
import { partition } from '../../src/map/partition.js';
import { verifyPartitioned } from '../../src/map/verify.js';
import { loadTarget } from '../../src/target/load-target.js';
import type { Target } from '../../src/target/schema.js';
import type { IntegerNetwork } from '../../src/quantise/integer-network.js';
import { chain, conv, dense, networks, vgg16 } from './random-network.js';
import { countedUse } from './unrolled.js';

const loihi1 = loadTarget('loihi1');
const withCore = (change: Partial<Target['core']>, base: Target = loihi1): Target => ({ ...base, core: { ...base.core, ...change } });
/** A chip so small that tiny networks must be cut along every axis. */
const tiny: Target = { ...withCore({ neurons: 24, inAxons: 150, outAxons: 400, synapticMemoryBits: 6000, delaySlots: 24 * 8 }), memory: { ...loihi1.memory, axonChannels: 2, sharedOffset: 8 } };

const complaint = (network: IntegerNetwork, target: Target): string => {
  try { partition(network, target, new Reporter()); } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
  return 'it fits';
};

describe('random networks', () => {
  test('on a tiny chip: every neuron once, every limit kept, every use as counted synapse by synapse; or a reason', () => {
    let fitting = 0;
    fc.assert(fc.property(networks, (network) => {
      let mapped;
      try { mapped = partition(network, tiny, new Reporter()); } catch (error) {
        expect(error).toBeInstanceOf(CompileError);
        expect((error as CompileError).message).toContain('map/layer-does-not-fit');
        return;
      }
      fitting++;
      expect(verifyPartitioned(mapped)).toEqual([]);
      expect(mapped.cores.map((c) => c.use)).toEqual(countedUse(network, tiny, mapped.cores));
    }), { numRuns: 60, seed: 7 });
    expect(fitting).toBeGreaterThan(25);
  });
  test('on a chip without shared weights the uses are as counted, too', () => {
    const target: Target = { ...tiny, capabilities: { ...tiny.capabilities, sharedConvolution: false }, core: { ...tiny.core, inAxons: 400, outAxons: 4000, synapticMemoryBits: 40000 } };
    fc.assert(fc.property(networks, (network) => {
      const mapped = partition(network, target, new Reporter());
      expect(mapped.cores.map((c) => c.use)).toEqual(countedUse(network, target, mapped.cores));
    }), { numRuns: 30, seed: 8 });
  });
  test('with multicast an axon is counted once for all the cores that it reaches', () => {
    const target: Target = { ...tiny, capabilities: { ...tiny.capabilities, multicast: true }, core: { ...tiny.core, inAxons: 400, outAxons: 400, synapticMemoryBits: 40000 } };
    fc.assert(fc.property(networks, (network) => {
      const mapped = partition(network, target, new Reporter());
      expect(mapped.cores.map((c) => c.use)).toEqual(countedUse(network, target, mapped.cores));
    }), { numRuns: 30, seed: 10 });
  });
  test('without limits each population sits on one core', () => {
    fc.assert(fc.property(networks, (network) => {
      const resets = { ...loadTarget('virtual').capabilities, resets: ['soft', 'hard', 'soft-two-compartment'] as const };
      const { cores } = partition(network, { ...loadTarget('virtual'), capabilities: resets }, new Reporter());
      expect(cores.map((c) => c.slice.population)).toEqual(network.populations.map((p) => p.id));
    }), { numRuns: 30, seed: 9 });
  });
});

test('each limit in turn makes more cores of the same layer', () => {
  const network = chain([8, 8, 8], [conv(16, 3, { pad: 1 }), conv(16, 3, { pad: 1 })]);
  const cores = (target: Target): number => partition(network, target, new Reporter()).cores.filter((c) => c.slice.population === 'p1').length;
  expect(cores(loihi1)).toBe(1);
  expect(cores(withCore({ neurons: 256 }))).toBe(4);
  expect(cores(withCore({ inAxons: 40 }))).toBe(2);
  expect(cores(withCore({ synapticMemoryBits: 60000 }))).toBeGreaterThan(1);
  expect(cores(withCore({ outAxons: 48 }))).toBeGreaterThan(1);
});

test('a delay of 8 steps needs a buffer of 16 and halves the compartments', () => {
  const network = chain([8, 8, 8], [conv(16, 3, { pad: 1, delay: 8 })]);
  expect(partition(network, loihi1, new Reporter()).cores).toHaveLength(1 + 2);
});

test('a two-compartment reset takes a second compartment, an axon to itself and a synapse for each neuron', () => {
  const layers = [conv(4, 3, { pad: 1 }), dense(10, [4, 8, 8])];
  const [hard, soft] = (['hard', 'soft-two-compartment'] as const).map((reset) => partition(chain([2, 8, 8], layers, { neuron: { model: 'if', reset } }), loihi1, new Reporter()).cores[1].use);
  expect(soft).toEqual({ neurons: 2 * hard.neurons, inAxons: hard.inAxons + 256, outAxons: hard.outAxons + 256, synapticBits: hard.synapticBits + 256 * 64 });
});

describe('a VGG16 for CIFAR (280 k neurons, 15 M parameters)', () => {
  test.each([['loihi1', 'hard'], ['loihi1', 'soft-two-compartment'], ['loihi2', 'soft']] as const)('fits %s with the %s reset, quickly', (name, reset) => {
    const network = vgg16({ model: 'if', reset });
    const started = performance.now();
    const mapped = partition(network, loadTarget(name), new Reporter());
    expect(performance.now() - started).toBeLessThan(5000);
    expect(verifyPartitioned(mapped)).toEqual([]);
  });
});

describe('what does not fit says so', () => {
  test('every such layer, its resource, what it needs, what there is, what would help', () => {
    const network = chain([64, 8, 8], [dense(100, [64, 8, 8]), dense(3000, [100, 1, 1]), dense(10, [3000, 1, 1])]);
    expect(complaint(network, withCore({ synapticMemoryBits: 30000 }))).toBe(
      'error[map/layer-does-not-fit] at node "p1": the layer does not fit the cores of loihi1: even one neuron on a core of its own needs 262144 bits of synaptic memory, a core has 30000\n'
      + '  hint: each of its neurons has too many weights: use a smaller or a grouped filter, pool before the layer, or choose a target with more memory per core. Its fan-in cannot be split over cores exactly: loihi1 has no graded spikes, and a partial sum sent as plain spikes is rounded to whole thresholds and loses its sign\n'
      + 'error[map/layer-does-not-fit] at node "p3": the layer does not fit the cores of loihi1: even one neuron on a core of its own needs 192000 bits of synaptic memory, a core has 30000\n'
      + '  hint: each of its neurons has too many weights: use a smaller or a grouped filter, pool before the layer, or choose a target with more memory per core. Its fan-in cannot be split over cores exactly: loihi1 has no graded spikes, and a partial sum sent as plain spikes is rounded to whole thresholds and loses its sign');
  });
  test('input axons: a neuron reads more sources than a core has axons', () => {
    expect(complaint(chain([65, 8, 8], [dense(100, [65, 8, 8])]), loihi1)).toBe(
      'error[map/layer-does-not-fit] at node "p1": the layer does not fit the cores of loihi1: even one neuron on a core of its own needs 4160 input axons, a core has 4096\n'
      + '  hint: each of its neurons reads too many sources: pool before the layer, give the layer before it fewer channels, or choose a target with more input axons. Its fan-in cannot be split over cores exactly: loihi1 has no graded spikes, and a partial sum sent as plain spikes is rounded to whole thresholds and loses its sign');
  });
  test('output axons: a neuron must reach more cores than it has slots', () => {
    expect(complaint(chain([1, 1, 1], [dense(60, [1, 1, 1])]), withCore({ neurons: 1, outAxons: 50 }))).toBe(
      'error[map/layer-does-not-fit] at node "p0": the layer does not fit the cores of loihi1: even one neuron on a core of its own needs 60 output axons, a core has 50\n'
      + '  hint: the layers behind it are spread over too many cores: make them smaller, or choose a target with more output axons or multicast');
  });
  test('compartments: two for a neuron, one on the core', () => {
    expect(complaint(chain([1, 1, 1], [dense(3, [1, 1, 1]), dense(1, [3, 1, 1])], { neuron: { model: 'if', reset: 'soft-two-compartment' } }), withCore({ neurons: 1 }))).toBe(
      'error[map/layer-does-not-fit] at node "p1": the layer does not fit the cores of loihi1: even one neuron on a core of its own needs 2 compartments, a core has 1\n'
      + '  hint: choose the hard reset, which takes one compartment a neuron, or a target with larger cores');
  });
  test('synapse formats and threshold profiles', () => {
    const network = chain([1, 1, 1], [dense(3, [1, 1, 1]), dense(1, [3, 1, 1])], { neuron: { model: 'if', reset: 'soft-two-compartment' } });
    expect(complaint(network, withCore({ synapseFormats: 1 }))).toContain('needs 2 synapse formats, a core has 1\n  hint: too many projections end here: join some of the layers that are added up');
    expect(complaint(network, withCore({ thresholdProfiles: 1 }))).toContain('needs 2 threshold profiles, a core has 1\n  hint: choose the hard reset, which takes one profile a core');
  });
  test('a delay beyond the longest of the chip', () => {
    expect(complaint(chain([1, 1, 1], [dense(3, [1, 1, 1]), { ...dense(1, [3, 1, 1]), delay: 63 }]), loihi1)).toBe(
      'error[map/delay-too-long] at node "c1": the projection waits 63 steps, loihi1 delays a spike by at most 62\n'
      + '  hint: the shortcut skips too many layers: shorten the branch beside it, or choose a target with longer delays');
  });
  test('a board with too few chips names the largest layers', () => {
    expect(complaint(vgg16(), { ...loihi1, board: { chips: 2, columns: 2 } })).toMatch(new RegExp(
      '^error\\[map/board-too-small\\]: the network needs \\d+ cores, loihi1 has 256 on 2 chips; most go to p9 \\(\\d+\\), p10 \\(\\d+\\), p1 \\(\\d+\\)\n'
      + '  hint: make those layers smaller, choose a target with larger cores, or raise board.chips in a target file of your own$'));
  });
});
