/**
 * Says what a file that is not an ONNX model looks like, from its first bytes: people rename
 * pictures, pass checkpoints of other frameworks, or clone without fetching large files.
 */

interface Signature { readonly looksLike: string; readonly bytes: readonly number[] | string; readonly at?: number }

const signatures: readonly Signature[] = [
  { looksLike: 'a PNG picture', bytes: [0x89, 0x50, 0x4e, 0x47] },
  { looksLike: 'a spike program (.spk), which `spikeveil simulate` runs', bytes: [0x89, 0x53, 0x50, 0x4b] },
  { looksLike: 'a JPEG picture', bytes: [0xff, 0xd8, 0xff] },
  { looksLike: 'a GIF picture', bytes: 'GIF8' },
  { looksLike: 'a gzip archive (unpack it first)', bytes: [0x1f, 0x8b] },
  { looksLike: 'a zip archive, as PyTorch (.pt), Keras (.keras) and NumPy (.npz) write', bytes: [0x50, 0x4b, 0x03, 0x04] },
  { looksLike: 'an HDF5 file, as Keras (.h5) writes', bytes: [0x89, 0x48, 0x44, 0x46] },
  { looksLike: 'a NumPy array (.npy)', bytes: [0x93, 0x4e, 0x55, 0x4d] },
  { looksLike: 'a Python pickle, as PyTorch checkpoints are', bytes: [0x80, 0x02] },
  { looksLike: 'a Python pickle, as PyTorch checkpoints are', bytes: [0x80, 0x04, 0x95] },
  { looksLike: 'a TensorFlow Lite model', bytes: 'TFL3', at: 4 },
  { looksLike: 'a model in the ORT format', bytes: 'ORTM', at: 4 },
  { looksLike: 'a PDF document', bytes: '%PDF' },
  { looksLike: 'a program (ELF)', bytes: [0x7f, 0x45, 0x4c, 0x46] },
  { looksLike: 'a Git LFS pointer (fetch the real file with "git lfs pull")', bytes: 'version https://git-lfs' },
  { looksLike: 'a web page', bytes: '<!DOCTYPE' },
  { looksLike: 'a web page', bytes: '<html' },
  { looksLike: 'JSON text', bytes: '{' },
];

const matches = (bytes: Uint8Array, { bytes: wanted, at = 0 }: Signature): boolean => {
  const codes = typeof wanted === 'string' ? [...wanted].map((c) => c.charCodeAt(0)) : wanted;
  return codes.every((code, i) => bytes[at + i] === code);
};

/** What the bytes look like, or undefined if they may be a protobuf. */
export function describeForeignFile(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'an empty file';
  const known = signatures.find((s) => matches(bytes, s));
  if (known !== undefined) return known.looksLike;
  const head = bytes.subarray(0, 64);
  if (head.every((b) => b === 0)) return 'a run of zero bytes';
  if (head.length >= 16 && head.every((b) => b === 0x0a || b === 0x0d || b === 0x09 || (b >= 0x20 && b < 0x7f))) return 'plain text';
  return undefined;
}
