/**
 * Outputs that are written while the work goes on: each grows under a temporary name in its own folder
 * and is renamed with the others when all are whole. When the process ends before that (an error, Ctrl-C),
 * the temporary files and the folders made for them are removed, and what stood there before stays.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fail } from '../diagnostics.js';
import { writeFailure } from '../diagnostics/write-failure.js';
import { checkOutput } from './write-output.js';

/** A file that grows. */
export interface GrowingFile { readonly write: (content: Uint8Array | string) => void }

export interface StreamedOutputs {
  /** Begins a file. Throws `run/output-not-writable`, as all here do. */
  readonly open: (path: string) => GrowingFile;
  /** Makes a folder where there is none; the folder it lies in must be there. */
  readonly folder: (path: string) => void;
  /** Ends all files and gives them their names. */
  readonly finish: () => Promise<void>;
  /** Removes what is not finished; does nothing after `finish`. */
  readonly discard: () => void;
}

interface OpenFile { readonly path: string; readonly temporary: string; readonly descriptor: number; closed: boolean }

export function streamedOutputs(): StreamedOutputs {
  const files: OpenFile[] = [];
  const folders: string[] = [];
  const discard = (): void => {
    process.off('exit', discard);
    for (const file of files.splice(0)) {
      if (!file.closed) closeSync(file.descriptor);
      rmSync(file.temporary, { force: true });
    }
    for (const path of folders.splice(0)) if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
  };
  process.on('exit', discard); // Ctrl-C ends the process
  const attempt = <R>(path: string, work: () => R): R => {
    try {
      return work();
    } catch (error) {
      discard();
      const reason = writeFailure(error);
      if (reason === null) throw error;
      return fail('run/output-not-writable', { kind: 'file', path }, { reason });
    }
  };
  const open = (path: string): GrowingFile => {
    checkOutput(path);
    const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
    const file: OpenFile = { path, temporary, descriptor: attempt(path, () => openSync(temporary, 'w')), closed: false };
    files.push(file);
    return { write: (content) => attempt(path, () => writeWhole(file.descriptor, content)) };
  };
  const folder = (path: string): void => {
    checkOutput(join(dirname(path), `${basename(path)}.new`)); // the folder it lies in
    if (existsSync(path)) return;
    attempt(path, () => mkdirSync(path));
    folders.push(path);
  };
  const finish = async (): Promise<void> => {
    for (let turn = 0; turn < 2; turn++) await new Promise((next) => setImmediate(next)); // a Ctrl-C pressed before is heard
    for (const file of files) {
      attempt(file.path, () => {
        fsyncSync(file.descriptor);
        closeSync(file.descriptor);
        file.closed = true;
      });
    }
    for (const file of files) attempt(file.path, () => renameSync(file.temporary, file.path));
    files.length = 0;
    folders.length = 0;
    discard();
  };
  return { open, folder, finish, discard };
}

function writeWhole(descriptor: number, content: Uint8Array | string): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
}
