/** What can be wrong with a target: its name, its file, a key, a value, or two values together. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });

export const targetMessages = {
  'target/not-found': error(
    (p: { name: string; known: readonly string[]; nearest: string | null }) => `there is no target "${p.name}"`,
    (p) => `${p.nearest === null ? '' : `did you mean "${p.nearest}"? `}the targets are ${p.known.join(', ') || 'none'}; a target of your own is named by its path, ending in .json`,
  ),
  'target/unreadable': error(
    (p: { reason: string }) => `the target file cannot be read: ${p.reason}`,
    () => 'name a JSON file that you may read; `spikeveil targets` lists the built-in ones',
  ),
  'target/broken-json': error(
    (p: { line: number; column: number }) => `the file is not JSON: it breaks at line ${p.line}, column ${p.column}`,
    () => 'look there for a missing comma, quote or bracket; JSON has no comments and no trailing commas',
  ),
  'target/unknown-key': error(
    (p: { key: string; nearest: string | null; allowed: readonly string[] }) => `a target has no key "${p.key}" here`,
    (p) => (p.nearest === null ? `the keys are ${p.allowed.join(', ')}` : `did you mean "${p.nearest}"?`),
  ),
  'target/missing-key': error(
    (p: { key: string; wanted: string }) => `the key "${p.key}" is missing`,
    (p) => `add it: ${p.wanted}`,
  ),
  'target/wrong-value': error(
    (p: { found: string; wanted: string; about: string }) => `the value is ${p.found}, but it must be ${p.wanted}`,
    (p) => p.about,
  ),
  'target/cannot-compile': error(
    (p: { name: string; title: string; reasons: readonly string[] }) => `nothing can be compiled for ${p.name} (${p.title}): ${p.reasons.join(' ')}`,
    (p) => `\`spikeveil fit MODEL --target ${p.name}\` says what a network would take there; \`spikeveil targets\` lists the chips to compile for`,
  ),
  'target/contradiction': error(
    (p: { problem: string; fix: string }) => p.problem,
    (p) => p.fix,
  ),
} as const;
