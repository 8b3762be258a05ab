// Writes small IDX and npy files for the tests, independently of the readers.

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
