/** What can be wrong with probes. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });

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
} as const;
