/**
 * Back-propagation through time in float64, dense and written to be read: the meaning of the fast
 * kernels. Per neuron and step, with l the leak, I the current and r = 1 for soft reset:
 *
 *   u_t = l v_{t-1} + I_t;  s_t = [u_t > theta];  v_t = u_t - theta s_t  (soft)   v_t = u_t (1 - s_t)  (hard)
 *
 * Backward, with g_t = dL/ds_t from the populations behind, b_t = dL/dv_t = k_{t+1} l a_{t+1} (k = 1, or as
 * `TimeGradient` says; a_t = 0 in steps that take no part) and the
 * surrogate's slope h(u / theta - 1) / theta for ds/du (and -u / theta times that for ds/dtheta):
 *
 *   d_t = h / theta (g_t - theta b_t)   a_t = dL/du_t = d_t + b_t              (soft)
 *   d_t = h / theta (g_t - u_t b_t)     a_t = d_t + (1 - s_t) b_t              (hard)
 *
 * A signed neuron, with m the spikes sent and not taken back and r its share of the threshold:
 *
 *   s_t = [u_t > theta] - [m_{t-1} > 0] [u_t < -r theta];  v_t = u_t - theta s_t;  m_t = m_{t-1} + s_t
 *   d_t = (h(u / theta - 1) + [m_{t-1} > 0] h(u / theta + r)) / theta (g_t - theta b_t)   a_t = d_t + b_t
 *
 * where the gate [m > 0] counts as a constant. The price of a spike is that of either sign, so it enters
 * the second h with the opposite sign.
 *
 * Spikes reach the next population in the same local step, so populations are run one after another.
 */
import type { HostLayer, Population, Projection, SpikingNetwork } from '../spiking/network.js';
import { neuronCount } from '../spiking/network.js';
import { leakOf, lossOf, smoothSpike, spikePrices, surrogateSlope, timeFlow, type LearningOptions, type Lesson } from './learning-problem.js';
import { layoutOf, slotOf, type ParameterKind, type ParameterLayout } from './parameters.js';

export interface ReferenceRun {
  readonly loss: number;
  /** The output's v after the last step, over T. */
  readonly scores: Float64Array;
  /** In the order of `layoutOf`. */
  readonly gradient: Float64Array;
  /** dL/dx of the image; behind the Poisson code as if each spike were its probability (straight through). */
  readonly imageGradient: Float64Array;
  /** [population][step][neuron in C, H, W order] */
  readonly spikes: readonly (readonly Float64Array[])[];
}

/** An image, and with the Poisson code what its relays send: [step][neuron in C, H, W order]. */
export interface ReferenceSample extends Lesson {
  readonly image: Float32Array;
  readonly sent?: readonly Float64Array[];
}

export interface ReferenceOptions extends LearningOptions {
  /** Takes the surrogate's primitive for the spike: a smooth model whose true gradient this is. */
  readonly smooth: boolean;
}

interface PopulationRun {
  readonly population: Population;
  readonly index: number;
  readonly threshold: Float64Array;
  readonly leak: number;
  /** Per step: potential before the reset. */
  readonly u: Float64Array[];
  readonly s: Float64Array[];
  readonly g: Float64Array[];
  /** Signed neurons, per step: the part of s that takes spikes back (as a positive number), and 1 where it could. */
  readonly back: Float64Array[];
  readonly gate: Float64Array[];
  /** What one spike adds to the loss. */
  readonly price: number;
}

/** Loss, scores and gradient of one normalised image at these parameters. */
export function referenceBptt(network: SpikingNetwork, parameters: Float64Array, sample: ReferenceSample, options: ReferenceOptions): ReferenceRun {
  const layout = layoutOf(network);
  const part = (kind: ParameterKind, index: number): Float64Array => {
    const { offset, length } = slotOf(layout, kind, index);
    return parameters.subarray(offset, offset + length);
  };
  const steps = network.timesteps;
  const prices = spikePrices(network);
  const rows = (size: number): Float64Array[] => Array.from({ length: steps }, () => new Float64Array(size));
  const runs = network.populations.map((population, index): PopulationRun => {
    const size = neuronCount(population.shape);
    return { population, index, threshold: part('threshold', index), leak: population.neuron.model === 'lif' ? part('leak', index)[0] : leakOf(population), u: rows(size), s: rows(size), g: rows(size), back: rows(size), gate: rows(size), price: options.ratePenalty * prices[index] };
  });
  const context: Context = { network, layout, part, runs, image: sample.image, sent: sample.sent ?? [], options, gradient: new Float64Array(layout.length), imageGradient: new Float64Array(sample.image.length) };
  for (const run of runs) forward(context, run);
  const output = runs[runs.length - 1];
  const scores = output.u[steps - 1].map((v) => v / steps);
  const { loss, slope } = lossOf(scores, sample, options.loss);
  slope.forEach((d, c) => { output.g[steps - 1][c] = d / steps; });
  for (const run of [...runs].reverse()) backward(context, run);
  const spent = runs.reduce((sum, r) => sum + r.price * r.s.reduce((n, s, t) => n + s.reduce((a, b, i) => a + b + 2 * r.back[t][i], 0), 0), 0);
  return { loss: loss + spent, scores, gradient: context.gradient, imageGradient: context.imageGradient, spikes: runs.map((r) => r.s) };
}

interface Context {
  readonly network: SpikingNetwork;
  readonly layout: ParameterLayout;
  readonly part: (kind: ParameterKind, index: number) => Float64Array;
  readonly runs: readonly PopulationRun[];
  readonly image: Float32Array;
  readonly sent: readonly Float64Array[];
  readonly options: ReferenceOptions;
  readonly gradient: Float64Array;
  readonly imageGradient: Float64Array;
}

const resetOf = ({ neuron }: Population): 'none' | 'soft' | 'hard' =>
  (neuron.model === 'integrator' || neuron.model === 'relay' ? 'none' : neuron.reset === 'hard' ? 'hard' : 'soft');

/** v after step t - 1. */
function potentialBefore(run: PopulationRun, t: number, i: number): number {
  const theta = run.threshold[Math.floor(i / (run.population.shape[1] * run.population.shape[2]))];
  if (t === 0) return run.population.initial * theta;
  switch (resetOf(run.population)) {
    case 'none': return run.u[t - 1][i];
    case 'soft': return run.u[t - 1][i] - theta * run.s[t - 1][i];
    case 'hard': return run.u[t - 1][i] * (1 - run.s[t - 1][i]);
  }
}

/** The spike of z = u / theta - 1: [z > 0], or its primitive. */
const spikeOf = ({ smooth, surrogate }: ReferenceOptions, z: number): number => (smooth ? smoothSpike(surrogate, z) : z > 0 ? 1 : 0);

function forward(context: Context, run: PopulationRun): void {
  const { network, options, part, runs } = context;
  const { population, u, s, leak, threshold, back, gate } = run;
  if (population.neuron.model === 'relay') return s.forEach((step, t) => step.set(context.sent[t]));
  const sent = new Float64Array(u[0].length);
  const plane = population.shape[1] * population.shape[2];
  const constant = constantCurrent(context, run);
  const reset = resetOf(population);
  for (let t = 0; t < network.timesteps; t++) {
    u[t].set(constant);
    network.projections.forEach((p, index) => {
      if (p.target !== population.id) return;
      const weight = part('weight', index);
      const source = runs.find((r) => r.population.id === p.source)!;
      eachSynapse(p, source.population.shape, population.shape, (from, to, w) => { u[t][to] += weight[w] * source.s[t][from]; });
    });
    for (let i = 0; i < u[t].length; i++) {
      u[t][i] += leak * potentialBefore(run, t, i);
      if (reset === 'none') continue;
      const theta = threshold[Math.floor(i / plane)];
      s[t][i] = spikeOf(options, u[t][i] / theta - 1);
      if (population.neuron.model !== 'signed-if') continue;
      gate[t][i] = sent[i] > 0 ? 1 : 0;
      back[t][i] = gate[t][i] * spikeOf(options, -population.neuron.retract - u[t][i] / theta);
      s[t][i] -= back[t][i];
      sent[i] += s[t][i];
    }
  }
}

/** Bias, host layers, and the image itself for the rate code. */
function constantCurrent({ network, part, image }: Context, { population, index }: PopulationRun): Float64Array {
  const plane = population.shape[1] * population.shape[2];
  const bias = part('bias', index);
  const current = Float64Array.from({ length: neuronCount(population.shape) }, (_, i) => bias[Math.floor(i / plane)]);
  if (network.input.code === 'bias') {
    network.input.layers.forEach((layer, l) => {
      if (layer.target !== population.id) return;
      const weight = part('host', l);
      eachSynapse(layer, network.imageShape, population.shape, (from, to, w) => { current[to] += weight[w] * image[from]; });
    });
  } else if (network.input.population === population.id) {
    image.forEach((x, i) => { current[x > 0 ? i : image.length + i] += Math.abs(x); });
  }
  return current;
}

function backward(context: Context, run: PopulationRun): void {
  const { network, options, layout, gradient, image, imageGradient } = context;
  const { population, index, u, s, g, leak, threshold, gate, price } = run;
  if (population.neuron.model === 'relay') return throughRelay(context, run);
  const retract = population.neuron.model === 'signed-if' ? population.neuron.retract : 0;
  const plane = population.shape[1] * population.shape[2];
  const reset = resetOf(population);
  const { keep, part } = timeFlow(options.time, network.timesteps, reset === 'none');
  const thresholdSlope = gradient.subarray(slotOf(layout, 'threshold', index).offset);
  const biasSlope = gradient.subarray(slotOf(layout, 'bias', index).offset);
  const leakAt = slotOf(layout, 'leak', index).offset;
  let next = new Float64Array(u[0].length);
  const total = new Float64Array(u[0].length);
  for (let t = network.timesteps - 1; t >= 0; t--) {
    const a = new Float64Array(next.length);
    const flow = t + 1 < network.timesteps ? (reset === 'none' ? 1 : keep[t + 1]) * leak : 0;
    for (let i = 0; i < a.length; i++) {
      const c = Math.floor(i / plane);
      const theta = threshold[c];
      const b = flow * next[i];
      if (reset === 'none') a[i] = g[t][i] + b;
      else {
        const slope = (part[t] * surrogateSlope(options.surrogate, u[t][i] / theta - 1)) / theta;
        const slopeBack = gate[t][i] === 0 ? 0 : (part[t] * surrogateSlope(options.surrogate, u[t][i] / theta + retract)) / theta;
        const worth = g[t][i] - (reset === 'hard' ? u[t][i] : theta) * b;
        const d = slope * (worth + price) + slopeBack * (worth - price);
        a[i] = d + (reset === 'hard' ? (1 - s[t][i]) * b : b);
        thresholdSlope[c] -= (d * u[t][i]) / theta + (reset === 'hard' ? 0 : s[t][i] * b);
      }
      if (population.neuron.model === 'lif') gradient[leakAt] += a[i] * potentialBefore(run, t, i);
      if (t === 0) thresholdSlope[c] += keep[0] * leak * population.initial * a[i];
      biasSlope[c] += part[t] * a[i];
      total[i] += part[t] * a[i];
    }
    if (part[t] === 1) projectBack(context, run, { t, a });
    next = a;
  }
  if (network.input.code !== 'bias') {
    if (network.input.population === population.id) image.forEach((x, i) => { imageGradient[i] += x > 0 ? total[i] : -total[image.length + i]; });
    return;
  }
  network.input.layers.forEach((layer, l) => {
    if (layer.target !== population.id) return;
    const out = gradient.subarray(slotOf(layout, 'host', l).offset);
    const weight = context.part('host', l);
    eachSynapse(layer, network.imageShape, population.shape, (from, to, w) => {
      out[w] += total[to] * image[from];
      imageGradient[from] += total[to] * weight[w];
    });
  });
}

/** A relay of probability min(1, |x| / theta): the slope of the probability stands for that of the spike. */
function throughRelay({ image, imageGradient }: Context, { population, g, threshold }: PopulationRun): void {
  const plane = population.shape[1] * population.shape[2];
  image.forEach((x, i) => {
    const neuron = x > 0 ? i : image.length + i;
    const theta = threshold[Math.floor(neuron / plane)];
    if (Math.abs(x) < theta) imageGradient[i] += (g.reduce((sum, step) => sum + step[neuron], 0) * (x > 0 ? 1 : -1)) / theta;
  });
}

function projectBack({ network, part, runs, layout, gradient }: Context, { population }: PopulationRun, { t, a }: { readonly t: number; readonly a: Float64Array }): void {
  network.projections.forEach((p, index) => {
    if (p.target !== population.id) return;
    const weight = part('weight', index);
    const source = runs.find((r) => r.population.id === p.source)!;
    const out = gradient.subarray(slotOf(layout, 'weight', index).offset);
    eachSynapse(p, source.population.shape, population.shape, (from, to, w) => {
      out[w] += a[to] * source.s[t][from];
      source.g[t][from] += a[to] * weight[w];
    });
  });
}

type Filter = Pick<Projection | HostLayer, 'weight' | 'window' | 'groups' | 'pool'>;
type Map3 = readonly [number, number, number];

/** Every synapse of a filter: source neuron, target neuron, place of its weight. */
function eachSynapse(filter: Filter, [ci, sh, sw]: Map3, [co, th, tw]: Map3, visit: (from: number, to: number, weight: number) => void): void {
  const { window: { kernel: [kh, kw], stride, dilation, pads }, pool, groups } = filter;
  const inGroup = ci / groups;
  const outGroup = co / groups;
  for (let o = 0; o < co; o++) for (let y = 0; y < th; y++) for (let x = 0; x < tw; x++) for (let ky = 0; ky < kh; ky++) for (let kx = 0; kx < kw; kx++) {
    const top = (y * stride[0] + ky * dilation[0] - pads[0]) * pool[0];
    const left = (x * stride[1] + kx * dilation[1] - pads[1]) * pool[1];
    if (top < 0 || left < 0 || top >= sh || left >= sw) continue;
    for (let r = top; r < top + pool[0]; r++) for (let c = left; c < left + pool[1]; c++) for (let i = 0; i < inGroup; i++) {
      visit(((Math.floor(o / outGroup) * inGroup + i) * sh + r) * sw + c, (o * th + y) * tw + x, ((o * inGroup + i) * kh + ky) * kw + kx);
    }
  }
}
