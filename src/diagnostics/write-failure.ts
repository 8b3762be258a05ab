/** Why the operating system would not write a file, in words with its code: what the messages about outputs and checkpoints say. */

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'your share of the disk is used up',
  EFBIG: 'the file would be larger than is allowed here',
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  EROFS: 'the disk is read-only',
  ENOENT: 'the folder is not there',
  ENOTDIR: 'what should be the folder is a file',
  EISDIR: 'it is a folder',
  EIO: 'the disk reports an error',
};

/** `the disk is full (ENOSPC)`; null for what is no refusal of the system, which is a bug of ours. */
export function writeFailure(error: unknown): string | null {
  if (!(error instanceof Error && 'code' in error)) return null;
  const code = String(error.code);
  return code in REASONS ? `${REASONS[code]} (${code})` : code;
}
