// Small networks with every kind of step back, for the tests of gradients.
import type { CoreNode, Graph, NodeId } from '../../src/graph/graph.js';
import { sizeOf } from '../../src/graph/graph.js';
import { graphBuilder, windowOf, type GraphBuilder } from './build-graph.js';

export interface GradientCase { readonly graph: Graph<CoreNode>; readonly inner?: NodeId }

/** A network whose first part is the thing under test. */
export function headed(build: (b: GraphBuilder, input: NodeId) => NodeId, shape: readonly number[] = [4, 7, 6]): GradientCase {
  const b = graphBuilder(3);
  const made = build(b, b.input(shape));
  const flat = b.shapeOf(made).length === 1 ? made : b.add([made], { kind: 'reshape', shape: [sizeOf(b.shapeOf(made))] });
  return { graph: b.graph(b.dense(flat, 3)) as Graph<CoreNode>, inner: made };
}

export const relu = (b: GraphBuilder, from: NodeId, cap = Infinity): NodeId => b.add([from], { kind: 'relu', cap });

export const gradientCases: Readonly<Record<string, GradientCase>> = {
  'a dense layer': headed((b, x) => b.dense(x, 5), [9]),
  'a convolution with padding': headed((b, x) => b.conv(x, 5, windowOf(3, { pads: [1, 1, 1, 1] }))),
  'a convolution without padding': headed((b, x) => b.conv(x, 5, windowOf(3))),
  'stride 2, uneven pads': headed((b, x) => b.conv(x, 3, windowOf(3, { stride: [2, 2], pads: [1, 0, 2, 1] }))),
  'stride above the kernel, which skips pixels': headed((b, x) => b.conv(x, 3, windowOf(1, { stride: [2, 3] }))),
  'a stride above the picture': headed((b, x) => b.conv(x, 3, windowOf(2, { stride: [9, 9], pads: [0, 1, 0, 0] }))),
  'dilation and stride': headed((b, x) => b.conv(x, 4, windowOf(2, { dilation: [2, 3], stride: [3, 2], pads: [2, 1, 0, 2] }))),
  'groups': headed((b, x) => b.conv(x, 6, windowOf(3, { stride: [2, 1], pads: [1, 1, 1, 1] }), 2)),
  'one filter a channel': headed((b, x) => b.conv(x, 4, windowOf(3, { pads: [1, 1, 1, 1] }), 4)),
  'relu without cap': headed((b, x) => relu(b, b.conv(x, 5, windowOf(1)))),
  'relu with cap': headed((b, x) => relu(b, b.conv(x, 5, windowOf(1)), 0.6)),
  'an average pool': headed((b, x) => b.add([x], { kind: 'average-pool', window: windowOf(2, { stride: [2, 2] }), countPad: false })),
  'an average pool that overlaps, with padding': headed((b, x) => b.add([x], { kind: 'average-pool', window: windowOf(3, { stride: [2, 1], pads: [1, 1, 0, 1] }), countPad: false })),
  'an average pool that counts its padding': headed((b, x) => b.add([x], { kind: 'average-pool', window: windowOf(3, { stride: [2, 2], pads: [1, 1, 1, 1] }), countPad: true })),
  'a residual block': headed((b, x) => {
    const first = relu(b, b.conv(x, 4, windowOf(3, { pads: [1, 1, 1, 1] })));
    return relu(b, b.add([b.conv(first, 4, windowOf(3, { pads: [1, 1, 1, 1] })), first, x], { kind: 'add' }));
  }),
  'one value read three times, twice by one sum': headed((b, x) => {
    const first = relu(b, b.conv(x, 4, windowOf(1)));
    return b.add([first, first, b.conv(first, 4, windowOf(1))], { kind: 'add' });
  }),
};
