/**
 * The order of a model before any number is looked at: which nodes the outputs need, who gives each
 * value, a topological order, and the problems that show without shapes. An unsupported operator, a
 * product of two activations, a softmax in the middle are all found here, so that one run lists them all.
 */
import type { Reporter } from '../diagnostics.js';
import type { ModelRecord, NodeRecord } from './model-proto.js';
import { adviceFor, operators, type Operator } from './operators.js';

export interface Structure {
  /** Only the nodes that the outputs need, every node after those it reads. */
  readonly nodes: readonly NodeRecord[];
  /** Nodes that a problem has been reported for. */
  readonly refused: ReadonlySet<NodeRecord>;
  /** The one value fed from outside. */
  readonly input: ModelRecord['inputs'][number];
  /** Whether an operator reads the input that takes channels first only. */
  readonly readChannelsFirst: boolean;
}

export interface StructureRequest {
  readonly outputs: readonly string[];
  /** Names the model in diagnostics. */
  readonly file: string;
  /** Whether broken lines may stand in for functions that rectifiers cannot compute. */
  readonly approximate: boolean;
  readonly report: Reporter;
}

/** Sorts and checks the part of the model that gives `outputs`. Reports everything that is wrong; undefined if there is nothing left to import. */
export function structureOf(model: ModelRecord, { outputs, file, approximate, report }: StructureRequest): Structure | undefined {
  const where = { kind: 'file', path: file } as const;
  const producers = findProducers(model, file, report);
  const weights = new Set([...model.initializers.map((t) => t.name), ...model.sparseInitializers]);
  const fed = new Map(model.inputs.filter((v) => !weights.has(v.name)).map((v) => [v.name, v]));
  const order = sortNodes(outputs, producers);
  if ('cycle' in order) {
    const names = order.cycle.map((n) => `"${n.name}"`);
    report.report('onnx/cycle', where, { nodes: `${names.slice(0, 8).join(' -> ')}${names.length > 8 ? ' -> ...' : ''} -> ${names[0]}` });
    return undefined;
  }
  const read = new Set([...outputs, ...order.nodes.flatMap((n) => n.inputs)]);
  read.delete('');
  for (const value of read) if (!producers.has(value) && !weights.has(value) && !fed.has(value)) report.report('onnx/missing-value', where, { value });
  for (const name of model.sparseInitializers) if (read.has(name)) report.report('onnx/sparse', where, { tensor: name });
  const inputs = [...fed.values()].filter((v) => read.has(v.name));
  const refused = checkNodes(order.nodes, { fed: new Set(fed.keys()), outputs: new Set(outputs), approximate, report });
  const [input] = inputs;
  if (inputs.length !== 1 || input === undefined) {
    report.report('onnx/inputs', where, { names: inputs.map((v) => v.name) });
    return undefined;
  }
  const readChannelsFirst = order.nodes.some((n) => channelsFirst.has(n.op) && n.inputs[0] === input.name);
  return { nodes: order.nodes, refused, input, readChannelsFirst };
}

const channelsFirst = new Set(['Conv', 'BatchNormalization', 'AveragePool', 'MaxPool', 'GlobalAveragePool', 'GlobalMaxPool']);

/** The node that gives each value. */
function findProducers(model: ModelRecord, file: string, report: Reporter): ReadonlyMap<string, NodeRecord> {
  const producers = new Map<string, NodeRecord>();
  const taken = new Set<string>([...model.inputs.map((v) => v.name)]);
  const seen = new Set<string>();
  const twice = (value: string): void => report.report('onnx/duplicate-value', { kind: 'file', path: file }, { value });
  for (const tensor of model.initializers) {
    if (seen.has(tensor.name)) twice(tensor.name);
    seen.add(tensor.name);
    taken.add(tensor.name);
  }
  for (const node of model.nodes) {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (taken.has(output)) twice(output);
      taken.add(output);
      producers.set(output, node);
    }
  }
  return producers;
}

/** The sorted nodes, or those of a cycle in the direction of the data. */
type Order = { readonly nodes: readonly NodeRecord[] } | { readonly cycle: readonly NodeRecord[] };

/** Depth first with a stack of its own: a model may be a chain of any length. */
function sortNodes(outputs: readonly string[], producers: ReadonlyMap<string, NodeRecord>): Order {
  const nodes: NodeRecord[] = [];
  const state = new Map<NodeRecord, 'open' | 'done'>();
  for (const output of outputs) {
    const root = producers.get(output);
    const path: { readonly node: NodeRecord; next: number }[] = root === undefined || state.has(root) ? [] : [{ node: root, next: 0 }];
    if (root !== undefined && path.length > 0) state.set(root, 'open');
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const value = top.node.inputs[top.next++];
      if (value === undefined) {
        nodes.push(top.node);
        state.set(top.node, 'done');
        path.pop();
        continue;
      }
      const child = producers.get(value);
      if (child === undefined || state.get(child) === 'done') continue;
      if (state.get(child) === 'open') return { cycle: path.slice(path.findIndex((p) => p.node === child)).map((p) => p.node).reverse() };
      state.set(child, 'open');
      path.push({ node: child, next: 0 });
    }
  }
  return { nodes };
}

interface CheckContext { readonly fed: ReadonlySet<string>; readonly outputs: ReadonlySet<string>; readonly approximate: boolean; readonly report: Reporter }

function checkNodes(nodes: readonly NodeRecord[], { fed, outputs, approximate, report }: CheckContext): ReadonlySet<NodeRecord> {
  const refused = new Set<NodeRecord>();
  const readers = new Map<string, NodeRecord[]>();
  for (const node of nodes) {
    for (const value of new Set(node.inputs)) {
      const list = readers.get(value);
      if (list === undefined) readers.set(value, [node]);
      else list.push(node);
    }
  }
  // Values that depend on the image.
  const live = new Set(fed);
  for (const node of nodes) {
    const where = { kind: 'node', node: node.name } as const;
    const refuse: Reporter['report'] = (code, at, params) => { refused.add(node); report.report(code, at, params); };
    const op = node.domain === '' ? node.op : `${node.domain}:${node.op}`;
    const operator = node.domain === '' ? operators.get(node.op) : undefined;
    const isLive = node.inputs.some((v) => live.has(v));
    if (isLive && operator?.onlyDims !== true) node.outputs.forEach((o) => live.add(o));
    if (operator === undefined || (isLive && !carried(operator, approximate))) {
      refuse('onnx/unsupported-op', where, { op: operator === undefined ? op : `${op} of activations`, advice: adviceFor(node) });
      continue;
    }
    const second = node.outputs.slice(1).find((o) => o !== '' && (readers.has(o) || outputs.has(o)));
    if (second !== undefined && isLive && operator.manyOutputs !== true) refuse('onnx/second-output', where, { op, output: second });
    if (operator.oneActivation === true && node.inputs.slice(0, 2).filter((v) => live.has(v)).length === 2) refuse('onnx/two-activations', where, { op });
    for (const index of operator.constants ?? []) {
      const input = node.inputs[index];
      if (input !== undefined && live.has(input)) refuse('onnx/not-constant', where, { op, index, input });
    }
    if (node.op === 'Softmax' || node.op === 'LogSoftmax') {
      const reader = readerInside(node, readers);
      if (reader !== undefined) refuse('onnx/softmax-inside', where, { op, reader: reader.name });
    }
  }
  return refused;
}

/** Whether an operator can stand on activations. */
const carried = ({ fate, rule, onlyDims }: Operator, approximate: boolean): boolean => onlyDims === true || (rule !== undefined && (fate !== 'approximate' || approximate));

/** A node that computes with the result of `node`, if there is one. */
function readerInside(node: NodeRecord, readers: ReadonlyMap<string, readonly NodeRecord[]>): NodeRecord | undefined {
  const open = [node];
  const seen = new Set<NodeRecord>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const reader of next.outputs.flatMap((o) => readers.get(o) ?? [])) {
      const operator = operators.get(reader.op);
      if (operator?.passive !== true && operator?.onlyDims !== true) return reader;
      if (operator.passive === true && !seen.has(reader)) open.push(reader);
      seen.add(reader);
    }
  }
  return undefined;
}
