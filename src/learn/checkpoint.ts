/**
 * A checkpoint of learning: one line of JSON with the step and the first and last progress, then the
 * parameters and the optimiser's two moments as float32. It is written under a temporary name, flushed and renamed, so a file under the real name
 * is always whole; its SHA-256 catches damage that came later.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fail } from '../diagnostics.js';
import { writeFailure } from '../diagnostics/write-failure.js';
import type { OptimiserState } from './optimiser.js';
import type { TrainingProgress } from './train.js';

const FORMAT = 'spikeveil-learning-2';

/** What the first step and the last one so far told. */
export interface CourseOfLearning<Progress = TrainingProgress> {
  readonly first: Progress;
  readonly last: Progress;
}

export interface Checkpoint<Progress = TrainingProgress> extends CourseOfLearning<Progress> { readonly state: OptimiserState }

interface Header<Progress> extends CourseOfLearning<Progress> {
  readonly format: string;
  readonly step: number;
  readonly parameters: number;
  /** Names the job: network, images and settings. */
  readonly job: string;
  /** Hash of the data, where the job does not include them. */
  readonly data?: string;
  readonly sha256: string;
}

/** The name of a job, or that and the hash of its data, so that a change of the data can be told apart. */
export type JobName = string | { readonly job: string; readonly data: string };
const named = (name: JobName): { readonly job: string; readonly data?: string } => (typeof name === 'string' ? { job: name } : name);

const bytesOf = (numbers: Float32Array): Uint8Array => new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Throws `learn/checkpoint-not-written`; the file that was there before stays. */
export function writeCheckpoint<Progress>(path: string, job: JobName, { step, parameters, first, second }: OptimiserState, course: CourseOfLearning<Progress>): void {
  const payload = Buffer.concat([parameters, first, second].map(bytesOf));
  const header: Header<Progress> = { format: FORMAT, step, parameters: parameters.length, ...named(job), sha256: hashOf(payload), first: course.first, last: course.last };
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    const file = openSync(temporary, 'w');
    try {
      const content = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), payload]);
      for (let at = 0; at < content.length;) at += writeSync(file, content, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    const reason = writeFailure(error);
    if (reason === null) throw error;
    fail('learn/checkpoint-not-written', { kind: 'file', path }, { reason });
  }
}

/** What is in the file, or null if there is none. Throws `learn/checkpoint-damaged`, `learn/checkpoint-of-another-job` and `learn/data-changed`. */
export function readCheckpoint<Progress = TrainingProgress>(path: string, name: JobName): Checkpoint<Progress> | null {
  if (!existsSync(path)) return null;
  const damaged = (reason: string): never => fail('learn/checkpoint-damaged', { kind: 'file', path }, { reason });
  const content = readFileSync(path);
  const end = content.indexOf(10);
  const header = readHeader<Progress>(content.subarray(0, Math.max(0, end)).toString());
  if (header === null) return damaged('it does not begin like a checkpoint');
  const payload = content.subarray(end + 1);
  const wanted = header.parameters * 12;
  if (payload.length !== wanted) return damaged(`it has ${payload.length} of ${wanted} bytes of numbers`);
  if (hashOf(payload) !== header.sha256) return damaged('its numbers do not match their SHA-256');
  const { job, data } = named(name);
  if (header.data !== undefined && data !== undefined && header.data !== data) fail('learn/data-changed', { kind: 'file', path }, { was: header.data, is: data });
  if (header.job !== job) fail('learn/checkpoint-of-another-job', { kind: 'file', path }, {});
  const numbers = new Float32Array(payload.length / 4);
  bytesOf(numbers).set(payload);
  const part = (i: number): Float32Array => numbers.slice(i * header.parameters, (i + 1) * header.parameters);
  return { state: { step: header.step, parameters: part(0), first: part(1), second: part(2) }, first: header.first, last: header.last };
}

function readHeader<Progress>(text: string): Header<Progress> | null {
  try {
    const found = JSON.parse(text) as Partial<Header<Progress>> | null;
    const whole = found?.format === FORMAT && Number.isInteger(found.step) && Number.isInteger(found.parameters) && typeof found.job === 'string';
    return whole && typeof found.first === 'object' && typeof found.last === 'object' ? found as Header<Progress> : null;
  } catch {
    return null;
  }
}
