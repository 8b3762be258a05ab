/**
 * What the energy report sets beside the program: the ANN by operation count in three conventions, the
 * spiking network under the most flattering of them, and the quantised ANN that carries as many bits as
 * T spikes do, both bare and with one memory model for both networks.
 */
import type { Program } from '../program/program.js';
import { activationBits, horowitz, loihiSynapticOp, operationCosts, quantisedMac } from './operation-costs.js';

export type BaselineKey = 'ann-fp32' | 'ann-int8' | 'ann-int32' | 'snn-accumulate' | 'ann-quantised' | 'ann-quantised-memory' | 'snn-memory';

export interface Baseline {
  readonly key: BaselineKey;
  readonly name: string;
  readonly network: 'ann' | 'snn';
  /** Operations per inference: MACs of the ANN or synaptic operations of the SNN. */
  readonly count: number;
  /** Picojoules an operation, everything the baseline counts included. */
  readonly unitPicojoules: number;
  readonly joules: number;
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
  readonly synapticOps: number;
  readonly neuronUpdates: number;
  /** Updates of signed neurons among them: they read and write a count of up to T too. */
  readonly signedUpdates: number;
}

/** Joules of each baseline for one inference. `work` is per inference. */
export function baselines(program: Program, work: Work, timesteps: number): readonly Baseline[] {
  const costs = operationCosts;
  const arithmetic = 'arithmetic only: no memory, no control, no static power';
  const entry = (b: Omit<Baseline, 'joules'>): Baseline => ({ ...b, joules: b.count * b.unitPicojoules * 1e-12 });
  const ann = { network: 'ann', count: work.macs } as const;
  return [
    entry({ ...ann, key: 'ann-fp32', name: 'ANN, fp32', unitPicojoules: costs.macFloat32.picojoules, source: costs.macFloat32.source, note: arithmetic }),
    entry({ ...ann, key: 'ann-int8', name: 'ANN, int8', unitPicojoules: costs.macInt8.picojoules, source: costs.macInt8.source, note: arithmetic }),
    entry({ ...ann, key: 'ann-int32', name: 'ANN, int32 (32:1 convention)', unitPicojoules: costs.macInt32.picojoules, source: costs.macInt32.source, note: `${arithmetic}; the convention behind the published 55x` }),
    entry({ key: 'snn-accumulate', name: 'SNN, 32:1 convention', network: 'snn', count: work.synapticOps, unitPicojoules: costs.addInt32.picojoules, source: costs.addInt32.source, note: `${arithmetic}; a synaptic operation counts as one addition` }),
    ...quantisedBaselines(program, work, timesteps),
  ];
}

function quantisedBaselines(program: Program, work: Work, timesteps: number): readonly Baseline[] {
  const { numbers } = program.target;
  const bits = activationBits(timesteps);
  const weightBits = 8;
  const accumulatorBits = bitsOf(numbers.accumulatorMax);
  const memoryBit = operationCosts.memoryBit.picojoules;
  const mac = quantisedMac(weightBits, bits);
  const annUnit = mac + (weightBits + bits) * memoryBit;
  const opUnit = operationCosts.addInt32.picojoules + (weightBits + 2 * accumulatorBits) * memoryBit;
  const updateUnit = operationCosts.addInt32.picojoules + 2 * numbers.stateBits * memoryBit;
  const countUnit = operationCosts.addInt32.picojoules + 2 * bits * memoryBit;
  const snnJoules = (work.synapticOps * opUnit + work.neuronUpdates * updateUnit + work.signedUpdates * countUnit) * 1e-12;
  const snnUnit = work.synapticOps === 0 ? 0 : (snnJoules * 1e12) / work.synapticOps;
  const rule = `activations of ceil(log2(T+1)) = ${bits} bits (Yan et al., arXiv 2409.08290), weights of ${weightBits} bits`;
  const scaling = 'multiply energy in proportion to the product of the widths (15.5 in the table between 32 and 8 bits, 16 by this rule), sum in int32';
  const arithmetic = `${horowitz}: int8 multiply 0.2 pJ, int32 add 0.1 pJ`;
  const memory = '8 kB SRAM, 10 pJ for a 64-bit access';
  return [
    { key: 'ann-quantised', name: `ANN, ${bits}-bit activations`, network: 'ann', count: work.macs, unitPicojoules: mac, joules: work.macs * mac * 1e-12, source: arithmetic, note: `${rule}; ${scaling}; arithmetic only` },
    { key: 'ann-quantised-memory', name: `ANN, ${bits}-bit, with memory`, network: 'ann', count: work.macs, unitPicojoules: annUnit, joules: work.macs * annUnit * 1e-12, source: `${arithmetic}, ${memory}`, note: `${rule}; each MAC reads its weight and its activation, the sum stays in a register` },
    { key: 'snn-memory', name: 'SNN, same memory model', network: 'snn', count: work.synapticOps, unitPicojoules: snnUnit, joules: snnJoules, source: `${horowitz}: int32 add 0.1 pJ, ${memory}`, note: `each synaptic operation reads a ${weightBits}-bit weight and reads and writes a ${accumulatorBits}-bit sum, each neuron update reads and writes ${numbers.stateBits} bits of state${work.signedUpdates > 0 ? ` and, of signed neurons, a count of ${bits} bits` : ''}; the price of updates is spread over the operations` },
  ];
}

const quotient = (a: number, b: number): number | null => (a > 0 && b > 0 ? a / b : null);

/** The comparisons worth printing. `totalJoules` is the program's own total. */
export function ratios(list: readonly Baseline[], totalJoules: number): readonly Ratio[] {
  const joules = (key: BaselineKey): number => list.find((b) => b.key === key)?.joules ?? 0;
  const against = (key: BaselineKey): Ratio => ({ key, name: `${list.find((b) => b.key === key)?.name ?? key} / this program`, value: quotient(joules(key), totalJoules) });
  return [
    ...(['ann-fp32', 'ann-int8', 'ann-int32', 'ann-quantised', 'ann-quantised-memory'] as const).map(against),
    { key: 'convention', name: '32:1 convention, ANN / SNN (the arithmetic of the published 55x)', value: quotient(joules('ann-int32'), joules('snn-accumulate')) },
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
