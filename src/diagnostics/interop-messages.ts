/** What can stand in the way of writing a program for another tool, and of reading it back. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });

export const interopMessages = {
  'interop/unsupported-neurons': error(
    (p: { population: string; lacks: string }) => `SANA-FE has no ${p.lacks}, which the neurons of ${p.population} need`,
    () => 'compile with binary spikes and IF neurons, or with LIF neurons and a reset in one compartment',
  ),
  'interop/fan-in-in-parts': error(
    (p: { population: string }) => `the fan-in of ${p.population} is split over cores that send their sums on, and SANA-FE's messages carry no numbers`,
    () => 'compile for a target whose cores hold the whole fan-in of a neuron, such as virtual',
  ),
  'interop/too-many-synapses': error(
    (p: { synapses: number; most: number }) => `the program has ${p.synapses} synapses when every convolution is unrolled; ${p.most} is the most that is written unasked`,
    (p) => `--force writes it all the same: about ${Math.ceil(p.synapses * 32 / 2 ** 20)} MiB of text, for which SANA-FE takes about ${Math.ceil(p.synapses * 840 / 2 ** 30)} GiB of memory`,
  ),
  'interop/no-such-image': error(
    (p: { image: number; count: number }) => `there is no image ${p.image}: the data set has ${p.count}, counted from 0`,
    () => 'choose a smaller number for --image',
  ),
  'interop/malformed': error(
    (p: { problem: string }) => `this is not a description as the export writes it: ${p.problem}`,
    () => 'read the two files that `spikeveil export --format sana-fe` wrote',
  ),
} as const;
