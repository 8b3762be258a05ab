/** What can be wrong with a program file. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });

const AGAIN = 'copy the file again in binary mode, or compile the model again';

export const programMessages = {
  'program/not-a-program': error(
    (p: { found: string }) => (p.found === '' ? 'the file is empty' : `this is not a spike program: it begins with ${p.found}`),
    () => 'name a .spk file; `spikeveil compile MODEL` makes one from an ONNX model',
  ),
  'program/other-version': error(
    (p: { version: number; supported: number }) => `the program has format version ${p.version}, this tool reads version ${p.supported}`,
    (p) => (p.version > p.supported ? 'update Spikeveil, or compile the model again with this version' : 'compile the model again with this version'),
  ),
  'program/cut-short': error(
    (p: { bytes: number; wanted: number }) => `the file has ${p.bytes} bytes of ${p.wanted}: it is cut short`,
    () => AGAIN,
  ),
  'program/damaged': error(
    (p: { parts: readonly string[] }) => `the file does not match its checksums: its ${p.parts.join(' and its ')} ${p.parts.length === 1 ? 'has' : 'have'} changed`,
    () => AGAIN,
  ),
  'program/malformed': error(
    (p: { problem: string }) => `the program cannot be decoded: ${p.problem}`,
    () => 'it was not written by this tool; compile the model again',
  ),
  'program/inconsistent': error(
    (p: { problem: string }) => `the program contradicts itself: ${p.problem}`,
    () => 'it was changed after it was compiled; compile the model again',
  ),
  'program/memory': error(
    (p: { problem: string }) => `the synaptic memory does not belong to this program: ${p.problem}`,
    () => 'it was packed for another target or changed after it was compiled; compile the model again',
  ),
} as const;
