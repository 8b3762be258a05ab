/** What can be wrong with probes, with snapshots and with what they are held against. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });

const TAKE_AGAIN = 'take it again with `spikeveil simulate PROGRAM --data SPEC --snapshot FILE --at-step S`';

export const observeMessages = {
  'observe/unknown-layer': error(
    (p: { layer: string; nearest: string | null; known: readonly string[] }) => `the program has no layer "${p.layer}"`,
    (p) => `${p.nearest === null ? '' : `did you mean "${p.nearest}"? `}its layers are ${p.known.join(', ')}`,
  ),
  'observe/bad-neurons': error(
    (p: { layer: string; text: string }) => `"${p.text}" names no neurons of layer "${p.layer}"`,
    () => 'write all, or neurons (5), ranges (0-31) and boxes C/Y/X (3/all/0-7) with commas between them',
  ),
  'observe/no-such-neuron': error(
    (p: { layer: string; axis: string; found: number; most: number; shape: readonly number[] }) => `layer "${p.layer}" has no ${p.axis} ${p.found}: its ${p.axis}s are 0 to ${p.most}`,
    (p) => `the layer is ${p.shape.join(' x ')} (channels, rows, columns); neurons are numbered from 0 in that order`,
  ),
  'observe/no-such-sample': error(
    (p: { sample: number; samples: number }) => `there is no image ${p.sample}: the run has the images 0 to ${p.samples - 1}`,
    () => 'name an image of this run; --limit takes fewer than the file has',
  ),
  'observe/no-such-step': error(
    (p: { step: number; steps: number }) => `there is no step ${p.step}: an inference of this program has the steps 0 to ${p.steps - 1}`,
    () => 'those are chip steps: the time steps of a layer begin at its depth',
  ),
  'observe/not-a-snapshot': error(
    (_: Record<string, never>) => 'this is not a snapshot: it does not begin with the header of one',
    () => 'name the file that `spikeveil simulate --snapshot` wrote, before the program',
  ),
  'observe/snapshot-version': error(
    (p: { version: number; supported: number }) => `the snapshot has format version ${p.version}, this tool reads version ${p.supported}`,
    (p) => (p.version > p.supported ? 'read it with the version that wrote it, or update Spikeveil' : TAKE_AGAIN),
  ),
  'observe/snapshot-damaged': error(
    (p: { problem: string }) => `the snapshot is damaged: ${p.problem}`,
    () => `copy it again in binary mode, or ${TAKE_AGAIN}`,
  ),
  'observe/other-program': error(
    (p: { found: string; wanted: string }) => `the snapshot is of another program: it names SHA-256 ${p.wanted.slice(0, 12)}, this one has ${p.found.slice(0, 12)}`,
    () => `name the program that was simulated, or ${TAKE_AGAIN.replace('it', 'a snapshot')}`,
  ),
} as const;
