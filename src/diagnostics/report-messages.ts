/** What can be wrong with an energy profile's name or with a run file that a report is made from. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });

const again = 'write it again with `spikeveil simulate PROGRAM --data SPEC --out RUN.json`';

export const reportMessages = {
  'report/unknown-profile': error(
    (p: { name: string; target: string; known: readonly string[] }) => `target ${p.target} has no energy profile "${p.name}"`,
    (p) => `choose one of: ${p.known.join(', ')}`,
  ),
  'report/unreadable': error(
    (p: { reason: string }) => `the run file cannot be read: ${p.reason}`,
    () => 'check the path; it is taken from the folder the command runs in',
  ),
  'report/too-large': error(
    (p: { bytes: number; most: number }) => `the file has ${p.bytes} bytes; a run file has at most ${p.most}`,
    () => 'name a run file, not a data set or a program',
  ),
  'report/not-json': error(
    (p: { reason: string }) => `the run file is not JSON: ${p.reason}`,
    () => `it may be cut short or be another kind of file; ${again}`,
  ),
  'report/not-a-run': error(
    (p: { found: string }) => `the file is JSON but not a run file: its "format" is ${p.found}`,
    () => 'name files that `spikeveil simulate --out` or `spikeveil audit` with --out wrote',
  ),
  'report/not-an-audit': error(
    (p: { kind: string }) => `the file calls itself the record of an audit but does not have the form of one: its "kind" is ${p.kind}`,
    () => 'name a file that `spikeveil audit` wrote with --out; one of another version is written again by this one',
  ),
  'report/version': error(
    (p: { found: number; known: number }) => `the run file has version ${p.found}; this tool reads version ${p.known}`,
    () => 'simulate again with this version of the tool, or read the file with the version that wrote it',
  ),
  'report/invalid': error(
    (p: { problem: string }) => `the run file does not have the expected form: ${p.problem}`,
    () => `the file was edited or damaged; ${again}`,
  ),
  'report/inconsistent': error(
    (p: { what: string; expected: number; found: number }) => `${p.what}: expected ${p.expected}, found ${p.found}`,
    () => `parts of the run file contradict each other; ${again}`,
  ),
} as const;
