/**
 * Writes result files so that a reader never sees half of one: each is written under a temporary name
 * in its own folder and renamed when it is whole. A target that cannot be written is refused before
 * the long work starts. The writes are synchronous, so a signal is only heard before or after them.
 */
import { accessSync, closeSync, constants, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fail } from '../diagnostics.js';
import { writeFailure } from '../diagnostics/write-failure.js';

export interface OutputFile {
  readonly path: string;
  /** A file that does not fit into memory comes in pieces. */
  readonly content: Uint8Array | string | Iterable<string>;
}

/** Throws `run/output-not-writable` when a file could not be written at this path. */
export function checkOutput(path: string): void {
  const refuse = (reason: string): never => fail('run/output-not-writable', { kind: 'file', path }, { reason });
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (folder === undefined) return refuse(`the folder ${dirname(path)} is not there`);
  if (!folder.isDirectory()) return refuse(`${dirname(path)} is not a folder`);
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) return refuse('it is a folder');
  if (there?.isFile() === false) return refuse('it is a device or a pipe, not a file');
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch {
    refuse('you may not write in its folder');
  }
}

/**
 * Writes all files or none: they are renamed together when each is whole. A Ctrl-C that was pressed
 * during the work is heard first, and then nothing is written.
 */
export async function writeOutputs(files: readonly OutputFile[]): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((next) => setImmediate(next)); // between two turns the event loop looks for signals
  const pairs = files.map((f) => ({ ...f, temporary: join(dirname(f.path), `.${basename(f.path)}.${process.pid}.tmp`) }));
  let at = '';
  try {
    for (const { temporary, content, path } of pairs) {
      at = path;
      writeWhole(temporary, content);
    }
    for (const { temporary, path } of pairs) renameSync(temporary, path);
  } catch (error) {
    for (const { temporary } of pairs) rmSync(temporary, { force: true });
    const reason = writeFailure(error);
    if (reason === null) throw error;
    fail('run/output-not-writable', { kind: 'file', path: at }, { reason });
  }
}

function writeWhole(path: string, content: OutputFile['content']): void {
  const pieces = content instanceof Uint8Array || typeof content === 'string' ? [content] : content;
  const file = openSync(path, 'w');
  try {
    for (const piece of pieces) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
