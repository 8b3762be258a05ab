/**
 * What an audit has found so far, in a folder, so that an interrupted one goes on: one file a finished job, named
 * after a hash of everything that it depends on, and one that says which audit the folder belongs to. Files are
 * written under a temporary name and renamed, so one under its real name is whole.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../diagnostics.js';
import { writeFailure } from '../../diagnostics/write-failure.js';
import type { AttackResult } from './attack-task.js';

export interface AttackStore {
  /** What an earlier run found for this job, or null. Throws `audit/checkpoint-damaged`. */
  readonly read: (job: string) => AttackResult | null;
  /** Throws `audit/checkpoint-not-written`. */
  readonly write: (job: string, result: AttackResult) => void;
  /** A path in the folder, for what has a file format of its own. */
  readonly path: (name: string) => string;
}

/** What the folder must agree on: changes in it would make figures that cannot stand side by side. */
export interface AuditIdentity {
  readonly data: string;
  readonly members: string | null;
  /** All settings but the number of seeds. */
  readonly settings: string;
}

const FORMAT = 'spikeveil-class-leakage-1';
const IDENTITY = 'audit.json';
const hashOf = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

interface Stored extends Omit<AttackResult, 'bytes'> {
  readonly format: string;
  readonly job: string;
  readonly pictures: string;
  readonly sha256: string;
}

/** Opens the folder, or makes it. Throws `audit/checkpoint-of-another-audit` and `audit/checkpoint-of-other-images`. */
export function openStore(folder: string, identity: AuditIdentity): AttackStore {
  const where = join(folder, IDENTITY);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    notWritten(folder, error);
  }
  const found = readJson(where) as Partial<AuditIdentity> | null;
  if (found === null) writeWhole(where, JSON.stringify(identity));
  else if (found.data !== identity.data || found.members !== identity.members) fail('audit/checkpoint-of-other-images', { kind: 'file', path: where }, {});
  else if (found.settings !== identity.settings) fail('audit/checkpoint-of-another-audit', { kind: 'file', path: where }, {});
  const fileOf = (job: string): string => join(folder, `${hashOf(job).slice(0, 24)}.json`);
  return {
    path: (name) => join(folder, name),
    read: (job) => {
      const path = fileOf(job);
      const stored = readJson(path) as Partial<Stored> | null;
      if (stored === null) return null;
      const pictures = typeof stored.pictures === 'string' ? stored.pictures : '';
      if (stored.format !== FORMAT || stored.job !== job || stored.judged === undefined || stored.sha256 !== hashOf(JSON.stringify([stored.judged, stored.loss, pictures]))) fail('audit/checkpoint-damaged', { kind: 'file', path }, {});
      return { judged: stored.judged, loss: stored.loss ?? null, bytes: new Uint8Array(Buffer.from(pictures, 'base64')) };
    },
    write: (job, { judged, loss, bytes }) => {
      const pictures = Buffer.from(bytes).toString('base64');
      writeWhole(fileOf(job), JSON.stringify({ format: FORMAT, job, judged, loss, pictures, sha256: hashOf(JSON.stringify([judged, loss, pictures])) } satisfies Stored));
    },
  };
}

/** Null where there is no file. Throws `audit/checkpoint-damaged`. */
function readJson(path: string): unknown {
  if (!existsSync(path)) return null;
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // said below
  }
  return fail('audit/checkpoint-damaged', { kind: 'file', path }, {});
}

function writeWhole(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    notWritten(path, error);
  }
}

function notWritten(path: string, error: unknown): never {
  const reason = writeFailure(error);
  if (reason === null) throw error;
  return fail('audit/checkpoint-not-written', { kind: 'file', path }, { reason });
}
