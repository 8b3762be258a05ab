/**
 * Walks over a payload before it is decoded and counts its messages and fields, so that a crafted file
 * is refused before objects are made of it. The schema has no recursion, so the walk is shallow.
 */
import protobuf from 'protobufjs';

/** Far above any program: routes are packed lists, a core has ten fields. */
const MOST_FIELDS = 1_000_000;

/** What is wrong with `bytes` as a message of `type`, or null. */
export function payloadProblem(bytes: Uint8Array, type: protobuf.Type): string | null {
  const reader = protobuf.Reader.create(bytes);
  const walk = { fields: 0 };
  try {
    return walkMessage(reader, type, bytes.length, walk);
  } catch {
    return `a field breaks off at byte ${reader.pos}`; // the reader throws on whatever does not end
  }
}

function walkMessage(reader: protobuf.Reader, type: protobuf.Type, end: number, walk: { fields: number }): string | null {
  while (reader.pos < end) {
    const at = reader.pos;
    const tag = reader.uint32();
    const wireType = tag & 7;
    const field = Object.hasOwn(type.fieldsById, tag >>> 3) ? type.fieldsById[tag >>> 3].resolve() : undefined;
    if (field === undefined) return `unknown field ${tag >>> 3} at byte ${at}`;
    if (++walk.fields > MOST_FIELDS) return `more than ${MOST_FIELDS} fields`;
    if (wireType !== expectedWireType(field)) return `field ${field.name} has wire type ${wireType} at byte ${at}`;
    if (wireType === 2) {
      const length = reader.uint32();
      const stop = reader.pos + length;
      if (stop > end) return `field ${field.name} leaves its message at byte ${at}`;
      if (field.resolvedType instanceof protobuf.Type) {
        const problem = walkMessage(reader, field.resolvedType, stop, walk);
        if (problem !== null) return problem;
      } else reader.skip(length);
    } else if (wireType === 1) reader.skip(8);
    else reader.uint64();
  }
  return reader.pos === end ? null : `a field leaves its message at byte ${reader.pos}`;
}

/** How this tool writes a field: lists of numbers packed. */
function expectedWireType(field: protobuf.Field): number {
  if (field.repeated || field.resolvedType instanceof protobuf.Type) return 2;
  if (field.type === 'double') return 1;
  return field.type === 'string' || field.type === 'bytes' ? 2 : 0;
}
