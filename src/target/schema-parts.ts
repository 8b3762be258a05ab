/** What the schema of a target is built from: closed objects, counts, limits, and numbers that carry their unit and source. */
import Type from 'typebox';

/** An object that takes no other keys. */
export const record = <T extends Parameters<typeof Type.Object>[0]>(fields: T, options: { description?: string } = {}) => Type.Object(fields, { additionalProperties: false, ...options });

const MOST = 2 ** 40;
export const count = (description: string) => Type.Integer({ minimum: 1, maximum: MOST, description });
export const limit = (description: string) => Type.Union([Type.Integer({ minimum: 1, maximum: MOST }), Type.Null()], { description: `${description} null: no limit, or none published.` });
export const text = (description: string) => Type.String({ minLength: 1, description });
export const texts = (description: string) => Type.Array(text('One of them, a sentence.'), { description });
/** A figure that nobody has to know: null where it is not published. */
export const maybe = (description: string) => Type.Union([Type.Integer({ minimum: 1, maximum: 65536 }), Type.Null()], { description: `${description} null: not published.` });
/** The values that a size may have. */
export const choices = (description: string) => Type.Array(Type.Integer({ minimum: 1, maximum: MOST }), { minItems: 1, uniqueItems: true, description });
/** What a chip can or cannot do; null where nobody says so. Passes take null as no. */
export const ability = (description: string) => Type.Union([Type.Boolean(), Type.Null()], { description: `${description} null: not published, taken as no.` });

const source = text('Publication or file the number was read from.');
const note = Type.Optional(text('What the number leaves open. Where the value is null: why, and what it counts as.'));

/** A measured or published number with its unit and source. `value: null` means unpublished; the note says so. */
const constant = (unit: string, description: string) => record({
  value: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], { description: 'The number; null: not published.' }),
  unit: Type.Literal<string>(unit, { description: 'The only unit that is taken here.' }),
  source, note,
}, { description });
export const picojoules = (description: string) => constant('pJ', description);
export const nanoseconds = (description: string) => constant('ns', description);
export const milliwatts = (description: string) => constant('mW', description);

/** A time that nothing takes in zero: an event that costs no time would make steps free. */
export const duration = (description: string) => record({
  value: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()], { description: 'Above 0; null: not published.' }),
  unit: Type.Literal<string>('ns', { description: 'The only unit that is taken here.' }),
  source, note,
}, { description });

/** A published figure of any unit. */
export const figure = (description: string) => record({
  name: text('What it is a figure of.'),
  value: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], { description: 'The number; null: not published.' }),
  unit: text('Its unit, for example pJ or GHz.'),
  source, note,
}, { description });
