/**
 * Reads a run file and checks it before anything is drawn from it: size, JSON, format and version,
 * the schema, and that its parts agree with each other. Every problem is reported with its place.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { Reporter, fail, type Where } from '../diagnostics.js';
import { clip, parseJson, readJsonText } from './read-json.js';
import { RUN_FORMAT, RUN_VERSION, RunSchema, type RunRecord } from './run-schema.js';

const MAX_PROBLEMS = 20;

let compiled: ValidateFunction | undefined;

/** The text of a run file. */
export const printRunRecord = (record: RunRecord): string => `${JSON.stringify(record)}\n`;

/** Reads and checks the file at `path`. Throws a CompileError with `report/...` diagnostics. */
export function readRunRecord(path: string): RunRecord {
  return parseRunRecord(readJsonText(path), path);
}

/** Checks the text of a run file; `path` is only named in messages. */
export function parseRunRecord(text: string, path: string): RunRecord {
  return checkRunRecord(parseJson(text, path), path);
}

/** Checks what a run file held. */
export function checkRunRecord(value: unknown, path: string): RunRecord {
  const where: Where = { kind: 'file', path };
  const head = (typeof value === 'object' && value !== null ? value : {}) as { readonly format?: unknown; readonly version?: unknown };
  if (head.format !== RUN_FORMAT) fail('report/not-a-run', where, { found: head.format === undefined ? 'missing' : clip(JSON.stringify(head.format)) });
  if (typeof head.version === 'number' && head.version !== RUN_VERSION) fail('report/version', where, { found: head.version, known: RUN_VERSION });
  const report = new Reporter();
  compiled ??= new Ajv({ allErrors: true, strict: true }).compile(RunSchema);
  if (!compiled(value)) reportSchemaErrors(compiled.errors ?? [], path, report);
  report.finish();
  const record = value as RunRecord;
  checkAgreement(record, path, report);
  report.finish();
  return record;
}

function reportSchemaErrors(errors: readonly ErrorObject[], path: string, report: Reporter): void {
  const telling = errors.filter((e) => !/\/anyOf\/\d+\//.test(e.schemaPath));
  for (const error of telling.slice(0, MAX_PROBLEMS)) {
    const extra = error.keyword === 'additionalProperties' ? ` "${clip(String((error.params as { readonly additionalProperty: string }).additionalProperty))}"` : '';
    const problem = error.keyword === 'anyOf' ? 'is none of the forms it may have' : `${error.message ?? error.keyword}${extra}`;
    report.report('report/invalid', { kind: 'file', path, pointer: clip(error.instancePath || '/') }, { problem });
  }
}

/** What a schema cannot say: lists that belong together have the same length, indices point at something. */
function checkAgreement(record: RunRecord, path: string, report: Reporter): void {
  const check = (pointer: string, what: string, expected: number, found: number): void => {
    if (expected !== found) report.report('report/inconsistent', { kind: 'file', path, pointer }, { what, expected, found });
  };
  const { accuracy, compilation, layers, cores, raster, energy, data } = record;
  check('/accuracy/byStep', 'accuracies, one a step', compilation.timesteps, accuracy.byStep.length);
  if (accuracy.correct > data.samples) check('/accuracy/correct', 'correct samples, at most all', data.samples, accuracy.correct);
  check('/cores', 'cores', compilation.coresUsed, cores.length);
  check('/energy/populations', 'energies, one a layer', layers.length, energy.populations.length);
  const lost = cores.filter((c) => c.layer >= layers.length).length;
  check('/cores', 'cores of a layer that does not exist', 0, lost);
  if (raster === null) return;
  check('/raster/every', 'raster strides, one a layer', layers.length, raster.every.length);
  check('/raster/neuron', 'raster neurons, one a spike', raster.layer.length, raster.neuron.length);
  check('/raster/step', 'raster steps, one a spike', raster.layer.length, raster.step.length);
  if (raster.sign !== undefined) check('/raster/sign', 'raster signs, one a spike', raster.layer.length, raster.sign.length);
  check('/raster/layer', 'raster spikes of a layer that does not exist', 0, raster.layer.filter((l) => l >= layers.length).length);
}
