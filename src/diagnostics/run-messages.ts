/** The part of the message catalogue that belongs to the room(s) of "run". See ../diagnostics.ts. */
export const runMessages = {
  'report/unknown-profile': {
    severity: 'error',
    message: (p: { readonly name: string; readonly target: string; readonly known: readonly string[] }) => `target ${p.target} has no energy profile "${p.name}"`,
    hint: (p: { readonly known: readonly string[] }) => `choose one of: ${p.known.join(', ')}`,
  },
  'report/unreadable': {
    severity: 'error',
    message: (p: { readonly reason: string }) => `the run file cannot be read: ${p.reason}`,
    hint: () => 'give the file that "spikeveil simulate PROGRAM --data SPEC --out RUN" wrote',
  },
  'report/too-large': {
    severity: 'error',
    message: (p: { readonly bytes: number; readonly most: number }) => `the file has ${p.bytes} bytes; a run file has at most ${p.most}`,
    hint: () => 'give the file that "spikeveil simulate --out" wrote, not a data set or a program',
  },
  'report/not-json': {
    severity: 'error',
    message: (p: { readonly reason: string }) => `the run file is not JSON: ${p.reason}`,
    hint: () => 'it may be cut short or be another kind of file; write it again with "spikeveil simulate --out"',
  },
  'report/not-a-run': {
    severity: 'error',
    message: (p: { readonly found: string }) => `the file is JSON but not a run file: its "format" is ${p.found}`,
    hint: () => 'give the file that "spikeveil simulate --out" wrote',
  },
  'report/version': {
    severity: 'error',
    message: (p: { readonly found: number; readonly known: number }) => `the run file has version ${p.found}; this tool reads version ${p.known}`,
    hint: () => 'simulate again with this version of the tool, or read the file with the version that wrote it',
  },
  'report/invalid': {
    severity: 'error',
    message: (p: { readonly problem: string }) => `the run file does not have the expected form: ${p.problem}`,
    hint: () => 'the file was edited or damaged; write it again with "spikeveil simulate --out"',
  },
  'report/inconsistent': {
    severity: 'error',
    message: (p: { readonly what: string; readonly expected: number; readonly found: number }) => `${p.what}: expected ${p.expected}, found ${p.found}`,
    hint: () => 'parts of the run file contradict each other; write it again with "spikeveil simulate --out"',
  },
} as const;
