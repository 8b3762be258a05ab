/**
 * How a lowering pass edits a graph. `rewriteGraph` walks the nodes in topological order and hands
 * each to a rule; the rule either keeps the node or emits others that compute the same value and
 * names the one that stands for it. A graph in which no rule did anything comes back as the same
 * object, so that a caller can skip the check of a pass that found no work.
 */
import { indexNodes, nodeId, type Graph, type GraphNode, type NodeId } from '../graph/graph.js';

/** What a rule sees and does. */
export interface Edit {
  /** A node of the new graph, by its (new) name. */
  readonly node: (id: NodeId) => GraphNode;
  /** Nodes of the old graph that read the value with this old name. */
  readonly consumers: (oldId: NodeId) => readonly GraphNode[];
  readonly isOutput: (oldId: NodeId) => boolean;
  /** Adds a node to the new graph; one that is already there is left alone. Returns its name. */
  readonly emit: (node: GraphNode) => NodeId;
  /** The name in the new graph of an old value that stands before the current node. */
  readonly renamed: (oldId: NodeId) => NodeId;
}

/** Gets a node whose inputs carry their new names, and the old node. Returns the name of the value's new node, or undefined to keep it. */
export type Rule = (node: GraphNode, edit: Edit, old: GraphNode) => NodeId | undefined;

/** A name for a helper node, derived from the node it helps. The role is a word: exporters number names themselves ("x:0"). */
export const derivedId = (id: NodeId, role: string): NodeId => nodeId(`${id}:${role}`);

export function consumersOf(graph: Graph): ReadonlyMap<NodeId, readonly GraphNode[]> {
  const consumers = new Map<NodeId, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const input of new Set(node.inputs)) {
      const list = consumers.get(input);
      if (list === undefined) consumers.set(input, [node]);
      else list.push(node);
    }
  }
  return consumers;
}

export function rewriteGraph(graph: Graph, rule: Rule): Graph {
  const consumers = consumersOf(graph);
  const outputs = new Set(graph.outputs);
  const names = new Map<NodeId, NodeId>();
  const made = new Map<NodeId, GraphNode>();
  const renamed = (id: NodeId): NodeId => names.get(id) ?? id;
  const edit: Edit = {
    node: (id) => {
      const found = made.get(id);
      if (found === undefined) throw new Error(`internal: ${id} is not yet in the new graph`);
      return found;
    },
    consumers: (id) => consumers.get(id) ?? [],
    isOutput: (id) => outputs.has(id),
    emit: (node) => { if (!made.has(node.id)) made.set(node.id, node); return node.id; },
    renamed,
  };
  let changed = false;
  for (const old of graph.nodes) {
    const node = renameInputs(old, renamed);
    const result = rule(node, edit, old);
    if (result === undefined) { edit.emit(node); continue; }
    changed = true;
    if (result !== old.id) names.set(old.id, result);
  }
  if (!changed) return graph;
  return dropDead({ nodes: [...made.values()], outputs: graph.outputs.map(renamed) });
}

/** Removes what no output needs. An input node stays. */
export function dropDead<N extends GraphNode>(graph: Graph<N>): Graph<N> {
  const nodes = indexNodes(graph);
  const live = new Set<NodeId>();
  const stack = [...graph.outputs];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (live.has(id)) continue;
    live.add(id);
    stack.push(...(nodes.get(id)?.inputs ?? []));
  }
  const kept = graph.nodes.filter((n) => live.has(n.id) || n.kind === 'input');
  return kept.length === graph.nodes.length ? graph : { ...graph, nodes: kept };
}

function renameInputs(node: GraphNode, renamed: (id: NodeId) => NodeId): GraphNode {
  return node.inputs.every((i) => renamed(i) === i) ? node : { ...node, inputs: node.inputs.map(renamed) };
}
