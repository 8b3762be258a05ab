/**
 * The wire writer: a lowered network as the bytes of an ONNX file, so that weights which were pruned or trained here go to
 * `compile` and to any other tool. One operator a node (Conv, Gemm, AveragePool, Relu or Clip, Add, Flatten), in the
 * schema that the reader uses; the input is [N, C, H, W] or [N, features], and the same network gives the same bytes.
 */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { dispatch, indexNodes, type CoreNode, type Graph, type NodeRules, type Shape, type Window } from '../graph/graph.js';

const OPSET = 13;
const IR_VERSION = 8;
const FLOAT = 1;

type Message = Readonly<Record<string, unknown>>;
interface Written { readonly node: Message; readonly initializers: readonly Message[] }

/** The bytes of a ModelProto with these weights; a node without a bias reader keeps its zeros. `producer` is written into the file. */
export function writeOnnx(graph: Graph<CoreNode>, producer: string): Uint8Array {
  const type = protobuf.parse(readFileSync(new URL('./onnx.proto', import.meta.url), 'utf8')).root.lookupType('onnx.ModelProto');
  const nodes = indexNodes(graph);
  const written = graph.nodes.filter((n) => n.kind !== 'input').map((n) => dispatch(rules, n));
  const ends = (ids: readonly string[]): Message[] => graph.nodes.filter((n) => ids.includes(n.id)).map((n) => valueOf(n.id, n.shape));
  const model: Message = {
    irVersion: IR_VERSION, producerName: producer, opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name: 'network', node: written.map((w) => w.node), initializer: written.flatMap((w) => w.initializers),
      input: ends(graph.nodes.filter((n) => n.kind === 'input').map((n) => n.id)), output: graph.outputs.map((id) => valueOf(id, nodes.get(id)!.shape)),
    },
  };
  return Uint8Array.from(type.encode(type.fromObject(model)).finish());
}

const valueOf = (name: string, shape: Shape): Message => ({ name, type: { tensorType: { elemType: FLOAT, shape: { dim: [{ dimParam: 'N' }, ...shape.map((dimValue) => ({ dimValue }))] } } } });
const ints = (name: string, values: readonly number[]): Message => ({ name, type: 7, ints: [...values] });
const int = (name: string, i: number): Message => ({ name, type: 2, i });
const windowAttributes = ({ kernel, stride, pads }: Window): Message[] => [ints('kernel_shape', kernel), ints('strides', stride), ints('pads', pads)];

function tensor(name: string, dims: readonly number[], values: Float32Array): Message {
  const rawData = Buffer.alloc(4 * values.length);
  values.forEach((v, i) => rawData.writeFloatLE(v, 4 * i));
  return { name, dims: [...dims], dataType: FLOAT, rawData };
}

const written = (node: CoreNode, opType: string, attribute: readonly Message[] = [], initializers: readonly Message[] = []): Written =>
  ({ node: { opType, name: node.id, input: [...node.inputs, ...initializers.map((t) => t['name'])], output: [node.id], attribute }, initializers });

const weightName = (id: string): string => `${id}.weight`;
const biasName = (id: string): string => `${id}.bias`;

const rules: NodeRules<readonly [], Written, CoreNode> = {
  input: () => { throw new Error('internal: an input is no operator'); },
  conv: (node) => {
    const { id, weight, bias, window, groups } = node;
    const perFilter = weight.length / bias.length;
    const dims = [bias.length, perFilter / (window.kernel[0] * window.kernel[1]), ...window.kernel];
    return written(node, 'Conv', [...windowAttributes(window), ints('dilations', window.dilation), int('group', groups)], [tensor(weightName(id), dims, weight), tensor(biasName(id), [bias.length], bias)]);
  },
  dense: (node) => {
    const { id, weight, bias } = node;
    return written(node, 'Gemm', [int('transB', 1)], [tensor(weightName(id), [bias.length, weight.length / bias.length], weight), tensor(biasName(id), [bias.length], bias)]);
  },
  'average-pool': (node) => written(node, 'AveragePool', [...windowAttributes(node.window), int('count_include_pad', node.countPad ? 1 : 0)]),
  relu: (node) => (node.cap === Infinity ? written(node, 'Relu')
    : written(node, 'Clip', [], [tensor(`${node.id}.least`, [], Float32Array.of(0)), tensor(`${node.id}.cap`, [], Float32Array.of(node.cap))])),
  add: (node) => written(node, node.inputs.length === 2 ? 'Add' : 'Sum'),
  reshape: (node) => written(node, 'Flatten', [int('axis', 1)]),
};
