/**
 * The wire reader: bytes of an ONNX file to plain readonly records. The schema is `onnx.proto` beside
 * this file, read by protobufjs; `check-wire.ts` has gone over the bytes before, so what is decoded here
 * is bounded. Tensor data stay views of the file: nothing is copied until a tensor is used.
 */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { fail } from '../diagnostics.js';
import { checkWire, DEEPEST_MESSAGE, type WireProblem } from './check-wire.js';
import { describeForeignFile } from './file-kind.js';

export interface TensorRecord {
  readonly name: string;
  readonly dims: readonly number[];
  /** Element type by its ONNX number. */
  readonly type: number;
  readonly raw: Uint8Array | undefined;
  /** Packed number lists, as they stand in the file. */
  readonly lists: Readonly<Record<ListField, readonly Uint8Array[]>>;
  /** Set if the data are in another file: its keys are location, offset, length. */
  readonly external: ReadonlyMap<string, string> | undefined;
}
export type ListField = 'float' | 'int32' | 'int64' | 'double' | 'uint64';

export type AttributeRecord =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: TensorRecord }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'other' };

export interface NodeRecord {
  /** The node's name, or its first output's where it has none. */
  readonly name: string;
  readonly op: string;
  /** Empty for the standard operators. */
  readonly domain: string;
  /** An empty name stands for an input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeRecord>;
}

/** A declared input or output; an axis is a number or the name of a free size. No dims: not declared. */
export interface ValueRecord {
  readonly name: string;
  readonly type: number;
  readonly dims: readonly (number | string)[] | undefined;
}

export interface ModelRecord {
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: ReadonlyMap<string, number>;
  readonly nodes: readonly NodeRecord[];
  readonly initializers: readonly TensorRecord[];
  readonly sparseInitializers: readonly string[];
  readonly inputs: readonly ValueRecord[];
  readonly outputs: readonly ValueRecord[];
}

type Whole = number | { toNumber(): number };
const toNumber = (value: Whole): number => (typeof value === 'number' ? value : value.toNumber());

// What protobufjs gives for onnx.proto.
interface RawTensor {
  dims: Whole[]; dataType: number; name: string; rawData: Uint8Array; dataLocation: number;
  floatData: Uint8Array[]; int32Data: Uint8Array[]; int64Data: Uint8Array[]; doubleData: Uint8Array[]; uint64Data: Uint8Array[];
  externalData: { key: string; value: string }[];
}
interface RawAttribute { name: string; type: number; f: number; i: Whole; s: Uint8Array; t: RawTensor | null; floats: number[]; ints: Whole[]; refAttrName: string }
interface RawNode { input: string[]; output: string[]; name: string; opType: string; domain: string; attribute: RawAttribute[] }
interface RawValue { name: string; type: { tensorType: { elemType: number; shape: { dim: { dimValue: Whole; dimParam: string }[] } | null } | null } | null }
interface RawModel {
  irVersion: Whole; producerName: string; producerVersion: string;
  opsetImport: { domain: string; version: Whole }[];
  graph: { node: RawNode[]; initializer: RawTensor[]; input: RawValue[]; output: RawValue[]; sparseInitializer: { values: RawTensor | null }[] } | null;
}

let schema: protobuf.Root | undefined;
function messageType(name: 'ModelProto' | 'TensorProto'): protobuf.Type {
  if (schema === undefined) {
    schema = protobuf.parse(readFileSync(new URL('./onnx.proto', import.meta.url), 'utf8')).root;
    schema.resolveAll();
  }
  return schema.lookupType(`onnx.${name}`);
}

/**
 * Decodes an ONNX file. `file` names it in diagnostics.
 * Throws `onnx/not-onnx`, `onnx/malformed`, `onnx/too-deep`, `onnx/too-large` or `onnx/no-graph`.
 */
export function readModel(bytes: Uint8Array, file: string): ModelRecord {
  const where = { kind: 'file', path: file } as const;
  const looksLike = describeForeignFile(bytes);
  if (looksLike !== undefined) fail('onnx/not-onnx', where, { looksLike });
  const raw = decode('ModelProto', bytes, file) as RawModel;
  if (raw.graph === null) fail('onnx/no-graph', where, { bytes: bytes.length });
  return toRecord(raw, raw.graph);
}

/** Decodes a lone tensor, as the ONNX project stores the inputs and outputs of its tests. Throws as `readModel` does. */
export const readTensorFile = (bytes: Uint8Array, file: string): TensorRecord => toTensor(decode('TensorProto', bytes, file) as RawTensor);

function decode(name: 'ModelProto' | 'TensorProto', bytes: Uint8Array, file: string): unknown {
  const type = messageType(name);
  const problem = checkWire(bytes, type);
  if (problem !== undefined) refuseWire(problem, file, bytes.length);
  const reader = protobuf.Reader.create(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  reader.discardUnknown = true;
  try {
    return type.decode(reader);
  } catch {
    // What the walk does not look into: the numbers inside a packed list.
    return refuseWire({ kind: 'malformed', offset: reader.pos, problem: 'a list of numbers ends in the middle of one' }, file, bytes.length);
  }
}

function refuseWire(problem: WireProblem, file: string, bytes: number): never {
  const where = { kind: 'file', path: file } as const;
  switch (problem.kind) {
    case 'malformed': return fail('onnx/malformed', where, { ...problem, bytes });
    case 'too-deep': return fail('onnx/too-deep', where, { offset: problem.offset, allowed: DEEPEST_MESSAGE });
    case 'too-many': return fail('onnx/too-large', where, { what: problem.what, used: `more than ${problem.allowed}`, allowed: problem.allowed });
  }
}

function toRecord(raw: RawModel, graph: NonNullable<RawModel['graph']>): ModelRecord {
  return {
    irVersion: toNumber(raw.irVersion),
    producer: `${raw.producerName} ${raw.producerVersion}`.trim(),
    opsets: new Map(raw.opsetImport.map((o) => [standardDomain(o.domain), toNumber(o.version)])),
    nodes: graph.node.map(toNode),
    initializers: graph.initializer.map(toTensor),
    sparseInitializers: graph.sparseInitializer.map((s) => s.values?.name ?? ''),
    inputs: graph.input.map(toValue),
    outputs: graph.output.map(toValue),
  };
}

const standardDomain = (domain: string): string => (domain === 'ai.onnx' ? '' : domain);

/** Names reach the user's terminal: without control characters, which could rewrite what it shows. */
const printable = (name: string): string => name.replace(/\p{Cc}/gu, '?');

function toNode(raw: RawNode, index: number): NodeRecord {
  return {
    name: printable(raw.name || raw.output.find((o) => o !== '') || `${raw.opType} number ${index + 1}`),
    op: printable(raw.opType),
    domain: printable(standardDomain(raw.domain)),
    inputs: raw.input,
    outputs: raw.output,
    attributes: new Map(raw.attribute.map((a) => [a.name, toAttribute(a)])),
  };
}

/** AttributeProto.type: FLOAT 1, INT 2, STRING 3, TENSOR 4, GRAPH 5, FLOATS 6, INTS 7; 0 in files before IR 2. */
function toAttribute(raw: RawAttribute): AttributeRecord {
  switch (raw.type) {
    case 1: return { kind: 'float', value: raw.f };
    case 2: return { kind: 'int', value: toNumber(raw.i) };
    case 3: return { kind: 'string', value: new TextDecoder().decode(Uint8Array.from(raw.s)) };
    case 4: return raw.t === null ? { kind: 'other' } : { kind: 'tensor', value: toTensor(raw.t) };
    case 6: return { kind: 'floats', value: raw.floats };
    case 7: return { kind: 'ints', value: raw.ints.map(toNumber) };
    default: return { kind: 'other' };
  }
}

function toTensor(raw: RawTensor): TensorRecord {
  return {
    name: raw.name,
    dims: raw.dims.map(toNumber),
    type: raw.dataType,
    raw: Object.hasOwn(raw, 'rawData') ? raw.rawData : undefined,
    lists: { float: raw.floatData, int32: raw.int32Data, int64: raw.int64Data, double: raw.doubleData, uint64: raw.uint64Data },
    external: raw.dataLocation === 1 ? new Map(raw.externalData.map((e) => [e.key, e.value])) : undefined,
  };
}

function toValue(raw: RawValue): ValueRecord {
  const tensor = raw.type?.tensorType ?? null;
  const dims = tensor?.shape?.dim.map((d) => (Object.hasOwn(d, 'dimValue') && !(Object.hasOwn(d, 'dimParam') && d.dimParam !== '') ? toNumber(d.dimValue) : d.dimParam || '?'));
  return { name: raw.name, type: tensor?.elemType ?? 0, dims };
}
