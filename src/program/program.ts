/**
 * The deployable spike program (`.spk`): everything a chip (or the simulator) needs for one network
 * and nothing else. The integer network, its slices on cores with their places and routes, how an
 * image enters and how the answer is read, the target it was compiled for, and where it came from.
 * The file is protobuf (`spike-program.proto`) and the same compile gives the same bytes.
 */
import type { TrainingRecord } from '../learn/training-record.js';
import type { Routed } from '../map/mapping.js';

export { initialsOf, thresholdsOf } from '../quantise/integer-network.js';

export interface Provenance {
  /** Version of this tool. */
  readonly tool: string;
  /** SHA-256 of the ONNX file. */
  readonly modelSha256: string;
  readonly modelName: string;
  readonly seed: number;
  /** In words: what the thresholds were chosen on, for example "batch-norm statistics (no data)". */
  readonly calibration: string;
  /** True when any of the user's data was read during compilation. */
  readonly privateData: boolean;
  /** Of networks that were trained from scratch, with the certificate of private training. */
  readonly training?: TrainingRecord;
}

/** x = (byte / scale - mean) / std per channel of the image. */
export interface Normalisation {
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Work of the network it came from, for the baselines of the energy model. */
export interface SourceNetwork {
  /** One entry a linear layer of the ANN, in order. */
  readonly layers: readonly {
    readonly name: string;
    /** Multiply-accumulates of one inference. */
    readonly macs: number;
    readonly parameters: number;
    /** Elements read and written. */
    readonly inputs: number;
    readonly outputs: number;
  }[];
  readonly parameters: number;
}

export interface Program extends Routed {
  readonly provenance: Provenance;
  readonly normalisation: Normalisation;
  readonly source: SourceNetwork;
  /** Class names, or empty. */
  readonly classes: readonly string[];
}
