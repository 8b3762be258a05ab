/**
 * Walks over a protobuf file once before anything is decoded, and refuses what could hurt: nesting
 * deeper than 64, lengths that leave their message, groups, and more fields than any real network
 * has. It allocates nothing that grows with the file, so decoding afterwards is safe and bounded.
 */
import protobuf from 'protobufjs';

/** Deepest nesting of messages that is read. */
export const DEEPEST_MESSAGE = 64;
/** Most fields in a whole file: a network of ten thousand nodes has about three hundred thousand. */
export const MOST_FIELDS = 1_000_000;
/** Most bytes of packed number lists outside tensors. */
const MOST_LIST_BYTES = 8 * 2 ** 20;

export type WireProblem =
  | { readonly kind: 'malformed'; readonly offset: number; readonly problem: string }
  | { readonly kind: 'too-deep'; readonly offset: number }
  | { readonly kind: 'too-many'; readonly what: string; readonly allowed: number };

interface Walk { readonly reader: protobuf.Reader; fields: number; listBytes: number }

class Found extends Error {
  readonly problem: WireProblem;
  constructor(problem: WireProblem) {
    super(problem.kind);
    this.problem = problem;
  }
}

const malformed = (offset: number, problem: string): never => { throw new Found({ kind: 'malformed', offset, problem }); };

/** The first problem of `bytes` read as `type`, or undefined. */
export function checkWire(bytes: Uint8Array, type: protobuf.Type): WireProblem | undefined {
  const walk: Walk = { reader: protobuf.Reader.create(bytes), fields: 0, listBytes: 0 };
  try {
    walkMessage(walk, type, bytes.length, 1);
    return undefined;
  } catch (error) {
    if (error instanceof Found) return error.problem;
    // Everything else that the reader throws is about a number or tag that does not end.
    return { kind: 'malformed', offset: walk.reader.pos, problem: 'a number does not end where it should; the file is cut short or is not an ONNX model' };
  }
}

function walkMessage(walk: Walk, type: protobuf.Type, end: number, depth: number): void {
  const { reader } = walk;
  if (depth > DEEPEST_MESSAGE) throw new Found({ kind: 'too-deep', offset: reader.pos });
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag();
    if ((walk.fields += 1) > MOST_FIELDS) throw new Found({ kind: 'too-many', what: 'protobuf fields', allowed: MOST_FIELDS });
    if (tag >>> 3 === 0) malformed(start, 'field number 0');
    const field = type.fieldsById[tag >>> 3];
    switch (tag & 7) {
      case 0: reader.uint64(); break;
      case 1: reader.skip(8); break;
      case 5: reader.skip(4); break;
      case 2: walkDelimited(walk, field, end, depth); break;
      case 3: case 4: malformed(start, 'a protobuf group, which ONNX does not use'); break;
      default: malformed(start, `wire type ${tag & 7}, which does not exist`);
    }
    if (reader.pos > end) malformed(start, `field ${tag >>> 3} of ${type.name} leaves its message`);
    if (field?.repeated === true && field.type === 'bytes' && (tag & 7) !== 2) malformed(start, `${field.name} is not packed; write the file again with onnx.save`);
  }
}

function walkDelimited(walk: Walk, field: protobuf.Field | undefined, end: number, depth: number): void {
  const { reader } = walk;
  const start = reader.pos;
  const length = reader.size();
  const left = end - reader.pos;
  if (length > left) malformed(start, `${field === undefined ? 'a field' : `"${field.name}"`} claims ${length} bytes, ${left} are left; the file is cut short or is not an ONNX model`);
  const message = field?.resolvedType;
  if (message instanceof protobuf.Type) {
    walkMessage(walk, message, reader.pos + length, depth + 1);
    return;
  }
  if (field?.repeated === true && field.type !== 'bytes' && field.type !== 'string' && (walk.listBytes += length) > MOST_LIST_BYTES) {
    throw new Found({ kind: 'too-many', what: 'bytes in number lists of attributes', allowed: MOST_LIST_BYTES });
  }
  reader.pos += length;
}
