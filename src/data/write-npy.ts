/**
 * Writes NumPy's .npy files, version 1.0: the header, after which the numbers follow in C order. Arrays
 * may so be written piece by piece once their shape is known. Source: NumPy Enhancement Proposal 1 (NEP 1).
 */

/** NumPy's names of the element types that are written, little-endian. */
export type NpyType = '|i1' | '<i4';

const MAGIC = '\x93NUMPY\x01\x00';
/** The numbers begin at a multiple of this. */
const ALIGNMENT = 64;

/** All that stands before the numbers. */
export function npyHeader(type: NpyType, shape: readonly number[]): Uint8Array {
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dictionary = `{'descr': '${type}', 'fortran_order': False, 'shape': (${axes}), }`;
  const length = Math.ceil((MAGIC.length + 2 + dictionary.length + 1) / ALIGNMENT) * ALIGNMENT - MAGIC.length - 2;
  const size = Buffer.alloc(2);
  size.writeUInt16LE(length);
  return Buffer.concat([Buffer.from(MAGIC, 'latin1'), size, Buffer.from(`${dictionary.padEnd(length - 1)}\n`, 'latin1')]);
}

/** The numbers as the file holds them (this machine is little-endian, as the kernels need it to be). */
export const npyNumbers = (values: Int8Array | Int32Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
