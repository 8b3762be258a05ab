/**
 * How an image enters a network. The graph's input is always channels first, [C, H, W], or a vector
 * of features; what the model declares beyond that (NHWC order, a flattened image with stray axes of
 * one) becomes a transpose or reshape right behind it. Image data are therefore fed in one way only.
 */
import type { Reporter } from '../diagnostics.js';
import { isFloatType, typeName } from './constant.js';
import type { ValueRecord } from './model-proto.js';
import type { ModelCard } from './model-card.js';

export type Layout = 'NCHW' | 'NHWC';

export interface CanonicalInput {
  /** ONNX dims with the batch axis; a free batch is 1. */
  readonly dims: readonly number[];
  readonly batch: number;
  /** What stands behind the input node: nothing, a transpose to [H, W, C], or a reshape. */
  readonly form: 'picture' | 'picture-channels-last' | 'features';
}

/** Numbers of one sample above which no import goes on: 16 million neurons in one layer. */
export const LARGEST_SAMPLE = 2 ** 24;

export interface InputHints {
  readonly card: ModelCard | undefined;
  /** What the user says, if anything. */
  readonly layout: Layout | undefined;
  /** Whether an operator reads the input that takes channels first only, such as Conv. */
  readonly readChannelsFirst: boolean;
}

/** Decides the input's shape from what the model declares and the card adds. Undefined after a report. */
export function canonicalInput(value: ValueRecord, hints: InputHints, report: Reporter): CanonicalInput | undefined {
  const where = { kind: 'node', node: value.name } as const;
  const wrong = (problem: string): undefined => { report.report('onnx/input-shape', where, { name: value.name, problem }); };
  if (value.type !== 0 && value.type !== 2 && !isFloatType(value.type)) return wrong(`is of type ${typeName(value.type)}; float or uint8 is needed`);
  const card = hints.card?.input.shape;
  const declared = value.dims ?? card;
  if (declared === undefined) return wrong('declares no shape');
  const text = `[${declared.join(', ')}]`;
  if (declared.length === 0 || declared.length > 4) return wrong(`has the shape ${text}; 1 to 4 axes are supported`);
  if (card !== undefined && !agree(declared, card)) {
    report.report('onnx/card-mismatch', where, { field: 'input.shape', card: `[${card.join(', ')}]`, model: text });
    return undefined;
  }
  const fixed = declared.map((d, axis) => (typeof d === 'number' && d > 0 ? d : fromCard(card, axis)));
  const batch = declared.length === 1 ? 1 : fixed[0] ?? 1;
  const sample = declared.length === 1 ? fixed : fixed.slice(1);
  const free = sample.findIndex((d) => d === undefined);
  if (free >= 0) return wrong(`has the shape ${text}, in which more than the batch axis is free`);
  const shape = sample as number[];
  const size = shape.reduce((a, b) => a * b, 1);
  if (size > LARGEST_SAMPLE) return wrong(`has ${size} numbers a sample, at most ${LARGEST_SAMPLE} are allowed`);
  return { dims: declared.length === 1 ? shape : [batch, ...shape], batch, form: formOf(shape, hints) };
}

const fromCard = (card: ModelCard['input']['shape'] | undefined, axis: number): number | undefined => {
  const d = card?.[axis];
  return typeof d === 'number' ? d : undefined;
};

const agree = (a: readonly (number | string)[], b: readonly (number | string)[]): boolean =>
  a.length === b.length && a.every((d, i) => typeof d === 'string' || typeof b[i] === 'string' || d <= 0 || d === b[i]);

const CHANNELS = new Set([1, 3, 4]);

function formOf(shape: readonly number[], { card, layout, readChannelsFirst }: InputHints): CanonicalInput['form'] {
  const [first = 1, , last = 1] = shape;
  if (shape.length !== 3 || shape.filter((d) => d === 1).length >= 2) return 'features';
  const stated = layout ?? card?.input.layout ?? (readChannelsFirst ? 'NCHW' : undefined);
  const channelsLast = stated === undefined ? CHANNELS.has(last) && !CHANNELS.has(first) : stated === 'NHWC';
  return channelsLast ? 'picture-channels-last' : 'picture';
}
