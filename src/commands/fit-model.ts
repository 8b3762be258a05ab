/**
 * Whether a network fits a chip. What a core must hold depends on shapes, not on values, so no threshold
 * is chosen and no image is run: every threshold is one, and the cutting into cores is the real one.
 */
import { Reporter, type Diagnostic } from '../diagnostics.js';
import { createKernels } from '../kernels/kernels.js';
import { lower } from '../lower/lower.js';
import { coresPerChip } from '../map/board.js';
import { partition } from '../map/partition.js';
import type { CoreSlice, CoreUse } from '../map/mapping.js';
import { importOnnx } from '../onnx/import-onnx.js';
import { quantise } from '../quantise/quantise.js';
import { convert } from '../spiking/convert.js';
import { findInflows } from '../spiking/linear-paths.js';
import { neuronCount, type InputCode, type Reset } from '../spiking/network.js';
import type { Target } from '../target/schema.js';
import type { ModelSource } from './model-source.js';

export interface FitOptions {
  readonly target: Target;
  readonly reset: Reset;
  readonly code: InputCode['code'];
  readonly timesteps: number;
}

/** What a layer takes on the chip. */
export interface LayerFit {
  readonly name: string;
  readonly neurons: number;
  readonly cores: number;
  /** Of its fullest core for each resource. */
  readonly most: CoreUse;
}

export interface Fit {
  readonly target: string;
  readonly reset: Reset;
  readonly cores: number;
  readonly chips: number;
  readonly coresPerChip: number;
  readonly neurons: number;
  readonly layers: readonly LayerFit[];
  /** The core's limits; null: none. */
  readonly limits: Target['core'];
  /** Nodes of the file by operator. */
  readonly operators: Readonly<Record<string, number>>;
  readonly warnings: readonly Diagnostic[];
}

/** Throws a CompileError with everything that is not supported or does not fit. */
export function fitModel(source: ModelSource, { target, reset, code, timesteps }: FitOptions): Fit {
  const report = new Reporter();
  const model = importOnnx(source.path, { ...source.import, report });
  const graph = lower(model.graph, { report, kernels: createKernels() });
  const thresholds = new Map(findInflows(graph).map((inflow) => [inflow.target, new Float32Array(inflow.shape[0]).fill(1)]));
  const network = convert(graph, { timesteps, reset, leak: 1, code, initial: 0.5, inputRange: 1, thresholds });
  const { cores } = partition(quantise(network, target, new Reporter()), target, report);
  report.finish();
  return {
    target: target.name, reset, cores: cores.length, chips: Math.ceil(cores.length / coresPerChip(target)), coresPerChip: coresPerChip(target),
    neurons: network.populations.reduce((sum, p) => sum + neuronCount(p.shape), 0),
    layers: network.populations.map((p) => layerFit(p.id, neuronCount(p.shape), cores.filter((c) => c.slice.population === p.id))),
    limits: target.core, operators: model.operators, warnings: report.warnings,
  };
}

function layerFit(name: string, neurons: number, cores: readonly CoreSlice[]): LayerFit {
  const most = (pick: (use: CoreUse) => number): number => cores.reduce((a, c) => Math.max(a, pick(c.use)), 0);
  return {
    name, neurons, cores: cores.length,
    most: { neurons: most((u) => u.neurons), inAxons: most((u) => u.inAxons), outAxons: most((u) => u.outAxons), synapticBits: most((u) => u.synapticBits) },
  };
}

