/**
 * Where each node's output lives while a graph is evaluated. A buffer is free again after its last
 * reader; a node that can work in place takes over its first input's buffer when nobody else reads it
 * later, and a reshape always shares its input's buffer. Sizes and places count floats of one
 * sample: for n samples everything is n times as large.
 */
import type { Graph, GraphNode, NodeId, NodeKind } from './graph.js';
import { sizeOf } from './graph.js';

export interface MemoryPlan {
  /** Start of each node's buffer, in floats for one sample. */
  readonly places: ReadonlyMap<NodeId, number>;
  /** Floats for one sample that hold all buffers. */
  readonly length: number;
}

/** A stretch of floats that is taken until a step of the plan. */
export interface Buffer { readonly start: number; readonly length: number; lastUse: number }

const inPlace: Readonly<Record<NodeKind, boolean>> = {
  input: false, conv: false, dense: false, 'batch-norm': true, affine: true, relu: true, 'average-pool': false, 'max-pool': false,
  add: true, subtract: true, concat: false, reshape: true, transpose: false, pad: false, slice: false, softmax: true,
};

/** Rounded up so that buffers start on cache lines. */
export const rounded = (length: number): number => (length + 15) & ~15;

/** Plans the buffers of all nodes. */
export function planMemory(graph: Graph): MemoryPlan {
  const lastUse = lastReaders(graph);
  const buffers = new Map<NodeId, Buffer>();
  let live: Buffer[] = [];
  let length = 0;
  graph.nodes.forEach((node, now) => {
    live = live.filter((b) => b.lastUse >= now);
    const shared = sharedBuffer(node, buffers, now);
    const until = lastUse.get(node.id) ?? now;
    if (shared !== undefined) {
      shared.lastUse = Math.max(shared.lastUse, until);
      buffers.set(node.id, shared);
      return;
    }
    const buffer = place(live, rounded(sizeOf(node.shape)), until);
    live.push(buffer);
    buffers.set(node.id, buffer);
    length = Math.max(length, buffer.start + buffer.length);
  });
  return { places: new Map([...buffers].map(([id, b]) => [id, b.start])), length };
}

function lastReaders(graph: Graph): Map<NodeId, number> {
  const last = new Map<NodeId, number>();
  graph.nodes.forEach((node, i) => { for (const input of node.inputs) last.set(input, i); });
  return last;
}

function sharedBuffer(node: GraphNode, buffers: ReadonlyMap<NodeId, Buffer>, now: number): Buffer | undefined {
  if (!inPlace[node.kind]) return undefined;
  const first = buffers.get(node.inputs[0]);
  if (first === undefined) return undefined;
  // A sum of three or more is built up in the output, which must not be one of the later terms.
  if (node.inputs.slice(2).some((id) => buffers.get(id) === first)) return undefined;
  return node.kind === 'reshape' || first.lastUse === now ? first : undefined;
}

/** The lowest gap between live buffers that is long enough. */
export function place(live: readonly Buffer[], length: number, lastUse: number): Buffer {
  let start = 0;
  for (const b of [...live].sort((a, c) => a.start - c.start)) {
    if (b.start - start >= length) break;
    start = Math.max(start, b.start + b.length);
  }
  return { start, length, lastUse };
}
