/**
 * Checks that a graph is well formed: names, order, shapes, lengths of constants, finite numbers. A
 * breach is a bug of ours (the importer has already refused bad files), so it throws a plain Error
 * that names the node.
 */
import type { Graph, GraphNode, NodeId, NodeRules, Shape } from './graph.js';
import { dispatch } from './graph.js';
import { formatShape, outputShape } from './shape.js';

/** Throws Error at the first breach. */
export function verifyGraph(graph: Graph): void {
  const shapes = new Map<NodeId, Shape>();
  for (const node of graph.nodes) {
    if (shapes.has(node.id)) throw broken(node, 'another node has the same name');
    verifyNode(node, shapes);
    shapes.set(node.id, node.shape);
  }
  const inputs = graph.nodes.filter((n) => n.kind === 'input').length;
  if (inputs !== 1) throw new Error(`graph: ${inputs} inputs, one is needed`);
  if (graph.outputs.length === 0) throw new Error('graph: no output');
  for (const id of graph.outputs) if (!shapes.has(id)) throw new Error(`graph: output "${id}" is no node`);
}

const broken = (node: GraphNode, problem: string): Error => new Error(`graph: ${node.kind} "${node.id}": ${problem}`);

function verifyNode(node: GraphNode, shapes: ReadonlyMap<NodeId, Shape>): void {
  const inputs = node.inputs.map((id) => {
    const shape = shapes.get(id);
    if (shape === undefined) throw broken(node, `input "${id}" does not stand before it`);
    return shape;
  });
  if (node.shape.length === 0 || !node.shape.every((n) => Number.isInteger(n) && n >= 1)) throw broken(node, `shape [${node.shape.join(', ')}] is not made of positive whole numbers`);
  const expected = shapeByRule(node, inputs);
  if (formatShape(expected) !== formatShape(node.shape)) throw broken(node, `shape ${formatShape(node.shape)}, its rule gives ${formatShape(expected)}`);
  for (const [name, numbers] of Object.entries(constantsOf(node))) {
    const at = firstNotFinite(numbers);
    if (at >= 0) throw broken(node, `${name}[${at}] is ${numbers[at]}`);
  }
  if (node.kind === 'batch-norm' && node.variance.some((v) => !(v + node.epsilon > 0))) throw broken(node, 'variance + epsilon is not above 0');
  if ((node.kind === 'conv' || node.kind === 'dense') && node.statistics !== undefined) {
    const { mean, deviation } = node.statistics;
    if (mean.length !== node.shape[0] || deviation.length !== node.shape[0]) throw broken(node, `statistics of ${mean.length} and ${deviation.length} channels, ${node.shape[0]} needed`);
  }
}

/** Constants are never written again, so a large one is looked through once however many passes hand it on. */
const foundFinite = new WeakSet<object>();

function firstNotFinite(numbers: Float32Array | readonly number[]): number {
  if (foundFinite.has(numbers)) return -1;
  for (let i = 0; i < numbers.length; i++) if (!Number.isFinite(numbers[i])) return i;
  foundFinite.add(numbers);
  return -1;
}

function shapeByRule(node: GraphNode, inputs: readonly Shape[]): Shape {
  try {
    return outputShape(node, inputs);
  } catch (error) {
    throw broken(node, (error as Error).message);
  }
}

type Constants = Readonly<Record<string, Float32Array | readonly number[]>>;
const none = (): Constants => ({});
const constants: NodeRules<[], Constants> = {
  input: none,
  conv: (n) => ({ weight: n.weight, bias: n.bias }),
  dense: (n) => ({ weight: n.weight, bias: n.bias }),
  'batch-norm': (n) => ({ gamma: n.gamma, beta: n.beta, mean: n.mean, variance: n.variance, epsilon: [n.epsilon] }),
  affine: (n) => ({ scale: n.scale, shift: n.shift }),
  relu: none,
  'average-pool': none,
  'max-pool': none,
  add: none,
  subtract: none,
  concat: none,
  reshape: none,
  transpose: none,
  pad: none, // minus infinity is a fair border for a maximum
  slice: none,
  softmax: none,
};
const constantsOf = (node: GraphNode): Constants => dispatch(constants, node);
