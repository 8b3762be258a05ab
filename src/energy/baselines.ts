/**
 * What the energy report sets beside the program: the ANN by operation count in three conventions, the
 * spiking network under the most flattering of them, the quantised ANN that carries as many bits as T
 * spikes do, and then all of them with one memory model for both networks.
 */
import type { Program } from '../program/program.js';
import { activationBits, horowitz, loihiSynapticOp, operationCosts, quantisedMac } from './operation-costs.js';

export type BaselineKey = 'ann-fp32' | 'ann-int8' | 'ann-int32' | 'snn-accumulate' | 'ann-quantised' | 'ann-fp32-memory' | 'ann-int8-memory' | 'ann-quantised-memory' | 'snn-memory';

/** `count` things of `unitPicojoules` each. */
export interface BaselinePart {
  readonly what: string;
  readonly count: number;
  readonly unitPicojoules: number;
}

export interface Baseline {
  readonly key: BaselineKey;
  readonly name: string;
  readonly network: 'ann' | 'snn';
  /** Operations per inference: MACs of the ANN or synaptic operations of the SNN. */
  readonly count: number;
  /** Picojoules an operation, everything the baseline counts included. */
  readonly unitPicojoules: number;
  /** The sum of its parts. */
  readonly joules: number;
  readonly parts: readonly BaselinePart[];
  readonly source: string;
  readonly note: string;
}

/** One quotient; above 1 the spiking side needs less energy. Null where a side is zero. */
export interface Ratio {
  readonly key: string;
  readonly name: string;
  readonly value: number | null;
}

export interface BreakEven {
  readonly name: string;
  readonly macPicojoules: number;
  readonly synapticOpPicojoules: number;
  /** Below this many synaptic operations per MAC the spiking side needs less, neuron updates and static power aside. */
  readonly sopsPerMac: number;
}

/** Signed bits that hold +-max. */
const bitsOf = (max: number): number => Math.ceil(Math.log2(max + 1)) + 1;

export interface Work {
  /** MACs of one inference of the ANN. */
  readonly macs: number;
  /** Values that its layers write. */
  readonly outputs: number;
  readonly synapticOps: number;
  readonly neuronUpdates: number;
  /** Updates of signed neurons among them: they read and write a count of up to T too. */
  readonly signedUpdates: number;
}

/** What a baseline is made of before its parts are added up. */
type Recipe = Omit<Baseline, 'joules' | 'count' | 'unitPicojoules'>;

/** The first part counts the operations; the price of the others is spread over them. */
function baseline(recipe: Recipe): Baseline {
  const [{ count }] = recipe.parts;
  const picojoules = recipe.parts.reduce((sum, p) => sum + p.count * p.unitPicojoules, 0);
  return { ...recipe, count, unitPicojoules: count === 0 ? 0 : picojoules / count, joules: picojoules * 1e-12 };
}

/** Joules of each baseline for one inference. `work` is per inference. */
export function baselines(program: Pick<Program, 'target'>, work: Work, timesteps: number): readonly Baseline[] {
  return [...arithmeticBaselines(work, timesteps), ...annWithMemory(work, timesteps), snnWithMemory(program, work, timesteps)];
}

const WEIGHT_BITS = 8;
const bitRule = (bits: number): string => `activations of ceil(log2(T+1)) = ${bits} bits (Yan et al., arXiv 2409.08290), weights of ${WEIGHT_BITS} bits`;
const scaling = 'multiply energy in proportion to the product of the widths (15.5 in the table between 32 and 8 bits, 16 by this rule), sum in int32';
const quantisedSource = `${horowitz}: int8 multiply 0.2 pJ, int32 add 0.1 pJ`;

function arithmeticBaselines(work: Work, timesteps: number): readonly Baseline[] {
  const costs = operationCosts;
  const arithmetic = 'arithmetic only: no memory, no control, no static power';
  const bits = activationBits(timesteps);
  const mac = (picojoules: number): readonly BaselinePart[] => [{ what: 'MAC', count: work.macs, unitPicojoules: picojoules }];
  return [
    baseline({ network: 'ann', key: 'ann-fp32', name: 'ANN, fp32', parts: mac(costs.macFloat32.picojoules), source: costs.macFloat32.source, note: arithmetic }),
    baseline({ network: 'ann', key: 'ann-int8', name: 'ANN, int8', parts: mac(costs.macInt8.picojoules), source: costs.macInt8.source, note: arithmetic }),
    baseline({ network: 'ann', key: 'ann-int32', name: 'ANN, int32 (32:1 convention)', parts: mac(costs.macInt32.picojoules), source: costs.macInt32.source, note: `${arithmetic}; the convention behind the published 55x` }),
    baseline({ network: 'snn', key: 'snn-accumulate', name: 'SNN, 32:1 convention', parts: [{ what: 'synaptic operation', count: work.synapticOps, unitPicojoules: costs.addInt32.picojoules }], source: costs.addInt32.source, note: `${arithmetic}; a synaptic operation counts as one addition` }),
    baseline({ network: 'ann', key: 'ann-quantised', name: `ANN, ${bits}-bit activations`, parts: mac(quantisedMac(WEIGHT_BITS, bits)), source: quantisedSource, note: `${bitRule(bits)}; ${scaling}; ${arithmetic}` }),
  ];
}

const memorySource = operationCosts.memoryBit.source;

/** The ANN in three widths: every MAC reads its weight and its activation, every output is written once. */
function annWithMemory(work: Work, timesteps: number): readonly Baseline[] {
  const bits = activationBits(timesteps);
  const bit = operationCosts.memoryBit.picojoules;
  const rule = 'each MAC reads its weight and its activation, the sum stays in a register, each output is written once';
  const parts = (mac: number, weightBits: number, width: number): readonly BaselinePart[] => [
    { what: 'MAC', count: work.macs, unitPicojoules: mac },
    { what: `weight of ${weightBits} bits read`, count: work.macs, unitPicojoules: weightBits * bit },
    { what: `activation of ${width} bits read`, count: work.macs, unitPicojoules: width * bit },
    { what: `output of ${width} bits written`, count: work.outputs, unitPicojoules: width * bit },
  ];
  const { macFloat32, macInt8 } = operationCosts;
  return [
    baseline({ network: 'ann', key: 'ann-fp32-memory', name: 'ANN, fp32, with memory', parts: parts(macFloat32.picojoules, 32, 32), source: `${macFloat32.source}; ${memorySource}`, note: rule }),
    baseline({ network: 'ann', key: 'ann-int8-memory', name: 'ANN, int8, with memory', parts: parts(macInt8.picojoules, 8, 8), source: `${macInt8.source}; ${memorySource}`, note: rule }),
    baseline({ network: 'ann', key: 'ann-quantised-memory', name: `ANN, ${bits}-bit, with memory`, parts: parts(quantisedMac(WEIGHT_BITS, bits), WEIGHT_BITS, bits), source: `${quantisedSource}; ${memorySource}`, note: `${bitRule(bits)}; ${rule}` }),
  ];
}

/** The spiking network with every weight, sum and state that it reads and writes. */
function snnWithMemory({ target: { numbers } }: Pick<Program, 'target'>, work: Work, timesteps: number): Baseline {
  const accumulatorBits = bitsOf(numbers.accumulatorMax);
  const countBits = activationBits(timesteps);
  const bit = operationCosts.memoryBit.picojoules;
  const add = operationCosts.addInt32.picojoules;
  const signed: readonly BaselinePart[] = work.signedUpdates === 0 ? [] : [{ what: `count of ${countBits} bits read, changed and written`, count: work.signedUpdates, unitPicojoules: add + 2 * countBits * bit }];
  return baseline({
    network: 'snn', key: 'snn-memory', name: 'SNN, same memory model',
    parts: [
      { what: 'addition', count: work.synapticOps, unitPicojoules: add },
      { what: `weight of ${WEIGHT_BITS} bits read`, count: work.synapticOps, unitPicojoules: WEIGHT_BITS * bit },
      { what: `sum of ${accumulatorBits} bits read and written`, count: work.synapticOps, unitPicojoules: 2 * accumulatorBits * bit },
      { what: `state of ${numbers.stateBits} bits read, changed and written`, count: work.neuronUpdates, unitPicojoules: add + 2 * numbers.stateBits * bit },
      ...signed,
    ],
    source: `${operationCosts.addInt32.source}; ${memorySource}`,
    note: 'each synaptic operation reads a weight and reads and writes a sum, each neuron update reads and writes its state; the price of updates is spread over the operations',
  });
}

const quotient = (a: number, b: number): number | null => (a > 0 && b > 0 ? a / b : null);

/** The comparisons worth printing. `totalJoules` is the program's own total. */
export function ratios(list: readonly Baseline[], totalJoules: number): readonly Ratio[] {
  const joules = (key: BaselineKey): number => list.find((b) => b.key === key)?.joules ?? 0;
  const against = (key: BaselineKey): Ratio => ({ key, name: `${list.find((b) => b.key === key)?.name ?? key} / this program`, value: quotient(joules(key), totalJoules) });
  return [
    ...(['ann-fp32', 'ann-int8', 'ann-int32', 'ann-quantised', 'ann-fp32-memory', 'ann-int8-memory', 'ann-quantised-memory'] as const).map(against),
    { key: 'convention', name: '32:1 convention, ANN / SNN (the arithmetic of the published 55x)', value: quotient(joules('ann-int32'), joules('snn-accumulate')) },
    { key: 'memory-fp32', name: 'Same memory model, fp32 ANN / SNN', value: quotient(joules('ann-fp32-memory'), joules('snn-memory')) },
    { key: 'memory-int8', name: 'Same memory model, int8 ANN / SNN', value: quotient(joules('ann-int8-memory'), joules('snn-memory')) },
    { key: 'memory', name: 'Same memory model, quantised ANN / SNN', value: quotient(joules('ann-quantised-memory'), joules('snn-memory')) },
  ];
}

/**
 * Synaptic operations per MAC at which both sides cost the same: the two values of the literature at
 * 23.6 pJ, then the same with the mean price of this program's synaptic operations.
 */
export function breakEven(meanSynapticOpPicojoules: number | null): readonly BreakEven[] {
  const at = (name: string, macPicojoules: number, synapticOpPicojoules: number): BreakEven => ({ name, macPicojoules, synapticOpPicojoules, sopsPerMac: macPicojoules / synapticOpPicojoules });
  const int32 = operationCosts.macInt32.picojoules;
  const float32 = operationCosts.macFloat32.picojoules;
  return [
    at('Loihi 1 (Davies 2018) against an int32 MAC', int32, loihiSynapticOp.picojoules),
    at('Loihi 1 (Davies 2018) against an fp32 MAC', float32, loihiSynapticOp.picojoules),
    ...(meanSynapticOpPicojoules === null || meanSynapticOpPicojoules === 0 ? [] : [
      ...(Math.abs(meanSynapticOpPicojoules - loihiSynapticOp.picojoules) < 1e-6 ? [] : [
        at('This profile against an int32 MAC', int32, meanSynapticOpPicojoules),
        at('This profile against an fp32 MAC', float32, meanSynapticOpPicojoules),
      ]),
      at('This profile against an int8 MAC', operationCosts.macInt8.picojoules, meanSynapticOpPicojoules),
    ]),
  ];
}
