/**
 * Builds ONNX files for tests with `onnx-proto`, a writer that shares no code with our reader.
 * `buildModel({ nodes, ... })` gives the bytes of a ModelProto; the small functions beside it make
 * nodes, tensors and attributes. Nothing here checks the model: tests also need wrong ones.
 */
import onnxProto from 'onnx-proto';

const { onnx } = onnxProto as unknown as typeof import('onnx-proto');

type Attribute = number | string | readonly number[] | TensorSpec | { readonly float: number } | { readonly floats: readonly number[] };

/** ONNX element types by name. */
export const dataType = {
  float: 1, uint8: 2, int8: 3, uint16: 4, int16: 5, int32: 6, int64: 7, string: 8, bool: 9, float16: 10, double: 11,
  uint32: 12, uint64: 13, complex64: 14, bfloat16: 16,
} as const;
export type DataType = keyof typeof dataType;

export interface TensorSpec {
  readonly tensor: string;
  readonly dims: readonly number[];
  readonly type: DataType;
  /** Fields of TensorProto, as onnx-proto takes them. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly name?: string;
  readonly domain?: string;
}

export interface ValueSpec { readonly name: string; readonly dims: readonly (number | string)[]; readonly type?: DataType }

export interface ModelSpec {
  readonly nodes: readonly NodeSpec[];
  /** Default: one float input "x" of shape [N, 1, 4, 4]. */
  readonly inputs?: readonly ValueSpec[];
  /** Default: the first output of the last node. */
  readonly outputs?: readonly (string | ValueSpec)[];
  readonly initializers?: readonly TensorSpec[];
  /** Default 17. */
  readonly opset?: number;
  /** Default 8. */
  readonly irVersion?: number;
  readonly domains?: readonly { readonly domain: string; readonly version: number }[];
}

/** A node; `outputs` defaults to one output named like the node. */
export function node(op: string, inputs: readonly string[], outputs: string | readonly string[], attributes: NodeSpec['attributes'] = {}, rest: { readonly name?: string; readonly domain?: string } = {}): NodeSpec {
  const list = typeof outputs === 'string' ? [outputs] : outputs;
  return { op, inputs, outputs: list, attributes, name: rest.name ?? `${op}:${list[0] ?? ''}`, ...(rest.domain === undefined ? {} : { domain: rest.domain }) };
}

/** A float32 tensor as raw bytes. */
export function floats(name: string, dims: readonly number[], values: ArrayLike<number>): TensorSpec {
  return { tensor: name, dims, type: 'float', fields: { rawData: new Uint8Array((values instanceof Float32Array ? values.slice() : Float32Array.from(values)).buffer) } };
}

/** An int64 tensor as raw bytes; `dims` defaults to one axis. */
export function ints(name: string, values: readonly (number | bigint)[], dims: readonly number[] = [values.length]): TensorSpec {
  return { tensor: name, dims, type: 'int64', fields: { rawData: new Uint8Array(BigInt64Array.from(values, (v) => BigInt(v)).buffer) } };
}

/** A tensor of any type with the given TensorProto fields, right or wrong. */
export const tensor = (name: string, type: DataType, dims: readonly number[], fields: TensorSpec['fields']): TensorSpec => ({ tensor: name, dims, type, fields });

/** `count` float values that look random but are always the same: multiples of 1/64 between -1 and 1. */
export function values(count: number, seed = 1): Float32Array {
  let state = seed * 2654435761 >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 16) % 129 - 64) / 64;
  });
}

const writeTensor = (t: TensorSpec): Record<string, unknown> => ({ name: t.tensor, dims: [...t.dims], dataType: dataType[t.type], ...t.fields });

function writeAttribute(name: string, value: Attribute): Record<string, unknown> {
  if (typeof value === 'number') return Number.isInteger(value) ? { name, type: 2, i: value } : { name, type: 1, f: value };
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: 1, f: value.float };
  if ('floats' in value) return { name, type: 6, floats: [...value.floats] };
  if ('tensor' in value) return { name, type: 4, t: writeTensor(value) };
  return { name, type: 7, ints: [...value] };
}

function writeValue(value: ValueSpec): Record<string, unknown> {
  const dim = value.dims.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name: value.name, type: { tensorType: { elemType: dataType[value.type ?? 'float'], shape: { dim } } } };
}

/** The model as a plain object in onnx-proto's field names, for tests that bend it before writing. */
export function describeModel(spec: ModelSpec): Record<string, unknown> {
  const last = spec.nodes.at(-1)?.outputs[0];
  const outputs = spec.outputs ?? (last === undefined ? [] : [last]);
  return {
    irVersion: spec.irVersion ?? 8,
    producerName: 'spikeveil-tests',
    opsetImport: [{ domain: '', version: spec.opset ?? 17 }, ...(spec.domains ?? [])],
    graph: {
      name: 'test',
      node: spec.nodes.map((n) => ({
        opType: n.op, name: n.name ?? '', input: [...n.inputs], output: [...n.outputs], domain: n.domain ?? '',
        attribute: Object.entries(n.attributes ?? {}).map(([key, value]) => writeAttribute(key, value)),
      })),
      input: (spec.inputs ?? [{ name: 'x', dims: ['N', 1, 4, 4] }]).map(writeValue),
      output: outputs.map((o) => (typeof o === 'string' ? { name: o } : writeValue(o))),
      initializer: (spec.initializers ?? []).map(writeTensor),
    },
  };
}

/** The bytes of an ONNX file. */
export function buildModel(spec: ModelSpec): Uint8Array {
  return encodeModel(describeModel(spec));
}

/** Writes an object in onnx-proto's field names as it stands. */
export function encodeModel(model: Record<string, unknown>): Uint8Array {
  return Uint8Array.from(onnx.ModelProto.encode(onnx.ModelProto.create(model)).finish());
}
