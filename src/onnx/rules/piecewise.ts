/**
 * Piecewise linear functions as sums of rectifiers, which is what a spiking network can hold exactly: LeakyRelu,
 * PRelu, Abs, Clip between any bounds, HardSigmoid, Max and Min. A rectifier from below is
 * max(x, k) = k + relu(x - k), one from above min(x, k) = k - relu(k - x).
 */
import type { Constant } from '../constant.js';
import { activation, constant, finiteAttribute, floatAttribute, from, optionalConstant, refuse, sample, scalar, type RuleContext } from '../rule.js';
import { product, type Activation, type Value } from '../value.js';
import { requireEqual, spreadOverSample } from './elementwise.js';

/** A number for the whole sample or one an element. */
type Factor = number | Float32Array;

/** x * scale + shift; x itself where that changes nothing. */
export function scaledAndShifted(context: RuleContext, x: Activation, by: { readonly scale: Factor; readonly shift: Factor; readonly suffix?: string }): Activation {
  if (by.scale === 1 && by.shift === 0) return x;
  for (const factor of [by.scale, by.shift]) if (typeof factor === 'number' && !Number.isFinite(Math.fround(factor))) refuse('onnx/form', { op: context.node.op, problem: `it scales or shifts by ${factor}`, advice: 'numbers this large overflow float32: mend the constants' });
  const size = product(sample(context, x.dims));
  context.spend(2 * size);
  const spread = (factor: Factor): Float32Array => (typeof factor === 'number' ? new Float32Array(size).fill(factor) : factor);
  return context.emit({ kind: 'affine', inputs: from(x), scale: spread(by.scale), shift: spread(by.shift) }, x.dims, by.suffix);
}

/** relu(x), at most `cap`, and at most what the file cuts x off at. */
export const rectified = (context: RuleContext, x: Activation, { cap = Infinity, suffix }: { readonly cap?: number; readonly suffix?: string } = {}): Activation =>
  context.emit({ kind: 'relu', inputs: from(x), cap: x.within === undefined || x.within.high <= 0 ? cap : Math.min(cap, x.within.high) }, x.dims, suffix);

const minus = (factor: Factor): Factor => (typeof factor === 'number' ? -factor : factor.map((v) => -v));

/** relu(x) - slope relu(-x) */
function leaky(context: RuleContext, x: Activation, slope: Factor): Activation {
  if (slope === 0) return rectified(context, x);
  const positive = rectified(context, x, { suffix: 'positive' });
  const turned = scaledAndShifted(context, x, { scale: -1, shift: 0, suffix: 'turned' });
  const negative = rectified(context, turned, { suffix: 'negative' });
  return context.emit({ kind: 'add', inputs: from(positive, scaledAndShifted(context, negative, { scale: minus(slope), shift: 0, suffix: 'slope' })) }, x.dims);
}

export const leakyRelu = (context: RuleContext): Value => leaky(context, activation(context), finiteAttribute(context, 'alpha') ?? 0.01);
export const abs = (context: RuleContext): Value => leaky(context, activation(context), -1);

/** The slope broadcasts to the activations; before opset 9 one number a channel was allowed too. */
export function prelu(context: RuleContext): Value {
  const x = activation(context);
  const slope = constant(context, 1);
  const perChannel = context.opset < 9 && slope.dims.length === 1 && slope.data.length > 1;
  return leaky(context, x, spreadOverSample(context, x, perChannel ? { ...slope, dims: [slope.data.length, ...x.dims.slice(2).map(() => 1)] } : slope));
}

export const negate = (context: RuleContext): Value => scaledAndShifted(context, activation(context), { scale: -1, shift: 0 });

/** Bounds this large bound nothing: exporters write the largest float32 for "no bound". */
const UNBOUNDED = 3.4e38;

export function clip(context: RuleContext): Value {
  const x = activation(context);
  const bound = (name: string, index: number, fallback: number): number => {
    if (context.opset < 11) return floatAttribute(context, name) ?? fallback;
    const value = optionalConstant(context, index);
    return value === undefined ? fallback : scalar(context, value);
  };
  return clipped(context, x, [bound('min', 1, -Infinity), bound('max', 2, Infinity)]);
}

/** x between two numbers: a neuron that saturates, where there is a lower bound. */
export function clipped(context: RuleContext, x: Activation, [low, high]: readonly [number, number]): Activation {
  if (low <= -UNBOUNDED && high >= UNBOUNDED) return x;
  if (!(low < high)) refuse('onnx/form', { op: context.node.op, problem: `it clips to ${low} .. ${high}, so that every value is the same`, advice: 'mend the bounds' });
  if (low <= -UNBOUNDED) return below(context, x, { bound: high });
  const cap = high >= UNBOUNDED ? Infinity : high - low;
  if (low === 0) return rectified(context, x, { cap });
  const above = scaledAndShifted(context, x, { scale: 1, shift: -low, suffix: 'above' });
  return scaledAndShifted(context, rectified(context, above, { cap, suffix: 'clipped' }), { scale: 1, shift: low });
}

interface Bound { readonly bound: Factor; readonly suffix?: string }
const suffixed = (suffix: string | undefined, part: string): string => (suffix === undefined ? part : `${suffix}/${part}`);

/** min(x, bound) */
function below(context: RuleContext, x: Activation, { bound, suffix }: Bound): Activation {
  const missing = rectified(context, scaledAndShifted(context, x, { scale: -1, shift: bound, suffix: suffixed(suffix, 'turned') }), { suffix: suffixed(suffix, 'missing') });
  return scaledAndShifted(context, missing, { scale: -1, shift: bound, ...(suffix === undefined ? {} : { suffix }) });
}

/** max(x, bound) */
function above(context: RuleContext, x: Activation, { bound, suffix }: Bound): Activation {
  const excess = rectified(context, scaledAndShifted(context, x, { scale: 1, shift: minus(bound), suffix: suffixed(suffix, 'shifted') }), { suffix: suffixed(suffix, 'excess') });
  return scaledAndShifted(context, excess, { scale: 1, shift: bound, ...(suffix === undefined ? {} : { suffix }) });
}

/** max(0, min(1, alpha x + beta)): a neuron that saturates. */
export function hardSigmoid(context: RuleContext): Value {
  const x = activation(context);
  const [scale, shift] = [finiteAttribute(context, 'alpha') ?? 0.2, finiteAttribute(context, 'beta') ?? 0.5];
  return rectified(context, scaledAndShifted(context, x, { scale, shift, suffix: 'line' }), { cap: 1 });
}

/** Of activations by pairs, a + relu(b - a) or a - relu(a - b), then with each constant. */
const extreme = (largest: boolean) => (context: RuleContext): Value => {
  const activations: Activation[] = [];
  const constants: Constant[] = [];
  for (const value of context.inputs) {
    if (value?.kind === 'constant') constants.push(value);
    else if (value !== undefined) activations.push(value);
  }
  const [first = activation(context), ...others] = activations;
  const dims = requireEqual(context, [first, ...others]);
  const last = others.length + constants.length;
  const suffixOf = (step: number): { readonly suffix?: string } => (step === last ? {} : { suffix: `step-${step}` });
  const paired = others.reduce((a, b, k) => {
    const difference = context.emit({ kind: 'subtract', inputs: largest ? from(b, a) : from(a, b) }, dims, `difference-${k + 1}`);
    const excess = rectified(context, difference, { suffix: `excess-${k + 1}` });
    return context.emit({ kind: largest ? 'add' : 'subtract', inputs: from(a, excess) }, dims, suffixOf(k + 1).suffix);
  }, first);
  return constants.reduce((x, k, i) => {
    const spread = spreadOverSample(context, x, k);
    const at = { ...suffixOf(others.length + i + 1), bound: spread };
    if (largest && spread.every((v) => v === 0)) return rectified(context, x, at.suffix === undefined ? {} : { suffix: at.suffix });
    return largest ? above(context, x, at) : below(context, x, at);
  }, paired);
};
export const maximum = extreme(true);
export const minimum = extreme(false);
