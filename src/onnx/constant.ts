/**
 * A tensor that is known at compile time: a weight, or a number that the model computes shapes with.
 * `readTensor` turns a TensorProto into one; it compares dims with the data before it allocates.
 */
import { elementType, isFloat, type ElementType, type Numbers } from './element-type.js';
import { readExternalData, type TensorSource } from './external-data.js';
import type { ListField, TensorRecord } from './model-proto.js';

export interface Constant {
  readonly kind: 'constant';
  readonly name: string;
  readonly dims: readonly number[];
  readonly type: ElementType;
  /** Row-major. Whole numbers are exact up to 2^53. */
  readonly data: Numbers;
}

/** Why a tensor cannot be read. */
export type TensorProblem =
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'data'; readonly problem: string }
  | { readonly kind: 'external'; readonly problem: string };
export type TensorResult = { readonly constant: Constant } | { readonly problem: TensorProblem };

interface Format {
  readonly bytes: number;
  readonly float: boolean;
  readonly list: ListField;
  /** Bits as they stand in the file (of int32_data for the short types) to a value; undefined: the bits are the value. */
  readonly read: (view: DataView, at: number) => number;
  readonly fromBits?: (bits: number) => number;
}

const formats: ReadonlyMap<number, Format> = new Map<number, Format>([
  [1, { bytes: 4, float: true, list: 'float', read: (v, at) => v.getFloat32(at, true) }],
  [2, { bytes: 1, float: false, list: 'int32', read: (v, at) => v.getUint8(at), fromBits: (b) => b & 0xff }],
  [3, { bytes: 1, float: false, list: 'int32', read: (v, at) => v.getInt8(at) }],
  [4, { bytes: 2, float: false, list: 'int32', read: (v, at) => v.getUint16(at, true), fromBits: (b) => b & 0xffff }],
  [5, { bytes: 2, float: false, list: 'int32', read: (v, at) => v.getInt16(at, true) }],
  [6, { bytes: 4, float: false, list: 'int32', read: (v, at) => v.getInt32(at, true) }],
  [7, { bytes: 8, float: false, list: 'int64', read: (v, at) => v.getInt32(at + 4, true) * 2 ** 32 + v.getUint32(at, true) }],
  [9, { bytes: 1, float: false, list: 'int32', read: (v, at) => (v.getUint8(at) === 0 ? 0 : 1), fromBits: (b) => (b === 0 ? 0 : 1) }],
  [10, { bytes: 2, float: true, list: 'int32', read: (v, at) => halfToNumber(v.getUint16(at, true)), fromBits: halfToNumber }],
  [11, { bytes: 8, float: true, list: 'double', read: (v, at) => v.getFloat64(at, true) }],
  [12, { bytes: 4, float: false, list: 'uint64', read: (v, at) => v.getUint32(at, true) }],
  [13, { bytes: 8, float: false, list: 'uint64', read: (v, at) => v.getUint32(at + 4, true) * 2 ** 32 + v.getUint32(at, true) }],
  [16, { bytes: 2, float: true, list: 'int32', read: (v, at) => bfloatToNumber(v.getUint16(at, true)), fromBits: bfloatToNumber }],
]);

const typeNames: ReadonlyMap<number, string> = new Map([
  [0, 'no type'], [1, 'float32'], [2, 'uint8'], [3, 'int8'], [4, 'uint16'], [5, 'int16'], [6, 'int32'], [7, 'int64'], [8, 'string'], [9, 'bool'],
  [10, 'float16'], [11, 'float64'], [12, 'uint32'], [13, 'uint64'], [14, 'complex64'], [15, 'complex128'], [16, 'bfloat16'],
  [17, 'float8e4m3fn'], [18, 'float8e4m3fnuz'], [19, 'float8e5m2'], [20, 'float8e5m2fnuz'], [21, 'uint4'], [22, 'int4'], [23, 'float4e2m1'], [24, 'float8e8m0'],
]);
/** An ONNX element type in words. */
export const typeName = (type: number): string => typeNames.get(type) ?? `type number ${type}`;
/** Whether an element type holds real numbers. */
export function isFloatType(type: number): boolean {
  const name = elementType(type);
  return name !== undefined && isFloat(name);
}

/** IEEE 754 half precision bits to a number. */
export function halfToNumber(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const scratch = new DataView(new ArrayBuffer(4));
/** bfloat16 bits, which are the upper half of a float32. */
export function bfloatToNumber(bits: number): number {
  scratch.setUint32(0, (bits & 0xffff) << 16);
  return scratch.getFloat32(0);
}

/** Reads a tensor. Without a source, external data are refused. `once`: it is not read again, so where the source owns the file's bytes it takes no others. */
export function readTensor(tensor: TensorRecord, source: TensorSource | undefined, once = false): TensorResult {
  const format = formats.get(tensor.type);
  if (format === undefined) return { problem: { kind: 'type', type: typeName(tensor.type) } };
  const count = countElements(tensor.dims);
  if (count === undefined) return { problem: { kind: 'data', problem: `its dims [${tensor.dims.join(', ')}] are not a shape` } };
  const finish = (data: Numbers): TensorResult => ({ constant: { kind: 'constant', name: tensor.name, dims: tensor.dims, type: elementType(tensor.type) as ElementType, data } });

  if (tensor.external !== undefined) {
    const read = readExternalData(tensor.external, count * format.bytes, source);
    return 'problem' in read ? { problem: { kind: 'external', problem: read.problem } } : finish(fromRaw(read.bytes, format, true));
  }
  const bytes = tensor.raw ?? (format.list === 'float' || format.list === 'double' ? join(tensor.lists[format.list]) : undefined);
  const found = bytes === undefined ? countVarints(tensor.lists[format.list]) : bytes.length / format.bytes;
  if (found !== count) {
    return { problem: { kind: 'data', problem: `its dims [${tensor.dims.join(', ')}] need ${count} elements, the data hold ${Number.isInteger(found) ? found : found.toFixed(2)}` } };
  }
  if (source !== undefined && (source.left -= count * (format.float && format.list !== 'double' ? 4 : 8)) < 0) {
    return { problem: { kind: 'data', problem: `with its ${count} elements the tensors of the model take more memory than a model of its size may` } };
  }
  return finish(bytes === undefined ? fromVarints(tensor.lists[format.list], count, format) : fromRaw(bytes, format, once && source?.owned === true && tensor.raw !== undefined));
}

/** Most axes of a tensor. */
export const HIGHEST_RANK = 16;

/** The product of the dims, or undefined if they are no shape that can exist in memory. */
export function countElements(dims: readonly number[]): number | undefined {
  if (dims.length > HIGHEST_RANK || dims.some((d) => !Number.isSafeInteger(d) || d < 0)) return undefined;
  const count = dims.reduce((a, b) => a * b, 1);
  return count <= 2 ** 32 ? count : undefined;
}

const join = (chunks: readonly Uint8Array[]): Uint8Array => (chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));

function fromRaw(bytes: Uint8Array, format: Format, owned: boolean): Numbers {
  const count = bytes.length / format.bytes;
  // WebAssembly and so this project is little-endian as ONNX is.
  if (format.list === 'float') return owned ? alignedInPlace(bytes) : new Float32Array(new Uint8Array(bytes).buffer);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = format.float && format.list !== 'double' ? new Float32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = format.read(view, i * format.bytes);
  return data;
}

/** From this length on, tag and length of a field take three bytes, which a tensor can be moved over once they are read. */
const HEADED = 128;

/** The numbers where they stand, moved by up to three bytes to where a Float32Array can begin: so weights take no memory beside the file's. */
function alignedInPlace(bytes: Uint8Array): Float32Array {
  const shift = bytes.byteOffset % 4;
  if (shift !== 0 && bytes.length < HEADED) return new Float32Array(new Uint8Array(bytes).buffer);
  const from = bytes.byteOffset - shift;
  if (shift !== 0) new Uint8Array(bytes.buffer, from, bytes.length + shift).copyWithin(0, shift);
  return new Float32Array(bytes.buffer as ArrayBuffer, from, bytes.length / 4);
}

/** How many varints the chunks hold: each ends with a byte below 128. A last one without an end counts as a half. */
function countVarints(chunks: readonly Uint8Array[]): number {
  let count = 0;
  for (const chunk of chunks) {
    for (const byte of chunk) if (byte < 128) count++;
    if (chunk.length > 0 && (chunk.at(-1) as number) >= 128) return count + 0.5;
  }
  return count;
}

function fromVarints(chunks: readonly Uint8Array[], count: number, format: Format): Numbers {
  const data = format.float && format.list !== 'double' ? new Float32Array(count) : new Float64Array(count);
  const wide = format.bytes === 8 || format.list === 'uint64';
  let next = 0;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      // Two halves of 32 bits, because a number's bit operations stop there.
      let low = 0;
      let high = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = chunk[at++];
        if (shift < 32) low |= (byte & 127) << shift;
        if (shift === 28) high |= (byte & 127) >> 4;
        if (shift > 28 && shift < 64) high |= (byte & 127) << (shift - 32);
        if (byte < 128) break;
      }
      const signedHigh = format.list === 'uint64' ? high >>> 0 : high;
      data[next++] = wide ? signedHigh * 2 ** 32 + (low >>> 0) : format.fromBits === undefined ? low : format.fromBits(low);
    }
  }
  return data;
}
