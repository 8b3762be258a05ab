/**
 * The form of a run file: what `simulate --out` writes and `report RUN` reads. One TypeBox schema gives
 * the type and the check. All counts are means per inference unless a description says otherwise, all
 * energies joules, all times simulated seconds; nothing depends on the machine that ran the simulation.
 */
import Type, { type Static, type TSchema } from 'typebox';

const record = <T extends Parameters<typeof Type.Object>[0]>(fields: T) => Type.Object(fields, { additionalProperties: false });
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const text = Type.String({ maxLength: 4096 });
const amount = Type.Number({ minimum: 0 });
const whole = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const share = Type.Number({ minimum: 0, maximum: 1 });
const size = Type.Integer({ minimum: 1, maximum: 2 ** 40 });

const LayerSchema = record({
  name: text,
  shape: Type.Array(size, { minItems: 3, maxItems: 3, description: '[channels, height, width]' }),
  neuron: Type.Union([Type.Literal('if'), Type.Literal('lif'), Type.Literal('signed-if'), Type.Literal('cuba'), Type.Literal('integrator'), Type.Literal('relay')]),
  reset: nullable(Type.Union([Type.Literal('soft'), Type.Literal('hard'), Type.Literal('soft-two-compartment')])),
  retract: Type.Optional(Type.Number({ minimum: 0, description: 'Signed neurons: a spike is taken back below minus this many thresholds.' })),
  neurons: size,
  cores: whole,
  weights: Type.Integer({ minimum: 0, description: 'Stored weights of the projections into it; those of the host included.' }),
  memoryBits: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Synaptic memory of its cores.' })),
  onHost: Type.Boolean({ description: 'Its input current is computed by the host.' }),
  threshold: Type.Integer({ description: 'State units.' }),
  thresholdRange: nullable(Type.Array(Type.Number(), { minItems: 2, maxItems: 2, description: 'Smallest and largest over the channels, activation units.' })),
  weightError: nullable(Type.Number({ minimum: 0, description: 'Relative root-mean-square error of the rounded weights; the worst of its projections.' })),
  spikes: Type.Number({ minimum: 0, description: 'Of either sign.' }),
  retractions: Type.Optional(Type.Number({ minimum: 0, description: 'Signed neurons: spikes of -1 among them, which take an earlier one back.' })),
  rate: Type.Number({ minimum: 0, description: 'Spikes per neuron and step.' }),
  synapticOps: amount,
  activeUpdates: amount,
  inactiveUpdates: amount,
  saturations: amount,
  joules: Type.Number({ minimum: 0, description: 'Energy of its cores.' }),
});

const CoreSchema = record({
  layer: whole, chip: whole, x: whole, y: whole, port: whole,
  neurons: whole, inAxons: whole, outAxons: whole, synapticBits: whole,
  spikes: amount, messagesIn: amount, messagesOut: amount, synapticOps: amount,
  busySeconds: nullable(amount),
});

const LineSchema = record({
  key: text,
  name: text, counted: text, count: amount, unitPicojoules: nullable(amount), joules: amount, source: text, note: Type.Optional(text),
});

const LatencySchema = record({
  seconds: amount, steps: size,
  parts: record({ core: amount, link: amount, travel: amount, barrier: amount }),
  bottleneck: record({ core: whole, link: whole, barrier: whole }),
  aloneRate: Type.Number({ minimum: 0, description: 'Inferences a second, one after the other.' }),
  overlappedRate: Type.Number({ minimum: 0, description: 'The same where they overlap, at most.' }),
});

const EnergySchema = record({
  profile: record({ name: text, title: text, estimate: Type.Boolean(), voltage: nullable(Type.Number()), errorEnvelope: text }),
  perInference: record({
    lines: Type.Array(LineSchema, { maxItems: 64 }),
    dynamicJoules: amount, staticJoules: amount, totalJoules: amount, staticUsedCoresJoules: nullable(amount),
    beside: Type.Optional(Type.Array(LineSchema, { maxItems: 16, description: 'Shown beside the total, not in it.' })),
  }),
  byProfile: Type.Optional(Type.Array(record({ name: text, dynamicJoules: amount, staticJoules: amount, totalJoules: amount }), { maxItems: 64, description: 'The same events and latency under every profile of the target.' })),
  coreMaxima: Type.Optional(Type.Array(record({ key: text, name: text, total: amount, most: amount, core: whole, imbalance: amount }), { maxItems: 16 })),
  latency: Type.Optional(nullable(LatencySchema)),
  populations: Type.Array(record({ id: text, joules: amount })),
  latencySeconds: nullable(amount),
  baselines: Type.Array(record({
    key: text, name: text, network: Type.Union([Type.Literal('ann'), Type.Literal('snn')]),
    count: amount, unitPicojoules: amount, joules: amount, source: text, note: text,
    parts: Type.Optional(Type.Array(record({ what: text, count: amount, unitPicojoules: amount }), { maxItems: 16 })),
  }), { maxItems: 64 }),
  ratios: Type.Array(record({ key: text, name: text, value: nullable(amount) }), { maxItems: 64 }),
  macs: amount,
  synapticOps: amount,
  sopsPerMac: nullable(amount),
  breakEven: Type.Array(record({ name: text, macPicojoules: amount, synapticOpPicojoules: amount, sopsPerMac: amount }), { maxItems: 64 }),
  notes: Type.Array(text, { maxItems: 64 }),
});

export const RUN_FORMAT = 'spikeveil-run';
export const RUN_VERSION = 1;

const UtilisationSchema = nullable(Type.Object({ mean: amount, most: amount }, { additionalProperties: false, description: 'Shares of what a core has; null: no limit.' }));

const LinkSchema = nullable(record({ messages: amount, from: Type.Array(whole, { minItems: 2, maxItems: 2 }), to: Type.Array(whole, { minItems: 2, maxItems: 2 }) }));

/** `MappingReport`. Its traffic is worked out from the mean spikes of each layer in this run. */
const MappingSchema = record({
  cores: whole, leastCores: whole, chips: whole, coresInUse: share,
  utilisation: record({ compartments: UtilisationSchema, inAxons: UtilisationSchema, outAxons: UtilisationSchema, memory: UtilisationSchema }),
  rates: Type.Union([Type.Literal('estimated'), Type.Literal('measured'), Type.Literal('even')]),
  messages: amount, chipCrossings: amount, hops: amount, linearHops: amount, randomHops: amount,
  heaviestLink: LinkSchema,
  heaviestCore: nullable(record({ core: whole, layer: text, synapticOps: amount })),
});

const TrainingSchema = record({
  data: text, dataSha256: text, examples: size, steps: size,
  certificate: nullable(record({
    mechanism: text, phases: Type.Array(record({ rate: Type.Number({ exclusiveMinimum: 0, maximum: 1 }), noise: amount, steps: size }), { minItems: 1, maxItems: 1024 }),
    clip: amount, expectedBatch: amount, epsilon: amount, delta: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 }), adjacency: text, unit: text, accountant: text,
  })),
});

export const RunSchema = record({
  format: Type.Literal(RUN_FORMAT),
  version: Type.Literal(RUN_VERSION),
  tool: Type.String({ maxLength: 64, description: 'Version of the tool that simulated.' }),
  model: record({ name: text, sha256: text, parameters: whole, macs: amount, image: Type.Array(size, { minItems: 3, maxItems: 3 }), classes: Type.Array(text) }),
  compilation: record({
    tool: Type.String({ maxLength: 64, description: 'Version of the tool that compiled.' }),
    seed: Type.Number(), calibration: text, privateData: Type.Boolean(),
    input: Type.Union([Type.Literal('bias'), Type.Literal('rate'), Type.Literal('poisson')]),
    timesteps: size,
    target: record({ name: text, title: text, meshWidth: size, meshHeight: size, coresPerRouter: size, boardColumns: size }),
    programSha256: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Of the program file.' })),
    chipsUsed: whole, coresUsed: whole,
    mapping: Type.Optional(MappingSchema),
    training: Type.Optional(TrainingSchema),
  }),
  layers: Type.Array(LayerSchema, { maxItems: 10_000 }),
  cores: Type.Array(CoreSchema, { maxItems: 1_000_000 }),
  data: record({ name: text, samples: size }),
  accuracy: record({
    correct: Type.Integer({ minimum: 0, description: 'Samples whose class leads after the last step: a sum, not a mean.' }),
    byStep: Type.Array(share, { minItems: 1, description: 'After each step, fraction of 1.' }),
    ann: nullable(Type.Number({ minimum: 0, maximum: 1, description: 'Of the ANN on the same samples.' })),
    annBackend: Type.Optional(Type.String({ maxLength: 256, description: 'What computed the ANN, where that was not the own kernels.' })),
    agreement: nullable(Type.Number({ minimum: 0, maximum: 1, description: 'Samples on which both give the same class.' })),
  }),
  simulation: record({
    seed: Type.Number(),
    timing: Type.Union([Type.Literal('functional'), Type.Literal('pipeline'), Type.Literal('cycle')]),
    stepsPerInference: size,
    spikes: amount, synapticOps: amount,
    messages: amount, hopsX: amount, hopsY: amount, chipCrossings: amount, withinTile: amount,
    heaviestLinkMessages: nullable(amount),
    time: nullable(record({ profile: text, secondsPerInference: amount, pipelineSeconds: Type.Optional(Type.Number({ minimum: 0, description: 'Cycle timing: what pipeline timing gives for the same samples.' })), bottleneck: Type.Object({ core: whole, link: whole, barrier: whole }, { additionalProperties: false, description: 'Steps over all samples.' }) })),
  }),
  energy: EnergySchema,
  raster: nullable(record({
    sample: whole,
    every: Type.Array(size, { description: 'Per layer: only every n-th neuron is kept.' }),
    layer: Type.Array(whole), neuron: Type.Array(whole), step: Type.Array(whole),
    sign: Type.Optional(Type.Array(Type.Integer({ minimum: -1, maximum: 1 }), { description: 'Where neurons are signed: 1, or -1 for a spike that takes one back.' })),
  })),
});

type DeepReadonly<T> = T extends readonly (infer E)[] ? readonly DeepReadonly<E>[] : T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
/** One simulated run. Counts are means per inference. */
export type RunRecord = DeepReadonly<Static<typeof RunSchema>>;
export type RunLayer = RunRecord['layers'][number];
export type RunCore = RunRecord['cores'][number];
