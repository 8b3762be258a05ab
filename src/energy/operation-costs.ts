/**
 * What arithmetic and memory cost by the op-count table that the literature on spiking networks uses:
 * M. Horowitz, "Computing's energy problem", ISSCC 2014, 45 nm at 0.9 V. These are baselines for
 * comparison, not measurements of any chip.
 */
export interface OperationCost {
  readonly picojoules: number;
  readonly source: string;
}

export const horowitz = 'Horowitz, ISSCC 2014, 45 nm, 0.9 V';

export const operationCosts = {
  macFloat32: { picojoules: 3.7 + 0.9, source: `${horowitz}: fp32 multiply 3.7 pJ + add 0.9 pJ` },
  addFloat32: { picojoules: 0.9, source: `${horowitz}: fp32 add 0.9 pJ` },
  macInt32: { picojoules: 3.1 + 0.1, source: `${horowitz}: int32 multiply 3.1 pJ + add 0.1 pJ` },
  macInt8: { picojoules: 0.2 + 0.03, source: `${horowitz}: int8 multiply 0.2 pJ + add 0.03 pJ` },
  multiplyInt8: { picojoules: 0.2, source: `${horowitz}: int8 multiply 0.2 pJ` },
  addInt32: { picojoules: 0.1, source: `${horowitz}: int32 add 0.1 pJ` },
  memoryBit: { picojoules: 10 / 64, source: `${horowitz}: 8 kB SRAM, 10 pJ for a 64-bit access` },
} as const satisfies Record<string, OperationCost>;

/** Davies et al., IEEE Micro 2018: one synaptic operation of Loihi 1, from which the break-even values of the literature follow. */
export const loihiSynapticOp: OperationCost = { picojoules: 23.6, source: 'Davies et al., IEEE Micro 38(1), 2018, pre-silicon, 0.75 V' };

/**
 * Picojoules of one multiply-accumulate with a weight of `weightBits` and an activation of `activationBits`,
 * summed in 32 bits. A multiplier has one cell a pair of bits, so its energy is taken in proportion to the
 * product of the widths: Horowitz's own table gives 3.1 / 0.2 = 15.5 between 32 x 32 and 8 x 8 bits, where
 * this rule gives 16.
 */
export function quantisedMac(weightBits: number, activationBits: number): number {
  return operationCosts.multiplyInt8.picojoules * (weightBits * activationBits) / 64 + operationCosts.addInt32.picojoules;
}

/** Bits of an activation that T binary steps of a rate code carry: ceil(log2(T + 1)) (Yan et al., arXiv 2409.08290). */
export function activationBits(timesteps: number): number {
  let bits = 0;
  for (let states = 1; states < timesteps + 1; states *= 2) bits++;
  return Math.max(1, bits);
}
