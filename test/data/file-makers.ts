// Writes small IDX and npy files for the tests, independently of the readers.
import { deflateSync } from 'node:zlib';


export function idxImages(count: number, rows: number, columns: number): Buffer {
  const header = Buffer.alloc(16);
  [0x803, count, rows, columns].forEach((word, i) => header.writeUInt32BE(word, 4 * i));
  return Buffer.concat([header, Buffer.from(Array.from({ length: count * rows * columns }, (_, i) => i % 256))]);
}

export function idxLabels(labels: readonly number[]): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(0x801, 0);
  header.writeUInt32BE(labels.length, 4);
  return Buffer.concat([header, Buffer.from(labels)]);
}

const writers = {
  '|u1': Uint8Array, '<u2': Uint16Array, '<i4': Int32Array, '<f4': Float32Array, '<f8': Float64Array,
} as const;

/** A version 1.0 file as numpy.save writes it. */
export function npyFile(type: keyof typeof writers | '<i8' | '>f4', shape: readonly number[], values: readonly number[], order = 'False'): Buffer {
  const dictionary = `{'descr': '${type}', 'fortran_order': ${order}, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const text = dictionary.padEnd(Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 11) + '\n';
  const length = Buffer.alloc(2);
  length.writeUInt16LE(text.length);
  const data = type === '<i8' ? BigInt64Array.from(values, BigInt) : type === '>f4' ? Float32Array.from(values) : writers[type].from(values);
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(text, 'latin1'), Buffer.from(data.buffer)]);
}

/** A level 5 MATLAB file; values stand column by column. The type is that of MAT-File Format: 2 bytes, 9 doubles. */
export function matFile(arrays: readonly { readonly name: string; readonly shape: readonly number[]; readonly values: readonly number[]; readonly type?: 2 | 9; readonly packed?: boolean; readonly kind?: number }[], version = 0x0100): Buffer {
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 5.0 MAT-file, made for a test');
  header.writeUInt16LE(version, 124);
  header.write('IM', 126);
  return Buffer.concat([header, ...arrays.map(({ name, shape, values, type = 2, packed = false, kind = type === 2 ? 9 : 6 }) => {
    const numbers = type === 2 ? Buffer.from(Uint8Array.from(values)) : Buffer.from(Float64Array.from(values).buffer);
    const body = Buffer.concat([matElement(6, words([kind, 0])), matElement(5, words(shape)), matElement(1, Buffer.from(name)), matElement(type, numbers)]);
    const whole = matElement(14, body);
    return packed ? matElement(15, deflateSync(whole), false) : whole;
  })]);
}

const words = (numbers: readonly number[]): Buffer => Buffer.from(Int32Array.from(numbers).buffer);

/** A packed element that holds this many zeros. */
export const matZeros = (bytes: number): Buffer => Buffer.concat([matFile([]), matElement(15, deflateSync(Buffer.alloc(bytes), { level: 1 }), false)]);

/** Up to four bytes go into a short tag, as MATLAB does it. */
function matElement(type: number, data: Buffer, padded = true): Buffer {
  if (data.length > 0 && data.length <= 4) return Buffer.concat([words([type | (data.length << 16)]), data, Buffer.alloc(4 - data.length)]);
  return Buffer.concat([words([type, data.length]), data, Buffer.alloc(padded ? (8 - (data.length % 8)) % 8 : 0)]);
}
