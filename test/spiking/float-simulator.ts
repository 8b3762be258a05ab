/**
 * The spiking network's equations in floating point, every synapse written out: slow, and short enough
 * to be believed. Populations run one after another in local time, as depth and delay arrange it on a chip.
 */
import { randomStream, substream, uniform } from '../../src/random.js';
import { neuronCount, type MapShape, type Population, type PopulationId, type Projection, type SpikingNetwork } from '../../src/spiking/network.js';

type Filter = Pick<Projection, 'weight' | 'window' | 'groups' | 'pool'>;
interface Synapse { readonly source: number; readonly target: number; readonly weight: number }

/** Every pair of neurons that a filter joins, read off the definition of a projection. */
export function synapsesOf(filter: Filter, from: MapShape, to: MapShape): Synapse[] {
  const { window: { kernel, stride, dilation, pads }, groups, pool } = filter;
  const inputs = from[0] / groups;
  const outputs = to[0] / groups;
  const synapses: Synapse[] = [];
  for (let co = 0; co < to[0]; co++) for (let y = 0; y < to[1]; y++) for (let x = 0; x < to[2]; x++) {
    for (let ci = 0; ci < from[0]; ci++) {
      if (Math.floor(ci / inputs) !== Math.floor(co / outputs)) continue;
      for (let sy = 0; sy < from[1]; sy++) for (let sx = 0; sx < from[2]; sx++) {
        const ky = (Math.floor(sy / pool[0]) - y * stride[0] + pads[0]) / dilation[0];
        const kx = (Math.floor(sx / pool[1]) - x * stride[1] + pads[1]) / dilation[1];
        if (!Number.isInteger(ky) || !Number.isInteger(kx) || ky < 0 || kx < 0 || ky >= kernel[0] || kx >= kernel[1]) continue;
        synapses.push({
          source: (ci * from[1] + sy) * from[2] + sx, target: (co * to[1] + y) * to[2] + x,
          weight: filter.weight[((co * inputs + (ci % inputs)) * kernel[0] + ky) * kernel[1] + kx],
        });
      }
    }
  }
  return synapses;
}

/** Per population: threshold * spikes / T of each neuron; for an integrator v / T, the mean current. */
export type Decoded = ReadonlyMap<PopulationId, Float64Array>;

/** Runs one image for T steps. `seed` is that of the Poisson code. */
export function simulateFloat(network: SpikingNetwork, image: Float32Array, seed = 0): Decoded {
  const T = network.timesteps;
  const trains = new Map<PopulationId, Int8Array[]>();
  const decoded = new Map<PopulationId, Float64Array>();
  for (const population of network.populations) {
    const current = currentsInto(network, population, { image, trains });
    const { train, values } = population.neuron.model === 'relay'
      ? relay(population, image, { T, seed })
      : neurons(population, current, T);
    trains.set(population.id, train);
    decoded.set(population.id, values);
  }
  return decoded;
}

interface Run { readonly image: Float32Array; readonly trains: ReadonlyMap<PopulationId, readonly Int8Array[]> }

/** The current into each neuron at step t. */
function currentsInto(network: SpikingNetwork, population: Population, { image, trains }: Run): (t: number) => Float64Array {
  const size = neuronCount(population.shape);
  const pixels = population.shape[1] * population.shape[2];
  const constant = Float64Array.from({ length: size }, (_, i) => population.bias[Math.floor(i / pixels)]);
  const { input } = network;
  if (input.code === 'bias') {
    for (const layer of input.layers.filter((l) => l.target === population.id)) {
      for (const s of synapsesOf(layer, network.imageShape, population.shape)) constant[s.target] += s.weight * image[s.source];
    }
  } else if (input.code === 'rate' && input.population === population.id) {
    image.forEach((x, i) => { constant[i] += Math.max(x, 0); constant[image.length + i] += Math.max(-x, 0); });
  }
  const incoming = network.projections.filter((p) => p.target === population.id).map((p) => {
    const source = network.populations.find((s) => s.id === p.source) as Population;
    return { train: trains.get(p.source) as readonly Int8Array[], synapses: synapsesOf(p, source.shape, population.shape) };
  });
  return (t) => {
    const current = constant.slice();
    for (const { train, synapses } of incoming) for (const s of synapses) current[s.target] += train[t][s.source] * s.weight;
    return current;
  };
}

interface Outcome { readonly train: Int8Array[]; readonly values: Float64Array }

function neurons({ neuron, threshold, initial, shape }: Population, current: (t: number) => Float64Array, T: number): Outcome {
  const pixels = shape[1] * shape[2];
  const theta = (i: number): number => threshold[Math.floor(i / pixels)];
  const integrates = neuron.model === 'integrator' || neuron.model === 'relay';
  const leak = neuron.model === 'lif' ? neuron.leak : 1;
  const v = Float64Array.from({ length: neuronCount(shape) }, (_, i) => initial * theta(i));
  const values = new Float64Array(v.length);
  const sent = new Int32Array(v.length);
  const train: Int8Array[] = [];
  for (let t = 0; t < T; t++) {
    const spikes = new Int8Array(v.length);
    current(t).forEach((a, i) => {
      v[i] = leak * v[i] + a;
      const back = neuron.model === 'signed-if' && sent[i] > 0 && v[i] < -neuron.retract * theta(i);
      if (integrates || (v[i] <= theta(i) && !back)) return;
      spikes[i] = back ? -1 : 1;
      sent[i] += spikes[i];
      v[i] = neuron.reset === 'hard' ? 0 : v[i] - spikes[i] * theta(i);
      values[i] += (spikes[i] * theta(i)) / T;
    });
    train.push(spikes);
  }
  return { train, values: integrates ? v.map((x) => x / T) : values };
}

/** Pixel k spikes with probability min(1, |x| / threshold), positive ones in the first half of the channels. */
function relay({ threshold, shape }: Population, image: Float32Array, { T, seed }: { readonly T: number; readonly seed: number }): Outcome {
  const values = new Float64Array(neuronCount(shape));
  const train = Array.from({ length: T }, (_, t) => {
    const draws = uniform(substream(randomStream(seed), t), image.length);
    const spikes = new Int8Array(values.length);
    image.forEach((x, k) => {
      const at = x > 0 ? k : image.length + k;
      if (draws[k] < Math.abs(x) / threshold[0]) { spikes[at] = 1; values[at] += threshold[0] / T; }
    });
    return spikes;
  });
  return { train, values };
}
