/**
 * Says in words why the file system refused to give a file, from the code that Node puts on its errors.
 * Messages to users name the path themselves, so it is left out here.
 */
const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'permission is denied'],
  ['ELOOP', 'the link points at itself'],
  ['ENOTDIR', 'a part of the path is not a folder'],
  ['EISDIR', 'it is a folder'],
]);

/** The reason behind an error of node:fs; the error's own message where the code is not known. */
export function describeReadProblem(error: unknown): string {
  if (!(error instanceof Error)) return 'reading failed';
  return ('code' in error ? reasons.get(String(error.code)) : undefined) ?? error.message;
}
