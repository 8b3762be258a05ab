/**
 * Reads a chip from its JSON file: finds it by name or path, parses it, checks it against the schema
 * and then for contradictions that a schema cannot say. Every problem is reported at once with its
 * JSON pointer; a misspelt key gets a "did you mean".
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as AjvLibrary from 'ajv';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Reporter, fail } from '../diagnostics.js';
import { nearestName } from '../diagnostics/nearest-name.js';
import { COMPILE_BLOCKS } from './compile-blocks.js';
import type { Chip, Target } from './schema.js';
import { contradictions } from './contradictions.js';

const FOLDER = fileURLToPath(new URL('../../targets/', import.meta.url));
const SCHEMA_FILE = 'target.schema.json';
/** Far above any real target (about 12 kB); keeps a wrong file from being read whole. */
const MAX_BYTES = 1 << 20;

let compiled: ValidateFunction<Chip> | undefined;

/** Reads the schema as it is published, and ajv only here: loading TypeBox, or compiling the schema, takes longer than all else that `fit` does. */
function validator(): ValidateFunction<Chip> {
  if (compiled !== undefined) return compiled;
  const { Ajv } = createRequire(import.meta.url)('ajv') as typeof AjvLibrary;
  return compiled = new Ajv({ allErrors: true, verbose: true, strict: false, validateSchema: false, code: { optimize: false } }).compile<Chip>(JSON.parse(schemaText()) as object);
}

const schemaText = (): string => readFileSync(join(FOLDER, SCHEMA_FILE), 'utf8');

/** SHA-256 of a target's text together with the schema. `checked-targets.json` lists those of the built-in targets, which a test checks. */
export const targetDigest = (schema: string, text: string): string => createHash('sha256').update(schema).update('\0').update(text).digest('hex');

/** Whether this very text was held against this very schema before. */
function matchesSchema(text: string): boolean {
  const known = JSON.parse(readFileSync(new URL('./checked-targets.json', import.meta.url), 'utf8')) as readonly string[];
  return known.includes(targetDigest(schemaText(), text));
}

/** Names of the targets in a folder (the built-in ones unless told otherwise), sorted. */
export function listTargets(folder: string = FOLDER): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json') && file !== SCHEMA_FILE)
    .map((file) => basename(file, '.json'))
    .sort();
}

/**
 * Loads a target to compile for. A word such as `loihi2` is looked up in `folder`; anything with a slash or ending
 * in `.json` is a path. Throws a CompileError that holds everything wrong with the file, or says why nothing can
 * be compiled for the chip.
 */
export const loadTarget = (nameOrPath: string, folder: string = FOLDER): Target => asTarget(loadChip(nameOrPath, folder));

/** The same for any chip, whether programs can be compiled for it or not. */
export function loadChip(nameOrPath: string, folder: string = FOLDER): Chip {
  const path = /[/\\]|\.json$/.test(nameOrPath) ? nameOrPath : join(folder, `${nameOrPath}.json`);
  if (path !== nameOrPath && !listTargets(folder).includes(nameOrPath)) {
    const known = listTargets(folder);
    fail('target/not-found', { kind: 'nowhere' }, { name: nameOrPath, known, nearest: nearestName(nameOrPath, known) });
  }
  const text = readText(path);
  const value = parseJson(text, path);
  return matchesSchema(text) ? checkBlocks(value, [], path) : checkChip(value, path);
}

/** Checks the text of a target file; `path` is only named in messages. */
export function parseTarget(text: string, path: string): Target {
  return checkTarget(parseJson(text, path), path);
}

/** Checks a parsed target, for example the one that a program carries. */
export const checkTarget = (value: unknown, path: string): Target => asTarget(checkChip(value, path));

/** Checks a parsed description of a chip. */
export function checkChip(value: unknown, path: string): Chip {
  const validate = validator();
  return checkBlocks(value, validate(value) ? [] : validate.errors ?? [], path);
}

/** Contradictions are sought in every block whose keys and types are right, so that one look finds all. */
function checkBlocks(value: unknown, errors: readonly ErrorObject[], path: string): Chip {
  const report = new Reporter();
  reportSchemaErrors(errors, path, report);
  const wrong = new Set(errors.filter((e) => e.keyword !== 'additionalProperties').map((e) => e.instancePath.split('/')[1]));
  const blocks = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  for (const { pointer, problem, fix } of contradictions(Object.fromEntries(blocks.filter(([key]) => !wrong.has(key))), new Set(blocks.map(([key]) => key)))) {
    report.report('target/contradiction', { kind: 'file', path, pointer }, { problem, fix });
  }
  report.finish();
  return value as Chip;
}

/** Whether programs can be compiled for the chip: then every block that this needs is there. */
export const isTarget = (chip: Chip): chip is Target => chip.compile.supported && COMPILE_BLOCKS.every((block) => chip[block] !== undefined);

function asTarget(chip: Chip): Target {
  if (isTarget(chip)) return chip;
  return fail('target/cannot-compile', { kind: 'nowhere' }, { name: chip.name, title: chip.title, reasons: chip.compile.reasons });
}

function readText(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) fail('target/unreadable', { kind: 'file', path }, { reason: `it has ${size} bytes, a target at most ${MAX_BYTES}` });
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    const reason = error.code === 'ENOENT' ? 'it does not exist' : String(error.code);
    return fail('target/unreadable', { kind: 'file', path }, { reason });
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const stated = /at position (\d+)/.exec(String(error));
    const before = text.slice(0, Math.min(text.trimEnd().length, Number(stated?.[1] ?? Infinity))).split('\n');
    return fail('target/broken-json', { kind: 'file', path }, { line: before.length, column: before[before.length - 1].length + 1 });
  }
}

/** The part of a JSON schema that is needed to say in words what a value must be. */
interface SchemaNode {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly uniqueItems?: boolean;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

function reportSchemaErrors(errors: readonly ErrorObject[], path: string, report: Reporter): void {
  const reported = new Set<string>();
  for (const error of errors) {
    if (/\/anyOf\/\d+\//.test(error.schemaPath)) continue; // the union above it reports once
    const node = (error.parentSchema ?? {}) as SchemaNode;
    const where = { kind: 'file', path, pointer: error.instancePath || '/' } as const;
    if (error.keyword === 'additionalProperties') {
      const key = String(error.params.additionalProperty);
      const present = Object.keys(error.data as object);
      const allowed = Object.keys(node.properties ?? {}).filter((k) => !present.includes(k));
      report.report('target/unknown-key', where, { key, nearest: nearestName(key, allowed), allowed: Object.keys(node.properties ?? {}) });
    } else if (error.keyword === 'required') {
      const key = String(error.params.missingProperty);
      report.report('target/missing-key', where, { key, wanted: sentence(node.properties?.[key] ?? {}) });
    } else if (!reported.has(error.instancePath)) {
      reported.add(error.instancePath); // one sentence a value says all its rules
      report.report('target/wrong-value', where, { found: short(error.data), wanted: inWords(node), about: node.description ?? 'see targets/target.schema.json' });
    }
  }
}

const sentence = (node: SchemaNode): string => `${inWords(node)}${node.description === undefined ? '' : ` (${node.description})`}`;

const words: Readonly<Record<string, (node: SchemaNode) => string>> = {
  integer: (node) => `a whole number${bounds(node)}`,
  number: (node) => `a number${bounds(node)}`,
  string: (node) => (node.pattern === undefined ? 'a text, not empty' : `a text of the form ${node.pattern}`),
  boolean: () => 'true or false',
  array: (node) => `a list${node.uniqueItems === true ? ' without repeats' : ''}, not empty`,
  null: () => 'null',
  object: (node) => `an object with ${Object.keys(node.properties ?? {}).join(', ')}`,
};

function inWords(node: SchemaNode): string {
  if (node.anyOf !== undefined) return node.anyOf.map(inWords).join(' or ');
  if (node.const !== undefined) return JSON.stringify(node.const);
  return words[node.type ?? 'object'](node);
}

function bounds({ minimum, maximum, exclusiveMinimum }: SchemaNode): string {
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}`;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  return minimum === undefined ? '' : ` of at least ${minimum}`;
}

function short(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'; // may be nested without end
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
