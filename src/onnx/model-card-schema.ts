/**
 * What a model card may hold. TypeBox gives the TypeScript type and, printed, `model-card.schema.json`
 * beside this file, which ajv reads when a card is checked.
 */
import Type, { type Static } from 'typebox';

const record = <T extends Parameters<typeof Type.Object>[0]>(fields: T) => Type.Object(fields, { additionalProperties: false });
const text = Type.String({ maxLength: 10_000 });
const size = Type.Integer({ minimum: 1, maximum: 2 ** 24 });

export const ModelCardSchema = record({
  name: Type.String({ minLength: 1, maxLength: 200 }),
  /** The data set it was trained for, for example cifar10. */
  dataset: Type.Optional(text),
  input: record({
    name: Type.Optional(text),
    /** Axis order of the graph's input. */
    layout: Type.Union([Type.Literal('NCHW'), Type.Literal('NHWC')]),
    /** Declared shape; a name stands for a free axis. Fewer than four axes take the image flattened row by row. */
    shape: Type.Array(Type.Union([size, text]), { minItems: 1, maxItems: 8 }),
    /** Per channel: x = (byte / scale - mean) / std. */
    scale: Type.Number({ exclusiveMinimum: 0 }),
    mean: Type.Array(Type.Number(), { minItems: 1, maxItems: 4096 }),
    std: Type.Array(Type.Number({ exclusiveMinimum: 0 }), { minItems: 1, maxItems: 4096 }),
  }),
  /** The output that carries the class scores. */
  output: Type.Optional(text),
  classes: Type.Integer({ minimum: 1, maximum: 2 ** 24 }),
  /** One a class, in the order of the scores. */
  classNames: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 65_536 })),
  accuracy: Type.Optional(record({
    /** Top-1, a fraction of 1. */
    value: Type.Number({ minimum: 0, maximum: 1 }),
    samples: Type.Integer({ minimum: 1 }),
    runtime: Type.Optional(text),
    selection: Type.Optional(text),
  })),
  opset: Type.Optional(Type.Integer({ minimum: 1 })),
  /** Nodes of the graph by operator. */
  ops: Type.Optional(Type.Record(Type.String(), Type.Integer({ minimum: 0 }))),
  parameters: Type.Optional(Type.Integer({ minimum: 0 })),
  source: Type.Optional(record({ repository: text, path: Type.Optional(text), commit: Type.Optional(text) })),
  licence: Type.Optional(text),
  expect: Type.Optional(Type.Union([Type.Literal('compile'), Type.Literal('reject')])),
  notes: Type.Optional(text),
  sha256: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  bytes: Type.Optional(Type.Integer({ minimum: 1 })),
});
export type ModelCard = Static<typeof ModelCardSchema>;

/** The text of `model-card.schema.json`. */
export const printModelCardSchema = (): string => `${JSON.stringify(ModelCardSchema, null, 2)}\n`;
