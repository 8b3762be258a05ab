/**
 * Adam and stochastic gradient descent with momentum, and the learning rate's course. Rates are
 * relative: each group of parameters is moved in units of its own size at the start (root mean square
 * of weights, mean threshold for biases and thresholds), since the layers of a converted network
 * differ in scale by orders of magnitude. State is float32, so that a checkpoint holds it exactly.
 */
import type { SpikingNetwork } from '../spiking/network.js';
import { layoutOf } from './parameters.js';

export type OptimiserOptions =
  | { readonly kind: 'adam'; readonly beta1: number; readonly beta2: number; readonly epsilon: number }
  | { readonly kind: 'sgd'; readonly momentum: number };

export const ADAM: OptimiserOptions = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

export type Schedule =
  | { readonly kind: 'constant' }
  /** Half a cosine from the full rate down to `floor` of it. */
  | { readonly kind: 'cosine'; readonly floor: number }
  /** Times `factor` after every `every` epochs. */
  | { readonly kind: 'step'; readonly every: number; readonly factor: number };

/** Factor of the learning rate in step `step` (from 0) of `steps`. */
export function scheduleFactor(schedule: Schedule, step: number, steps: number, stepsPerEpoch: number): number {
  switch (schedule.kind) {
    case 'constant': return 1;
    case 'cosine': return schedule.floor + (1 - schedule.floor) * 0.5 * (1 + Math.cos((Math.PI * step) / Math.max(1, steps)));
    case 'step': return schedule.factor ** Math.floor(step / (stepsPerEpoch * schedule.every));
  }
}

/** What a run needs to go on: a checkpoint holds exactly this. */
export interface OptimiserState {
  /** Updates made so far. */
  step: number;
  readonly parameters: Float32Array;
  /** Mean gradient (Adam) or velocity (SGD). */
  readonly first: Float32Array;
  /** Mean squared gradient (Adam). */
  readonly second: Float32Array;
}

export function startState(parameters: Float32Array): OptimiserState {
  return { step: 0, parameters: parameters.slice(), first: new Float32Array(parameters.length), second: new Float32Array(parameters.length) };
}

export interface UpdateOptions {
  readonly optimiser: OptimiserOptions;
  readonly rate: number;
  /** Per parameter group: its unit. */
  readonly units: Float64Array;
  readonly mask: Uint8Array;
  readonly lowest: Float32Array;
  readonly highest: Float32Array;
}

/** Keeps what is not a number, so that a run that diverged is noticed. */
const within = (low: number, x: number, high: number): number => (x < low ? low : x > high ? high : x);

/** One update in place; gradients of what the mask leaves out are ignored. */
export function update(state: OptimiserState, gradient: Float32Array, options: UpdateOptions): void {
  state.step++;
  const { optimiser } = options;
  switch (optimiser.kind) {
    case 'adam': adam(state, gradient, options, optimiser); break;
    case 'sgd': descend(state, gradient, options, optimiser.momentum); break;
  }
}

/** Kingma and Ba, ICLR 2015. */
function adam({ step, parameters, first, second }: OptimiserState, gradient: Float32Array, { rate, units, mask, lowest, highest }: UpdateOptions, { beta1, beta2, epsilon }: Extract<OptimiserOptions, { kind: 'adam' }>): void {
  const [fresh1, fresh2] = [1 - beta1, 1 - beta2];
  const [correct1, correct2] = [1 / (1 - beta1 ** step), 1 / (1 - beta2 ** step)];
  for (let i = 0; i < parameters.length; i++) {
    if (mask[i] === 0) continue;
    const unit = units[i];
    const g = gradient[i] * unit;
    const mean = beta1 * first[i] + fresh1 * g;
    const square = beta2 * second[i] + fresh2 * g * g;
    first[i] = mean;
    second[i] = square;
    parameters[i] = within(lowest[i], parameters[i] - (rate * unit * mean * correct1) / (Math.sqrt(square * correct2) + epsilon), highest[i]);
  }
}

function descend({ parameters, first }: OptimiserState, gradient: Float32Array, { rate, units, mask, lowest, highest }: UpdateOptions, momentum: number): void {
  for (let i = 0; i < parameters.length; i++) {
    if (mask[i] === 0) continue;
    first[i] = momentum * first[i] + gradient[i] * units[i];
    parameters[i] = within(lowest[i], parameters[i] - rate * units[i] * first[i], highest[i]);
  }
}

/** Unit of every parameter: see the head of this file. */
export function parameterUnits(network: SpikingNetwork, parameters: Float32Array): Float64Array {
  const { slots, length } = layoutOf(network);
  const units = new Float64Array(length).fill(1);
  for (const { kind, index, offset, length: size } of slots) {
    const numbers = kind === 'weight' || kind === 'host' ? parameters.subarray(offset, offset + size) : kind === 'leak' ? Float32Array.of(1) : network.populations[index].threshold;
    const rms = Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0) / Math.max(1, numbers.length));
    units.fill(rms > 0 ? rms : 1, offset, offset + size);
  }
  return units;
}

/** A threshold never falls below this share of its start; a leak stays between this and 1. */
const LEAST = 0.05;

export function parameterBounds(network: SpikingNetwork, parameters: Float32Array): { readonly lowest: Float32Array; readonly highest: Float32Array } {
  const lowest = new Float32Array(parameters.length).fill(-Infinity);
  const highest = new Float32Array(parameters.length).fill(Infinity);
  for (const { kind, offset, length } of layoutOf(network).slots) {
    for (let i = offset; i < offset + length; i++) {
      if (kind === 'threshold') lowest[i] = LEAST * parameters[i];
      if (kind === 'leak') { lowest[i] = LEAST; highest[i] = 1; }
    }
  }
  return { lowest, highest };
}
