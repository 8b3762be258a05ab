/**
 * The static proof, on the integers themselves: for every neuron the worst sum of one step, over all its
 * projections, stays inside the target's accumulator; thresholds, biases, delays and states are numbers
 * that the target's registers hold. A breach is a bug of quantisation, so it throws a plain Error.
 */
import { fires, isSigned, neuronCount } from '../spiking/network.js';
import type { Target } from '../target/schema.js';
import type { IntegerNetwork, IntegerPopulation, IntegerProjection } from './integer-network.js';
import { initialsOf, roundToBias, thresholdsOf } from './integer-network.js';
import { stepsInAccumulator } from './choose-scale.js';

export function verifyIntegerNetwork(network: IntegerNetwork, target: Target): void {
  for (const p of network.populations) {
    verifyRegisters(p, target);
    verifySums(p, network.projections.filter((q) => q.target === p.id), network, target);
  }
}

function verifyRegisters(p: IntegerPopulation, { numbers, capabilities, name }: Target): void {
  const limit = 2 ** (numbers.stateBits - 1) - 1;
  check(p.limit === limit, `${p.id}: v is clipped at ${p.limit}, ${name} clips at ${limit}`);
  const spikes = fires(p.neuron);
  const thresholds = thresholdsOf(p);
  const largest = Math.max(0, ...thresholds);
  check(p.thresholdExponent.length === p.shape[0], `${p.id}: ${p.thresholdExponent.length} threshold exponents`);
  check(p.thresholds === undefined || (p.thresholds.length === p.shape[0] && largest === p.threshold && p.thresholdExponent.every((e) => e === 0)), `${p.id}: ${p.thresholds?.length} thresholds of up to ${largest} beside ${p.threshold}`);
  check(!spikes || (thresholds.every((t) => t > 0 && t % 2 ** numbers.thresholdShift === 0) && largest / 2 ** numbers.thresholdShift < 2 ** numbers.thresholdBits), `${p.id}: threshold ${largest} does not fit`);
  const signed = p.neuron.model !== 'signed-if' || (capabilities.signedSpikes === true && p.decay === 0 && p.neuron.retract >= 0 && p.neuron.retract <= 1);
  check(signed, `${p.id}: ${name} has no such signed neuron`);
  const floor = p.neuron.model === 'relay' ? 0 : numbers.leakFloor ?? 0;
  check(p.decay >= floor && p.decay <= floor + 2 ** numbers.decayBits - 1, `${p.id}: ${name} has no decay of ${p.decay}`);
  const { currentDecay = NaN, refractory = NaN } = p;
  const lasts = currentDecay >= 1 && currentDecay <= 4096 && refractory >= 1 && refractory <= (numbers.refractoryMax ?? 1);
  check(p.neuron.model !== 'cuba' || (capabilities.currentDecay === true && lasts), `${p.id}: ${name} has no current decay of ${currentDecay} with a wait of ${refractory}`);
  const format = { mantissaMax: numbers.biasMantissaMax, exponentMax: numbers.biasExponentMax };
  check(p.bias.every((b) => roundToBias(b, format) === b), `${p.id}: a bias does not fit its register`);
  check(initialsOf(p).every((v) => Math.abs(v) <= limit), `${p.id}: starts outside its state`);
}

/** Sums positive and negative weights per output channel over all projections, in weight steps; behind a signed source each weight is both. */
function verifySums(p: IntegerPopulation, incoming: readonly IntegerProjection[], network: IntegerNetwork, target: Target): void {
  const { numbers } = target;
  const channels = p.shape[0];
  const positive = new Float64Array(channels);
  const negative = new Float64Array(channels);
  const unit = Math.min(...incoming.map((q) => q.shift));
  for (const q of incoming) {
    const source = network.populations.find((s) => s.id === q.source);
    check(source !== undefined && neuronCount(source.shape) > 0, `${q.id} has no source`);
    check(q.delay <= numbers.delayMax, `${q.id}: a delay of ${q.delay} steps, ${target.name} has ${numbers.delayMax}`);
    const chipShift = q.shift - Math.log2(numbers.weightStep);
    check(chipShift >= numbers.shiftMin && chipShift <= numbers.shiftMax, `${q.id}: shift ${chipShift} is outside ${numbers.shiftMin}..${numbers.shiftMax}`);
    check(addSums(q, source.shape[0], { positive, negative, factor: q.pool[0] * q.pool[1] * 2 ** (q.shift - unit), signed: isSigned(source) }) <= numbers.weightMax, `${q.id}: a weight beyond ${numbers.weightMax}`);
  }
  if (fires(p.neuron) && p.neuron.reset === 'soft-two-compartment' && incoming.length > 0) {
    thresholdsOf(p).forEach((t, c) => { negative[c] += t / 2 ** unit; });
  }
  const worst = Math.max(0, ...positive, ...negative);
  const room = incoming.length === 0 ? Infinity : stepsInAccumulator(target, unit - Math.log2(numbers.weightStep));
  check(worst <= room, `${p.id}: a step's sum can reach ${worst} weight steps, the accumulator holds ${room}`);
  const gain = p.neuron.model === 'cuba' ? Math.min(network.timesteps, 4096 / p.currentDecay!) : 0;
  const flowing = incoming.length === 0 ? 0 : gain * worst * 2 ** unit + Math.max(0, ...p.bias.map(Math.abs));
  check(gain === 0 || flowing <= p.limit, `${p.id}: a current can grow to ${flowing}, the state holds ${p.limit}`);
  check(incoming.every((q) => q.bound <= 32767), `${p.id}: a sum of weights leaves 16 bits`);
}

interface Sums { readonly positive: Float64Array; readonly negative: Float64Array; readonly factor: number; readonly signed: boolean }

/** Adds the projection's weights, times `factor`, to the sums of each output channel. Returns the largest |weight|. */
function addSums({ weight, groups }: IntegerProjection, inputs: number, { positive, negative, factor, signed }: Sums): number {
  const outGroup = positive.length / groups;
  const inGroup = inputs / groups;
  let largest = 0;
  for (let row = 0; row * outGroup < weight.length; row++) {
    const first = Math.floor((row % inputs) / inGroup) * outGroup;
    for (let k = 0; k < outGroup; k++) {
      const w = weight[row * outGroup + k];
      const size = Math.abs(w);
      if (w > 0 || signed) positive[first + k] += size * factor;
      if (w < 0 || signed) negative[first + k] += size * factor;
      if (size > largest) largest = size;
    }
  }
  return largest;
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`internal: integer network: ${what}`);
}
