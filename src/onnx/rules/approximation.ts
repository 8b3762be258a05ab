/**
 * Activation functions that rectifiers cannot compute exactly, as sums of a few that saturate:
 *
 *     y = v[0] + sum over k of slope[k] * min(relu(x - t[k]), t[k + 1] - t[k])
 *
 * a broken line through the knots (t, v), constant to the left, with the function's own slope at infinity to the
 * right. Knots lie closer where the function bends more. The largest error is measured on a fine grid, not estimated.
 */
import type { NodeRecord } from '../model-proto.js';
import { activation, finiteAttribute, from, type RuleContext } from '../rule.js';
import type { Value } from '../value.js';
import { rectified, scaledAndShifted } from './piecewise.js';

interface Curve {
  readonly value: (x: number) => number;
  /** Outside, the function counts as its asymptote: a constant on the left, a line on the right. */
  readonly range: readonly [number, number];
  readonly left: number;
  readonly rightSlope: 0 | number;
}

const curves: ReadonlyMap<string, (node: Pick<RuleContext, 'node'>) => Curve> = new Map<string, (context: Pick<RuleContext, 'node'>) => Curve>([
  ['Sigmoid', () => ({ value: (x) => 1 / (1 + Math.exp(-x)), range: [-5, 5], left: 0, rightSlope: 0 })],
  ['Tanh', () => ({ value: Math.tanh, range: [-2.5, 2.5], left: -1, rightSlope: 0 })],
  ['HardSwish', () => ({ value: (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1), range: [-3, 3], left: 0, rightSlope: 1 })],
  ['Softplus', () => ({ value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), range: [-4, 4], left: 0, rightSlope: 1 })],
  ['Elu', (context) => bent(1, finiteAttribute(context, 'alpha') ?? 1)],
  ['Selu', (context) => bent(finiteAttribute(context, 'gamma') ?? 1.0507009873554805, finiteAttribute(context, 'alpha') ?? 1.6732632423543772)],
]);

/** An exponential on the left, a line on the right of 0. */
const bent = (gain: number, alpha: number): Curve => ({ value: (x) => gain * (x < 0 ? alpha * Math.expm1(x) : x), range: [-3.5, 0], left: -gain * alpha, rightSlope: gain });

export interface BrokenLine {
  /** Ascending. */
  readonly knots: readonly number[];
  readonly values: readonly number[];
  /** Behind the last knot. */
  readonly rightSlope: number;
  /** Largest distance from the function. */
  readonly error: number;
}

/** Pieces between the outermost knots. */
const SEGMENTS = 6;
const GRID = 4096;
/** How far beyond the range the error is measured, in widths of it. */
const BEYOND = 2;

/** The broken line of a node's function, or undefined if there is none for it. */
export function brokenLine(node: NodeRecord): BrokenLine | undefined {
  const curve = node.domain === '' ? curves.get(node.op)?.({ node }) : undefined;
  if (curve === undefined) return undefined;
  const knots = placeKnots(curve);
  const values = knots.map(curve.value);
  values[0] = curve.left;
  if (curve.rightSlope === 0) values[SEGMENTS] = curve.value(Infinity);
  const line = { knots, values, rightSlope: curve.rightSlope };
  const centred = { ...line, values: centre(curve, line) };
  return { ...centred, error: largestError(curve, centred) };
}

/** Knots such that every piece has an equal share of the integral of the root of the curvature: equal errors, to first order. */
function placeKnots({ value, range: [low, high] }: Curve): number[] {
  const step = (high - low) / GRID;
  const total = [0];
  for (let i = 1; i <= GRID; i++) {
    const x = Math.min(Math.max(low + (i - 0.5) * step, low + step), high - step);
    total.push(total[i - 1] + Math.sqrt(Math.abs(value(x + step) - 2 * value(x) + value(x - step))));
  }
  return Array.from({ length: SEGMENTS + 1 }, (_, k) => low + step * Math.max(0, total.findIndex((t) => t >= (k / SEGMENTS) * total[GRID])));
}

const lineAt = ({ knots, values, rightSlope }: Omit<BrokenLine, 'error'>, x: number): number => {
  if (x <= knots[0]) return values[0];
  const k = knots.findIndex((t) => x < t);
  if (k < 0) return values[SEGMENTS] + rightSlope * (x - knots[SEGMENTS]);
  return values[k - 1] + ((values[k] - values[k - 1]) * (x - knots[k - 1])) / (knots[k] - knots[k - 1]);
};

/** Moves each inner knot against the mean error of its two pieces, so that the line runs on both sides of the function. */
function centre(curve: Curve, line: Omit<BrokenLine, 'error'>): number[] {
  const bias = line.knots.slice(1).map((to, k) => {
    const from = line.knots[k];
    const errors = Array.from({ length: 65 }, (_, i) => from + (i / 64) * (to - from)).map((x) => lineAt(line, x) - curve.value(x));
    return (Math.max(...errors) + Math.min(...errors)) / 2;
  });
  return line.values.map((v, k) => (k === 0 || k === SEGMENTS ? v : v - (bias[k - 1] + bias[k]) / 2));
}

function largestError(curve: Curve, line: Omit<BrokenLine, 'error'>): number {
  const [low, high] = curve.range;
  let most = 0;
  for (let i = -BEYOND * GRID; i <= (1 + BEYOND) * GRID; i++) {
    const x = low + (i / GRID) * (high - low);
    most = Math.max(most, Math.abs(lineAt(line, x) - curve.value(x)));
  }
  return most;
}

/** Rectifiers that the line takes: one a piece, and one behind the last knot where the function goes on growing. */
export const rectifiersOf = ({ rightSlope }: BrokenLine): number => SEGMENTS + (rightSlope === 0 ? 0 : 1);

/** The broken line as graph nodes. */
export function approximated(context: RuleContext): Value {
  const x = activation(context);
  const line = brokenLine(context.node);
  if (line === undefined) throw new Error(`internal: ${context.node.op} has no broken line`);
  const { knots, values, rightSlope } = line;
  const pieces = Array.from({ length: rectifiersOf(line) }, (_, k) => {
    const last = k === SEGMENTS;
    const slope = last ? rightSlope : (values[k + 1] - values[k]) / (knots[k + 1] - knots[k]);
    const above = scaledAndShifted(context, x, { scale: 1, shift: -knots[k], suffix: `above-${k}` });
    const piece = rectified(context, above, { cap: last ? Infinity : knots[k + 1] - knots[k], suffix: `piece-${k}` });
    return scaledAndShifted(context, piece, { scale: slope, shift: k === 0 ? values[0] : 0, suffix: `slope-${k}` });
  });
  return context.emit({ kind: 'add', inputs: from(...pieces) }, x.dims);
}
