/** Reads the file of a record, of a run or an audit, as JSON: its size first, then its text. */
import { readFileSync, statSync } from 'node:fs';
import { fail, type Where } from '../diagnostics.js';

/** A VGG16-size run is about 1 MB. */
const MAX_BYTES = 64 * 2 ** 20;

/** Text of a stranger, short enough for a message. */
export const clip = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);

/** The text of a record's file. Throws `report/unreadable` and `report/too-large`. */
export function readJsonText(path: string): string {
  const where: Where = { kind: 'file', path };
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) fail('report/too-large', where, { bytes: size, most: MAX_BYTES });
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    const reason = error.code === 'ENOENT' ? 'it does not exist' : error.code === 'EISDIR' ? 'it is a folder' : String(error.code);
    return fail('report/unreadable', where, { reason });
  }
}

/** What the text of a record holds. Throws `report/not-json`. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /at position (\d+)/.exec(String(error))?.[1];
    return fail('report/not-json', { kind: 'file', path }, { reason: position === undefined ? 'it ends too early or is not text' : `broken at character ${position}` });
  }
}
