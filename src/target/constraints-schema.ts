/**
 * The schema of what chips ask of a network, for chips of every kind: how their cores are filled, what a
 * neuron can do, which layers they take. A chip states what it has; what nobody publishes is null or left out.
 */
import Type from 'typebox';
import { ability, choices, count, limit, record, text, texts } from './schema-parts.js';

export const CompileSchema = record({
  supported: Type.Boolean({ description: 'Whether programs can be compiled for the chip.' }),
  reasons: texts('Where not supported: what stands in the way, a sentence each. Where supported: empty.'),
}, { description: 'Whether this compiler has the neurons and weights that the chip wants.' });

export const AbilitiesSchema = record({
  resets: Type.Array(Type.Union([Type.Literal('soft'), Type.Literal('hard'), Type.Literal('soft-two-compartment')]), { uniqueItems: true, description: 'In order of preference; empty: not published.' }),
  sharedConvolution: ability('Convolution weights are stored once per core.'),
  signedWeights: ability('One synapse list may hold both signs.'),
  gradedSpikes: ability('A spike may carry an integer.'),
  signedSpikes: Type.Optional(ability('A spike may be +1 or -1, and a neuron may count what it has sent: signed IF neurons. They reset softly. Left out: no.')),
  currentDecay: Type.Optional(ability('The synaptic current u may last: it loses (register + 1) / 4096 of itself in a step, the register has 12 bits. Left out: no.')),
  multicast: ability('One message may reach several cores.'),
}, { description: 'What passes ask a chip for.' });

export const CrossbarSchema = record({
  axons: count('Inputs of a core: rows of its crossbar.'),
  neurons: count('Neurons of a core: columns of its crossbar.'),
}, { description: 'Cores that are crossbars: each axon may reach each neuron of its own core and no other.' });

export const LayerCoresSchema = record({
  cores: Type.Array(record({
    kernelWords: count('Words of weight memory.'),
    neuronWords: count('Words of neuron memory: one a neuron.'),
    biases: count('Biases: one a channel.'),
  }), { minItems: 1, description: 'The cores of a chip, in their order.' }),
  addressing: Type.Union([Type.Literal('exact'), Type.Literal('power-of-two')], {
    description: 'exact: a layer takes Cin * kx * ky * Cout kernel words and Cout * fx * fy neuron words (fx * fy: its map). power-of-two: Cin * 2^(ceil(log2(kx * ky)) + ceil(log2(Cout))) and Cout * 2^(ceil(log2(fx)) + ceil(log2(fy))).',
  }),
}, { description: 'Cores that hold a whole layer each, with memories that may differ from core to core.' });

export const NetworkSchema = record({
  inputs: limit('Input channels.'),
  hidden: limit('Hidden neurons, all layers together.'),
  outputs: limit('Output neurons.'),
  eventsPerStep: limit('Events on one input channel in one step.'),
}, { description: 'A chip that is one core and holds the whole network.' });

export const NeuronSchema = record({
  models: Type.Array(text('Model and reset, in words.'), { minItems: 1, description: 'What its neurons compute.' }),
  weightBits: Type.Union([choices('The widths.'), Type.Null()], { description: 'Widths that a weight may have, sign included. null: not published.' }),
  weightsPerNeuron: limit('Different weights that one neuron can have.'),
  stateBits: limit('Bits of the membrane potential.'),
  thresholdBits: limit('Bits of the threshold.'),
  biasBits: limit('Bits of the bias.'),
  spikesPerStep: limit('Spikes that one neuron can send in a step.'),
  fanIn: limit('Synapses that end at one neuron.'),
  fanOut: limit('Neurons that one neuron reaches.'),
  fanOutCores: limit('Cores that one neuron reaches.'),
}, { description: 'One neuron of the chip.' });

const range = (description: string) => record({ least: count('The smallest.'), most: limit('The largest.') }, { description });

/** What may be asked of one layer. A rule that is left out asks nothing. */
const rules = (description: string) => Type.Optional(record({
  width: Type.Optional(range('Columns of the map that it reads.')),
  height: Type.Optional(range('Rows of the map that it reads.')),
  channels: Type.Optional(choices('Channels that it may read.')),
  channelsMost: Type.Optional(limit('Most channels that it reads or has.')),
  inputsMost: Type.Optional(limit('Most values that it reads: columns times rows times channels.')),
  kernels: Type.Optional(choices('Sides that its filter may have.')),
  kernelMost: Type.Optional(limit('Longest side of its filter.')),
  square: Type.Optional(Type.Boolean({ description: 'Whether the filter must be square.' })),
  strides: Type.Optional(choices('Strides.')),
  strideKernels: Type.Optional(choices('Sides of the filters that take a stride above 1.')),
  dilated: Type.Optional(ability('Whether the filter may be dilated.')),
  padMost: Type.Optional(limit('Widest border of zeros.')),
  samePadding: Type.Optional(Type.Boolean({ description: 'True: the border must keep the size of the map, divided by the stride.' })),
  pools: Type.Optional(choices('Sides of the pooling in front of it; 1: none.')),
  globalPoolMost: Type.Optional(limit('Widest map that pooling may bring down to one pixel, whatever `pools` says.')),
  mapMost: Type.Optional(limit('Longest side of its own map.')),
  filtersMost: Type.Optional(Type.Array(record({
    channels: count('Channels that it reads.'), kernel: count('Side of its filter.'), most: count('Most channels that it has.'),
  }), { minItems: 1, description: 'Most channels that it has, by what it reads and by filter.' })),
  weightBits: Type.Optional(choices('Widths of its weights, where they differ from those of `neuron`.')),
}, { description }));

export const LayersSchema = record({
  input: rules('Of layers that read the image. Left out: the rules of their kind.'),
  convolution: rules('Of convolutions.'),
  separable: rules('Of convolutions of one filter a channel (depthwise). Left out: those of convolutions.'),
  dense: rules('Of layers that read every neuron of the layer before them. Left out: those of convolutions, as a filter over the whole map.'),
  destinationsMost: Type.Optional(limit('Layers that one layer sends to.')),
  sourcesMost: Type.Optional(limit('Layers that one layer reads: 1 means no residual additions.')),
}, { description: 'Which layers the chip takes.' });
