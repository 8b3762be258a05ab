/**
 * The ONNX front end: a file's bytes in, a `Graph` out. The stages stand below in their order: read
 * the protobuf, check versions, sort the nodes and look for what is not supported, give the input its
 * canonical form, then run one rule a node. Every problem found on the way is reported at once.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { CompileError, fail, type Reporter } from '../diagnostics.js';
import { sizeOf, type Graph, type NodeId } from '../graph/graph.js';
import { canonicalInput, type Layout } from './canonical-input.js';
import { translate, type Translation } from './translate.js';
import { tensorSource } from './external-data.js';
import type { ModelCard } from './model-card.js';
import { readModel, type ModelRecord } from './model-proto.js';
import { describeReadProblem } from './read-problem.js';
import { brokenLine, rectifiersOf, type BrokenLine } from './rules/approximation.js';
import { structureOf, type Structure } from './structure.js';
import { sampleShape, type Activation } from './value.js';

export const LOWEST_OPSET = 7;
export const HIGHEST_OPSET = 26;
export const HIGHEST_IR_VERSION = 13;
/** Most nodes of a graph: the largest published classifiers have a few thousand. */
const MOST_NODES = 65_536;
/** Largest file that is read: protobuf itself ends at 2 GiB. */
const MOST_BYTES = 2 ** 31 - 1;

export interface ImportOptions {
  readonly card?: ModelCard;
  /** Keep only the output of this name. */
  readonly output?: string;
  /** Axis order of the input, where neither card nor shape tells it. */
  readonly layout?: Layout;
  /** Puts broken lines in the place of functions that rectifiers cannot compute, and warns of their error. */
  readonly approximate?: boolean;
  /** False: the file's digest is not wanted; without a card that states one it is then left empty. */
  readonly digest?: boolean;
  readonly report: Reporter;
}

export interface ImportedModel {
  readonly graph: Graph;
  readonly sha256: string;
  readonly name: string;
  readonly opset: number;
  readonly irVersion: number;
  readonly producer: string;
  /** Nodes of the file by operator. */
  readonly operators: Readonly<Record<string, number>>;
  /** The graph node that computes each ONNX value, for comparisons layer by layer. */
  readonly values: ReadonlyMap<string, NodeId>;
}

/** Imports the ONNX file at `path`. Throws one CompileError with everything that is wrong. */
export function importOnnx(path: string, options: ImportOptions): ImportedModel {
  return importModel(readModelFile(path), { ...options, name: path, folder: dirname(path) }, true);
}

/** How many nodes the file at `path` has, whatever they are. Throws if it cannot be read. */
export const countNodes = (path: string): number => readModel(readModelFile(path), path).nodes.length;

function readModelFile(path: string): Uint8Array {
  const where = { kind: 'file', path } as const;
  try {
    const info = statSync(path);
    if (!info.isFile()) fail('onnx/unreadable', where, { reason: 'it is not a file' });
    if (info.size > MOST_BYTES) fail('onnx/too-large', where, { what: 'bytes', used: String(info.size), allowed: MOST_BYTES });
    return readFileSync(path);
  } catch (error) {
    if (error instanceof CompileError) throw error;
    return fail('onnx/unreadable', where, { reason: describeReadProblem(error) });
  }
}

interface NamedOptions extends ImportOptions { readonly name: string; readonly folder?: string }

/** Imports a model from memory. `name` stands in diagnostics; without `folder`, external data are refused. */
export const importOnnxBytes = (bytes: Uint8Array, options: NamedOptions): ImportedModel => importModel(bytes, options, false);

/** `owned`: the bytes may be changed, and the weights of the graph are views of them. */
function importModel(bytes: Uint8Array, options: NamedOptions, owned: boolean): ImportedModel {
  const { card, report, name, folder } = options;
  const model = readModel(bytes, name);
  if (model.nodes.length > MOST_NODES) fail('onnx/too-large', { kind: 'file', path: name }, { what: 'nodes', used: String(model.nodes.length), allowed: MOST_NODES });
  const opset = checkVersions(model, name, report);
  const sha256 = options.digest === false && card?.sha256 === undefined ? '' : createHash('sha256').update(bytes).digest('hex');
  if (card?.sha256 !== undefined && card.sha256 !== sha256) report.report('onnx/card-digest', { kind: 'file', path: name }, { card: card.sha256, model: sha256 });
  const outputs = chooseOutputs(model, options);
  const structure = structureOf(model, { outputs, file: name, approximate: options.approximate === true, report });
  const input = structure === undefined ? undefined : canonicalInput(structure.input, { card, layout: options.layout, readChannelsFirst: structure.readChannelsFirst }, report);
  if (structure === undefined || input === undefined) return stop(report);
  const translation = translate({ model, opset, structure, input, outputs, source: tensorSource(bytes.length, { folder, owned }), file: name, report, budget: bytes.length });
  report.finish();
  if (card !== undefined) checkCard(card, translation, options);
  requireOneOutput(translation, options);
  report.finish();
  warnOfLines(translation.values, structure, report);
  warnOfSteps(translation, report);
  return {
    graph: { nodes: translation.nodes, outputs: orderOutputs(translation, options).map((o) => o.node) },
    sha256, name: basename(name), opset, irVersion: model.irVersion, producer: model.producer,
    operators: countOperators(model), values: translation.values,
  };
}

/** One warning an operator whose nodes a broken line stands in for. */
function warnOfLines(values: Translation['values'], structure: Structure, report: Reporter): void {
  const lines = new Map<string, { readonly nodes: string[]; readonly line: BrokenLine }>();
  for (const node of structure.nodes) {
    const line = values.has(node.outputs[0]) ? brokenLine(node) : undefined;
    if (line === undefined) continue;
    const kind = `${node.op} ${line.error}`;
    lines.set(kind, { line, nodes: [...(lines.get(kind)?.nodes ?? []), node.name] });
  }
  for (const [kind, { line, nodes }] of lines) {
    report.report('onnx/approximated', { kind: 'node', node: nodes[0] }, { op: kind.split(' ')[0], others: nodes.length - 1, rectifiers: rectifiersOf(line), error: line.error });
  }
}

/** One warning for all places where the file rounds activations, and one for all where it cuts them off below zero. */
function warnOfSteps({ steps, cuts }: Translation, report: Reporter): void {
  const [cut] = cuts.values();
  if (cut !== undefined) report.report('onnx/not-saturated', { kind: 'node', node: cut.node }, { others: cuts.size - 1, low: cut.low, high: cut.high });
  const [first] = steps.keys();
  if (first !== undefined) report.report('onnx/not-rounded', { kind: 'node', node: first }, { others: steps.size - 1, step: Math.max(...steps.values()) });
}

/** Throws what has been reported. */
function stop(report: Reporter): never {
  report.finish();
  throw new Error('internal: the import stopped without a diagnostic');
}

function checkVersions(model: ModelRecord, file: string, report: Reporter): number {
  const where = { kind: 'file', path: file } as const;
  if (model.irVersion > HIGHEST_IR_VERSION || model.irVersion < 0) report.report('onnx/ir-version', where, { found: model.irVersion, highest: HIGHEST_IR_VERSION });
  const opset = model.opsets.get('');
  if (opset === undefined || opset < LOWEST_OPSET || opset > HIGHEST_OPSET) {
    report.report('onnx/opset', where, { found: opset === undefined ? 'no stated opset' : `opset ${opset}`, lowest: LOWEST_OPSET, highest: HIGHEST_OPSET });
  }
  report.finish();
  return opset ?? HIGHEST_OPSET;
}

/** The output that is asked for, else the one that the card names, else all: which of them holds the scores may show in their shapes. */
function chooseOutputs(model: ModelRecord, { output, card, name, report }: ImportOptions & { readonly name: string }): readonly string[] {
  const names = [...new Set(model.outputs.map((o) => o.name))];
  if (names.length === 0) report.report('onnx/no-output', { kind: 'file', path: name }, { nodes: model.nodes.length });
  else if (output !== undefined && !names.includes(output)) report.report('onnx/unknown-output', { kind: 'option', option: '--output' }, { name: output, names });
  report.finish();
  const wanted = output ?? names.find((n) => n === card?.output);
  return wanted === undefined ? names : [wanted];
}

/** Of several outputs one has to be the class scores: nobody would want a guess. */
function requireOneOutput({ outputs, input }: Translation, { card, name, report }: ImportOptions & { readonly name: string }): void {
  if (outputs.size < 2) return;
  const shapes = [...outputs].map(([output, { dims }]) => ({ output, shape: sampleShape(dims, input.batch) ?? dims }));
  if (shapes.filter(({ shape }) => sizeOf(shape) === card?.classes).length === 1) return;
  report.report('onnx/several-outputs', { kind: 'file', path: name }, { outputs: shapes.map(({ output, shape }) => `"${output}" of shape [${shape.join(', ')}]`) });
}

/** The class scores first: the output the card names, else the first of as many numbers as there are classes. */
function orderOutputs({ outputs, input }: Translation, { card }: ImportOptions): readonly Activation[] {
  const entries = [...outputs];
  const scores = entries.find(([name]) => name === card?.output)
    ?? entries.find(([, value]) => sizeOf(sampleShape(value.dims, input.batch) ?? []) === card?.classes)
    ?? entries[0];
  return [...entries.filter((e) => e === scores), ...entries.filter((e) => e !== scores)].map(([, value]) => value);
}

function checkCard(card: ModelCard, translation: Translation, options: ImportOptions & { readonly name: string }): void {
  const { input, outputs } = translation;
  const where = { kind: 'file', path: options.name } as const;
  const mismatch = (field: string, stated: string, found: string): void => options.report.report('onnx/card-mismatch', where, { field, card: stated, model: found });
  if (card.input.name !== undefined && card.input.name !== translation.inputName) mismatch('input.name', `"${card.input.name}"`, `"${translation.inputName}"`);
  const sample = sampleShape(input.dims, input.batch) ?? [];
  const channels = input.form === 'picture' ? sample[0] : input.form === 'picture-channels-last' ? sample[2] : undefined;
  const means = card.input.mean.length;
  if (channels !== undefined && means !== channels) mismatch('the length of input.mean', String(means), `${channels} channel${channels === 1 ? '' : 's'}`);
  if (channels === undefined && sizeOf(sample) % means !== 0) mismatch('the length of input.mean', String(means), `${sizeOf(sample)} features`);
  if (options.output === undefined && card.output !== undefined && !outputs.has(card.output)) mismatch('output', `"${card.output}"`, [...outputs.keys()].map((o) => `"${o}"`).join(', '));
  const [scores] = orderOutputs(translation, options);
  const classes = scores === undefined ? 0 : sizeOf(sampleShape(scores.dims, input.batch) ?? []);
  if (options.output === undefined && classes !== card.classes) mismatch('classes', String(card.classes), `${classes} class scores`);
}

function countOperators(model: ModelRecord): Record<string, number> {
  const counts = new Map<string, number>();
  for (const node of model.nodes) {
    const op = node.domain === '' ? node.op : `${node.domain}:${node.op}`;
    counts.set(op, (counts.get(op) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
