/**
 * The model card, `model.json` beside a model: how its input is laid out and normalised, how many
 * classes it knows, its licence and measured accuracy. Every wrong field is reported with its JSON pointer.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as AjvLibrary from 'ajv';
import type { ErrorObject, ValidateFunction } from 'ajv';
import type { Reporter } from '../diagnostics.js';
import type { ModelCard } from './model-card-schema.js';
import { describeReadProblem } from './read-problem.js';

export type { ModelCard } from './model-card-schema.js';

let compiled: ValidateFunction<ModelCard> | undefined;

/** Reads the schema as `model-card-schema.ts` prints it, and ajv only where there is a card: loading TypeBox would take longer than reading a model. */
function validator(): ValidateFunction<ModelCard> {
  if (compiled !== undefined) return compiled;
  const { Ajv } = createRequire(import.meta.url)('ajv') as typeof AjvLibrary;
  return compiled = new Ajv({ allErrors: true, strict: false, code: { optimize: false } })
    .compile<ModelCard>(JSON.parse(readFileSync(new URL('./model-card.schema.json', import.meta.url), 'utf8')) as object);
}

/** Largest card that is read. */
const MOST_BYTES = 2 ** 20;

/** Where the card of a model would be: `model.json` in the model's folder. Undefined if there is none. */
export function findModelCard(model: string): string | undefined {
  const path = join(dirname(model), 'model.json');
  return existsSync(path) ? path : undefined;
}

/** Reads and checks a model card. Throws `onnx/card-unreadable` or one `onnx/card-field` a wrong field. */
export function readModelCard(path: string, report: Reporter): ModelCard {
  const where = { kind: 'file', path } as const;
  let parsed: unknown;
  try {
    const bytes = statSync(path).size;
    if (bytes > MOST_BYTES) throw new Error(`it has ${bytes} bytes, a card has at most ${MOST_BYTES}`);
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    report.report('onnx/card-unreadable', where, { reason: describeReadProblem(error) });
    report.finish();
  }
  return checkModelCard(parsed, path, report);
}

/** Checks a parsed model card; `path` names it in diagnostics. */
export function checkModelCard(value: unknown, path: string, report: Reporter): ModelCard {
  const validate = validator();
  if (validate(value)) {
    if (value.input.mean.length !== value.input.std.length) {
      report.report('onnx/card-field', { kind: 'file', path, pointer: '/input/std' }, { problem: `mean has ${value.input.mean.length} values and std ${value.input.std.length}`, advice: 'give one mean and one standard deviation a channel' });
    }
    if (value.classNames !== undefined && value.classNames.length !== value.classes) {
      report.report('onnx/card-field', { kind: 'file', path, pointer: '/classNames' }, { problem: `it has ${value.classNames.length} names for ${value.classes} classes`, advice: 'give one name a class, in the order of the scores' });
    }
    report.finish();
    return value;
  }
  for (const { pointer, problem, advice } of summarise(validate.errors ?? [])) report.report('onnx/card-field', { kind: 'file', path, pointer }, { problem, advice });
  report.finish();
  throw new Error('internal: a wrong model card without a diagnostic');
}

interface FieldProblem { readonly pointer: string; readonly problem: string; readonly advice: string }

/** One problem a place: a union that fails gives ajv several errors there, of which the choices are worth a line. */
function summarise(errors: readonly ErrorObject[]): FieldProblem[] {
  const problems = new Map<string, FieldProblem>();
  for (const error of errors) {
    const { pointer, problem, advice } = describe(error);
    const earlier = problems.get(pointer);
    const choices = errors.filter((e) => e.instancePath === pointer && e.keyword === 'const').map((e) => JSON.stringify(e.params['allowedValue']));
    if (choices.length > 0) problems.set(pointer, { pointer, problem: `the value must be one of ${choices.join(', ')}`, advice: 'use one of the named values' });
    else if (earlier === undefined) problems.set(pointer, { pointer, problem, advice });
  }
  return [...problems.values()];
}

function describe(error: ErrorObject): FieldProblem {
  const escape = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
  if (error.keyword === 'required') {
    const key = String(error.params['missingProperty']);
    return { pointer: `${error.instancePath}/${escape(key)}`, problem: `"${key}" is missing`, advice: 'add it; the README lists the fields of a model card' };
  }
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params['additionalProperty']);
    return { pointer: `${error.instancePath}/${escape(key)}`, problem: `"${key}" is not a field of a model card`, advice: 'correct its spelling or remove it; the README lists the fields' };
  }
  return { pointer: error.instancePath, problem: `the value ${error.message ?? 'is wrong'}`, advice: 'correct the value; the README lists the fields' };
}
