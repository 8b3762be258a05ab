/**
 * A model file together with what says how to read it: its card (`model.json` beside it, or the one
 * that `--card` names), or the flags `--layout`, `--scale`, `--mean` and `--std` in place of one.
 */
import { Reporter } from '../diagnostics.js';
import type { ImportOptions } from '../onnx/import-onnx.js';
import { findModelCard, readModelCard } from '../onnx/model-card.js';
import type { Normalisation } from '../program/program.js';
import type { ModelReading } from './compile-notes.js';

export interface ModelSource {
  readonly path: string;
  readonly import: Omit<ImportOptions, 'report'>;
  /** One mean and std a channel, or one for all; null where nothing says so. */
  readonly normalisation: Normalisation | null;
}

/** Finds and reads the card, if there is one and no flag stands in its place. Throws `onnx/card-...`. */
export function modelSource(path: string, reading: ModelReading): ModelSource {
  const { layout, scale, mean, std, output, approximate } = reading;
  const flags = [layout, scale, mean, std].some((f) => f !== undefined);
  const cardPath = flags ? undefined : reading.card ?? findModelCard(path);
  const card = cardPath === undefined ? undefined : readModelCard(cardPath, new Reporter());
  const normalised = [scale, mean, std].some((f) => f !== undefined);
  return {
    path,
    import: present({ card, layout, output, approximate }),
    normalisation: card !== undefined ? card.input : normalised ? { scale: scale ?? 255, mean: mean ?? [0], std: std ?? [1] } : null,
  };
}

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The object without its undefined fields. */
export function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== undefined)) as Present<T>;
}
