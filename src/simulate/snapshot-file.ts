/**
 * A snapshot as a file: one line of JSON that names the program, the sample, the step and the arrays, then
 * the arrays themselves, little-endian, in that order. The SHA-256 in the line is that of the line without
 * it and of the arrays, so damage anywhere is noticed.
 */
import { createHash } from 'node:crypto';
import { fail } from '../diagnostics.js';
import type { Program } from '../program/program.js';
import { programSha256 } from '../program/program-hash.js';
import type { IntegerNetwork } from '../quantise/integer-network.js';
import { neuronCount } from '../spiking/network.js';
import { chipSteps } from './pipeline.js';
import type { PopulationState, Snapshot, StateArray } from './replay.js';
import { keptSpikes, stateArrays } from './replay.js';

const FORMAT = 'spikeveil-snapshot';
const VERSION = 1;
const BEGINNING = `{"format":"${FORMAT}"`;
/** Far above any header. */
const MOST_HEADER = 1 << 20;

interface ArrayEntry {
  /** Null for the image. */
  readonly layer: string | null;
  readonly name: 'image' | 'spikes' | StateArray;
  readonly type: '<f4' | '<i4' | '|i1';
  readonly shape: readonly number[];
  /** Of spikes: the first local step. */
  readonly first?: number;
}

interface Header {
  readonly format: string;
  readonly version: number;
  readonly program: { readonly name: string; readonly sha256: string };
  readonly seed: number;
  readonly sample: number;
  /** Chip step that comes next. */
  readonly step: number;
  readonly arrays: readonly ArrayEntry[];
}

/** The bytes of a snapshot file. */
export function printSnapshot(program: Program, snapshot: Snapshot): Uint8Array {
  const { seed, sample, step, image, populations } = snapshot;
  const header: Header = {
    format: FORMAT, version: VERSION, program: { name: program.provenance.modelName, sha256: programSha256(program) },
    seed, sample, step, arrays: layout(program.network, step),
  };
  const payload = Buffer.concat([image, ...populations.flatMap((p, i) => [...stateArrays(program.network.populations[i].neuron).map((name) => p.state[name]!), ...p.spikes])].map((a) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength)));
  return Buffer.concat([Buffer.from(`${JSON.stringify({ ...header, sha256: digest(header, payload) })}\n`), payload]);
}

/**
 * Reads a snapshot of `program`; `name` is the file's, for messages. Throws `observe/not-a-snapshot`,
 * `observe/snapshot-version`, `observe/snapshot-damaged` and `observe/other-program`.
 */
export function readSnapshot(bytes: Uint8Array, name: string, program: Program): Snapshot {
  const where = { kind: 'file', path: name } as const;
  const damaged = (problem: string): never => fail('observe/snapshot-damaged', where, { problem });
  const end = bytes.subarray(0, MOST_HEADER).indexOf(0x0a);
  const line = Buffer.from(bytes.subarray(0, Math.max(end, BEGINNING.length))).toString('utf8');
  if (!line.startsWith(BEGINNING)) fail('observe/not-a-snapshot', where, {});
  if (end < 0) damaged('its header has no end');
  const { sha256, ...header } = parseHeader(line) ?? damaged('its header cannot be read');
  if (header.version > VERSION) fail('observe/snapshot-version', where, { version: header.version, supported: VERSION });
  const payload = bytes.subarray(end + 1);
  if (sha256 !== digest(header, payload)) damaged('it does not match its checksum');
  const found = programSha256(program);
  if (header.program.sha256 !== found) fail('observe/other-program', where, { found, wanted: header.program.sha256 });
  const wanted = layout(program.network, header.step);
  const steps = chipSteps(program);
  if (!(header.step < steps) || JSON.stringify(header.arrays) !== JSON.stringify(wanted)) damaged('its arrays are not those of the program');
  if (payload.length !== wanted.reduce((sum, a) => sum + bytesOf(a), 0)) damaged('its arrays are not as long as its header says');
  return fromArrays(header, program.network, payload);
}

/** The arrays in the order of the file. */
function layout(network: IntegerNetwork, step: number): ArrayEntry[] {
  const kept = keptSpikes(network, step);
  return [
    { layer: null, name: 'image', type: '<f4', shape: network.imageShape },
    ...network.populations.flatMap(({ id, shape, neuron }, i): ArrayEntry[] => [
      ...stateArrays(neuron).map((name): ArrayEntry => ({ layer: id, name, type: '<i4', shape })),
      { layer: id, name: 'spikes', type: '|i1', shape: [kept[i].count, ...shape], first: kept[i].first },
    ]),
  ];
}

const bytesOf = ({ type, shape }: ArrayEntry): number => shape.reduce((a, b) => a * b, type === '|i1' ? 1 : 4);

function fromArrays({ seed, sample, step, arrays }: Header, network: IntegerNetwork, payload: Uint8Array): Snapshot {
  let at = 0;
  const parts = new Map(arrays.map((entry) => {
    const bytes = Uint8Array.from(payload.subarray(at, at + bytesOf(entry))); // a copy: arrays want their own alignment
    at += bytes.length;
    return [`${entry.layer ?? ''} ${entry.name}`, bytes.buffer] as const;
  }));
  const kept = keptSpikes(network, step);
  const populations = network.populations.map(({ id, shape, neuron }, i): PopulationState => {
    const size = neuronCount(shape);
    const spikes = new Int8Array(parts.get(`${id} spikes`)!);
    const state = Object.fromEntries(stateArrays(neuron).map((name) => [name, new Int32Array(parts.get(`${id} ${name}`)!)]));
    return { state, first: kept[i].first, spikes: Array.from({ length: kept[i].count }, (_, k) => spikes.slice(k * size, (k + 1) * size)) };
  });
  return { seed, sample, step, image: new Float32Array(parts.get(' image')!), populations };
}

function parseHeader(line: string): (Header & { readonly sha256: unknown }) | null {
  let found: unknown;
  try {
    found = JSON.parse(line);
  } catch {
    return null;
  }
  return isHeader(found) ? found : null;
}

function isHeader(value: unknown): value is Header & { readonly sha256: unknown } {
  if (typeof value !== 'object' || value === null) return false;
  const h = value as Readonly<Record<string, unknown>>;
  const whole = [h['version'], h['seed'], h['sample'], h['step']].every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
  const program = h['program'] as Readonly<Record<string, unknown>> | null | undefined;
  return whole && typeof program === 'object' && program !== null && typeof program['sha256'] === 'string';
}

const digest = (header: Header, payload: Uint8Array): string => createHash('sha256').update(`${JSON.stringify(header)}\n`).update(payload).digest('hex');
