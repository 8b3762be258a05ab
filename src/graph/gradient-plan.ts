/**
 * Where values and gradients live while a network is run forward and back. Values stay until the end,
 * since a rectifier's mask is needed on the way back; a gradient lives from the first reader that gives
 * its share until its node has passed it on. Sizes and places count floats of one sample.
 */
import type { CoreNode, Graph, NodeId } from './graph.js';
import { indexNodes, sizeOf } from './graph.js';
import { place, rounded, type Buffer } from './memory-plan.js';

export interface GradientPlan {
  /** Start of each node's output. */
  readonly values: ReadonlyMap<NodeId, number>;
  readonly valuesLength: number;
  /** Start of the gradient with respect to each node's output; nodes that the output does not depend on have none. */
  readonly gradients: ReadonlyMap<NodeId, number>;
  readonly gradientsLength: number;
}

/** Plans both; the values of `watched` nodes are never overwritten. */
export function planGradients(graph: Graph<CoreNode>, watched: ReadonlySet<NodeId>): GradientPlan {
  const nodes = indexNodes(graph);
  const readers = new Map<NodeId, number>();
  for (const node of graph.nodes) for (const id of node.inputs) readers.set(id, (readers.get(id) ?? 0) + 1);
  const soleReader = (id: NodeId): boolean => readers.get(id) === 1;
  return { ...planValues(graph, (id) => soleReader(id) && !watched.has(id) && overwritable(nodes.get(id))), ...planBack(graph, soleReader) };
}

/** Values that nothing needs on the way back. */
const overwritable = (node: CoreNode | undefined): boolean => node !== undefined && node.kind !== 'input' && node.kind !== 'relu' && node.kind !== 'reshape';

function planValues(graph: Graph<CoreNode>, mayOverwrite: (id: NodeId) => boolean): Pick<GradientPlan, 'values' | 'valuesLength'> {
  const values = new Map<NodeId, number>();
  let length = 0;
  for (const node of graph.nodes) {
    const [first] = node.inputs;
    const inPlace = node.kind === 'reshape' || ((node.kind === 'relu' || node.kind === 'add') && mayOverwrite(first));
    const shared = inPlace ? values.get(first) : undefined;
    values.set(node.id, shared ?? length);
    if (shared === undefined) length += rounded(sizeOf(node.shape));
  }
  return { values, valuesLength: length };
}

/** Backwards, a node that hands its gradient on unchanged or masked shares the buffer with an input that nobody else reads. */
function planBack(graph: Graph<CoreNode>, soleReader: (id: NodeId) => boolean): Pick<GradientPlan, 'gradients' | 'gradientsLength'> {
  const sizes = new Map(graph.nodes.map((n) => [n.id, rounded(sizeOf(n.shape))]));
  const order = new Map(graph.nodes.map((n, i) => [n.id, graph.nodes.length - i]));
  const buffers = new Map<NodeId, Buffer>();
  let live: Buffer[] = [];
  let length = 0;
  const open = (id: NodeId): void => {
    const buffer = place(live, sizes.get(id) ?? 0, order.get(id) ?? 0);
    live.push(buffer);
    buffers.set(id, buffer);
    length = Math.max(length, buffer.start + buffer.length);
  };
  open(graph.outputs[0]);
  for (const node of graph.nodes.toReversed()) {
    const own = buffers.get(node.id);
    if (own === undefined) continue;
    const now = order.get(node.id) ?? 0;
    live = live.filter((b) => b.lastUse >= now);
    node.inputs.forEach((id, i) => {
      if (buffers.has(id)) return;
      const passes = node.kind === 'relu' || node.kind === 'reshape' || node.kind === 'add';
      if (passes && i === 0 && soleReader(id)) {
        own.lastUse = order.get(id) ?? 0;
        buffers.set(id, own);
      } else open(id);
    });
  }
  return { gradients: new Map([...buffers].map(([id, b]) => [id, b.start])), gradientsLength: length };
}
