/**
 * A lowered network as a quantised ONNX model, as exporters write them: each weight as int8 behind a DequantizeLinear,
 * activations between pairs of QuantizeLinear and DequantizeLinear (the image as int8, what a rectifier leaves as uint8
 * from 0). Gives the whole weights of each filter too, so that tests can look for them in a program.
 */
import { indexNodes, type Conv, type CoreNode, type Dense, type Graph, type NodeId } from '../../src/graph/graph.js';
import { floats, node, tensor, type ModelSpec, type NodeSpec, type TensorSpec } from './build-model.js';

export interface QuantiseOptions {
  /** Filters with a scale for each output channel; the others have one. */
  readonly perChannel: (id: NodeId) => boolean;
  /** The largest magnitude of each activation, by node. */
  readonly ranges: ReadonlyMap<NodeId, number>;
}

export interface QuantisedModel {
  readonly spec: ModelSpec;
  /** Whole weights by filter, in the order of the node's own. */
  readonly whole: ReadonlyMap<NodeId, Int8Array>;
}

const LARGEST = 127;

export function quantiseModel(graph: Graph<CoreNode>, options: QuantiseOptions): QuantisedModel {
  const initializers: TensorSpec[] = [];
  const whole = new Map<NodeId, Int8Array>();
  const nodes = indexNodes(graph);
  const written = graph.nodes.flatMap((n): NodeSpec[] => {
    const range = options.ranges.get(n.id);
    const pair = (type: 'int8' | 'uint8'): NodeSpec[] => {
      if (range === undefined) throw new Error(`no range of ${n.id}`);
      initializers.push(floats(`${n.id}.scale`, [], [range / (type === 'int8' ? LARGEST : 255)]), tensor(`${n.id}.zero`, type, [], { rawData: new Uint8Array(1) }));
      return [node('QuantizeLinear', [n.id, `${n.id}.scale`, `${n.id}.zero`], `${n.id}.q`), node('DequantizeLinear', [`${n.id}.q`, `${n.id}.scale`, `${n.id}.zero`], `${n.id}.dq`)];
    };
    const inputs = n.inputs.map((id) => (['input', 'relu'].includes(nodes.get(id)!.kind) ? `${id}.dq` : id));
    switch (n.kind) {
      case 'input': return pair('int8');
      case 'relu': return [node('Relu', inputs, n.id), ...pair('uint8')];
      case 'add': return [node('Add', inputs, n.id)];
      case 'reshape': return [node('Flatten', inputs, n.id)];
      case 'average-pool': return [node('AveragePool', inputs, n.id, { kernel_shape: n.window.kernel, strides: n.window.stride })];
      case 'conv': case 'dense': {
        const { values, dequantised } = filter(n, options.perChannel(n.id), initializers);
        whole.set(n.id, values);
        const attributes: NodeSpec['attributes'] = n.kind === 'dense' ? { transB: 1 } : { kernel_shape: n.window.kernel, strides: n.window.stride, pads: n.window.pads, dilations: n.window.dilation, group: n.groups };
        return [dequantised, node(n.kind === 'dense' ? 'Gemm' : 'Conv', [...inputs, `${n.id}.weight`, `${n.id}.bias`], n.id, attributes)];
      }
    }
  });
  const shape = graph.nodes.find((n) => n.kind === 'input')!;
  return { spec: { inputs: [{ name: shape.id, dims: ['N', ...shape.shape] }], outputs: [...graph.outputs], nodes: written, initializers, opset: 13 }, whole };
}

/** The filter's int8 tensor, scales and bias among the initializers, and the node that makes real numbers of it. */
function filter(n: Conv | Dense, perChannel: boolean, initializers: TensorSpec[]): { readonly values: Int8Array; readonly dequantised: NodeSpec } {
  const outputs = n.bias.length;
  const perOutput = n.weight.length / outputs;
  const largest = (values: Float32Array): number => values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const scale = perChannel ? Array.from({ length: outputs }, (_, c) => largest(n.weight.subarray(c * perOutput, (c + 1) * perOutput)) / LARGEST) : [largest(n.weight) / LARGEST];
  const values = Int8Array.from(n.weight, (w, i) => Math.round(w / (scale[perChannel ? Math.floor(i / perOutput) : 0] || 1)));
  const dims = n.kind === 'dense' ? [outputs, perOutput] : [outputs, perOutput / (n.window.kernel[0] * n.window.kernel[1]), ...n.window.kernel];
  initializers.push(
    tensor(`${n.id}.whole`, 'int8', dims, { rawData: new Uint8Array(values.buffer) }), floats(`${n.id}.weight.scale`, perChannel ? [outputs] : [], scale),
    tensor(`${n.id}.weight.zero`, 'int8', perChannel ? [outputs] : [], { rawData: new Uint8Array(perChannel ? outputs : 1) }), floats(`${n.id}.bias`, [outputs], n.bias),
  );
  return { values, dequantised: node('DequantizeLinear', [`${n.id}.whole`, `${n.id}.weight.scale`, `${n.id}.weight.zero`], `${n.id}.weight`, { axis: 0 }) };
}
