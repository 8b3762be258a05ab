/**
 * Runs the rules over the sorted nodes. Values are kept by name; a node whose inputs are all constants
 * is folded, any other becomes graph nodes. A node that is refused leaves its outputs unknown, and the
 * nodes behind it are passed over in silence, since their own problems cannot be told apart.
 */
import type { Code, Params, Reporter, Where } from '../diagnostics.js';
import { nodeId, type GraphNode, type NodeId } from '../graph/graph.js';
import { LARGEST_SAMPLE, type CanonicalInput } from './canonical-input.js';
import { readTensor, type Constant, type TensorProblem } from './constant.js';
import type { TensorSource } from './external-data.js';
import type { ModelRecord, NodeRecord, TensorRecord } from './model-proto.js';
import { operators } from './operators.js';
import { firstNotFinite, Refusal, refuse, type Draft, type RuleContext } from './rule.js';
import type { Structure } from './structure.js';
import { mayOverwrite } from './transpose-matrix.js';
import { product, sampleShape, type Activation, type Range, type Value } from './value.js';

export interface TranslationRequest {
  readonly model: ModelRecord;
  readonly opset: number;
  readonly structure: Structure;
  readonly input: CanonicalInput;
  readonly outputs: readonly string[];
  readonly source: TensorSource;
  /** Names the model in diagnostics. */
  readonly file: string;
  readonly report: Reporter;
  /** Bytes of the file: a model may make a few times as many numbers as it holds, not more. */
  readonly budget: number;
}

export interface Translation {
  /** Only nodes that an output needs; the input always. */
  readonly nodes: readonly GraphNode[];
  readonly outputs: ReadonlyMap<string, Activation>;
  readonly values: ReadonlyMap<string, NodeId>;
  /** Nodes that round activations in the file, each with its step. */
  readonly steps: ReadonlyMap<string, number>;
  /** Ranges that the file cuts activations off at and the graph does not, by node. */
  readonly cuts: ReadonlyMap<string, Range>;
  readonly input: CanonicalInput;
  readonly inputName: string;
}

interface State {
  readonly request: TranslationRequest;
  readonly nodes: GraphNode[];
  /** Names that are taken, each with the number that its next copy would get. */
  readonly ids: Map<string, number>;
  /** Undefined: given by a node that was refused, or a tensor that cannot be read. */
  readonly values: Map<string, Value | undefined>;
  readonly tensors: ReadonlyMap<string, TensorRecord>;
  /** How often a value is read, by name. */
  readonly readers: ReadonlyMap<string, number>;
  readonly steps: Map<string, number>;
  readonly cuts: Map<string, Range>;
  left: number;
  readonly allowed: number;
}

export function translate(request: TranslationRequest): Translation {
  const { model, structure, input, outputs, report } = request;
  // Room for affine nodes over a large picture and for weights that are folded several times over.
  const allowed = 2 ** 23 + 4 * request.budget;
  const state: State = {
    request, nodes: [], ids: new Map(), values: new Map(),
    tensors: new Map(model.initializers.map((t) => [t.name, t])), readers: countReaders(request), steps: new Map(), cuts: new Map(), left: allowed, allowed,
  };
  state.values.set(structure.input.name, emitInput(state, structure.input.name));
  for (const node of structure.nodes) translateNode(state, node);
  const found = new Map<string, Activation>();
  for (const name of outputs) {
    const value = lookUp(state, name);
    if (value?.kind === 'activation') found.set(name, value);
    else if (value !== undefined) report.report('onnx/constant-output', { kind: 'node', node: name }, { name });
  }
  const values = new Map<string, NodeId>();
  for (const [name, value] of state.values) if (value?.kind === 'activation') values.set(name, value.node);
  const nodes = neededNodes(state.nodes, [...found.values()].map((v) => v.node));
  return { nodes, outputs: found, values: keepNeeded(values, nodes), steps: state.steps, cuts: state.cuts, input, inputName: structure.input.name };
}

function countReaders({ structure, outputs }: TranslationRequest): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of [...outputs, ...structure.nodes.flatMap((n) => n.inputs)]) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function keepNeeded(values: ReadonlyMap<string, NodeId>, nodes: readonly GraphNode[]): ReadonlyMap<string, NodeId> {
  const ids = new Set(nodes.map((n) => n.id));
  return new Map([...values].filter(([, id]) => ids.has(id)));
}

/** The input node in its canonical form and what brings it to the declared one. */
function emitInput(state: State, name: string): Activation {
  const { input } = state.request;
  const { dims, batch, form } = input;
  const sample = sampleShape(dims, batch) ?? dims;
  switch (form) {
    case 'picture': return { kind: 'activation', node: push(state, { kind: 'input', inputs: [] }, sample, name), dims, image: true };
    case 'picture-channels-last': {
      const [h = 1, w = 1, c = 1] = sample;
      const source = push(state, { kind: 'input', inputs: [] }, [c, h, w], name);
      return { kind: 'activation', node: push(state, { kind: 'transpose', inputs: [source], permutation: [1, 2, 0] }, sample, `${name}/channels-last`), dims, image: true };
    }
    case 'features': {
      const source = push(state, { kind: 'input', inputs: [] }, [product(sample)], name);
      return { kind: 'activation', node: sample.length === 1 ? source : push(state, { kind: 'reshape', inputs: [source] }, sample, `${name}/declared-shape`), dims, image: true };
    }
  }
}

/** Adds a node under a name that no other node has. */
function push(state: State, draft: Draft, shape: readonly number[], name: string): NodeId {
  let id = name;
  for (let copy = state.ids.get(name) ?? 2; state.ids.has(id); copy++) {
    id = `${name}#${copy}`;
    state.ids.set(name, copy + 1);
  }
  state.ids.set(id, 2);
  state.nodes.push({ ...draft, id: nodeId(id), shape } as GraphNode);
  return nodeId(id);
}

function translateNode(state: State, node: NodeRecord): void {
  const { structure, report } = state.request;
  const result = structure.refused.has(node) ? undefined : attempt({ kind: 'node', node: node.name }, report, () => applyOperator(state, node));
  for (const [index, output] of node.outputs.entries()) if (output !== '') state.values.set(output, result?.[index]);
}

/** Runs `work`; a refusal is reported and gives undefined. */
function attempt<T>(where: Where, report: Reporter, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    report.report(error.code, where, error.params as Params<Code>);
    return undefined;
  }
}

/** The node's outputs in order; undefined behind a node that was refused. */
function applyOperator(state: State, node: NodeRecord): readonly Value[] | undefined {
  const operator = operators.get(node.op);
  if (operator === undefined) throw new Error(`internal: operator ${node.op} passed the check without a rule`);
  const inputs: (Value | undefined)[] = [];
  for (const name of node.inputs) {
    const value = name === '' ? undefined : lookUp(state, name);
    if (name !== '' && value === undefined) return undefined;
    inputs.push(value);
  }
  const context = contextFor(state, node, inputs);
  const known = inputs.every((v) => v === undefined || v.kind === 'constant');
  if (operator.evaluate !== undefined && (known || operator.onlyDims === true)) return listOf(operator.evaluate(context));
  const { rule } = operator;
  if (rule === undefined) throw new Error(`internal: operator ${node.op} has no rule for activations`);
  const quantised = inputs.find((v): v is Activation => v?.kind === 'activation' && v.quantised !== undefined)?.quantised;
  if (quantised !== undefined && operator.onQuantised === undefined) refuse('onnx/form', { op: node.op, problem: 'it works on the whole numbers of a quantised tensor', advice: 'put a DequantizeLinear before it, or export the float network' });
  const results = listOf(rule(context));
  for (const v of results) if (v.kind === 'activation' && v.quantised !== undefined && operator.onQuantised !== 'passes') state.steps.set(node.name, v.quantised.scale);
  return inputs.reduce((given, v) => (v?.kind === 'activation' ? carried(state, v, { results: given, passes: operator.onQuantised === 'passes' }) : given), results);
}

/** What an operator that passes numbers on says of them as of its input `x`. Books a range of x that nobody takes over. */
function carried(state: State, { node, quantised, within }: Activation, { results, passes }: { readonly results: readonly Value[]; readonly passes: boolean }): readonly Value[] {
  if (passes) return results.map((v) => (v.kind === 'activation' ? { ...v, ...(quantised === undefined ? {} : { quantised }), ...(within === undefined ? {} : { within }) } : v));
  const takenOver = (v: Value): boolean => v.kind === 'activation' && (v.within === within || state.nodes.some((n) => n.id === v.node && n.kind === 'relu' && n.inputs[0] === node));
  if (within !== undefined && !results.every(takenOver)) state.cuts.set(within.node, within);
  return results;
}

const listOf = <T extends Value>(result: T | readonly T[]): readonly T[] => ('kind' in result ? [result] : result);

function contextFor(state: State, node: NodeRecord, inputs: RuleContext['inputs']): RuleContext {
  const { opset, input: { batch }, source } = state.request;
  return {
    node, opset, batch, inputs,
    emit(draft, dims, suffix) {
      const shape = sampleShape(dims, batch);
      if (shape === undefined) return refuse('onnx/batch-axis', { op: node.op, dims: dims.join(', '), batch });
      const size = product(shape);
      if (shape.some((d) => !Number.isSafeInteger(d) || d < 1)) refuse('onnx/shape', { op: node.op, problem: `its result would have dims [${dims.join(', ')}]` });
      if (size > LARGEST_SAMPLE) refuse('onnx/too-large', { what: 'numbers in one sample', used: String(size), allowed: LARGEST_SAMPLE });
      return { kind: 'activation', node: push(state, draft, shape, suffix === undefined ? node.name : `${node.name}/${suffix}`), dims };
    },
    readTensor(tensor) {
      const read = readTensor(tensor, source);
      return 'constant' in read ? refuseNotFinite(read.constant) : refuseTensor(tensor.name === '' ? node.name : tensor.name, read.problem);
    },
    spend(count) {
      state.left -= count;
      if (state.left < 0) refuse('onnx/too-large', { what: 'numbers made from constants', used: `more than ${state.allowed}`, allowed: state.allowed });
    },
  };
}

/** A value by name; an initializer is read when it is first asked for. */
function lookUp(state: State, name: string): Value | undefined {
  const tensor = state.tensors.get(name);
  if (state.values.has(name) || tensor === undefined) return state.values.get(name);
  const { source, report, file } = state.request;
  const value = attempt({ kind: 'file', path: file }, report, () => {
    const read = readTensor(tensor, source, true);
    const constant = refuseNotFinite('constant' in read ? read.constant : refuseTensor(name, read.problem));
    if (state.readers.get(name) === 1 && constant.data instanceof Float32Array) mayOverwrite(constant.data);
    return constant;
  });
  state.values.set(name, value);
  return value;
}

function refuseTensor(tensor: string, problem: TensorProblem): never {
  switch (problem.kind) {
    case 'type': return refuse('onnx/tensor-type', { tensor, type: problem.type });
    case 'data': return refuse('onnx/tensor-data', { tensor, problem: problem.problem });
    case 'external': return refuse('onnx/external-data', { tensor, problem: problem.problem });
  }
}

/** An infinite single number may be a bound of Clip; any other number has to be finite. */
function refuseNotFinite(constant: Constant): Constant {
  const { data, name } = constant;
  const index = data.length === 1 ? data.findIndex((v) => Number.isNaN(v)) : firstNotFinite(data);
  return index < 0 ? constant : refuse('onnx/not-finite', { tensor: name, index, value: String(data[index]) });
}

/** The nodes that `outputs` read, in their order. The input is kept even if nothing reads it. */
function neededNodes(nodes: readonly GraphNode[], outputs: readonly NodeId[]): readonly GraphNode[] {
  const needed = new Set(outputs);
  const kept = [...nodes].reverse().filter((node) => {
    if (!needed.has(node.id) && node.kind !== 'input') return false;
    node.inputs.forEach((id) => needed.add(id));
    return true;
  });
  return kept.reverse();
}
