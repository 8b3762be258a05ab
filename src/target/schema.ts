/**
 * The one description of a chip: TypeBox gives the TypeScript type and, printed, the published
 * `targets/target.schema.json`, which ajv and the editors of users read. A limit that does not exist or is not published is `null`; what a chip
 * can and cannot do is a capability that passes ask for, never the chip's name. Chips that nothing can be compiled for
 * are described all the same, so that `fit` can hold a network against their rules.
 */
import Type, { type Static } from 'typebox';
import type { COMPILE_BLOCKS } from './compile-blocks.js';
import { AbilitiesSchema, CompileSchema, CrossbarSchema, LayerCoresSchema, LayersSchema, NetworkSchema, NeuronSchema } from './constraints-schema.js';
import { count, duration, figure, limit, maybe, milliwatts, nanoseconds, picojoules, record, text, texts } from './schema-parts.js';

export const ProfileSchema = record({
  name: Type.String({ pattern: '^[a-z][a-z0-9-]*$', description: 'For --profile.' }),
  title: text('Where the constants come from, in a line.'),
  estimate: Type.Boolean({ description: 'True where the numbers are not of this chip or are extrapolated.' }),
  voltage: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()], { description: 'Supply voltage that the constants hold for, volts; null: not stated.' }),
  energy: record({
    synapticOpDense: picojoules('One weight read by one spike, dense format.'),
    synapticOpSparse: picojoules('The same, sparse format.'),
    synapticOpShared: picojoules('The same, shared (convolution) format.'),
    neuronInactive: picojoules('One neuron, one step, nothing to integrate.'),
    neuronActive: picojoules('One neuron, one step, with input.'),
    spike: picojoules('Generating one spike.'),
    axonOut: picojoules('One message leaving a core.'),
    axonIn: picojoules('One message entering a core.'),
    withinTile: picojoules('One message between two cores of one router: it makes no hop.'),
    hopX: picojoules('One router hop east or west.'),
    hopY: picojoules('One router hop north or south.'),
    chipCrossing: picojoules('One message over a chip border.'),
    hostInjection: picojoules('Writing one bias current or input spike from outside.'),
    hostMac: picojoules('One multiply-accumulate of the first layer on the host.'),
    readout: picojoules('Reading one output value.'),
    barrier: picojoules('One barrier of one core.'),
    reset: Type.Optional(picojoules('Clearing the state of one chip between inferences.')),
    gradedMessage: Type.Optional(picojoules('What a payload, such as a sign, adds to one message.')),
    gradedSynapticOp: Type.Optional(picojoules('What a payload adds to one synaptic operation.')),
    secondState: Type.Optional(picojoules('What a second state variable adds to one neuron update with input.')),
  }, { description: 'Energy of each event.' }),
  latency: record({
    synapticOpDense: duration('One weight read by one spike, dense format.'),
    synapticOpSparse: duration('The same, sparse format.'),
    synapticOpShared: duration('The same, shared (convolution) format.'),
    neuronInactive: nanoseconds('One neuron, one step, nothing to integrate.'),
    neuronActive: duration('One neuron, one step, with input.'),
    spike: nanoseconds('Generating one spike.'),
    axonOut: nanoseconds('One message leaving a core.'),
    axonIn: nanoseconds('One message entering a core.'),
    withinTile: nanoseconds('One message between two cores of one router: it makes no hop.'),
    hopX: duration('One router hop east or west.'),
    hopY: duration('One router hop north or south.'),
    chipCrossing: nanoseconds('One message over a chip border.'),
    gradedMessage: Type.Optional(nanoseconds('What a payload, such as a sign, adds to one message.')),
    gradedSynapticOp: Type.Optional(nanoseconds('What a payload adds to one synaptic operation.')),
    secondState: Type.Optional(nanoseconds('What a second state variable adds to one neuron update with input.')),
    barrier: Type.Array(record({ tiles: count('Routers in use.'), nanoseconds: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], { description: 'Of one barrier; null: not published, counts as 0.' }) }), { minItems: 1, description: 'Barrier time of a step by routers in use, ascending; between entries linear, beyond the ends constant.' }),
    barrierSource: text('Publication or file the table was read from; where it holds null: why.'),
  }, { description: 'Time of each event.' }),
  power: record({
    staticPerChip: milliwatts('Leakage and idle power of one powered chip.'),
    staticPerCore: milliwatts('The same, of one powered core.'),
  }, { description: 'Power that is drawn all the time.' }),
  errorEnvelope: Type.String({ description: 'How far the published comparison with silicon is off, in words.' }),
});

/** What cycle timing needs to know of a router; it refuses where something is null. Hops take the profile's time, rounded to whole cycles. */
export const RouterSchema = record({
  clockNanoseconds: Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: 1e6 }), Type.Null()], { description: 'One cycle, above 0; null: not published.' }),
  networks: maybe('Physical networks side by side; a core sends to them in turn.'),
  virtualChannels: Type.Union([Type.Integer({ minimum: 1, maximum: 32 }), Type.Null()], { description: 'Virtual channels of one link. null: not published.' }),
  bufferFlits: maybe('Spike messages that one virtual channel holds at a router\'s input.'),
  receiveFlits: maybe('Spike messages that wait at a core, for each network.'),
  linkCycles: maybe('Cycles that one message keeps a link from others.'),
  chipLinkCycles: Type.Optional(maybe('The same of a link between two chips; as linkCycles where it is left out or null.')),
  source: text('Publication or file the numbers were read from.'),
  note: Type.Optional(text('What they leave open.')),
}, { description: 'Routers of the mesh, for cycle timing.' });

export const TargetSchema = Type.Object({
  $schema: Type.Optional(Type.String({ description: 'Path of this schema, for editors.' })),
  name: Type.String({ pattern: '^[a-z][a-z0-9-]*$', description: 'For --target: the name of the file without .json.' }),
  title: text('The name that people know the chip by.'),
  sources: Type.Array(text('One of them, with its version or commit.'), { minItems: 1, description: 'Publications the limits were read from.' }),
  provenance: Type.Record(Type.String(), text('Its source.'), { description: 'Source of the limits, by block ("core") or by key ("core.neurons"); the longest that matches counts. Constants that carry a source of their own need no entry.' }),
  notes: Type.Optional(texts('What a reader of the limits must know: what is assumed, what is not published.')),
  compile: CompileSchema,
  coresPerChip: Type.Optional(limit('Cores of a chip that hold neurons. Needed where there is no mesh, or where the mesh has more places than cores.')),
  board: Type.Optional(record({
    chips: limit('Chips that one board or system offers.'),
    columns: count('Chips per row of the board.'),
    borderHops: Type.Optional(Type.Number({ minimum: 0, maximum: 1e6, description: 'Router hops that a chip border counts for when cores are placed; 4 by default. It steers the search and enters no energy or time.' })),
  }, { description: 'How chips stand beside each other.' })),
  mesh: Type.Optional(record({
    width: count('Routers per row of a chip.'),
    height: count('Rows of routers of a chip.'),
    coresPerRouter: count('Cores at each router.'),
    missing: Type.Optional(Type.Array(record({
      x: Type.Integer({ minimum: 0, description: 'Column of the router, from 0.' }),
      y: Type.Integer({ minimum: 0, description: 'Row of the router, from 0.' }),
      cores: count('How many of its cores are missing; the last ports.'),
    }), { description: 'Routers with fewer cores than the others.' })),
  }, { description: 'The routers of a chip.' })),
  router: Type.Optional(RouterSchema),
  core: Type.Optional(record({
    neurons: limit('Compartments per core.'),
    inAxons: limit('Input axons per core.'),
    outAxons: limit('Output axon slots per core.'),
    synapticMemoryBits: limit('Synaptic memory per core.'),
    thresholdProfiles: limit('Different thresholds per core.'),
    synapseFormats: limit('Different synapse formats per core.'),
    delaySlots: limit('Compartments times delay-buffer steps per core. The buffer holds the longest arriving delay plus one step, rounded up to a power of two, at least 8.'),
  }, { description: 'Limits of a core that holds a slice of one population: any box of channels, rows and columns.' })),
  crossbar: Type.Optional(CrossbarSchema),
  layerCores: Type.Optional(LayerCoresSchema),
  network: Type.Optional(NetworkSchema),
  neuron: Type.Optional(NeuronSchema),
  layers: Type.Optional(LayersSchema),
  memory: Type.Optional(record({
    wordBits: count('Synapse lists are rounded up to whole words.'),
    blockSynapses: count('Synapses in one block of a list.'),
    blockOverheadBits: Type.Integer({ minimum: 0, description: 'Header bits of each block.' }),
    indexBits: Type.Integer({ minimum: 0, description: 'Bits of a target index in the sparse format.' }),
    delayBits: Type.Integer({ minimum: 0, description: 'Bits per synapse where a projection has a delay.' }),
    axonChannels: count('Channels of one source pixel that share a population axon (shared format).'),
    sharedOffset: limit('Largest compartment offset that one shared list reaches; beyond it the list is copied.'),
  }, { description: 'How synapse lists are stored. Needed to compile.' })),
  numbers: Type.Optional(record({
    weightMax: Type.Integer({ minimum: 1, maximum: 127, description: 'Largest absolute weight in steps: the int8 number that a program stores.' }),
    weightStep: count('A power of two. Mantissa = step * weightStep (2 for signed Loihi weights, whose mantissas are even).'),
    accumulatorMax: count('Largest absolute value of the synaptic accumulator in mantissa units: see accumulatorShift.'),
    accumulatorShift: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], { description: 'Chip shift at which the accumulator counts plain mantissas. A number A: the weight exponent acts before the accumulator, so for every neuron the sum over its projections of |sum of steps| * weightStep * 2^(chip shift - A) is at most accumulatorMax. null: the shift acts after it, so |sum of steps| * weightStep is at most accumulatorMax for each projection alone.' }),
    stateBits: Type.Integer({ minimum: 8, maximum: 30, description: 'Bits of the membrane potential, sign included. At most 30: the simulator adds a step up in 32 bits before it clips.' }),
    shiftMin: Type.Integer({ minimum: 0, description: 'Smallest chip shift: state = sum of mantissas << chip shift. In the program the shift acts on the sum of steps, so IntegerProjection.shift = log2(weightStep) + chip shift.' }),
    shiftMax: Type.Integer({ minimum: 0, description: 'Largest chip shift (weight exponent included).' }),
    thresholdBits: count('Bits of the threshold mantissa.'),
    thresholdShift: Type.Integer({ minimum: 0, description: 'The threshold is mantissa << this.' }),
    biasMantissaMax: count('Largest absolute bias mantissa.'),
    biasExponentMax: Type.Integer({ minimum: 0, description: 'The bias is mantissa << exponent, exponent 0 to this.' }),
    gradedBits: Type.Optional(limit('Bits of the integer that a graded spike carries, sign included. Left out: not published, taken as none.')),
    decayBits: Type.Integer({ minimum: 0, maximum: 12, description: 'Bits of the membrane decay; 0: no leak.' }),
    leakFloor: Type.Optional(Type.Integer({ minimum: 0, maximum: 1, description: 'v of every neuron loses at least this / 4096 of itself in a step, whatever its decay register says. Left out: 0.' })),
    refractoryMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 4096, description: 'Most steps from a spike to the next possible one. Left out: 1, no wait.' })),
    delayMax: Type.Integer({ minimum: 0, description: 'Largest axonal or synaptic delay in steps.' }),
  }, { description: 'Number formats of weights and neurons. Needed to compile.' })),
  capabilities: AbilitiesSchema,
  profiles: Type.Array(ProfileSchema, { description: 'Energy and latency; the first is the default. At least one is needed to compile.' }),
  figures: Type.Optional(Type.Array(figure('A published figure.'), { description: 'What is published of energy and speed and is no constant of an event.' })),
}, { additionalProperties: false, $id: 'https://spikeveil.dev/target.schema.json', title: 'Spikeveil target' });

/** The text of `targets/target.schema.json`. */
export const printTargetSchema = (): string => `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...TargetSchema }, null, 2)}\n`;

type DeepReadonly<T> = T extends readonly (infer E)[] ? readonly DeepReadonly<E>[] : T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
/** A chip as its file describes it: what a network may look like there, and perhaps what compiling needs. */
export type Chip = DeepReadonly<Static<typeof TargetSchema>>;
type CompileBlock = (typeof COMPILE_BLOCKS)[number];
/** A chip that programs can be compiled for. */
export type Target = Omit<Chip, CompileBlock> & { readonly [K in CompileBlock]: Exclude<Chip[K], undefined> };
export type Profile = Chip['profiles'][number];
/** A number with its source; `value: null` where it is unpublished. */
export type Constant = Profile['energy']['spike'];
