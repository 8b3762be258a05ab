/**
 * The outside of a program file: magic bytes, format version and length in front, a SHA-256 behind.
 * The magic has a byte above 127 and both kinds of line end, so a transfer as text is noticed. Opening
 * one tells a foreign file, a newer version, a cut and a flipped bit apart before anything is decoded.
 */
import { createHash } from 'node:crypto';
import { fail } from '../diagnostics.js';

export const FORMAT_VERSION = 2;
const MAGIC = Uint8Array.of(0x89, 0x53, 0x50, 0x4b, 0x0d, 0x0a, 0x1a, 0x0a);
const HEADER_BYTES = MAGIC.length + 8;
const DIGEST_BYTES = 32;

/** Wraps a payload. */
export function seal(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length + DIGEST_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(MAGIC.length, FORMAT_VERSION, true);
  view.setUint32(MAGIC.length + 4, payload.length, true);
  bytes.set(payload, HEADER_BYTES);
  bytes.set(digest(bytes.subarray(0, HEADER_BYTES + payload.length)), HEADER_BYTES + payload.length);
  return bytes;
}

/** The payload of a file, after every check that needs no decoding. `name` is only named in messages. */
export function unseal(bytes: Uint8Array, name: string): Uint8Array {
  const where = { kind: 'file', path: name } as const;
  const shared = Math.min(bytes.length, MAGIC.length);
  if (bytes.length === 0 || !MAGIC.subarray(0, shared).every((b, i) => b === bytes[i])) {
    fail('program/not-a-program', where, { found: [...bytes.subarray(0, 8)].map((b) => b.toString(16).padStart(2, '0')).join(' ') });
  }
  if (bytes.length < HEADER_BYTES) fail('program/cut-short', where, { bytes: bytes.length, wanted: HEADER_BYTES + DIGEST_BYTES });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(MAGIC.length, true);
  if (version !== FORMAT_VERSION) fail('program/other-version', where, { version, supported: FORMAT_VERSION });
  const end = HEADER_BYTES + view.getUint32(MAGIC.length + 4, true);
  if (bytes.length < end + DIGEST_BYTES) fail('program/cut-short', where, { bytes: bytes.length, wanted: end + DIGEST_BYTES });
  const intact = bytes.length === end + DIGEST_BYTES && digest(bytes.subarray(0, end)).every((b, i) => b === bytes[end + i]);
  if (!intact) fail('program/damaged', where, {});
  return bytes.subarray(HEADER_BYTES, end);
}

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
