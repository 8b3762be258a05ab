/**
 * Records probed neurons from the spike masks that a sample has left in the kernels' memory, so that the
 * kernels themselves record nothing and cost nothing more. The spikes of the source populations give what
 * arrives at each probed neuron, and the neurons are then stepped by the reference's own equation
 * (`quantise/evaluate-integer.ts`). Their spikes must be those in the masks; anything else is a bug.
 * The work grows with the synaptic operations of the probed neurons alone.
 */
import type { KernelMemory } from '../kernels/kernels.js';
import type { SpikeBuffers } from '../kernels/spiking-layer.js';
import type { Arrivals } from '../quantise/evaluate-integer.js';
import { startNeurons, updateNeurons } from '../quantise/evaluate-integer.js';
import type { IntegerNetwork, IntegerPopulation, IntegerProjection } from '../quantise/integer-network.js';
import type { ProbedLayer } from './probes.js';
import type { DrivePlace, SampleEngine } from './sample-engine.js';

/** What the probes of one layer saw of one sample; every array is [T][neurons]. */
export interface LayerRecord {
  /** 1, or -1 where a signed neuron takes a spike back. */
  readonly spikes: Int8Array;
  /** Null for relays, which have neither currents nor potentials. */
  readonly state: StateRecord | null;
}

export interface StateRecord {
  /** What arrives in the step: for each projection (sum of the weights of its arriving spikes) << shift, plus the constant current (bias, and what the host injects). State units. */
  readonly current: Int32Array;
  /** Of cuba neurons: the synaptic current u after the step, which lasts and loses a part of itself in each. State units. */
  readonly u: Int32Array | null;
  /** Membrane potential after the step, reset included. State units. */
  readonly v: Int32Array;
}

/** Prepares the probes; the returned function records the sample that the engine has run last. */
export function createProbeRecorder(network: IntegerNetwork, layers: readonly ProbedLayer[], { engine, memory }: { readonly engine: SampleEngine; readonly memory: KernelMemory }): () => LayerRecord[] {
  const recorders = layers.map((layer) => {
    const population = network.populations[layer.population];
    const own = engine.buffers[layer.population];
    const fired = spikeReader(memory, own, layer.neurons);
    const drive = engine.drives[layer.population];
    if (drive === null) return (): LayerRecord => ({ spikes: fired(), state: null });
    const inputs = network.projections.flatMap((projection): Input[] => {
      if (projection.target !== population.id) return [];
      const source = engine.buffers[network.populations.findIndex((p) => p.id === projection.source)];
      return [{ projection, source, groups: pixelsOf(layer.neurons, projection, { source, target: population }) }];
    });
    return (): LayerRecord => {
      const currents = constantCurrents(memory, drive, { population, neurons: layer.neurons });
      return stepNeurons(restricted(population, layer.neurons), { currents, arrivals: arrivalsOf(memory, inputs, { steps: own.steps, count: layer.neurons.length }), masks: fired() });
    };
  });
  return () => recorders.map((record) => record());
}

/** The probed neurons as a population of their own: neuron i is channel i. */
export function restricted(population: IntegerPopulation, neurons: Uint32Array): IntegerPopulation {
  const [, height, width] = population.shape;
  const channels = neurons.map((n) => Math.floor(n / (height * width)));
  const { thresholds } = population;
  return {
    ...population, shape: [neurons.length, 1, 1],
    thresholdExponent: Uint8Array.from(channels, (c) => population.thresholdExponent[c]),
    ...(thresholds === undefined ? {} : { thresholds: Int32Array.from(channels, (c) => thresholds[c]) }),
    bias: Int32Array.from(channels, (c) => population.bias[c]),
    scale: Float64Array.from(channels, (c) => population.scale[c]),
  };
}

interface Stepped { readonly currents: Int32Array; readonly arrivals: readonly Arrivals[]; readonly masks: Int8Array }

function stepNeurons(population: IntegerPopulation, { currents, arrivals, masks }: Stepped): LayerRecord {
  const count = currents.length;
  const run = startNeurons(population, currents);
  const current = new Int32Array(arrivals.length * count);
  const u = population.neuron.model === 'cuba' ? new Int32Array(arrivals.length * count) : null;
  const v = new Int32Array(arrivals.length * count);
  arrivals.forEach((arriving, t) => {
    const spikes = updateNeurons(run, arriving);
    run.spikes.push(spikes);
    for (let i = 0; i < count; i++) {
      if (spikes[i] !== masks[t * count + i]) throw new Error(`internal: neuron ${i} of the probe of ${population.id} does not spike in step ${t} as the kernel's does`);
      current[t * count + i] = arriving.current[i] + currents[i];
    }
    u?.set(run.u, t * count);
    v.set(run.v, t * count);
  });
  return { spikes: masks, state: { current, u, v } };
}

function constantCurrents(memory: KernelMemory, { at, stride }: DrivePlace, { population, neurons }: { readonly population: IntegerPopulation; readonly neurons: Uint32Array }): Int32Array {
  const [channels, height, width] = population.shape;
  const plane = height * width;
  const values = memory.int32(at, stride === 0 ? channels : plane * stride);
  return Int32Array.from(neurons, (n) => values[(n % plane) * stride + Math.floor(n / plane)]);
}

/** [T][neurons]: 1, -1 or 0, from the masks. */
function spikeReader(memory: KernelMemory, { shape, steps, signs, words, spikes }: SpikeBuffers, neurons: Uint32Array): () => Int8Array {
  const plane = shape[1] * shape[2];
  return () => {
    const masks = memory.uint8(spikes, plane * steps * signs * words * 8);
    const out = new Int8Array(steps * neurons.length);
    neurons.forEach((neuron, i) => {
      const channel = Math.floor(neuron / plane);
      for (let t = 0; t < steps; t++) {
        const bit = (sign: number): number => (masks[(((neuron % plane) * steps + t) * signs + sign) * words * 8 + (channel >> 3)] >> (channel & 7)) & 1;
        out[t * neurons.length + i] = bit(0) - (signs === 2 ? bit(1) : 0);
      }
    });
    return out;
  };
}

interface Input {
  readonly projection: IntegerProjection;
  readonly source: SpikeBuffers;
  readonly groups: readonly ProbedPixel[];
}

/** Probed neurons of one target pixel and one group of channels, and the source pixels that they read. */
interface ProbedPixel {
  /** Place among the probed neurons, and output channel within the group. */
  readonly places: Int32Array;
  readonly outputs: Int32Array;
  /** Source channels of the group. */
  readonly channels: readonly [number, number];
  /** Pairs: source pixel, tap of the window. */
  readonly taps: Int32Array;
}

function pixelsOf(neurons: Uint32Array, projection: IntegerProjection, { source, target }: { readonly source: SpikeBuffers; readonly target: IntegerPopulation }): ProbedPixel[] {
  const [channels, height, width] = target.shape;
  const outputs = channels / projection.groups;
  const inputs = source.shape[0] / projection.groups;
  const found = new Map<number, { pixel: number; group: number; places: number[]; outputs: number[] }>();
  neurons.forEach((neuron, place) => {
    const pixel = neuron % (height * width);
    const channel = Math.floor(neuron / (height * width));
    const group = Math.floor(channel / outputs);
    const key = pixel * projection.groups + group;
    const entry = found.get(key) ?? { pixel, group, places: [], outputs: [] };
    entry.places.push(place);
    entry.outputs.push(channel - group * outputs);
    found.set(key, entry);
  });
  return [...found.values()].map(({ pixel, group, ...entry }) => ({
    places: Int32Array.from(entry.places), outputs: Int32Array.from(entry.outputs), channels: [group * inputs, (group + 1) * inputs],
    taps: tapsOf(projection, source, { y: Math.floor(pixel / width), x: pixel % width }),
  }));
}

/** floor(source / pool) = target * stride + tap * dilation - pad, on both axes. */
function tapsOf({ window, pool }: IntegerProjection, { shape: [, height, width] }: SpikeBuffers, { y, x }: { readonly y: number; readonly x: number }): Int32Array {
  const places = (axis: 0 | 1, at: number, extent: number): number[][] => Array.from({ length: window.kernel[axis] }, (_, tap) => {
    const cell = at * window.stride[axis] + tap * window.dilation[axis] - window.pads[axis];
    return Array.from({ length: pool[axis] }, (__, i) => cell * pool[axis] + i).filter((place) => place >= 0 && place < extent);
  });
  const columns = places(1, x, width);
  return Int32Array.from(places(0, y, height).flatMap((rows, ky) => columns.flatMap((all, kx) =>
    rows.flatMap((row) => all.flatMap((column) => [row * width + column, ky * window.kernel[1] + kx])))));
}

/** What arrives at the probed neurons in each step. */
function arrivalsOf(memory: KernelMemory, inputs: readonly Input[], { steps, count }: { readonly steps: number; readonly count: number }): Arrivals[] {
  const arrivals = Array.from({ length: steps }, (): Arrivals => ({ current: new Int32Array(count), touched: new Uint8Array(count) }));
  const arrived = new Uint8Array(steps);
  for (const { projection, source, groups } of inputs) {
    const masks = memory.uint32(source.spikes, source.shape[1] * source.shape[2] * steps * source.signs * source.words * 2);
    for (const pixel of groups) {
      const sums = Array.from({ length: steps }, () => new Int32Array(pixel.outputs.length));
      arrived.fill(0);
      for (let tap = 0; tap < pixel.taps.length; tap += 2) {
        const weights = { projection, row: pixel.taps[tap + 1] * source.shape[0] };
        const first = pixel.taps[tap] * steps * source.signs;
        for (let place = 0; place < steps * source.signs; place++) {
          const spikes = { masks, at: (first + place) * source.words * 2, sign: place % source.signs === 1 ? -1 : 1 };
          const t = Math.floor(place / source.signs);
          if (addSpikes(spikes, pixel, weights, sums[t])) arrived[t] = 1;
        }
      }
      sums.forEach((sum, t) => {
        if (arrived[t] === 0) return;
        pixel.places.forEach((place, i) => {
          arrivals[t].current[place] += sum[i] * 2 ** projection.shift;
          arrivals[t].touched[place] = 1;
        });
      });
    }
  }
  return arrivals;
}

interface MaskRow { readonly masks: Uint32Array; readonly at: number; readonly sign: number }
interface WeightRow { readonly projection: IntegerProjection; readonly row: number }

/** Adds the weights of one mask's spikes, those of the group's channels; says whether there were any. */
function addSpikes({ masks, at, sign }: MaskRow, { channels: [from, to], outputs }: ProbedPixel, { projection: { weight, window, groups }, row }: WeightRow, sums: Int32Array): boolean {
  const width = weight.length / (window.kernel[0] * window.kernel[1] * (to - from) * groups);
  const contiguous = outputs[outputs.length - 1] - outputs[0] === outputs.length - 1;
  let any = false;
  for (let word = from >> 5; word <= (to - 1) >> 5; word++) {
    for (let bits = masks[at + word]; bits !== 0; bits &= bits - 1) {
      const channel = word * 32 + 31 - Math.clz32(bits & -bits);
      if (channel < from || channel >= to) continue;
      any = true;
      const first = (row + channel) * width + (contiguous ? outputs[0] : 0);
      if (contiguous) for (let i = 0; i < sums.length; i++) sums[i] += sign * weight[first + i];
      else for (let i = 0; i < sums.length; i++) sums[i] += sign * weight[first + outputs[i]];
    }
  }
  return any;
}
