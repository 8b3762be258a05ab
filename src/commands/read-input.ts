/** Reads an input file of a command, with a message where that fails. */
import { readFileSync, statSync } from 'node:fs';
import { fail } from '../diagnostics.js';

/** Far above any program; keeps a wrong file from filling the memory. */
const MOST_BYTES = 2 ** 30;

/** The bytes of a file. Throws `run/unreadable`. */
export function readInput(path: string): Uint8Array {
  const refuse = (reason: string): never => fail('run/unreadable', { kind: 'file', path }, { reason });
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return refuse('it does not exist');
  if (!found.isFile()) return refuse(found.isDirectory() ? 'it is a folder' : 'it is not a regular file');
  if (found.size > MOST_BYTES) return refuse(`it has ${found.size} bytes, at most ${MOST_BYTES} are read`);
  try {
    return readFileSync(path);
  } catch (error) {
    return refuse(error instanceof Error && 'code' in error ? String(error.code) : String(error));
  }
}
