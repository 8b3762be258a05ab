/**
 * From an architecture to an untrained spiking network: weights drawn from a seed, thresholds of one.
 * A pool is folded into the filter behind it, as everywhere; the weights of a layer are normal with the
 * variance 2 / fan-in (He et al. 2015), the last layer's with 1 / fan-in.
 */
import { normal, randomStream, substream } from '../random.js';
import type { Window } from '../graph/graph.js';
import { populationId, type HostLayer, type MapShape, type Neuron, type Population, type PopulationId, type Projection, type SpikingNetwork } from '../spiking/network.js';
import type { Architecture, ArchitectureLayer } from './architecture-schema.js';
import { mapsOf } from './read-architecture.js';

type Filtering = Exclude<ArchitectureLayer, { readonly kind: 'pool' }>;

/** A layer with weights: what it reads through which filter. */
interface Stage {
  readonly layer: Filtering;
  readonly name: string;
  /** Behind the pool. */
  readonly source: MapShape;
  readonly pool: number;
  readonly shape: MapShape;
  readonly window: Window;
  readonly groups: number;
}

/** The network with the weights of `seed`. The architecture has passed `readArchitecture`. */
export function buildNetwork(architecture: Architecture, seed: number): SpikingNetwork {
  const { image, timesteps, code, neuron: { start } } = architecture;
  const stages = stagesOf(architecture);
  const entry = code === 'direct' ? null : inputPopulation(architecture);
  const first = entry === null ? 0 : 1;
  const populations = stages.map((stage, i): Population => {
    const last = i === stages.length - 1;
    return {
      id: populationId(stage.name), shape: stage.shape, neuron: last ? { model: 'integrator' } : neuronOf(architecture),
      threshold: new Float32Array(stage.shape[0]).fill(1), bias: new Float32Array(stage.shape[0]), initial: last ? 0 : start, depth: i + first,
    };
  });
  const weights = stages.map((stage, i) => initialWeights(stage, { seed, last: i === stages.length - 1 }));
  const geometry = (stage: Stage): Pick<Projection, 'window' | 'groups' | 'pool'> => ({ window: stage.window, groups: stage.groups, pool: [stage.pool, stage.pool] });
  const join = (i: number, source: PopulationId, weight: Float32Array): Projection => ({ id: `${stages[i].name}<-${source}`, source, target: populations[i].id, weight, ...geometry(stages[i]), delay: 0 });
  const host: HostLayer = { target: populations[0].id, weight: weights[0], ...geometry(stages[0]) };
  return {
    imageShape: image, timesteps, output: populations[populations.length - 1].id,
    input: entry === null ? { code: 'bias', layers: [host] } : { code: code === 'poisson' ? 'poisson' : 'rate', population: entry.id },
    populations: entry === null ? populations : [entry, ...populations],
    projections: [
      ...(entry === null ? [] : [join(0, entry.id, bothSigns(weights[0], stages[0], entry.threshold[0]))]),
      ...stages.slice(1).map((_, k) => join(k + 1, populations[k].id, weights[k + 1])),
    ],
  };
}

/** The layers that have weights, named `conv1`, `fc2` and so on, by their place among them. */
function stagesOf(architecture: Architecture): Stage[] {
  const { image, layers } = architecture;
  const maps = mapsOf(architecture);
  const stages: Stage[] = [];
  let [source, pool]: [MapShape, number] = [image, 1];
  layers.forEach((layer, i) => {
    const shape = maps[i];
    if (typeof shape === 'string') throw new Error(`internal: layer ${i}: ${shape}`);
    if (layer.kind === 'pool') [source, pool] = [shape, layer.size];
    else {
      stages.push({ layer, name: `${layer.kind}${stages.length + 1}`, source, pool, shape, window: windowOf(layer, source), groups: layer.kind === 'conv' ? layer.groups ?? 1 : 1 });
      [source, pool] = [shape, 1];
    }
  });
  return stages;
}

function windowOf(layer: Filtering, [, rows, columns]: MapShape): Window {
  if (layer.kind === 'fc') return { kernel: [rows, columns], stride: [1, 1], dilation: [1, 1], pads: [0, 0, 0, 0] };
  const { kernel, stride = 1, pad = 0 } = layer;
  return { kernel: [kernel, kernel], stride: [stride, stride], dilation: [1, 1], pads: [pad, pad, pad, pad] };
}

function neuronOf({ neuron: { model, leak, reset } }: Architecture): Neuron {
  return model === 'lif' ? { model, reset, leak: leak! } : { model: 'if', reset };
}

/** [Co, Ci / groups, Kh, Kw], the mean over the pool's cell multiplied in. */
function initialWeights({ name, source, pool, shape, window: { kernel }, groups }: Stage, { seed, last }: { readonly seed: number; readonly last: boolean }): Float32Array {
  const fanIn = (source[0] / groups) * kernel[0] * kernel[1];
  const deviation = Math.sqrt((last ? 1 : 2) / fanIn) / (pool * pool);
  const stream = substream(substream(randomStream(seed), 'initial-weights'), name);
  return Float32Array.from(normal(stream, shape[0] * fanIn), (x) => x * deviation);
}

/** Positive and negative parts of the image: [2C, H, W]. */
function inputPopulation({ image: [channels, rows, columns], code, neuron: { reset }, normalisation: { scale, mean, std } }: Architecture): Population {
  const most = mean.reduce((a, m, c) => Math.max(a, Math.abs(m) / std[c], Math.abs(255 / scale - m) / std[c]), 0);
  return {
    id: populationId('image'), shape: [2 * channels, rows, columns], neuron: code === 'poisson' ? { model: 'relay' } : { model: 'if', reset },
    threshold: new Float32Array(2 * channels).fill(most), bias: new Float32Array(2 * channels), initial: code === 'poisson' ? 0 : 0.5, depth: 0,
  };
}

/** [W, -W] over the two halves, times what an input spike stands for; groups are refused before. */
function bothSigns(weight: Float32Array, { shape }: Stage, worth: number): Float32Array {
  const perOutput = weight.length / shape[0];
  const out = new Float32Array(2 * weight.length);
  for (let co = 0; co < shape[0]; co++) for (let i = 0; i < perOutput; i++) {
    out[co * 2 * perOutput + i] = worth * weight[co * perOutput + i];
    out[co * 2 * perOutput + perOutput + i] = -worth * weight[co * perOutput + i];
  }
  return out;
}
