/**
 * The file of an image set (`.images`): magic bytes, version, the length of a JSON header, the header,
 * the bytes of the pictures, the labels as little-endian floats, and a SHA-256 over all of it. The
 * same set always gives the same bytes. Reading tells a foreign file, another version, a cut and a changed byte
 * apart before anything is used.
 */
import { Ajv } from 'ajv';
import Type, { type Static } from 'typebox';
import { fail } from '../diagnostics.js';
import { imageSet, sha256Hex, type ImageSet, type ImageSetParts } from './image-set.js';
import { recipeNames, type RecipeName } from './recipes.js';

export const IMAGE_SET_VERSION = 1;
/** A byte above 127 and both kinds of line end: a transfer as text is noticed. */
const MAGIC = Uint8Array.of(0x89, 0x53, 0x49, 0x4d, 0x0d, 0x0a, 0x1a, 0x0a);
const HEAD_BYTES = MAGIC.length + 8;
const DIGEST_BYTES = 32;

const count = Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 });
const extent = Type.Integer({ minimum: 1, maximum: 2 ** 24 });
const HeaderSchema = Type.Object({
  recipe: Type.Unsafe<RecipeName>({ enum: recipeNames }),
  settings: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Boolean()])),
  seed: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  model: Type.Object({ sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }), name: Type.String() }, { additionalProperties: false }),
  normalisation: Type.Object({ scale: Type.Number({ exclusiveMinimum: 0 }), mean: Type.Array(Type.Number(), { minItems: 1 }), std: Type.Array(Type.Number({ exclusiveMinimum: 0 }), { minItems: 1 }) }, { additionalProperties: false }),
  count: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 }),
  shape: Type.Array(extent, { minItems: 3, maxItems: 3 }),
  classes: count,
}, { additionalProperties: false });
type Header = Static<typeof HeaderSchema>;

/** The set with its hash, and the bytes of its file. */
export function writeImageSet(parts: ImageSetParts): { readonly set: ImageSet; readonly file: Uint8Array } {
  const { recipeName, settings, seed, modelSha256, modelName, normalisation: { scale, mean, std }, shape, bytes, classes, targets } = parts;
  const header: Header = {
    recipe: recipeName, settings, seed, model: { sha256: modelSha256, name: modelName }, normalisation: { scale, mean: [...mean], std: [...std] },
    count: bytes.length / (shape[0] * shape[1] * shape[2]), shape: [...shape], classes,
  };
  const text = Buffer.from(JSON.stringify(header));
  const end = HEAD_BYTES + text.length + bytes.length + targets.length * 4;
  const file = Buffer.alloc(end + DIGEST_BYTES);
  file.set(MAGIC);
  file.writeUInt32LE(IMAGE_SET_VERSION, MAGIC.length);
  file.writeUInt32LE(text.length, MAGIC.length + 4);
  file.set(text, HEAD_BYTES);
  file.set(bytes, HEAD_BYTES + text.length);
  targets.forEach((t, i) => file.writeFloatLE(t, HEAD_BYTES + text.length + bytes.length + i * 4));
  const sha256 = sha256Hex(file.subarray(0, end));
  file.set(Buffer.from(sha256, 'hex'), end);
  return { set: imageSet(parts, sha256), file: new Uint8Array(file.buffer, file.byteOffset, file.length) };
}

/** Reads and checks a set; `name` is the file's, for messages. Throws `synthesise/...`. */
export function readImageSet(bytes: Uint8Array, name: string): ImageSet {
  const where = { kind: 'file', path: name } as const;
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const shared = Math.min(file.length, MAGIC.length);
  if (file.length === 0 || !file.subarray(0, shared).equals(MAGIC.subarray(0, shared))) {
    fail('synthesise/not-an-image-set', where, { found: file.subarray(0, 8).toString('hex').replace(/..(?=.)/g, '$& ') });
  }
  const cutAt = (wanted: number): void => { if (file.length < wanted) fail('synthesise/cut-short', where, { bytes: file.length, wanted }); };
  cutAt(HEAD_BYTES);
  const version = file.readUInt32LE(MAGIC.length);
  if (version !== IMAGE_SET_VERSION) fail('synthesise/other-version', where, { version, supported: IMAGE_SET_VERSION });
  const start = HEAD_BYTES + file.readUInt32LE(MAGIC.length + 4);
  cutAt(start);
  const header = parseHeader(file.subarray(HEAD_BYTES, start), name);
  const shape = [header.shape[0], header.shape[1], header.shape[2]] as const;
  const pictures = header.count * shape[0] * shape[1] * shape[2];
  const end = start + pictures + header.count * header.classes * 4;
  cutAt(end + DIGEST_BYTES);
  const sha256 = sha256Hex(file.subarray(0, end));
  if (file.length !== end + DIGEST_BYTES || file.subarray(end).toString('hex') !== sha256) fail('synthesise/damaged', where, {});
  const targets = Float32Array.from({ length: header.count * header.classes }, (_, i) => file.readFloatLE(start + pictures + i * 4));
  return imageSet({
    recipeName: header.recipe, settings: header.settings, seed: header.seed, modelSha256: header.model.sha256, modelName: header.model.name,
    normalisation: header.normalisation, shape, bytes: Uint8Array.from(file.subarray(start, start + pictures)), classes: header.classes, targets,
  }, sha256);
}

const validHeader = new Ajv({ strict: false }).compile<Header>(HeaderSchema);

function parseHeader(bytes: Buffer, name: string): Header {
  const where = { kind: 'file', path: name } as const;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return fail('synthesise/malformed', where, { problem: 'its header is not JSON' });
  }
  if (validHeader(value)) return value;
  const [first] = validHeader.errors ?? [];
  return fail('synthesise/malformed', where, { problem: `header ${first?.instancePath ?? ''} ${first?.message ?? 'is wrong'}`.replace('  ', ' ') });
}
