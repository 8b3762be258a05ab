/**
 * The outside of a program file: magic bytes, format version and a table of sections in front, a SHA-256
 * behind. The magic has a byte above 127 and both kinds of line end, so a transfer as text is noticed.
 * Each section has a checksum of its own, so that opening a file tells a foreign one, a newer version, a
 * cut and a flipped bit apart before anything is decoded, and says which section the bit is in.
 */
import { createHash } from 'node:crypto';
import { fail } from '../diagnostics.js';

export const FORMAT_VERSION = 2;
const MAGIC = Uint8Array.of(0x89, 0x53, 0x50, 0x4b, 0x0d, 0x0a, 0x1a, 0x0a);
const FIXED_BYTES = MAGIC.length + 12;
const NAME_BYTES = 8;
const CHECK_BYTES = 8;
const ENTRY_BYTES = NAME_BYTES + 4 + CHECK_BYTES;
const DIGEST_BYTES = 32;
const MOST_SECTIONS = 64;

/** A part of the payload with its name, at most 8 ASCII letters. */
export interface Section { readonly name: string; readonly bytes: Uint8Array }

/** Wraps the sections, which make up the payload in this order. */
export function seal(sections: readonly Section[]): Uint8Array {
  const header = FIXED_BYTES + sections.length * ENTRY_BYTES;
  const length = sections.reduce((sum, s) => sum + s.bytes.length, 0);
  const bytes = new Uint8Array(header + length + DIGEST_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(MAGIC.length, FORMAT_VERSION, true);
  view.setUint32(MAGIC.length + 4, length, true);
  view.setUint32(MAGIC.length + 8, sections.length, true);
  let at = header;
  sections.forEach((section, i) => {
    const entry = FIXED_BYTES + i * ENTRY_BYTES;
    bytes.set(new TextEncoder().encode(section.name).subarray(0, NAME_BYTES), entry);
    view.setUint32(entry + NAME_BYTES, section.bytes.length, true);
    bytes.set(digest(section.bytes).subarray(0, CHECK_BYTES), entry + NAME_BYTES + 4);
    bytes.set(section.bytes, at);
    at += section.bytes.length;
  });
  bytes.set(digest(bytes.subarray(0, at)), at);
  return bytes;
}

/** The payload of a file, after every check that needs no decoding. `name` is only named in messages. */
export function unseal(bytes: Uint8Array, name: string): Uint8Array {
  const where = { kind: 'file', path: name } as const;
  const shared = Math.min(bytes.length, MAGIC.length);
  if (bytes.length === 0 || !MAGIC.subarray(0, shared).every((b, i) => b === bytes[i])) {
    fail('program/not-a-program', where, { found: [...bytes.subarray(0, 8)].map((b) => b.toString(16).padStart(2, '0')).join(' ') });
  }
  if (bytes.length < FIXED_BYTES) fail('program/cut-short', where, { bytes: bytes.length, wanted: FIXED_BYTES + DIGEST_BYTES });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(MAGIC.length, true);
  if (version !== FORMAT_VERSION) fail('program/other-version', where, { version, supported: FORMAT_VERSION });
  const count = view.getUint32(MAGIC.length + 8, true);
  if (count > MOST_SECTIONS) fail('program/damaged', where, { parts: ['header'] });
  const header = FIXED_BYTES + count * ENTRY_BYTES;
  const end = header + view.getUint32(MAGIC.length + 4, true);
  if (bytes.length < end + DIGEST_BYTES) fail('program/cut-short', where, { bytes: bytes.length, wanted: end + DIGEST_BYTES });
  const intact = bytes.length === end + DIGEST_BYTES && digest(bytes.subarray(0, end)).every((b, i) => b === bytes[end + i]);
  if (!intact) fail('program/damaged', where, { parts: damagedParts(bytes, view, { header, count, end }) });
  return bytes.subarray(header, end);
}

interface Layout { readonly header: number; readonly count: number; readonly end: number }

/** Names of the sections that do not match their checksums; without any, whatever else there is. */
function damagedParts(bytes: Uint8Array, view: DataView, { header, count, end }: Layout): string[] {
  const parts: string[] = [];
  let at = header;
  for (let i = 0; i < count; i++) {
    const entry = FIXED_BYTES + i * ENTRY_BYTES;
    const next = at + view.getUint32(entry + NAME_BYTES, true);
    if (next > end) return ['header'];
    const check = bytes.subarray(entry + NAME_BYTES + 4, entry + ENTRY_BYTES);
    const name = String.fromCharCode(...bytes.subarray(entry, entry + NAME_BYTES)).replace(/[^a-z].*$/s, '');
    if (!digest(bytes.subarray(at, next)).subarray(0, CHECK_BYTES).every((b, k) => b === check[k])) parts.push(`section "${name}"`);
    at = next;
  }
  if (at !== end) return ['header'];
  if (parts.length > 0) return parts;
  return [bytes.length > end + DIGEST_BYTES ? 'end, which has bytes too many' : 'header or checksum'];
}

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
