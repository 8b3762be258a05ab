// Writes a network of VGG16's size as an ONNX file: 13 convolutions, a dense layer of 4096 and 10 classes
// on pictures of 3x32x32, with seeded random weights of the usual size. For timing the compiler.
import onnxProto from 'onnx-proto';
import { randomStream, substream, uniform } from '../../dist/random.js';

const { onnx } = onnxProto;
const BLOCKS = [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]];

const float = 1;
const bytesOf = (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
const value = (name, dims) => ({ name, type: { tensorType: { elemType: float, shape: { dim: dims.map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: d })) } } } });
const ints = (name, list) => ({ name, type: 7, ints: list });

/** He's initialisation: activations keep their size from layer to layer. */
function tensor(name, dims, fanIn) {
  const count = dims.reduce((a, b) => a * b, 1);
  const deviation = Math.sqrt(6 / fanIn);
  return { name, dims, dataType: float, rawData: bytesOf(Float32Array.from(uniform(substream(randomStream(16), name), count), (u) => (2 * u - 1) * deviation)) };
}

/**
 * Bytes of a ModelProto. All widths are divided by `narrow`; `side` is the picture's; `pooled` ends in a global
 * average pool, so that any side has the same weights.
 */
export function vgg16Model({ narrow = 1, side = 32, pooled = false } = {}) {
  const nodes = [];
  const initializer = [];
  let last = 'x';
  let channels = 3;
  const add = (opType, inputs, attribute = []) => {
    const output = `${opType.toLowerCase()}${nodes.length}`;
    nodes.push({ opType, name: output, input: inputs, output: [output], attribute });
    last = output;
  };
  const weighted = (opType, dims, attribute) => {
    const name = `w${nodes.length}`;
    initializer.push(tensor(name, dims, dims.slice(1).reduce((a, b) => a * b, 1)));
    add(opType, [last, name], attribute);
  };
  for (const block of BLOCKS) {
    for (const width of block.map((w) => w / narrow)) {
      weighted('Conv', [width, channels, 3, 3], [ints('kernel_shape', [3, 3]), ints('pads', [1, 1, 1, 1])]);
      add('Relu', [last]);
      channels = width;
    }
    add('AveragePool', [last], [ints('kernel_shape', [2, 2]), ints('strides', [2, 2])]);
  }
  if (pooled) add('GlobalAveragePool', [last]);
  add('Flatten', [last]);
  const transposed = [{ name: 'transB', type: 2, i: 1 }];
  const hidden = 4096 / narrow;
  weighted('Gemm', [hidden, channels * (pooled ? 1 : (side / 32) ** 2)], transposed);
  add('Relu', [last]);
  weighted('Gemm', [10, hidden], transposed);
  const graph = { name: 'vgg16', node: nodes, initializer, input: [value('x', ['N', 3, side, side])], output: [value(last, ['N', 10])] };
  return onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ domain: '', version: 17 }], graph }).finish();
}
