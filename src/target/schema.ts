/**
 * The one description of a chip: TypeBox gives the TypeScript type and, printed, the published
 * `targets/target.schema.json`, which ajv and the editors of users read. A limit that does not exist or is not published is `null`; what a chip
 * can and cannot do is a capability that passes ask for, never the chip's name.
 */
import Type, { type Static } from 'typebox';

const record = <T extends Parameters<typeof Type.Object>[0]>(fields: T, options: { description?: string } = {}) => Type.Object(fields, { additionalProperties: false, ...options });
const count = (description: string) => Type.Integer({ minimum: 1, maximum: 2 ** 40, description });
const limit = (description: string) => Type.Union([Type.Integer({ minimum: 1, maximum: 2 ** 40 }), Type.Null()], { description: `${description} null: no limit, or none published.` });

/** A measured or published number with its unit and source. `value: null` means unpublished; the note says so. */
const constant = (unit: string, description: string) => record({
  value: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
  unit: Type.Literal<string>(unit),
  source: Type.String({ minLength: 1, description: 'Publication or file the number was read from.' }),
  note: Type.Optional(Type.String()),
}, { description });
const picojoules = (description: string) => constant('pJ', description);
const nanoseconds = (description: string) => constant('ns', description);
const milliwatts = (description: string) => constant('mW', description);

export const ProfileSchema = record({
  name: Type.String({ pattern: '^[a-z][a-z0-9-]*$' }),
  title: Type.String(),
  estimate: Type.Boolean({ description: 'True where the numbers are not of this chip or are extrapolated.' }),
  voltage: Type.Union([Type.Number(), Type.Null()]),
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
  }),
  latency: record({
    synapticOpDense: nanoseconds('One weight read by one spike, dense format.'),
    synapticOpSparse: nanoseconds('The same, sparse format.'),
    synapticOpShared: nanoseconds('The same, shared (convolution) format.'),
    neuronInactive: nanoseconds('One neuron, one step, nothing to integrate.'),
    neuronActive: nanoseconds('One neuron, one step, with input.'),
    spike: nanoseconds('Generating one spike.'),
    axonOut: nanoseconds('One message leaving a core.'),
    axonIn: nanoseconds('One message entering a core.'),
    withinTile: nanoseconds('One message between two cores of one router: it makes no hop.'),
    hopX: nanoseconds('One router hop east or west.'),
    hopY: nanoseconds('One router hop north or south.'),
    chipCrossing: nanoseconds('One message over a chip border.'),
    gradedMessage: Type.Optional(nanoseconds('What a payload, such as a sign, adds to one message.')),
    gradedSynapticOp: Type.Optional(nanoseconds('What a payload adds to one synaptic operation.')),
    secondState: Type.Optional(nanoseconds('What a second state variable adds to one neuron update with input.')),
    barrier: Type.Array(record({ tiles: count('Routers in use.'), nanoseconds: Type.Number({ minimum: 0 }) }), { minItems: 1, description: 'Barrier time of a step by routers in use, ascending; between entries linear, beyond the ends constant.' }),
    barrierSource: Type.String({ minLength: 1 }),
  }),
  power: record({
    staticPerChip: milliwatts('Leakage and idle power of one powered chip.'),
    staticPerCore: milliwatts('The same, of one powered core.'),
  }),
  errorEnvelope: Type.String({ description: 'How far the published comparison with silicon is off, in words.' }),
});

export const TargetSchema = Type.Object({
  $schema: Type.Optional(Type.String()),
  name: Type.String({ pattern: '^[a-z][a-z0-9-]*$' }),
  title: Type.String(),
  sources: Type.Array(Type.String(), { minItems: 1, description: 'Publications the limits were read from.' }),
  notes: Type.Optional(Type.Array(Type.String())),
  board: record({
    chips: limit('Chips that one board or system offers.'),
    columns: count('Chips per row of the board.'),
  }),
  mesh: record({
    width: count('Routers per row of a chip.'),
    height: count('Rows of routers of a chip.'),
    coresPerRouter: count('Cores at each router.'),
  }),
  core: record({
    neurons: limit('Compartments per core.'),
    inAxons: limit('Input axons per core.'),
    outAxons: limit('Output axon slots per core.'),
    synapticMemoryBits: limit('Synaptic memory per core.'),
    thresholdProfiles: limit('Different thresholds per core.'),
    synapseFormats: limit('Different synapse formats per core.'),
    delaySlots: limit('Compartments times delay-buffer steps per core. The buffer holds the longest arriving delay plus one step, rounded up to a power of two, at least 8.'),
  }),
  memory: record({
    wordBits: count('Synapse lists are rounded up to whole words.'),
    blockSynapses: count('Synapses in one block of a list.'),
    blockOverheadBits: Type.Integer({ minimum: 0, description: 'Header bits of each block.' }),
    indexBits: Type.Integer({ minimum: 0, description: 'Bits of a target index in the sparse format.' }),
    delayBits: Type.Integer({ minimum: 0, description: 'Bits per synapse where a projection has a delay.' }),
    axonChannels: count('Channels of one source pixel that share a population axon (shared format).'),
    sharedOffset: limit('Largest compartment offset that one shared list reaches; beyond it the list is copied.'),
  }),
  numbers: record({
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
    decayBits: Type.Integer({ minimum: 0, maximum: 12, description: 'Bits of the membrane decay; 0: no leak.' }),
    leakFloor: Type.Optional(Type.Integer({ minimum: 0, maximum: 1, description: 'v of every neuron loses at least this / 4096 of itself in a step, whatever its decay register says. Left out: 0.' })),
    refractoryMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 4096, description: 'Most steps from a spike to the next possible one. Left out: 1, no wait.' })),
    delayMax: Type.Integer({ minimum: 0, description: 'Largest axonal or synaptic delay in steps.' }),
  }),
  capabilities: record({
    resets: Type.Array(Type.Union([Type.Literal('soft'), Type.Literal('hard'), Type.Literal('soft-two-compartment')]), { minItems: 1, uniqueItems: true, description: 'In order of preference.' }),
    sharedConvolution: Type.Boolean({ description: 'Convolution weights are stored once per core.' }),
    signedWeights: Type.Boolean({ description: 'One synapse list may hold both signs.' }),
    gradedSpikes: Type.Boolean({ description: 'A spike may carry an integer.' }),
    signedSpikes: Type.Optional(Type.Boolean({ description: 'A spike may be +1 or -1, and a neuron may count what it has sent: signed IF neurons. They reset softly. Left out: no.' })),
    currentDecay: Type.Optional(Type.Boolean({ description: 'The synaptic current u may last: it loses (register + 1) / 4096 of itself in a step, the register has 12 bits. Left out: no.' })),
    multicast: Type.Boolean({ description: 'One message may reach several cores.' }),
  }),
  profiles: Type.Array(ProfileSchema, { minItems: 1, description: 'Energy and latency; the first is the default.' }),
}, { additionalProperties: false, $id: 'https://spikeveil.dev/target.schema.json', title: 'Spikeveil target' });

/** The text of `targets/target.schema.json`. */
export const printTargetSchema = (): string => `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...TargetSchema }, null, 2)}\n`;

type DeepReadonly<T> = T extends readonly (infer E)[] ? readonly DeepReadonly<E>[] : T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
export type Target = DeepReadonly<Static<typeof TargetSchema>>;
export type Profile = Target['profiles'][number];
/** A number with its source; `value: null` where it is unpublished. */
export type Constant = Profile['energy']['spike'];
