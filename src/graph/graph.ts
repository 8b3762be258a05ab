/**
 * The float network. A `Graph` is a list of nodes in topological order (every input of a node stands
 * before it), discriminated on `kind`. Shapes are those of one sample: the batch axis is gone. A
 * picture is [channels, height, width] ("CHW"), a feature vector [features]. The importer produces
 * any kind; the lowering leaves only the `CoreNode` kinds, in the normal form that `verifyCore` checks.
 */

declare const brand: unique symbol;
/** The name of a node; unique within its graph. */
export type NodeId = string & { readonly [brand]: 'NodeId' };
export const nodeId = (name: string): NodeId => name as NodeId;

/** The shape of one sample's tensor, without the batch axis. */
export type Shape = readonly number[];
export type Pair = readonly [number, number];
/** top, left, bottom, right */
export type Pads = readonly [number, number, number, number];

/** How a filter slides over a picture: y is rows (first), x is columns (second). */
export interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly pads: Pads;
}

interface NodeBase {
  readonly id: NodeId;
  readonly inputs: readonly NodeId[];
  /** Shape of this node's output. */
  readonly shape: Shape;
}

/**
 * What batch norm says about the values that leave a node: over the training data, channel c is
 * close to a normal distribution with this mean (beta) and standard deviation (|gamma|).
 */
export interface ChannelStatistics {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** The image as the network takes it: [C, H, W] or [features], already normalised. */
export interface Input extends NodeBase { readonly kind: 'input' }
/** y[o] = bias[o] + sum over (i, ky, kx) of weight[o, i, ky, kx] x[i, y*stride + ky*dilation - pad, ...]; weight is [Co, Ci/groups, Kh, Kw]. */
export interface Conv extends NodeBase {
  readonly kind: 'conv';
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly window: Window;
  readonly groups: number;
  readonly statistics?: ChannelStatistics;
}
/** y = W x + b on a vector [in] -> [out]; weight is [out, in]. */
export interface Dense extends NodeBase {
  readonly kind: 'dense';
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly statistics?: ChannelStatistics;
}
/** y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, per channel (first axis). */
export interface BatchNorm extends NodeBase {
  readonly kind: 'batch-norm';
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly epsilon: number;
}
/** y = x * scale + shift by constants; each of the two has the full shape of one sample (already broadcast). */
export interface Affine extends NodeBase {
  readonly kind: 'affine';
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}
/** y = min(max(x, 0), cap); cap is Infinity for a plain ReLU. */
export interface Relu extends NodeBase { readonly kind: 'relu'; readonly cap: number }
/** Mean over the window. `countPad`: padded places count in the divisor. */
export interface AveragePool extends NodeBase { readonly kind: 'average-pool'; readonly window: Window; readonly countPad: boolean }
/** Maximum over the window; padding never wins. */
export interface MaxPool extends NodeBase { readonly kind: 'max-pool'; readonly window: Window }
/** Sum of all inputs, which have equal shapes. */
export interface Add extends NodeBase { readonly kind: 'add' }
/** First input minus the second. */
export interface Subtract extends NodeBase { readonly kind: 'subtract' }
/** Joins along `axis` of the sample's shape. */
export interface Concat extends NodeBase { readonly kind: 'concat'; readonly axis: number }
/** The same numbers in row-major order under another shape. */
export interface Reshape extends NodeBase { readonly kind: 'reshape' }
/** Output axis k is input axis permutation[k] (sample axes). */
export interface Transpose extends NodeBase { readonly kind: 'transpose'; readonly permutation: readonly number[] }
/** Constant padding; one [before, after] per sample axis. Negative numbers crop. */
export interface Pad extends NodeBase { readonly kind: 'pad'; readonly amounts: readonly Pair[]; readonly value: number }
/** One range per sample axis: places start, start + step, ... ; the count is the output shape. */
export interface Slice extends NodeBase { readonly kind: 'slice'; readonly ranges: readonly { readonly start: number; readonly step: number }[] }
/** exp(x) / sum exp(x) over `axis`; `log`: its logarithm. */
export interface Softmax extends NodeBase { readonly kind: 'softmax'; readonly axis: number; readonly log: boolean }

export type GraphNode =
  | Input | Conv | Dense | BatchNorm | Affine | Relu | AveragePool | MaxPool | Add | Subtract
  | Concat | Reshape | Transpose | Pad | Slice | Softmax;

/** What the lowering leaves: see `lower/verify-core.ts` for the normal form. `reshape` only flattens to [features]. */
export type CoreNode = Input | Conv | Dense | AveragePool | Relu | Add | Reshape;

export interface Graph<N extends GraphNode = GraphNode> {
  readonly nodes: readonly N[];
  /** The first output is the class scores. */
  readonly outputs: readonly NodeId[];
}

export type NodeKind = GraphNode['kind'];
/** One rule a kind: a new kind breaks every table that lacks it, at compile time. */
export type NodeRules<Args extends readonly unknown[], R, N extends GraphNode = GraphNode> = {
  readonly [K in N['kind']]: (node: Extract<N, { kind: K }>, ...args: Args) => R;
};
export function dispatch<N extends GraphNode, Args extends readonly unknown[], R>(
  rules: NodeRules<Args, R, N>, node: N, ...args: Args
): R {
  const rule = rules[node.kind as N['kind']] as (node: N, ...args: Args) => R;
  return rule(node, ...args);
}

/** Number of elements of a shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** Nodes by name. */
export function indexNodes<N extends GraphNode>(graph: Graph<N>): ReadonlyMap<NodeId, N> {
  return new Map(graph.nodes.map((n) => [n.id, n]));
}

/** Rows and columns of a window's output over a picture of the given height and width. */
export function windowOutput(window: Window, height: number, width: number): Pair {
  const span = (k: number, d: number): number => (k - 1) * d + 1;
  const [top, left, bottom, right] = window.pads;
  return [
    Math.floor((height + top + bottom - span(window.kernel[0], window.dilation[0])) / window.stride[0]) + 1,
    Math.floor((width + left + right - span(window.kernel[1], window.dilation[1])) / window.stride[1]) + 1,
  ];
}
