/**
 * The file of a trained network (`.snn`): magic bytes, version, the length of a JSON header, the header
 * (architecture, seed, training record with its certificate), the parameters as little-endian floats in the order of
 * `layoutOf`, and a SHA-256 over all of it. The same network gives the same bytes. The checksum tells
 * damage, not forgery: whoever writes a file can claim what he likes.
 */
import { createHash } from 'node:crypto';
import { Ajv } from 'ajv';
import Type, { type Static } from 'typebox';
import { fail } from '../diagnostics.js';
import type { SpikingNetwork } from '../spiking/network.js';
import { applyParameters } from './apply.js';
import type { Architecture } from './architecture-schema.js';
import { buildNetwork } from './build-network.js';
import { allFinite, layoutOf, readParameters } from './parameters.js';
import { readArchitecture } from './read-architecture.js';
import { recordProblem, type TrainingRecord } from './training-record.js';

export const TRAINED_VERSION = 1;
/** A byte above 127 and both kinds of line end: a transfer as text is noticed. */
const MAGIC = Uint8Array.of(0x89, 0x53, 0x4e, 0x4e, 0x0d, 0x0a, 0x1a, 0x0a);
const HEAD_BYTES = MAGIC.length + 8;
const DIGEST_BYTES = 32;

export interface TrainedNetworkFile {
  readonly architecture: Architecture;
  /** Of the initial weights. */
  readonly seed: number;
  readonly training: TrainingRecord;
  readonly network: SpikingNetwork;
}

const record = <T extends Parameters<typeof Type.Object>[0]>(fields: T) => Type.Object(fields, { additionalProperties: false });
const [text, number] = [Type.String({ minLength: 1, maxLength: 256 }), Type.Number()];
const TrainingSchema = record({
  data: text, dataSha256: text, examples: number, steps: number,
  certificate: Type.Union([Type.Null(), record({
    mechanism: text, phases: Type.Array(record({ rate: number, noise: number, steps: number }), { minItems: 1, maxItems: 1024 }),
    clip: number, expectedBatch: number, epsilon: number, delta: number, adjacency: text, unit: text, accountant: text,
  })]),
});
const HeaderSchema = Type.Object({
  architecture: Type.Object({}, { additionalProperties: true }),
  seed: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  training: TrainingSchema,
}, { additionalProperties: false });
type Header = Static<typeof HeaderSchema>;

/** True where a file begins as a trained network does. */
export const isTrainedNetwork = (bytes: Uint8Array): boolean => bytes.length >= MAGIC.length && MAGIC.every((b, i) => bytes[i] === b);

/** The bytes of the file. */
export function writeTrainedNetwork({ architecture, seed, training, network }: TrainedNetworkFile): Uint8Array {
  const text = Buffer.from(JSON.stringify({ architecture, seed, training }));
  const parameters = readParameters(network);
  const end = HEAD_BYTES + text.length + parameters.length * 4;
  const file = Buffer.alloc(end + DIGEST_BYTES);
  file.set(MAGIC);
  file.writeUInt32LE(TRAINED_VERSION, MAGIC.length);
  file.writeUInt32LE(text.length, MAGIC.length + 4);
  file.set(text, HEAD_BYTES);
  parameters.forEach((p, i) => file.writeFloatLE(p, HEAD_BYTES + text.length + i * 4));
  file.set(digest(file.subarray(0, end)), end);
  return new Uint8Array(file.buffer, file.byteOffset, file.length);
}

/** Reads and checks a trained network; `name` is the file's, for messages. Throws `learn/not-a-trained-network` and `learn/trained-network-damaged`. */
export function readTrainedNetwork(bytes: Uint8Array, name: string): TrainedNetworkFile {
  const where = { kind: 'file', path: name } as const;
  const damaged = (reason: string): never => fail('learn/trained-network-damaged', where, { reason });
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!isTrainedNetwork(file)) fail('learn/not-a-trained-network', where, {});
  if (file.length < HEAD_BYTES + DIGEST_BYTES) damaged(`it breaks off after ${file.length} bytes`);
  const version = file.readUInt32LE(MAGIC.length);
  if (version !== TRAINED_VERSION) damaged(`it has version ${version}, this tool reads version ${TRAINED_VERSION}`);
  const end = file.length - DIGEST_BYTES;
  if (!digest(file.subarray(0, end)).equals(file.subarray(end))) damaged('it does not match its SHA-256: it was cut or changed');
  const start = HEAD_BYTES + file.readUInt32LE(MAGIC.length + 4);
  const header = start <= end ? headerOf(file.subarray(HEAD_BYTES, start)) : null;
  if (header === null || typeof header === 'string') return damaged(header ?? 'its header leaves the file');
  const architecture = readArchitecture(JSON.stringify(header.architecture), name);
  const bare = buildNetwork(architecture, header.seed);
  const { length } = layoutOf(bare);
  if (end - start !== 4 * length) damaged(`it has ${end - start} bytes of parameters, its architecture needs ${4 * length}`);
  const parameters = Float32Array.from({ length }, (_, i) => file.readFloatLE(start + 4 * i));
  const network = applyParameters(bare, parameters);
  if (!allFinite(parameters) || network.populations.some((p) => p.threshold.some((t) => t <= 0))) damaged('a parameter is not a finite number, or a threshold not above 0');
  const { training } = header;
  const problem = recordProblem(training);
  if (problem !== null) damaged(problem);
  return { architecture, seed: header.seed, training, network };
}

const validHeader = new Ajv({ strict: false }).compile<Header>(HeaderSchema);

/** The header, or what is wrong with it. */
function headerOf(bytes: Buffer): Header | string {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return 'its header is not JSON';
  }
  if (validHeader(value)) return value;
  const [first] = validHeader.errors ?? [];
  return `its header is wrong at ${first?.instancePath ?? '/'}: ${first?.message ?? 'unknown'}`;
}

const digest = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
