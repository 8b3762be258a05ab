/**
 * The small file that `compile` leaves beside a program: `X.spk` gets `X.compile.json`. It says which
 * model the program came from and how that was read, so that `simulate` can ask the float network too.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';

export const NOTES_FORMAT = 'spikeveil-compile/1';

/** How to read the model: a card's path, or the flags that replace it. */
export interface ModelReading {
  readonly card?: string;
  readonly layout?: 'NCHW' | 'NHWC';
  readonly scale?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly output?: string;
  readonly approximate?: true;
}

/** The fields of `ModelReading` that are given, out of the flags of a command. */
export const modelReading = ({ card, layout, scale, mean, std, output, approximate }: Partial<Record<keyof ModelReading, unknown>>): ModelReading =>
  Object.fromEntries(Object.entries({ card, layout, scale, mean, std, output, approximate }).filter(([, v]) => v !== undefined));

export interface CompileNotes extends ModelReading {
  readonly format: typeof NOTES_FORMAT;
  /** From the folder of the notes to the model file. */
  readonly model: string;
  readonly modelSha256: string;
  readonly summary: unknown;
}

export const notesPath = (programPath: string): string => `${programPath.replace(/\.spk$/, '')}.compile.json`;

/** The path as it is written in notes at `from`: relative, with forward slashes. */
export const pathFrom = (from: string, path: string): string => relative(resolve(dirname(from)), resolve(path)).replaceAll('\\', '/');

/** A path that stands in notes at `from`, as this process reaches it. */
export const pathTo = (from: string, path: string): string => (isAbsolute(path) ? path : join(dirname(from), path));

export const printNotes = (notes: CompileNotes): string => `${JSON.stringify(notes, null, 2)}\n`;

/** The notes of a program, or in words why there are none. */
export function readNotes(programPath: string): CompileNotes | string {
  const path = notesPath(programPath);
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<CompileNotes> | null;
    if (value?.format !== NOTES_FORMAT || typeof value.model !== 'string') return `${path} is not a file that compile wrote`;
    return value as CompileNotes;
  } catch (error) {
    return error instanceof SyntaxError ? `${path} is not JSON` : `${path} cannot be read`;
  }
}

/** SHA-256 of a file in hexadecimal, or null when it cannot be read. */
export function sha256Of(path: string): string | null {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return null;
  }
}
