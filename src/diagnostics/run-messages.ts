/** What can be wrong around a run: its files, and a program, a model and data that do not belong together. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });

export interface OtherNormalisation {
  readonly images: number; readonly accuracy: number; readonly name: string; readonly better: number;
  readonly scale: number; readonly mean: readonly number[]; readonly std: readonly number[];
  /** Of the first batch norm's inputs from the recorded means, in deviations: as it is, and with the other normalisation. */
  readonly apart: number | null; readonly then: number | null;
}

export const runMessages = {
  'run/output-not-writable': error(
    (p: { reason: string }) => `the result cannot be written here: ${p.reason}`,
    () => 'name a file in a folder that exists and that you may write in, with room on its disk',
  ),
  'run/unreadable': error(
    (p: { reason: string }) => `the file cannot be read: ${p.reason}`,
    () => 'check the path; it is taken from the folder the command runs in',
  ),
  'run/data-shape': error(
    (p: { data: readonly number[]; program: readonly number[] }) => `the images are ${p.data.join(' x ')}, the program takes ${p.program.join(' x ')} (channels, rows, columns)`,
    () => 'name the data set that the network was trained for',
  ),
  'run/data-classes': error(
    (p: { label: number; classes: number }) => `the data have a class ${p.label}, the program tells ${p.classes} classes apart (0 to ${p.classes - 1})`,
    () => 'name the data set that the network was trained for',
  ),
  'run/no-cycle': error(
    (p: { target: string; reason: string }) => `cycle timing cannot run on ${p.target}: ${p.reason}`,
    () => 'take --timing pipeline, or a target whose "router" block is complete (`spikeveil targets NAME`)',
  ),
  'run/ann-differs': error(
    (p: { found: string; wanted: string }) => `this is not the model that the program was compiled from: its SHA-256 begins with ${p.found.slice(0, 12)}, the program names ${p.wanted.slice(0, 12)}`,
    () => 'name the model file that was compiled, or compile this one',
  ),
  'run/no-native-kernels': error(
    () => 'the native kernels are not built for this machine',
    () => 'build them with `npm run build:native`, or leave --kernels out: the WASM kernels give the same results',
  ),
  'run/rates-of-another-model': error(
    (p: { ran: string; model: string }) => `the run is of a program of another model, "${p.ran}": its spikes say nothing about ${p.model}`,
    () => 'name the file that `simulate --out` wrote for a program of this model file',
  ),
  'run/normalisation': {
    severity: 'warning',
    message: (p: OtherNormalisation) => `the images are probably normalised wrongly: the float network answers ${(100 * p.accuracy).toFixed(1)} % of ${p.images} images right, and ${(100 * p.better).toFixed(1)} % with the normalisation of ${p.name}${p.apart === null || p.then === null ? '' : `; what reaches its first batch norm is ${p.apart.toFixed(1)} deviations off what training recorded, then ${p.then.toFixed(1)}`}`,
    hint: (p: OtherNormalisation) => `compile with --scale ${p.scale} --mean ${p.mean.join(',')} --std ${p.std.join(',')}, or say so in model.json`,
  },
  'run/unknown-pass': error(
    (p: { name: string; known: readonly string[] }) => `no pass is called "${p.name}"`,
    (p) => `the passes of this compile were ${p.known.join(', ')}`,
  ),
} as const;
