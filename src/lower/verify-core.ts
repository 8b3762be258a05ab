/**
 * The normal form that the spiking conversion takes, and its check.
 *
 *  1. Nodes are input, conv, dense, average-pool, relu, add and reshape. There is one input, a
 *     picture [C, H, W] or a vector [features], and one output.
 *  2. A source is the input or a relu. Each relu becomes a population.
 *  3. Everything else is linear and hangs on sources in paths
 *         source -> [average-pool]? -> [reshape]? -> [conv | dense]?
 *     so an average-pool reads a source; a reshape reads a source or an average-pool; a conv reads a
 *     source or an average-pool; a dense layer reads a vector source or a reshape.
 *  4. An average-pool is aligned: window = stride, no padding, no dilation, and the picture divisible by it.
 *  5. A reshape flattens a picture to a vector, and only dense layers read it.
 *  6. An add sums paths: it reads sources, average-pools, convs and dense layers, never an add or a reshape.
 *  7. A relu reads a conv, a dense layer, an average-pool or an add. So does the output: it names one of these.
 *
 * A value may be read by several nodes. Caps of relus are above zero, Infinity for none.
 */
import { indexNodes, type CoreNode, type Graph, type GraphNode, type NodeId, type NodeKind } from '../graph/graph.js';
import { isAligned } from './compose.js';

export interface Violation { readonly node: NodeId; readonly problem: string }

const source: readonly NodeKind[] = ['input', 'relu'];
const summable: readonly NodeKind[] = [...source, 'average-pool', 'conv', 'dense'];
const rectifiable: readonly NodeKind[] = ['conv', 'dense', 'average-pool', 'add'];

/** Kinds that a core node may read. */
const readable: { readonly [K in CoreNode['kind']]: readonly NodeKind[] } = {
  input: [],
  relu: rectifiable,
  'average-pool': source,
  reshape: [...source, 'average-pool'],
  conv: [...source, 'average-pool'],
  dense: [...source, 'reshape'],
  add: summable,
};

/** True when the graph is in normal form. */
export function isCore(graph: Graph): graph is Graph<CoreNode> {
  return verifyCore(graph).length === 0;
}

/** Everything in the graph that breaks the normal form; empty when nothing does. */
export function verifyCore(graph: Graph): readonly Violation[] {
  const nodes = indexNodes(graph);
  const violations: Violation[] = graph.nodes.flatMap((node) => nodeProblems(node, nodes).map((problem) => ({ node: node.id, problem })));
  const inputs = graph.nodes.filter((n) => n.kind === 'input');
  for (const extra of inputs.slice(1)) violations.push({ node: extra.id, problem: 'is a second input' });
  for (const extra of graph.outputs.slice(1)) violations.push({ node: extra, problem: 'is a second output' });
  const output = nodes.get(graph.outputs[0]);
  if (output !== undefined && !rectifiable.includes(output.kind)) violations.push({ node: output.id, problem: `is the output and of kind ${output.kind}` });
  return violations;
}

function nodeProblems(node: GraphNode, nodes: ReadonlyMap<NodeId, GraphNode>): string[] {
  if (!isCoreNode(node)) return [`is of kind ${node.kind}`];
  const inputs = node.inputs.map((id) => nodes.get(id) as GraphNode);
  const problems = inputs.filter((i) => !readable[node.kind].includes(i.kind)).map((i) => `(${node.kind}) reads "${i.id}" of kind ${i.kind}`);
  return [...problems, ...shapeProblems(node, inputs)];
}

function shapeProblems(node: CoreNode, inputs: readonly GraphNode[]): string[] {
  switch (node.kind) {
    case 'average-pool': return isAligned(node, inputs[0].shape) ? [] : ['is an average pool that is not aligned'];
    case 'reshape': return node.shape.length === 1 && inputs[0].shape.length === 3 ? [] : ['is a reshape other than a flatten'];
    case 'dense': return inputs[0].shape.length === 1 ? [] : ['is a dense layer on a picture'];
    case 'input': return node.shape.length === 1 || node.shape.length === 3 ? [] : ['is an input that is neither a picture nor a vector'];
    case 'conv': case 'relu': case 'add': return [];
  }
}

const isCoreNode = (node: GraphNode): node is CoreNode => Object.hasOwn(readable, node.kind);
