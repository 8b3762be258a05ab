/**
 * The element types of tensors, by their ONNX numbers, and how a number is kept in each: floats are
 * rounded, whole numbers wrap around as two's complement does. All but the short floats are held in double
 * precision, so 64-bit whole numbers are exact up to 2^53.
 */
export type ElementType =
  | 'float32' | 'float64' | 'float16' | 'bfloat16' | 'bool'
  | 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'uint64' | 'int64';
export type Numbers = Float32Array | Float64Array;

const byNumber: ReadonlyMap<number, ElementType> = new Map<number, ElementType>([
  [1, 'float32'], [2, 'uint8'], [3, 'int8'], [4, 'uint16'], [5, 'int16'], [6, 'int32'], [7, 'int64'], [9, 'bool'],
  [10, 'float16'], [11, 'float64'], [12, 'uint32'], [13, 'uint64'], [16, 'bfloat16'],
]);
/** TensorProto.DataType as a name; undefined for those that are not read. */
export const elementType = (type: number): ElementType | undefined => byNumber.get(type);

const floats: ReadonlySet<ElementType> = new Set<ElementType>(['float32', 'float64', 'float16', 'bfloat16']);
/** Real numbers; the others follow integer arithmetic. */
export const isFloat = (type: ElementType): boolean => floats.has(type);

/** Room for `count` numbers of a type. */
export const newNumbers = (type: ElementType, count: number): Numbers =>
  (isFloat(type) && type !== 'float64' ? new Float32Array(count) : new Float64Array(count));

/** Lowest and highest number of the whole types. */
export const integerRange: Readonly<Partial<Record<ElementType, readonly [low: number, high: number]>>> = {
  uint8: [0, 255], int8: [-128, 127], uint16: [0, 65_535], int16: [-32_768, 32_767], uint32: [0, 2 ** 32 - 1], int32: [-(2 ** 31), 2 ** 31 - 1],
};

const scratch = new DataView(new ArrayBuffer(4));

/** To `bits` bits of fraction, ties to even; the exponent keeps at least `lowest`. */
function roundFraction(value: number, bits: number, lowest: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), lowest) - bits);
  return roundEven(value / unit) * unit;
}

/** To the nearest whole number, ties to the even one. */
export function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function toHalf(value: number): number {
  const rounded = roundFraction(value, 10, -14);
  return Math.abs(rounded) > 65_504 ? Math.sign(rounded) * Infinity : rounded;
}

function toBfloat(value: number): number {
  if (!Number.isFinite(value)) return value;
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  scratch.setUint32(0, (bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
  return scratch.getFloat32(0);
}

/** How a number is kept in a type: apply it to every result before it is stored. */
export const keepAs: Readonly<Record<ElementType, (value: number) => number>> = {
  float32: Math.fround, float64: (v) => v, float16: toHalf, bfloat16: toBfloat,
  bool: (v) => (v === 0 ? 0 : 1),
  uint8: (v) => v & 0xff, int8: (v) => (v << 24) >> 24, uint16: (v) => v & 0xffff, int16: (v) => (v << 16) >> 16, uint32: (v) => v >>> 0, int32: (v) => v | 0,
  uint64: (v) => { const whole = Math.trunc(v); return whole < 0 ? whole + 2 ** 64 : whole; }, int64: (v) => (Number.isNaN(v) ? 0 : Math.trunc(v)),
};
