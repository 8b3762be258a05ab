/**
 * A network that learns, is pruned and learns again, as one flat vector of parameters: the same questions to a float
 * network and to a spiking one, so that pruning and its audit are written once.
 */
import type { CoreNode, Graph } from '../graph/graph.js';
import { readGraphParameters, withGraphParameters } from '../graph/graph-parameters.js';
import { applyParameters } from './apply.js';
import type { Architecture } from './architecture-schema.js';
import { buildNetwork } from './build-network.js';
import type { OptimiserOptions, Schedule } from './optimiser.js';
import { readParameters, type ParameterKind } from './parameters.js';
import type { LabelledImages } from './private-task.js';
import { prunableGraph, prunableSpiking, type Prunable } from './prunable.js';
import { reinitialise, trainGraph } from './train-graph.js';
import { train } from './train.js';
import type { SpikingNetwork } from '../spiking/network.js';

export interface TraineeRun {
  readonly epochs: number;
  readonly batch: number;
  /** Absolute for a float network, in units of each layer for a spiking one. */
  readonly rate: number;
  readonly optimiser: OptimiserOptions;
  readonly schedule: Schedule;
  readonly seed: number;
  readonly workers: number;
  /** What pruning kept: 0 where a parameter stays zero. */
  readonly kept?: Uint8Array;
  readonly signal?: AbortSignal;
  readonly checkpoint?: { readonly path: string; readonly everySteps: number };
  readonly onStep?: (step: number, steps: number) => void;
  /** The parameters after a step; they change with the next. */
  readonly onParameters?: (step: number, parameters: Float32Array) => void;
}

export type LearnedNetwork =
  | { readonly kind: 'ann'; readonly graph: Graph<CoreNode> }
  | { readonly kind: 'spiking'; readonly network: SpikingNetwork };

export interface Trainee {
  readonly kind: LearnedNetwork['kind'];
  readonly prunable: Prunable;
  /** Of the network that was given. */
  readonly parameters: Float32Array;
  /** Untrained. */
  readonly initial: (seed: number) => Float32Array;
  readonly train: (parameters: Float32Array, images: LabelledImages, run: TraineeRun) => Promise<Float32Array>;
  readonly networkOf: (parameters: Float32Array) => LearnedNetwork;
}

/** A lowered network. */
export function graphTrainee(graph: Graph<CoreNode>): Trainee {
  return {
    kind: 'ann', prunable: prunableGraph(graph), parameters: readGraphParameters(graph),
    initial: (seed) => readGraphParameters(reinitialise(graph, seed)),
    train: async (parameters, images, { onStep, ...run }) => {
      const learned = await trainGraph(withGraphParameters(graph, parameters), images, { ...run, ...(onStep === undefined ? {} : { onStep: (p) => onStep(p.step, p.steps) }) });
      return readGraphParameters(learned.graph);
    },
    networkOf: (parameters) => ({ kind: 'ann', graph: withGraphParameters(graph, parameters) }),
  };
}

const learnable = ({ trainThresholds = false }: Architecture): readonly ParameterKind[] => ['weight', 'host', 'bias', ...(trainThresholds ? ['threshold' as const] : [])];

/** A spiking network of an architecture file, trained without protection. */
export function spikingTrainee(architecture: Architecture, network: SpikingNetwork = buildNetwork(architecture, 0)): Trainee {
  const classes = network.populations[network.populations.length - 1].shape[0];
  return {
    kind: 'spiking', prunable: prunableSpiking(network), parameters: readParameters(network),
    initial: (seed) => readParameters(buildNetwork(architecture, seed)),
    train: async (parameters, { count, images, labels }, { onStep, ...run }) => {
      const targets = new Float32Array(count * classes);
      labels.forEach((label, i) => { targets[i * classes + label] = 1; });
      const learned = await train(applyParameters(network, parameters), { count, images, targets, teacher: targets }, {
        ...run, surrogate: architecture.surrogate, loss: { distillation: 0, temperature: 1 }, learn: learnable(architecture),
        ...(onStep === undefined ? {} : { onStep: (p) => onStep(p.step, p.steps) }),
      });
      return readParameters(learned.network);
    },
    networkOf: (parameters) => ({ kind: 'spiking', network: applyParameters(network, parameters) }),
  };
}
