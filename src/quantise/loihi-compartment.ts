/**
 * One compartment of Loihi 1, register by register: the specification that the integer neurons and every
 * kernel are held against. In one step, with a = sum of the weights of arriving spikes and off = leakFloor:
 *
 *   decay(x, d, off) = sgn(x) * ((|x| * (4096 - off - d)) >> 12)
 *   u = clip(decay(u, currentDecay, 1) + (a << 6))
 *   v = clip(decay(v, voltageDecay, leakFloor) + u + (biasMantissa << biasExponent));  0 while it waits
 *   spike if v > thresholdMantissa << 6, then v = 0 and it waits refractory - 1 steps
 *
 * u and v have 23 bits and a sign: clip is to +-(2^23 - 1). Products reach 2^35, so they are formed in
 * doubles, exactly, and never with 32-bit shifts. Lava (PyLifModelBitAcc, commit b6822fb), NengoLoihi (e564f66) and
 * Brian2Loihi (9ac5842) agree on all of it as long as no u wraps and `weightIsAgreed` holds.
 */

/** mixed: both signs, even mantissas. */
export type SignMode = 'mixed' | 'excitatory' | 'inhibitory';

export interface WeightFormat {
  readonly signMode: SignMode;
  /** 0 to 6, or 8: the chip has no code for 7. */
  readonly bits: number;
  /** -8..7: the value is mantissa * 2^exponent. */
  readonly exponent: number;
}

export interface CompartmentRegisters {
  /** 0..4095: 4095 keeps nothing of u. */
  readonly currentDecay: number;
  /** 0..4095: 0 keeps all of v, but for `leakFloor`. */
  readonly voltageDecay: number;
  /** 0, or 1 where v loses 1/4096 more than its register says. */
  readonly leakFloor: 0 | 1;
  /** -4096..4095 */
  readonly biasMantissa: number;
  /** 0..7 */
  readonly biasExponent: number;
  /** 0..131071 */
  readonly thresholdMantissa: number;
  /** 1..63: steps from a spike to the next possible one. */
  readonly refractory: number;
  /** spike: as above. pass: it neither spikes nor resets, but hands its parent compartment 1 in a step with v above the threshold, else 0. */
  readonly onThreshold: 'spike' | 'pass';
}

export interface CompartmentState {
  readonly u: number;
  readonly v: number;
  /** Steps in which v is still held at 0. */
  readonly waiting: number;
}

export interface CompartmentInput {
  /** a: sum of weights, mantissa * 2^exponent each. */
  readonly weights: number;
  /** What a child compartment handed over in this step; it joins u. */
  readonly child?: number;
}

export const atRest: CompartmentState = { u: 0, v: 0, waiting: 0 };

const STATE_MAX = 2 ** 23 - 1;
const SUM_SHIFT = 6;
const ranges: readonly (readonly [keyof CompartmentRegisters, number, number])[] = [
  ['currentDecay', 0, 4095], ['voltageDecay', 0, 4095], ['leakFloor', 0, 1], ['biasMantissa', -4096, 4095], ['biasExponent', 0, 7], ['thresholdMantissa', 0, 131071], ['refractory', 1, 63],
];

/** Throws a RangeError that names the first register that does not hold its number. */
export function checkRegisters(registers: CompartmentRegisters): void {
  for (const [name, low, high] of ranges) {
    const value = registers[name] as number;
    if (!(Number.isInteger(value) && value >= low && value <= high)) throw new RangeError(`${name} is ${value}, the register holds ${low} to ${high}`);
  }
}

export const decay = (x: number, register: number, offset: 0 | 1): number => Math.sign(x) * Math.floor((Math.abs(x) * (4096 - offset - register)) / 4096);

const clip = (x: number): number => Math.min(STATE_MAX, Math.max(-STATE_MAX, x));

/** One step. `over` says that v was above the threshold: a spike, or what is handed to the parent. */
export function stepCompartment(r: CompartmentRegisters, state: CompartmentState, { weights, child = 0 }: CompartmentInput): { readonly state: CompartmentState; readonly over: boolean } {
  const u = clip(decay(state.u, r.currentDecay, 1) + weights * 2 ** SUM_SHIFT);
  const free = clip(decay(state.v, r.voltageDecay, r.leakFloor) + u + child + r.biasMantissa * 2 ** r.biasExponent);
  const v = state.waiting > 0 ? 0 : free;
  const over = v > r.thresholdMantissa * 2 ** SUM_SHIFT;
  const spikes = over && r.onThreshold === 'spike';
  return { over, state: { u, v: spikes ? 0 : v, waiting: spikes ? r.refractory - 1 : Math.max(0, state.waiting - 1) } };
}

/**
 * The mantissa that a synapse of this format keeps of a weight within +-255: bits below
 * 2^(8 - bits + (mixed ? 1 : 0)) are cut, towards minus infinity in mixed lists (Lava's rule), in magnitude in the others.
 */
export function storedMantissa(weight: number, { signMode, bits }: WeightFormat): number {
  const step = 2 ** (8 - bits + (signMode === 'mixed' ? 1 : 0));
  const cut = (w: number): number => Math.floor(w / step) * step;
  switch (signMode) {
    case 'mixed': return cut(Math.max(-256, Math.min(254, weight)));
    case 'excitatory': return cut(Math.max(0, Math.min(255, weight)));
    case 'inhibitory': return -cut(Math.max(0, Math.min(255, -weight)));
  }
}

/** What one spike adds to a. */
export const effectiveWeight = (weight: number, format: WeightFormat): number => storedMantissa(weight, format) * 2 ** format.exponent;

/** True where the three emulators read the same value, one spike or many: the mantissa loses no bit when it is stored or shifted. */
export function weightIsAgreed(weight: number, format: WeightFormat): boolean {
  const unit = Math.max(2 ** Math.max(0, -format.exponent), format.signMode === 'mixed' ? 2 : 1);
  return storedMantissa(weight, format) === weight && weight % unit === 0 && Math.abs(weight) <= (format.signMode === 'mixed' ? 254 : 255);
}

/** A neuron that resets softly: an integrator that passes, and a second compartment that spikes for it. */
export interface TwoCompartments {
  /** With `onThreshold` pass and currentDecay 4095. */
  readonly integrator: CompartmentRegisters;
  readonly states: readonly [integrator: CompartmentState, soma: CompartmentState];
  /** Whether the soma spiked in the last step: its inhibitory synapse of minus the threshold reaches the integrator in the next. */
  readonly spiked: boolean;
}

/** Keeps nothing from step to step but what the integrator hands over: 1 is above the threshold of 0. */
const SOMA: CompartmentRegisters = { currentDecay: 4095, voltageDecay: 4095, leakFloor: 0, biasMantissa: 0, biasExponent: 0, thresholdMantissa: 0, refractory: 1, onThreshold: 'spike' };

/**
 * One step of the construction. The integrator keeps v where a soft reset has taken the threshold off; that
 * comes off through the synapse in the next step, before v is compared again. So without a leak the spikes
 * are those of the soft reset, step by step; with one, v leaks before it pays.
 */
export function stepTwoCompartments({ integrator, states, spiked }: TwoCompartments, weights: number): TwoCompartments {
  const below = stepCompartment(integrator, states[0], { weights: weights - (spiked ? integrator.thresholdMantissa : 0) });
  const soma = stepCompartment(SOMA, states[1], { weights: 0, child: below.over ? 1 : 0 });
  return { integrator, states: [below.state, soma.state], spiked: soma.over };
}
