/**
 * Reference networks of a float network, and of programs that were converted from one: the lowered network from new weights, trained
 * by the own kernels; for a program converted as the compiler does by default, with the program's neurons, steps and code,
 * and thresholds from images that nobody owns.
 */
import { createHash } from 'node:crypto';
import { Reporter } from '../../diagnostics.js';
import type { CoreNode, Graph } from '../../graph/graph.js';
import { readGraphParameters, withGraphParameters } from '../../graph/graph-parameters.js';
import { reinitialise, trainGraph } from '../../learn/train-graph.js';
import type { Normalisation, Program } from '../../program/program.js';
import { quantise } from '../../quantise/quantise.js';
import { calibrate } from '../../spiking/calibrate.js';
import { calibrationSamples } from '../../spiking/calibration-samples.js';
import { convert, type ConversionOptions } from '../../spiking/convert.js';
import { mapShape } from '../../spiking/linear-paths.js';
import { fires } from '../../spiking/network.js';
import type { ReferenceKind, ReferenceTraining } from './reference-kinds.js';

/** References of a float network in normal form; `rate` is absolute. */
export function annReferences(graph: Graph<CoreNode>, training: ReferenceTraining): ReferenceKind {
  return {
    description: 'float networks of the same architecture', settings: { architecture: structureOf(graph), training },
    train: async (images, { seed, workers, checkpoint, signal, onStep }) => {
      const { graph: learned } = await trainGraph(reinitialise(graph, seed), images, {
        ...training, seed, workers, ...(checkpoint === undefined ? {} : { checkpoint }), ...(signal === undefined ? {} : { signal }), onStep: (p) => onStep?.(p.step, p.steps),
      });
      return readGraphParameters(learned);
    },
    subjectOf: (parameters) => ({ kind: 'ann', graph: withGraphParameters(graph, parameters) }),
  };
}

/** A hash of everything but the numbers that are learned. */
function structureOf({ nodes, outputs }: Graph<CoreNode>): string {
  const shapes = nodes.map((node) => Object.fromEntries(Object.entries(node).filter(([, value]: [string, unknown]) => !(value instanceof Float32Array)).map(([key, value]: [string, unknown]) => [key, key === 'statistics' ? null : value])));
  return createHash('sha256').update(JSON.stringify({ shapes, outputs })).digest('hex');
}

/** References of a program that `compile` made of a float network. What a search or learning changed in the program is not repeated. */
export function convertedReferences(graph: Graph<CoreNode>, training: ReferenceTraining, program: Program): ReferenceKind {
  const ann = annReferences(graph, training);
  return {
    ...ann, description: `${ann.description}, converted and rounded to the integers of ${program.target.name}`,
    subjectOf: (parameters) => ({ kind: 'program', program: { network: converted(withGraphParameters(graph, parameters), program) } }),
  };
}

function converted(graph: Graph<CoreNode>, { network, normalisation, target }: Program): Program['network'] {
  const dynamics = dynamicsOf(network);
  const samples = calibrationSamples({ imageShape: mapShape(graph.nodes[0].shape), normalisation: normalisation satisfies Normalisation, seed: 0, dataset: undefined }, new Reporter());
  const calibration = calibrate(graph, { timesteps: network.timesteps, reset: dynamics.reset, samples, privateData: false });
  return quantise(convert(graph, { ...calibration, ...dynamics, timesteps: network.timesteps, code: network.input.code, initial: 0.5, inputRange: samples.range }), target, new Reporter());
}

/** The neurons of a program as the conversion takes them. */
function dynamicsOf({ populations, input }: Program['network']): Pick<ConversionOptions, 'reset' | 'leak' | 'retract' | 'current'> {
  const encoder = input.code === 'bias' ? null : input.population;
  const neurons = populations.filter((p) => p.id !== encoder).map((p) => p.neuron).filter(fires);
  const signed = neurons.find((n) => n.model === 'signed-if');
  const neuron = signed ?? neurons[0];
  switch (neuron?.model) {
    case undefined: return { reset: 'soft', leak: 1 };
    case 'if': return { reset: neuron.reset, leak: 1 };
    case 'lif': return { reset: neuron.reset, leak: neuron.leak };
    case 'cuba': return { reset: neuron.reset, leak: neuron.leak, current: { leak: neuron.currentLeak, refractory: neuron.refractory } };
    case 'signed-if': return { reset: 'soft', leak: 1, retract: neuron.retract };
  }
}
