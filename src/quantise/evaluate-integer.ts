/**
 * The meaning of an `IntegerNetwork`, written to be read. One image goes through the network in T
 * local steps; population p at local step t takes in the spikes that its sources emitted at their
 * local step t, because `depth` and `delay` only move whole populations in chip time. The simulator
 * (`simulate/`) is a fast program with the same result, bit for bit; this file says what that is.
 */
import { randomStream, randomUint32, substream } from '../random.js';
import type { MapShape } from '../spiking/network.js';
import { fires, neuronCount } from '../spiking/network.js';
import { addHostLayer } from './evaluate-host-layer.js';
import type { IntegerInput, IntegerNetwork, IntegerPopulation, IntegerProjection } from './integer-network.js';
import { initialsOf, retractions, roundToBias, sumsCurrents, thresholdsOf } from './integer-network.js';

export interface EvaluationCounters {
  /** Per population, in the network's order. Relays are set from outside and have no updates. */
  readonly populations: readonly {
    /** Of either sign. */
    readonly spikes: number;
    /** Spikes of -1. */
    readonly retractions: number;
    /** Neuron-steps with a non-zero constant current, a spike that the filter takes to the neuron (whatever its weight), a current that lasts (cuba) or a reset by a second compartment. */
    readonly activeUpdates: number;
    readonly inactiveUpdates: number;
    readonly saturations: number;
  }[];
  /** Per projection: weights read by spikes. */
  readonly synapticOps: readonly number[];
}

export interface IntegerEvaluation {
  /** v of the output population after the last step. */
  readonly scores: Int32Array;
  /** Class with the largest v after each step; the lowest class of equals. */
  readonly predictions: Uint16Array;
  /** [population][step]: one 0 or 1 a neuron, in C, H, W order; -1 where a signed neuron takes a spike back. */
  readonly spikes: readonly (readonly Int8Array[])[];
  /** v of each population after the last step, in C, H, W order. */
  readonly potentials: readonly Int32Array[];
  readonly counters: EvaluationCounters;
}

export interface EvaluationOptions {
  /** Seed of the Poisson code. */
  readonly seed: number;
  /** Index of the image in its data set: each image has its own Poisson stream. */
  readonly sample: number;
  /** Projections (by id) whose zero weights are not stored, so that no spike reads them. */
  readonly skipsZeros?: ReadonlySet<string>;
  /** Called after each local step of each population, relays included. */
  readonly observe?: (step: ObservedStep) => void;
}

/** One local step of one population; the arrays are the evaluator's own and change with the next step. */
export interface ObservedStep {
  /** Index of the population. */
  readonly population: number;
  readonly step: number;
  /** Null for relays, which no current reaches. */
  readonly arrivals: Arrivals | null;
  /** After the step. */
  readonly state: PopulationRun;
}

/** Runs one normalised image (C, H, W order) through all T steps. */
export function evaluateInteger(network: IntegerNetwork, image: Float32Array, options: EvaluationOptions): IntegerEvaluation {
  checkDelays(network);
  const states = network.populations.map((population) => startNeurons(population, constantCurrent(network, population, image)));
  const synapticOps = network.projections.map(() => 0);
  const predictions = new Uint16Array(network.timesteps);
  const output = states.find((s) => s.population.id === network.output)!;
  for (let t = 0; t < network.timesteps; t++) {
    states.forEach((state, population) => {
      const relay = state.population.neuron.model === 'relay';
      const arrivals = relay ? null : arrivingCurrent(network, states, { target: state.population, step: t, synapticOps, skipsZeros: options.skipsZeros });
      state.spikes.push(arrivals === null ? poissonStep(network.input, image, { ...options, step: t }) : updateNeurons(state, arrivals));
      options.observe?.({ population, step: t, arrivals, state });
    });
    predictions[t] = largest(output.v);
  }
  return {
    scores: output.v.slice(), predictions,
    spikes: states.map((s) => s.spikes),
    potentials: states.map((s) => s.v),
    counters: {
      populations: states.map((s) => ({
        spikes: countSpikes(s.spikes, (spike) => spike !== 0), retractions: countSpikes(s.spikes, (spike) => spike < 0),
        activeUpdates: s.active, inactiveUpdates: s.inactive, saturations: s.saturations,
      })),
      synapticOps,
    },
  };
}

const countSpikes = (spikes: readonly Int8Array[], counts: (spike: number) => boolean): number =>
  spikes.reduce((sum, step) => sum + step.reduce((n, spike) => n + (counts(spike) ? 1 : 0), 0), 0);

/** The neurons of one population under way: their state, and what was counted of them. */
export interface PopulationRun {
  readonly population: IntegerPopulation;
  /** [local step] */
  readonly spikes: Int8Array[];
  readonly v: Int32Array;
  /** The synaptic current of the last step; that of cuba neurons lasts. */
  readonly u: Int32Array;
  /** Steps that a cuba neuron still waits. */
  readonly waiting: Int32Array;
  /** m of a signed neuron: spikes sent and not taken back. */
  readonly sent: Int32Array;
  /** Constant current of every step. */
  readonly drive: Int32Array;
  active: number;
  inactive: number;
  saturations: number;
}

/** The neurons of a population before their first step. `drive` is their constant current. */
export const startNeurons = (population: IntegerPopulation, drive: Int32Array): PopulationRun => ({
  population, spikes: [], v: initialPotentials(population), u: new Int32Array(neuronCount(population.shape)), waiting: new Int32Array(neuronCount(population.shape)), sent: new Int32Array(neuronCount(population.shape)),
  drive, active: 0, inactive: 0, saturations: 0,
});

/** What spikes bring to the neurons of a population in one step. */
export interface Arrivals {
  /** a, state units. */
  readonly current: Int32Array;
  /** 1 where the filter takes a spike to this neuron, whatever its weight. */
  readonly touched: Uint8Array;
}

/** Local time only works out when every spike waits exactly until its target's window has caught up. */
export function checkDelays(network: IntegerNetwork): void {
  const depth = new Map(network.populations.map((p) => [p.id, p.depth]));
  for (const p of network.projections) {
    const gap = depth.get(p.target)! - depth.get(p.source)! - 1;
    if (p.delay !== gap) throw new RangeError(`internal: projection ${p.id} has delay ${p.delay}, its populations are ${gap} steps apart`);
  }
}

/** The current that flows in every step: the population's bias and what the host injects for this image. */
export function constantCurrent(network: IntegerNetwork, population: IntegerPopulation, image: Float32Array): Int32Array {
  const [, height, width] = population.shape;
  const drive = new Int32Array(neuronCount(population.shape));
  for (let i = 0; i < drive.length; i++) drive[i] = population.bias[Math.floor(i / (height * width))];
  const input = network.input;
  if (input.code === 'bias') {
    for (const layer of input.layers) {
      if (layer.target === population.id) addHostLayer(drive, layer, { image, imageShape: network.imageShape, shape: population.shape, format: input.format });
    }
    if (sumsCurrents(network, population)) drive.forEach((current, i) => { drive[i] = roundToBias(current, input.format); });
  } else if (input.code === 'rate' && input.population === population.id) {
    for (let i = 0; i < image.length; i++) {
      drive[i] += roundToBias(Math.max(image[i], 0) * input.scale, input.format);
      drive[image.length + i] += roundToBias(Math.max(-image[i], 0) * input.scale, input.format);
    }
  }
  return drive;
}

/**
 * Poisson code: in step t, pixel k (C, H, W order) spikes when number t * n + k of the image's stream,
 * divided by 2^32, is below min(1, |x| / full); n is the number of pixels rounded up to a multiple of
 * 4. A positive pixel spikes in channel c, a negative one in channel C + c.
 */
export function poissonStep(input: IntegerInput, image: Float32Array, at: EvaluationOptions & { readonly step: number }): Int8Array {
  if (input.code !== 'poisson') throw new RangeError('internal: a relay population needs the Poisson code');
  const stream = substream(substream(randomStream(at.seed), 'poisson'), at.sample);
  const numbers = Math.ceil(image.length / 4) * 4;
  const draws = randomUint32(stream, new Uint32Array(numbers), at.step * numbers);
  const spikes = new Int8Array(2 * image.length);
  for (let k = 0; k < image.length; k++) {
    const probability = Math.min(1, Math.abs(image[k]) / input.full);
    if (draws[k] < probability * 4294967296) spikes[image[k] > 0 ? k : image.length + k] = 1;
  }
  return spikes;
}

export interface Arriving {
  readonly target: IntegerPopulation;
  readonly step: number;
  /** Counts weights read, per projection. */
  readonly synapticOps: number[];
  /** As in `EvaluationOptions`; none by default. */
  readonly skipsZeros?: ReadonlySet<string> | undefined;
}

const NONE: ReadonlySet<string> = new Set();

/** a = sum over projections of (sum of the weights of the arriving spikes) << shift. */
export function arrivingCurrent(network: IntegerNetwork, states: readonly PopulationRun[], { target, step, synapticOps, skipsZeros = NONE }: Arriving): Arrivals {
  const current = new Int32Array(neuronCount(target.shape));
  const touched = new Uint8Array(current.length);
  network.projections.forEach((projection, index) => {
    if (projection.target !== target.id) return;
    const source = states.find((s) => s.population.id === projection.source)!;
    const sums = new Int32Array(current.length);
    const onlyStored = skipsZeros.has(projection.id);
    const spikes = source.spikes[step];
    for (let neuron = 0; neuron < spikes.length; neuron++) {
      if (spikes[neuron] !== 0) synapticOps[index] += deliver(projection, source.population.shape, { neuron, sign: spikes[neuron], shape: target.shape, sums, touched, onlyStored });
    }
    for (let i = 0; i < current.length; i++) current[i] += sums[i] * 2 ** projection.shift;
  });
  return { current, touched };
}

interface Delivery {
  readonly neuron: number;
  /** 1 or -1. */
  readonly sign: number;
  readonly shape: MapShape;
  readonly sums: Int32Array;
  readonly touched: Uint8Array;
  /** Zero weights are not read. */
  readonly onlyStored: boolean;
}

/** Adds the weights of one spike to its targets; returns how many weights it read. */
function deliver(projection: IntegerProjection, source: MapShape, { neuron, sign, shape, sums, touched, onlyStored }: Delivery): number {
  const [channels, height, width] = shape;
  const inputs = source[0] / projection.groups;
  const outputs = channels / projection.groups;
  const x = neuron % source[2];
  const y = Math.floor(neuron / source[2]) % source[1];
  const channel = Math.floor(neuron / (source[1] * source[2]));
  const group = Math.floor(channel / inputs);
  const [kernelY, kernelX] = projection.window.kernel;
  let operations = 0;
  for (let ky = 0; ky < kernelY; ky++) {
    const row = targetPlace(projection, 0, y, ky, height);
    if (row === null) continue;
    for (let kx = 0; kx < kernelX; kx++) {
      const column = targetPlace(projection, 1, x, kx, width);
      if (column === null) continue;
      const first = ((ky * kernelX + kx) * source[0] + channel) * outputs;
      for (let o = 0; o < outputs; o++) {
        const target = ((group * outputs + o) * height + row) * width + column;
        sums[target] += sign * projection.weight[first + o];
        touched[target] = 1;
        if (!onlyStored || projection.weight[first + o] !== 0) operations++;
      }
    }
  }
  return operations;
}

/** The target row (axis 0) or column (axis 1) that a source place reaches through one tap, or null. */
function targetPlace(projection: IntegerProjection, axis: 0 | 1, place: number, tap: number, extent: number): number | null {
  const { stride, dilation, pads } = projection.window;
  const shifted = Math.floor(place / projection.pool[axis]) - tap * dilation[axis] + pads[axis];
  const target = shifted / stride[axis];
  return Number.isInteger(target) && target >= 0 && target < extent ? target : null;
}

/** v at the first step, [C, H, W]. */
function initialPotentials(population: IntegerPopulation): Int32Array {
  const { shape } = population;
  const initials = initialsOf(population);
  return Int32Array.from({ length: neuronCount(shape) }, (_, i) => initials[Math.floor(i / (shape[1] * shape[2]))]);
}

/** v = clip(decay(v) + a + bias); spike if v > threshold, take one back far below zero; reset. Returns the spikes. */
export function updateNeurons(state: PopulationRun, arrivals: Arrivals): Int8Array {
  const { neuron, shape } = state.population;
  const pixels = shape[1] * shape[2];
  const spikes = new Int8Array(state.v.length);
  const bounds = retractions(state.population);
  const thresholds = thresholdsOf(state.population);
  for (let i = 0; i < state.v.length; i++) {
    const channel = Math.floor(i / pixels);
    const theta = thresholds[channel];
    let v = integrate(state, arrivals, i, theta);
    if (fires(neuron) && v > theta) {
      spikes[i] = 1;
      v = neuron.reset === 'hard' ? 0 : v - theta;
      state.waiting[i] = (state.population.refractory ?? 1) - 1;
    } else if (neuron.model === 'signed-if' && v < -bounds[channel] && state.sent[i] > 0) {
      spikes[i] = -1;
      v += theta;
    }
    state.sent[i] += spikes[i];
    state.v[i] = v;
  }
  return spikes;
}

/** v of neuron i before it may spike. Counts the update, and a clipped v or u. */
function integrate(state: PopulationRun, { current, touched }: Arrivals, i: number, theta: number): number {
  const { population: { neuron, decay, currentDecay, limit } } = state;
  const lasts = neuron.model === 'cuba' && state.u[i] !== 0;
  const owed = fires(neuron) && neuron.reset === 'soft-two-compartment' && state.spikes.at(-1)?.[i] === 1 ? theta : 0;
  if (touched[i] === 1 || state.drive[i] !== 0 || lasts || owed !== 0) state.active++;
  else state.inactive++;
  const flowing = decayed(state.u[i], currentDecay ?? 4096) + current[i];
  const u = neuron.model === 'cuba' ? clip(flowing, limit) : flowing;
  const free = decayed(state.v[i] + owed, decay) - owed + u + state.drive[i];
  const v = clip(free, limit);
  if (v !== free || u !== flowing) state.saturations++;
  state.u[i] = u;
  if (state.waiting[i] === 0) return v;
  state.waiting[i]--;
  return 0;
}

const clip = (value: number, limit: number): number => Math.min(limit, Math.max(-limit, value));

/** decay(v) = sgn(v) * ((|v| * (4096 - d)) >> 12), exactly: the product stays below 2^53. */
export function decayed(v: number, decay: number): number {
  return Math.sign(v) * Math.floor((Math.abs(v) * (4096 - decay)) / 4096);
}

function largest(values: Int32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
