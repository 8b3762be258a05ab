/** What can be wrong with made images: their file, the model they came from, and the making. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });

const AGAIN = 'copy the file again in binary mode, or make the set again with `spikeveil synthesise`';

export interface Numbers { readonly scale: number; readonly mean: readonly number[]; readonly std: readonly number[] }
const formula = ({ scale, mean, std }: Numbers): string => `(byte / ${scale} - ${mean.join(',')}) / ${std.join(',')}`;

export const synthesiseMessages = {
  'synthesise/no-statistics': error(
    (p: { recipe: string }) => `recipe "${p.recipe}" matches batch-norm statistics, and no layer of this file has any`,
    () => 'choose --recipe mixed, which asks for them only where they are, or impressions',
  ),
  'synthesise/diverged': error(
    (p: { rate: number }) => `the images left all bounds at a step of ${p.rate}: a gradient was not a number`,
    () => 'choose a smaller --rate',
  ),
  'synthesise/not-an-image-set': error(
    (p: { found: string }) => (p.found === '' ? 'the file is empty' : `this is not a set of made images: it begins with ${p.found}`),
    () => 'name an .images file; `spikeveil synthesise MODEL` makes one',
  ),
  'synthesise/other-version': error(
    (p: { version: number; supported: number }) => `the set has format version ${p.version}, this tool reads version ${p.supported}`,
    () => 'make the set again with `spikeveil synthesise` of this version',
  ),
  'synthesise/cut-short': error(
    (p: { bytes: number; wanted: number }) => `the file has ${p.bytes} bytes of ${p.wanted}: it is cut short`,
    () => AGAIN,
  ),
  'synthesise/damaged': error(
    (_: Record<string, never>) => 'the file does not match its checksum: some of it has changed',
    () => AGAIN,
  ),
  'synthesise/malformed': error(
    (p: { problem: string }) => `the set cannot be read: ${p.problem}`,
    () => 'it was not written by this tool; make the set again with `spikeveil synthesise`',
  ),
  'synthesise/other-model': error(
    (p: { name: string; found: string; wanted: string }) => `the images were made from another model (${p.name}, SHA-256 ${p.found.slice(0, 12)}); this file has ${p.wanted.slice(0, 12)}`,
    () => 'make a set from this model with `spikeveil synthesise`, or leave --images out',
  ),
  'synthesise/wrong-shape': error(
    (p: { given: readonly number[]; expected: readonly number[] }) => `the images are ${p.given.join(' x ')}, the network takes ${p.expected.join(' x ')} (channels, rows, columns)`,
    () => 'give the same --layout, --mean and --std as when the set was made, or make it again',
  ),
  'synthesise/other-normalisation': error(
    (p: { given: Numbers; expected: Numbers }) => `the images were made for x = ${formula(p.given)}, here it is ${formula(p.expected)}`,
    () => 'give the same card or --scale, --mean and --std as when the set was made, or make it again',
  ),
} as const;
