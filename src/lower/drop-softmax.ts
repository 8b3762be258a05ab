/**
 * Keeps the class scores only. The first output is taken, a softmax at the very end goes (it does
 * not change which score is largest), and whatever the scores do not need is dropped.
 */
import { sizeOf, type Graph, type GraphNode, type NodeId, indexNodes } from '../graph/graph.js';
import type { Reporter } from '../diagnostics.js';
import { derivedId, dropDead } from './edit.js';

export function dropSoftmax(graph: Graph, report: Reporter): Graph {
  const nodes = indexNodes(graph);
  const scores = scoresOf(graph);
  const extra: GraphNode[] = [];
  let output = graph.outputs[0];
  const last = nodes.get(output) as GraphNode;
  if (scores !== output) {
    output = scores;
    const source = nodes.get(scores) as GraphNode;
    if (last.kind === 'reshape') {
      output = derivedId(last.id, 'scores');
      extra.push({ kind: 'reshape', id: output, inputs: [source.id], shape: last.shape });
    }
  }
  const kept = dropDead({ nodes: [...graph.nodes, ...extra], outputs: [output] });
  for (const node of kept.nodes) {
    if (node.kind === 'softmax') report.report('lower/softmax-inside', { kind: 'node', node: node.id }, {});
  }
  const same = extra.length === 0 && graph.outputs.length === 1 && output === graph.outputs[0] && kept.nodes.length === graph.nodes.length;
  return same ? graph : kept;
}

/** The node that holds the class scores: the first output, or what the softmax at the end reads. */
export function scoresOf(graph: Graph): NodeId {
  const nodes = indexNodes(graph);
  let at = nodes.get(graph.outputs[0]) as GraphNode;
  while (at.kind === 'reshape') at = nodes.get(at.inputs[0]) as GraphNode;
  const overAll = at.kind === 'softmax' && at.shape[at.axis] === sizeOf(at.shape);
  return overAll ? at.inputs[0] : graph.outputs[0];
}
