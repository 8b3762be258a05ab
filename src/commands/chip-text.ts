/** What a chip asks of neurons and layers, in words: for `targets NAME`. */
import { formatCount } from '../report/quantities.js';
import type { Chip } from '../target/schema.js';

type Rows = readonly (readonly [string, string])[];
type Layers = Exclude<Chip['layers'], undefined>;
type Rules = Exclude<Layers['convolution'], undefined>;

/** Number formats where programs are compiled, and what is known of one neuron. */
export function describeNeuron({ numbers, neuron, capabilities }: Chip): Rows {
  const yes = (can: boolean | null | undefined): string => (can === true ? 'yes' : can === null ? 'unknown' : 'no');
  const stated: readonly (readonly [string, number | null | undefined])[] = [
    ['weights of a neuron', neuron?.weightsPerNeuron], ['potential, bits', neuron?.stateBits], ['threshold, bits', neuron?.thresholdBits], ['bias, bits', neuron?.biasBits],
    ['spikes of a step', neuron?.spikesPerStep], ['fan-in', neuron?.fanIn], ['fan-out', neuron?.fanOut], ['fan-out, cores', neuron?.fanOutCores],
  ];
  return [
    ...(neuron === undefined ? [] : [['neurons', neuron.models.join('; ')] as const, ['weight, bits', neuron.weightBits === null ? 'unknown' : neuron.weightBits.join(', ')] as const]),
    ...(numbers === undefined ? [] : [['weights', `up to +-${numbers.weightMax} in steps of ${numbers.weightStep}`] as const, ['membrane potential', `${numbers.stateBits} bits`] as const]),
    ...stated.flatMap(([name, value]) => (value === null || value === undefined ? [] : [[name, formatCount(value)] as const])),
    ...(numbers !== undefined || neuron === undefined ? [] : [['unknown of a neuron', stated.filter(([, v]) => v === null).map(([name]) => name).join('; ') || 'nothing'] as const]),
    ['resets', capabilities.resets.join(', ') || 'unknown'],
    ['signed spikes', yes(capabilities.signedSpikes)],
    ['currents that last', yes(capabilities.currentDecay)],
    ['shared convolution', yes(capabilities.sharedConvolution)],
    ['multicast', yes(capabilities.multicast)],
  ];
}

/** The rules of layers, one line a kind. */
export function describeLayers(layers: Layers | undefined): Rows {
  if (layers === undefined) return [];
  const kinds = [['first layer', layers.input], ['convolutions', layers.convolution], ['depthwise', layers.separable], ['dense layers', layers.dense]] as const;
  const most = (name: string, value: number | null | undefined): Rows => (value === null || value === undefined ? [] : [[name, `at most ${value}`]]);
  return [
    ...kinds.flatMap(([name, rules]) => (rules === undefined ? [] : [[name, ruleWords(rules).join(', ')] as const])),
    ...most('targets of a layer', layers.destinationsMost),
    ...most('sources of a layer', layers.sourcesMost),
  ];
}

function ruleWords(r: Rules): string[] {
  const list = (name: string, values: readonly number[] | undefined): string[] => (values === undefined ? [] : [`${name} ${values.join(' ')}`]);
  const most = (name: string, value: number | null | undefined): string[] => (value === null || value === undefined ? [] : [`${name} at most ${formatCount(value)}`]);
  const span = (name: string, range: Rules['width']): string[] => (range === undefined ? [] : [`${name} ${range.least}${range.most === null ? ' or more' : ` to ${range.most}`}`]);
  return [
    ...span('width', r.width), ...span('height', r.height), ...list('channels', r.channels), ...most('channels', r.channelsMost), ...most('inputs', r.inputsMost),
    ...list('filters', r.kernels), ...most('filters', r.kernelMost), ...(r.square === true ? ['square'] : []), ...list('strides', r.strides), ...list('strides above 1 with filters', r.strideKernels),
    ...(r.dilated === false ? ['not dilated'] : []), ...most('padding', r.padMost), ...(r.samePadding === true ? ['same padding'] : []), ...list('pools', r.pools), ...most('global pool', r.globalPoolMost),
    ...most('map', r.mapMost), ...(r.filtersMost ?? []).map((f) => `${f.most} filters ${f.kernel}x${f.kernel} on ${f.channels} channel${f.channels === 1 ? '' : 's'}`), ...list('weight bits', r.weightBits),
  ];
}
