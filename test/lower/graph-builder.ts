/** Builds small graphs by hand: each method adds a node with random weights and returns its name. */
import { nodeId, sizeOf, type Graph, type GraphNode, type NodeId, type Pads, type Pair, type Shape, type Window } from '../../src/graph/graph.js';
import { outputShape } from '../../src/graph/shape.js';
import { normal, randomStream, substream, uniform } from '../../src/random.js';

type Fields<K extends GraphNode['kind']> = Omit<Extract<GraphNode, { kind: K }>, 'kind' | 'id' | 'inputs' | 'shape'>;

export interface Builder {
  /** Adds a node of any kind; its shape follows from its inputs unless given. */
  readonly node: <K extends GraphNode['kind']>(kind: K, inputs: readonly NodeId[], fields: Fields<K>, shape?: Shape) => NodeId;
  readonly input: (shape: Shape) => NodeId;
  readonly conv: (x: NodeId, channels: number, options?: Partial<Window> & { readonly groups?: number; readonly bias?: boolean }) => NodeId;
  readonly dense: (x: NodeId, features: number) => NodeId;
  readonly relu: (x: NodeId, cap?: number) => NodeId;
  readonly add: (...inputs: NodeId[]) => NodeId;
  readonly batchNorm: (x: NodeId) => NodeId;
  /** Scale and shift of one number a channel. */
  readonly affine: (x: NodeId) => NodeId;
  readonly flatten: (x: NodeId) => NodeId;
  readonly pool: (kind: 'max-pool' | 'average-pool', x: NodeId, size: number, options?: { stride?: number; pads?: Pads; countPad?: boolean }) => NodeId;
  readonly shape: (x: NodeId) => Shape;
  readonly graph: (...outputs: NodeId[]) => Graph;
}

export function graphBuilder(seed: number): Builder {
  const nodes: GraphNode[] = [];
  const stream = randomStream(seed);
  const counts = new Map<string, number>();
  const shape = (x: NodeId): Shape => (nodes.find((n) => n.id === x) as GraphNode).shape;
  const gaussian = (count: number, scale = 1): Float32Array =>
    Float32Array.from(normal(substream(stream, nodes.length * 8 + count % 8), count), (v) => v * scale);
  const positive = (count: number): Float32Array => Float32Array.from(uniform(substream(stream, nodes.length * 8 + 7), count), (v) => 0.5 + v);

  const node: Builder['node'] = (kind, inputs, fields, given) => {
    const number = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, number);
    const made = { kind, id: nodeId(`${kind}${number}`), inputs, ...fields, shape: given ?? [] } as unknown as GraphNode;
    const inferred = { ...made, shape: given ?? outputShape(made, inputs.map(shape)) } as GraphNode;
    nodes.push(inferred);
    return inferred.id;
  };
  return {
    node, shape,
    input: (s) => node('input', [], {}, s),
    conv: (x, channels, o = {}) => {
      const kernel: Pair = o.kernel ?? [3, 3];
      const groups = o.groups ?? 1;
      const fanIn = (shape(x)[0] / groups) * sizeOf(kernel);
      return node('conv', [x], {
        weight: gaussian(channels * fanIn, 1 / Math.sqrt(fanIn)), bias: o.bias === false ? new Float32Array(channels) : gaussian(channels, 0.3), groups,
        window: { kernel, stride: o.stride ?? [1, 1], dilation: o.dilation ?? [1, 1], pads: o.pads ?? [1, 1, 1, 1] },
      });
    },
    dense: (x, features) => node('dense', [x], { weight: gaussian(features * shape(x)[0], 1 / Math.sqrt(shape(x)[0])), bias: gaussian(features, 0.3) }),
    relu: (x, cap = Infinity) => node('relu', [x], { cap }),
    add: (...inputs) => node('add', inputs, {}),
    batchNorm: (x) => {
      const c = shape(x)[0];
      return node('batch-norm', [x], { gamma: gaussian(c), beta: gaussian(c, 0.5).reverse(), mean: gaussian(c, 0.2), variance: positive(c), epsilon: 1e-5 });
    },
    affine: (x) => {
      const places = sizeOf(shape(x)) / shape(x)[0];
      const scale = gaussian(shape(x)[0]);
      const shift = positive(shape(x)[0]);
      const spread = (v: Float32Array): Float32Array => Float32Array.from({ length: sizeOf(shape(x)) }, (_, i) => v[Math.floor(i / places)]);
      return node('affine', [x], { scale: spread(scale), shift: spread(shift) });
    },
    flatten: (x) => node('reshape', [x], {}, [sizeOf(shape(x))]),
    pool: (kind, x, size, o = {}) => {
      const stride = o.stride ?? size;
      const window: Window = { kernel: [size, size], stride: [stride, stride], dilation: [1, 1], pads: o.pads ?? [0, 0, 0, 0] };
      return kind === 'max-pool' ? node('max-pool', [x], { window }) : node('average-pool', [x], { window, countPad: o.countPad ?? true });
    },
    graph: (...outputs) => ({ nodes, outputs }),
  };
}
