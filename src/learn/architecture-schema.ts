/**
 * The schema of an architecture file: a spiking network as a short list of layers, to be trained from
 * scratch. It holds no number that was measured on anybody's data; the normalisation is a constant that its
 * author chose. `read-architecture.ts` reads the file, `build-network.ts` makes the network.
 */
import Type, { type Static } from 'typebox';

const record = <T extends Parameters<typeof Type.Object>[0]>(fields: T, description: string) => Type.Object(fields, { additionalProperties: false, description });
const size = (description: string) => Type.Integer({ minimum: 1, maximum: 4096, description });
const share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });
const perChannel = <T extends ReturnType<typeof Type.Number>>(item: T, description: string) => Type.Array(item, { minItems: 1, description });

const LayerSchema = Type.Union([
  record({
    kind: Type.Literal('conv'), channels: size('Output channels.'), kernel: size('Rows and columns of the filter.'),
    stride: Type.Optional(size('Default 1.')), pad: Type.Optional(Type.Integer({ minimum: 0, maximum: 4096, description: 'Zeros around the map; default 0.' })),
    groups: Type.Optional(size('Default 1.')),
  }, 'A convolution with a bias, then spiking neurons.'),
  record({ kind: Type.Literal('pool'), size: size('Rows and columns of a cell; it divides the map.') }, 'Average pooling without overlap; folded into the next layer.'),
  record({ kind: Type.Literal('fc'), units: size('Outputs.') }, 'Fully connected with a bias; the last layer integrates its input and is read as class scores, the others spike.'),
]);

const NeuronSchema = record({
  model: Type.Union([Type.Literal('if'), Type.Literal('lif')], { description: 'Without leak or with.' }),
  leak: Type.Optional(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1, description: 'With model lif: the share of v that a step keeps.' })),
  reset: Type.Union([Type.Literal('soft'), Type.Literal('hard')], { description: 'soft: v loses the threshold; hard: v falls to 0.' }),
  start: share('v at the first step, in thresholds.'),
}, 'All spiking neurons; their threshold is 1 at the start.');

export const ArchitectureSchema = record({
  $schema: Type.Optional(Type.String()),
  name: Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._-]+$' }),
  note: Type.Optional(Type.String({ description: 'Where it comes from and what it leaves out.' })),
  image: Type.Tuple([size('Channels.'), size('Rows.'), size('Columns.')], { description: 'Shape of an image.' }),
  normalisation: record({
    scale: Type.Number({ exclusiveMinimum: 0 }), mean: perChannel(Type.Number(), 'Per channel.'), std: perChannel(Type.Number({ exclusiveMinimum: 0 }), 'Per channel.'),
  }, 'x = (byte / scale - mean) / std. Choose it without looking at the private data.'),
  timesteps: Type.Integer({ minimum: 1, maximum: 4096, description: 'T.' }),
  code: Type.Union([Type.Literal('direct'), Type.Literal('rate'), Type.Literal('poisson')], { description: 'direct: the first layer is a constant current; rate: input neurons spike at a rate; poisson: by chance.' }),
  neuron: NeuronSchema,
  surrogate: record({
    shape: Type.Union([Type.Literal('boxcar'), Type.Literal('triangle'), Type.Literal('arctangent'), Type.Literal('fast-sigmoid')]),
    width: Type.Number({ exclusiveMinimum: 0, maximum: 100, description: 'Half width, in thresholds.' }),
  }, 'Stands for the derivative of a spike.'),
  trainThresholds: Type.Optional(Type.Boolean({ description: 'Default false. Thresholds are clipped and noised jointly with the weights.' })),
  layers: Type.Array(LayerSchema, { minItems: 1, maxItems: 64 }),
}, 'A spiking network to be trained from scratch.');

type DeepReadonly<T> = T extends readonly (infer E)[] ? readonly DeepReadonly<E>[] : T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
type Parsed = DeepReadonly<Static<typeof ArchitectureSchema>>;
export type ArchitectureLayer = Parsed['layers'][number];
export type Architecture = Omit<Parsed, 'image'> & { readonly image: readonly [number, number, number] };

/** The schema as it is published beside the architectures. */
export const printArchitectureSchema = (): string => `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', title: 'Architecture of a spiking network', ...ArchitectureSchema }, null, 2)}\n`;
