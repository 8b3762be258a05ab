// The rules and the ways of filling cores of chips that nothing is compiled for, against counts made another way.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutForCrossbar } from '../../../src/map/fit/crossbar.js';
import { fitChip, splitOf, weightNeeds } from '../../../src/map/fit/fit-chip.js';
import type { FitLayer, FitPath } from '../../../src/map/fit/fit-layer.js';
import { layerMemory, matchLayers, placeLayers } from '../../../src/map/fit/layer-cores.js';
import { brokenRules } from '../../../src/map/fit/layer-rules.js';
import { loadChip } from '../../../src/target/load-target.js';

type Sizes = { readonly inputs: number; readonly channels: number; readonly side: number; readonly kernel: number; readonly stride?: number; readonly pool?: number; readonly groups?: number; readonly fromImage?: boolean };

/** A layer of one convolution that keeps the map's size (divided by pool and stride). */
function conv(name: string, { inputs, channels, side, kernel, stride = 1, pool = 1, groups = 1, fromImage = false }: Sizes): FitLayer {
  const out = Math.ceil(side / pool / stride);
  const pad = (kernel - 1) >> 1;
  const path: FitPath = {
    source: 'before', fromImage, kind: groups === inputs && groups > 1 ? 'separable' : 'convolution', shape: [inputs, side, side], pool: [pool, pool], kernel: [kernel, kernel], stride: [stride, stride],
    dilation: [1, 1], pads: [pad, pad, pad, pad], groups, weights: kernel * kernel * inputs / groups * channels, fanIn: kernel * kernel * pool * pool * inputs / groups, fanOut: kernel * kernel * channels / groups,
  };
  return { name, shape: [channels, out, out], neurons: channels * out * out, parameters: path.weights + channels, fanIn: path.fanIn, fanOut: 0, destinations: 1, isOutput: false, paths: [path] };
}
const rulesOf = (layer: FitLayer, name: string): string[] => brokenRules(layer, loadChip(name)).map((v) => `${v.rule}: ${v.value}, ${v.limit}`);

describe('rules of layers', () => {
  test('Akida: filters of the first layer by channels and size, strides with 3x3 only, no pooling in front', () => {
    expect(rulesOf(conv('a', { inputs: 3, channels: 192, side: 32, kernel: 3, fromImage: true }), 'akida-akd1000')).toEqual([]);
    expect(rulesOf(conv('a', { inputs: 3, channels: 193, side: 32, kernel: 3, fromImage: true }), 'akida-akd1000')).toEqual(['filters of 3x3 on 3 channels: 193, at most 192']);
    expect(rulesOf(conv('a', { inputs: 1, channels: 97, side: 300, kernel: 7, fromImage: true }), 'akida-akd1000')).toEqual(['width of its input: 300, 5 to 256', 'filters of 7x7 on 1 channels: 97, at most 96']);
    expect(rulesOf(conv('a', { inputs: 2, channels: 8, side: 32, kernel: 3, fromImage: true }), 'akida-akd1000')).toEqual(['channels of its input: 2, 1, 3']);
    expect(rulesOf(conv('a', { inputs: 8, channels: 8, side: 32, kernel: 3, stride: 2 }), 'akida-akd1000')).toEqual([]);
    expect(rulesOf(conv('a', { inputs: 8, channels: 8, side: 32, kernel: 5, stride: 2 }), 'akida-akd1000')).toEqual(['filter of stride 2: 5, 3']);
    expect(rulesOf(conv('a', { inputs: 8, channels: 8, side: 32, kernel: 9, stride: 3, pool: 2 }), 'akida-akd1000')).toEqual(['side of the filter: 9, 1, 3, 5, 7', 'stride: 3, 1, 2', 'filter of stride 3: 9, 3', 'pool: 2, 1']);
    expect(rulesOf(conv('a', { inputs: 8, channels: 8, side: 32, kernel: 1, groups: 8 }), 'akida-akd1000')).toEqual(['side of the filter: 1, 3, 5, 7']);
  });
  test('Akida: an average over the whole map may be 32 wide', () => {
    const global = (side: number): FitLayer => conv('a', { inputs: 8, channels: 8, side, kernel: 1, pool: side });
    expect(rulesOf(global(32), 'akida-akd1000')).toEqual([]);
    expect(rulesOf(global(33), 'akida-akd1000')).toEqual(['global pool: 33, at most 32']);
  });
  test('a shortcut without a filter has no filter to judge, but its pooling counts', () => {
    const shortcut = (pool: number): FitLayer => { const layer = conv('a', { inputs: 8, channels: 8, side: 32, kernel: 1, groups: 8, pool }); return { ...layer, paths: layer.paths.map((p) => ({ ...p, kind: 'identity' })) }; };
    expect(rulesOf(shortcut(1), 'akida-akd1000')).toEqual([]);
    expect(rulesOf(shortcut(2), 'akida-akd1000')).toEqual(['pool: 2, 1']);
  });
  test('Akida: only "same" padding behind the first layer', () => {
    const layer = conv('a', { inputs: 8, channels: 8, side: 32, kernel: 3 });
    expect(rulesOf({ ...layer, shape: [8, 30, 30] }, 'akida-akd1000')).toEqual(['map behind "same" padding: 30x30, 32x32']);
  });
  test('Speck: maps, pools, padding, targets of a layer', () => {
    expect(rulesOf(conv('a', { inputs: 2, channels: 16, side: 128, kernel: 3, stride: 2, fromImage: true }), 'speck')).toEqual([]);
    expect(rulesOf(conv('a', { inputs: 2, channels: 16, side: 130, kernel: 17, stride: 3, fromImage: true }), 'speck')).toEqual(
      ['width of its input: 130, 1 to 128', 'height of its input: 130, 1 to 128', 'side of the filter: 17, at most 16', 'stride: 3, 1, 2, 4, 8', 'padding: 8, at most 7']);
    expect(rulesOf({ ...conv('a', { inputs: 8, channels: 2000, side: 66, kernel: 1, pool: 3 }), destinations: 3, shape: [2000, 65, 65] }, 'speck')).toEqual(
      ['channels: 2000, at most 1024', 'pool: 3, 1, 2, 4', 'side of the map: 65, at most 64', 'layers that it sends to: 3, at most 2']);
  });
  test('what weights must be rounded to', () => {
    expect(weightNeeds(loadChip('odin'))).toEqual(['weights of 3 bits; compiled networks have up to 8']);
    expect(weightNeeds(loadChip('truenorth'))).toEqual(['at most 4 different weights a neuron']);
    expect(weightNeeds(loadChip('speck'))).toEqual([]);
  });
});

describe('cores that hold a layer', () => {
  test('memories are rounded up to powers of two, axis by axis', () => {
    const layer = conv('a', { inputs: 5, channels: 20, side: 24, kernel: 3 });
    expect(layerMemory(layer, 'power-of-two')).toEqual({ kernelWords: 5 * 16 * 32, neuronWords: 20 * 32 * 32, biases: 20 });
    expect(layerMemory(layer, 'exact')).toEqual({ kernelWords: 5 * 9 * 20, neuronWords: 20 * 24 * 24, biases: 20 });
  });
  test('a layer that no core holds, and one core too few for two layers', () => {
    const speck = loadChip('speck');
    const large = conv('large', { inputs: 64, channels: 256, side: 4, kernel: 3 });
    expect(placeLayers([large], speck.layerCores!)[0]).toEqual({ memory: { kernelWords: 262144, neuronWords: 4096, biases: 256 }, core: null, violations: [{ rule: 'kernel memory, words', value: '262144', limit: 'at most 65536' }] });
    const wide = conv('wide', { inputs: 1, channels: 16, side: 64, kernel: 3 }); // 64 Ki neurons: cores 0 to 2
    expect(fitChip([wide, wide, wide], speck)).toMatchObject({ cores: 3, violations: [] });
    expect(fitChip([wide, wide, wide, wide], speck)).toMatchObject({ cores: null, violations: [{ rule: 'layers without a core that holds them beside the others', value: '1' }] });
  });
  test('as many layers have a core as can have one at once', () => {
    fc.assert(fc.property(fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), { maxLength: 5 }), (choices) => {
      const matched = matchLayers(choices, 5);
      matched.forEach((core, i) => { if (core !== null) expect(choices[i]).toContain(core); });
      const used = matched.filter((c) => c !== null);
      expect(new Set(used).size).toBe(used.length);
      const best = (from: number, taken: ReadonlySet<number>): number => (from === choices.length ? 0
        : Math.max(best(from + 1, taken), ...choices[from].filter((c) => !taken.has(c)).map((c) => 1 + best(from + 1, new Set([...taken, c])))));
      expect(used.length).toBe(best(0, new Set()));
    }));
  });
});

describe('crossbars', () => {
  /** Sources that the box at the middle of the map reads, one by one. */
  function sources({ paths: [path], shape }: FitLayer, [c, y, x]: readonly number[]): number {
    const found = new Set<string>();
    const top = Math.floor((shape[1] - y) / 2);
    const left = Math.floor((shape[2] - x) / 2);
    const inGroup = path.shape[0] / path.groups;
    for (let o = 0; o < c; o++) {
      const group = Math.floor(o / (shape[0] / path.groups));
      for (let row = top; row < top + y; row++) for (let column = left; column < left + x; column++) {
        for (let ky = 0; ky < path.kernel[0]; ky++) for (let kx = 0; kx < path.kernel[1]; kx++) {
          const [iy, ix] = [row * path.stride[0] + ky - path.pads[0], column * path.stride[1] + kx - path.pads[1]];
          if (iy < 0 || ix < 0 || iy >= path.shape[1] || ix >= path.shape[2]) continue;
          for (let i = 0; i < inGroup; i++) found.add(`${group * inGroup + i},${iy},${ix}`);
        }
      }
    }
    return found.size;
  }
  test('the cut keeps within the crossbar, and no other of its kind needs fewer cores', () => {
    const layers = fc.record({ inputs: fc.constantFrom(1, 2, 4), channels: fc.constantFrom(2, 4, 6, 8), side: fc.integer({ min: 6, max: 12 }), kernel: fc.constantFrom(1, 3), grouped: fc.boolean() });
    fc.assert(fc.property(layers, fc.integer({ min: 9, max: 80 }), fc.integer({ min: 4, max: 80 }), (sizes, axons, neurons) => {
      const groups = sizes.grouped && sizes.channels % sizes.inputs === 0 ? sizes.inputs : 1;
      const layer = conv('a', { ...sizes, groups });
      const cut = cutForCrossbar(layer, { axons, neurons });
      if (cut === null) {
        expect(sources(layer, [1, 1, 1])).toBeGreaterThan(axons);
        return;
      }
      expect(sources(layer, cut.box)).toBeLessThanOrEqual(cut.axons);
      expect([cut.axons <= axons, cut.neurons <= neurons]).toEqual([true, true]);
      if (groups > 1) return;
      const [channels, height, width] = layer.shape;
      for (let c = 1; c <= channels; c++) for (let y = 1; y < height - 2; y++) for (let x = 1; x < width - 2; x++) {
        if (c * y * x > neurons || sources(layer, [c, y, x]) > axons) continue;
        expect(Math.ceil(channels / c) * Math.ceil(height / y) * Math.ceil(width / x)).toBeGreaterThanOrEqual(cut.cores);
      }
    }), { numRuns: 40 });
  });
  test('TrueNorth: a dense layer of 256 inputs takes a core for 256 neurons; one of 257 is split in two', () => {
    const dense = (inputs: number, channels: number): FitLayer => conv('d', { inputs, channels, side: 1, kernel: 1 });
    const chip = loadChip('truenorth');
    expect(fitChip([dense(256, 256)], chip)).toMatchObject({ cores: 1, violations: [], layers: [{ cores: 1, split: null, violations: [] }] });
    // two cores read each of the 256 sources: 512 repeating neurons on two more cores
    expect(fitChip([dense(256, 512)], chip)).toMatchObject({ cores: 4, notes: ['2 cores are for 512 neurons that repeat spikes which several cores read.'] });
    expect(fitChip([dense(257, 10)], chip)).toMatchObject({ cores: null, layers: [{ cores: null, split: { parts: 2, neurons: 30 }, violations: [{ rule: 'fan-in of a neuron', value: '257', limit: 'at most 256' }] }] });
    expect(splitOf(dense(256, 10), 256)).toBeNull();
  });
  test('ODIN: all layers and the inputs share one crossbar', () => {
    const layers = [conv('a', { inputs: 100, channels: 100, side: 1, kernel: 1, fromImage: true }), { ...conv('b', { inputs: 100, channels: 10, side: 1, kernel: 1 }), isOutput: true }];
    expect(fitChip(layers, loadChip('odin'))).toMatchObject({ cores: 1, violations: [] });
    const wider = [conv('a', { inputs: 200, channels: 100, side: 1, kernel: 1, fromImage: true }), layers[1]];
    expect(fitChip(wider, loadChip('odin'))).toMatchObject({ cores: null, violations: [{ rule: 'rows: inputs and neurons that others read', value: '300', limit: 'at most 256' }] });
  });
});

test('Xylo: inputs, hidden neurons and outputs of the whole network', () => {
  const layers = [conv('a', { inputs: 16, channels: 1000, side: 1, kernel: 1, fromImage: true }), { ...conv('b', { inputs: 1000, channels: 8, side: 1, kernel: 1 }), isOutput: true }];
  expect(fitChip(layers, loadChip('xylo'))).toMatchObject({ cores: 1, violations: [] });
  expect(fitChip([layers[0], layers[0], { ...layers[1], neurons: 9 }], loadChip('xylo')).violations).toEqual([
    { rule: 'hidden neurons', value: '2000', limit: 'at most 1000' }, { rule: 'outputs', value: '9', limit: 'at most 8' },
  ]);
});

test('Darwin3: cores by neurons alone, and no more than the chip has', () => {
  const layer = conv('a', { inputs: 3, channels: 64, side: 64, kernel: 3 });
  expect(fitChip([layer], loadChip('darwin3'))).toMatchObject({ cores: 64, violations: [] });
  expect(fitChip(new Array<FitLayer>(10).fill(layer), loadChip('darwin3')).violations).toEqual([{ rule: 'cores', value: '640', limit: 'at most 575' }]);
});
