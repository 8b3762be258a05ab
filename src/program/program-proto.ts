/** The schema `spike-program.proto` at work: the messages as TypeScript sees them, and the conversion of arrays to bytes. */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

const file = new URL('./spike-program.proto', import.meta.url);
/** The root message of the file. */
export const SpikeProgramType = protobuf.parse(readFileSync(file, 'utf8')).root.lookupType('spikeveil.SpikeProgram');

export interface WireWindow { kernel: number[]; stride: number[]; dilation: number[]; pads: number[] }
export interface WireHostLayer { target: string; weight: Uint8Array; bias: Uint8Array; window: WireWindow; groups: number; pool: number[]; scale: number[] }
export interface WireInput { code: number; layers: WireHostLayer[]; population: string; scale: number; mantissaMax: number; exponentMax: number }
export interface WirePopulation {
  id: string; shape: number[]; model: number; reset: number; leak: number; decay: number; threshold: number; initial: number;
  bias: Uint8Array; limit: number; depth: number; scale: number[]; thresholdExponent: Uint8Array; thresholds?: Uint8Array | null; retract?: number | null;
  currentDecay?: number | null; refractory?: number | null; currentLeak?: number | null;
}
export interface WireProjection {
  id: string; source: string; target: string; shift: number; window: WireWindow; groups: number; pool: number[];
  delay: number; bound: number; weightError: number; inParts?: boolean | null;
}
export interface WireNetwork { imageShape: number[]; input: WireInput; populations: WirePopulation[]; projections: WireProjection[]; output: string; timesteps: number }
export interface WireCore { population: number; box: number[]; neurons: number; inAxons: number; outAxons: number; synapticBits: number; chip: number; x: number; y: number; port: number; formats: WireSynapseFormat[]; resetSynapses: Uint8Array; partProjection?: number | null; partBox: number[]; sumSynapses: Uint8Array }
export interface WireSynapseFormat { projection?: number | null; sparse: boolean; weightCode: number; indexBits: number; delayBits: number; shift: number }
export interface WireSegmentBank { projection: number; from: number; to: number; segments: Uint8Array; lengths: number[] }
export interface WireRoutes { from: number[]; to: number[]; projection: number[]; hopsX: number[]; hopsY: number[]; chipCrossings: number[] }
export interface WirePhase { rate: number; noise: number; steps: number }
export interface WireCertificate { mechanism: string; phases: WirePhase[]; clip: number; expectedBatch: number; epsilon: number; delta: number; adjacency: string; unit: string; accountant: string }
export interface WireTraining { data: string; dataSha256: string; examples: number; steps: number; certificate?: WireCertificate | null }
export interface WireProgram {
  provenance: { tool: string; modelSha256: string; modelName: string; seed: number; calibration: string; privateData: boolean; training?: WireTraining | null };
  normalisation: { scale: number; mean: number[]; std: number[] };
  sourceLayers: { name: string; macs: number; parameters: number; inputs: number; outputs: number }[];
  sourceParameters: number;
  classes: string[];
  targetJson: string;
  network: WireNetwork;
  cores: WireCore[];
  routes: WireRoutes;
  memory: WireSegmentBank[];
}

/** Positions in these lists are the numbers of the file. */
export const INPUT_CODES = ['bias', 'rate', 'poisson'] as const;
export const MODELS = ['if', 'lif', 'integrator', 'relay', 'signed-if', 'cuba'] as const;
export const RESETS = ['none', 'soft', 'hard', 'soft-two-compartment'] as const;

/** Numbers as little-endian bytes, on any machine. */
export function toBytes(values: Int32Array | Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  if (values instanceof Int32Array) values.forEach((v, i) => view.setInt32(4 * i, v, true));
  else values.forEach((v, i) => view.setFloat32(4 * i, v, true));
  return bytes;
}

/** The decoder gives an empty list for a field of bytes that is left out. */
const whole = (field: Uint8Array): Uint8Array => (field instanceof Uint8Array ? field : new Uint8Array());

export function toInt32(field: Uint8Array): Int32Array {
  const bytes = whole(field);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getInt32(4 * i, true));
}

export function toFloat32(field: Uint8Array): Float32Array {
  const bytes = whole(field);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getFloat32(4 * i, true));
}
