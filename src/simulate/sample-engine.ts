/**
 * Runs one image after another through an integer network on the WASM kernels: packs the network
 * once, then for each image computes the currents that the host injects, and each population in
 * order of depth over all its steps. The masks of all populations stay in the kernels' memory until
 * the next image, for whoever counts or draws them.
 */
import type { Kernels } from '../kernels/kernels.js';
import type { LayerReset, SpikeBuffers, SpikingLayer } from '../kernels/spiking-layer.js';
import { prepareLayer, reserveSpikes } from '../kernels/spiking-layer.js';
import { prepareHostLayer, setPoissonSpikes } from '../kernels/spiking-input.js';
import { randomStream, substream } from '../random.js';
import { checkDelays } from '../quantise/evaluate-integer.js';
import type { IntegerNetwork, IntegerPopulation } from '../quantise/integer-network.js';
import { initialsOf, retractions, roundToBias, sumsCurrents, thresholdsOf } from '../quantise/integer-network.js';
import type { Neuron, PopulationId } from '../spiking/network.js';
import { isSigned, neuronCount } from '../spiking/network.js';

export interface SampleResult {
  /** Class that leads after each step. */
  readonly predictions: Uint16Array;
  /** v of the output population after the last step, in C, H, W order. */
  readonly scores: Int32Array;
  /** Per population: neuron-steps in which v was clipped. */
  readonly saturations: readonly number[];
}

export interface SampleEngine {
  /** Runs one normalised image in C, H, W order. */
  readonly run: (image: Float32Array, sample: number) => SampleResult;
  /** Masks of the last sample, per population. */
  readonly buffers: readonly SpikeBuffers[];
  /** Constant currents of the last sample, per population: int32 [pixel][stride], stride 0 where all pixels are alike; null for relays. */
  readonly drives: readonly (DrivePlace | null)[];
}

/** Where constant currents lie in the kernels' memory. */
export interface DrivePlace { readonly at: number; readonly stride: number }

/** Packs `network`; `seed` is that of the Poisson code. */
export function createSampleEngine(network: IntegerNetwork, kernels: Kernels, seed: number): SampleEngine {
  checkDelays(network);
  checkRange(network);
  const { memory } = kernels;
  const buffers = new Map(network.populations.map((p) => [p.id, reserveSpikes(kernels, p.shape, { steps: network.timesteps, signs: isSigned(p) ? 2 : 1 })]));
  const image = memory.reserve(neuronCount(network.imageShape) * 4);
  const pixels = memory.float32(image, neuronCount(network.imageShape));
  const stages = network.populations.map((p) => prepareStage(network, p, { kernels, buffers, image, seed }));
  const output = network.populations.findIndex((p) => p.id === network.output);
  return {
    buffers: [...buffers.values()],
    drives: stages.map((stage) => stage.drive),
    run: (values, sample) => {
      pixels.set(values);
      const saturations = stages.map((stage) => stage.run(sample));
      return { ...readOutput(kernels, buffers.get(network.output)!, stages[output].trace), saturations };
    },
  };
}

interface Stage {
  readonly run: (sample: number) => number;
  readonly trace: number;
  readonly drive: DrivePlace | null;
}

interface EngineContext {
  readonly kernels: Kernels;
  readonly buffers: ReadonlyMap<PopulationId, SpikeBuffers>;
  /** Offset of the current image. */
  readonly image: number;
  readonly seed: number;
}

function prepareStage(network: IntegerNetwork, population: IntegerPopulation, context: EngineContext): Stage {
  const own = context.buffers.get(population.id)!;
  if (population.neuron.model === 'relay') return prepareRelay(network, own, context);
  const injected = injectsInto(network, population);
  const drive = prepareDrive(context.kernels, population, injected);
  const inject = injected ? prepareInjection(network, population, drive, context) : [];
  const layer: SpikingLayer = prepareLayer(context.kernels, {
    buffers: own, decay: population.decay, current: population.neuron.model === 'cuba' ? { decay: population.currentDecay ?? 4096, refractory: population.refractory ?? 1 } : null, limit: population.limit,
    thresholds: thresholdsOf(population),
    initials: initialsOf(population),
    retractions: retractions(population),
    reset: resetOf(population.neuron),
    projections: network.projections.filter((p) => p.target === population.id).map((p) => ({ ...p, source: context.buffers.get(p.source)! })),
    drive,
  });
  return {
    trace: layer.trace,
    drive,
    run: () => {
      if (injected) drive.reset();
      for (const add of inject) add();
      return layer.run();
    },
  };
}

function resetOf(neuron: Neuron): LayerReset {
  switch (neuron.model) {
    case 'integrator': case 'relay': return 'none';
    case 'signed-if': return 'signed';
    case 'cuba': return neuron.reset;
    case 'if': case 'lif': return neuron.reset === 'soft-two-compartment' ? 'second' : neuron.reset;
  }
}

function prepareRelay(network: IntegerNetwork, buffers: SpikeBuffers, { kernels, image, seed }: EngineContext): Stage {
  const { input } = network;
  if (input.code !== 'poisson') throw new RangeError('internal: a relay population needs the Poisson code');
  const stream = substream(randomStream(seed), 'poisson');
  const values = kernels.memory.float32(image, neuronCount(network.imageShape));
  return { trace: 0, drive: null, run: (sample) => { setPoissonSpikes(kernels, values, buffers, { full: input.full, stream: substream(stream, sample) }); return 0; } };
}

function injectsInto({ input }: IntegerNetwork, population: IntegerPopulation): boolean {
  switch (input.code) {
    case 'bias': return input.layers.some((l) => l.target === population.id);
    case 'rate': return input.population === population.id;
    case 'poisson': return false;
  }
}

interface Drive extends DrivePlace {
  /** Back to the population's bias, before the host adds an image's currents. */
  readonly reset: () => void;
}

function prepareDrive({ memory }: Kernels, population: IntegerPopulation, injected: boolean): Drive {
  const [channels, height, width] = population.shape;
  const lanes = Math.ceil(channels / 64) * 64;
  const places = injected ? height * width : 1;
  const at = memory.reserve(places * lanes * 4);
  const values = memory.int32(at, places * lanes).fill(0);
  const row = new Int32Array(lanes);
  row.set(population.bias);
  const reset = (): void => { for (let i = 0; i < places; i++) values.set(row, i * lanes); };
  reset();
  return { at, stride: injected ? lanes : 0, reset };
}

function prepareInjection(network: IntegerNetwork, population: IntegerPopulation, drive: Drive, { kernels, image }: EngineContext): (() => void)[] {
  const { input, imageShape } = network;
  switch (input.code) {
    case 'bias': {
      const { format } = input;
      const layers = input.layers.filter((l) => l.target === population.id)
        .map((layer) => prepareHostLayer(kernels, { ...layer, imageShape, shape: population.shape, format, image, drive }));
      if (!sumsCurrents(network, population)) return layers;
      const currents = kernels.memory.int32(drive.at, drive.stride * population.shape[1] * population.shape[2]);
      return [...layers, () => currents.forEach((current, i) => { currents[i] = roundToBias(current, format); })];
    }
    case 'rate': {
      const size = neuronCount(imageShape);
      const plane = imageShape[1] * imageShape[2];
      const values = kernels.memory.float32(image, size);
      const currents = kernels.memory.int32(drive.at, plane * drive.stride);
      return [() => {
        for (let k = 0; k < size; k++) {
          const at = (k % plane) * drive.stride + Math.floor(k / plane);
          currents[at] += roundToBias(Math.max(values[k], 0) * input.scale, input.format);
          currents[at + imageShape[0]] += roundToBias(Math.max(-values[k], 0) * input.scale, input.format);
        }
      }];
    }
    case 'poisson': return [];
  }
}

function readOutput({ memory }: Kernels, { shape, steps, words }: SpikeBuffers, trace: number): { readonly predictions: Uint16Array; readonly scores: Int32Array } {
  const [channels, height, width] = shape;
  const plane = height * width;
  const v = memory.int32(trace, plane * steps * words * 64);
  const at = (neuron: number, t: number): number => v[((neuron % plane) * steps + t) * words * 64 + Math.floor(neuron / plane)];
  const predictions = new Uint16Array(steps);
  for (let t = 0; t < steps; t++) {
    for (let i = 1; i < channels * plane; i++) if (at(i, t) > at(predictions[t], t)) predictions[t] = i;
  }
  return { predictions, scores: Int32Array.from({ length: channels * plane }, (_, i) => at(i, steps - 1)) };
}

/** The kernels add in 32 bits; quantisation's bounds must leave room for the sum before it is clipped. */
function checkRange(network: IntegerNetwork): void {
  for (const population of network.populations) {
    const arriving = network.projections.filter((p) => p.target === population.id).reduce((sum, p) => sum + p.bound * 2 ** p.shift, 0);
    const bias = population.bias.reduce((most, b) => Math.max(most, Math.abs(b)), 0);
    const injected = !injectsInto(network, population) || network.input.code === 'poisson' ? 0
      : network.input.format.mantissaMax * 2 ** network.input.format.exponentMax;
    // u of a cuba neuron is clipped before v takes it in
    const most = population.neuron.model === 'cuba' ? population.limit + Math.max(arriving, population.limit + bias + injected) : population.limit + arriving + bias + injected;
    if (most > 2147483647) throw new RangeError(`internal: population ${population.id} can reach ${most}, beyond 32 bits, before it is clipped`);
    for (const p of network.projections) if (p.bound > 32767) throw new RangeError(`internal: projection ${p.id} has the bound ${p.bound}, beyond 16 bits`);
  }
}
