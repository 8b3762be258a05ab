/** A lowered network small enough to make images for in a test: two convolutions with statistics, a pool, three classes. */
import type { CoreNode, Graph } from '../../src/graph/graph.js';
import type { PictureNormalisation } from '../../src/synthesise/picture.js';
import { graphBuilder, windowOf } from '../graph/build-graph.js';

export const SHAPE = [3, 8, 8] as const;
export const NORMALISATION: PictureNormalisation = { scale: 255, mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] };
export const MODEL = { sha256: 'ab'.repeat(32), name: 'small' } as const;

/** `statistics`: the convolutions say what mean and deviation their channels had. */
export function smallNetwork({ statistics = true } = {}): Graph<CoreNode> {
  const b = graphBuilder(5);
  const window = windowOf(3, { pads: [1, 1, 1, 1] });
  const first = b.add([b.conv(b.input(SHAPE), 6, window)], { kind: 'relu', cap: Infinity });
  const second = b.add([b.conv(first, 8, window)], { kind: 'relu', cap: Infinity });
  const pooled = b.add([second], { kind: 'average-pool', window: windowOf(4, { stride: [4, 4] }), countPad: false });
  const flat = b.add([pooled], { kind: 'reshape', shape: [32] });
  const graph = b.graph(b.dense(flat, 3)) as Graph<CoreNode>;
  if (!statistics) return graph;
  const known = (n: CoreNode): CoreNode => (n.kind !== 'conv' ? n : {
    ...n, statistics: { mean: new Float32Array(n.shape[0]).fill(0.3), deviation: new Float32Array(n.shape[0]).fill(1.5) },
  });
  return { ...graph, nodes: graph.nodes.map(known) };
}
