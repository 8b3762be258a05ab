/**
 * A network as a gradient attack sees it: how far images are from what they are asked to be, and which way to
 * move them. A victim is the network under attack itself, or whatever the attacker puts in its place.
 */
import { createDifferentiator, type Loss } from '../../graph/gradients.js';
import { indexNodes, sizeOf, type CoreNode, type Graph, type NodeId } from '../../graph/graph.js';
import type { Kernels } from '../../kernels/kernels.js';
import { createImageDifferentiator } from '../../learn/image-gradient.js';
import { softmax, type Surrogate } from '../../learn/learning-problem.js';
import { substream, type RandomStream } from '../../random.js';
import { neuronCount, type SpikingNetwork } from '../../spiking/network.js';

export interface Slopes {
  /** Per image: cross-entropy with the class that it is asked to be. */
  readonly losses: Float64Array;
  /** d loss / d images, as the images. */
  readonly gradient: Float32Array;
}

/** `images` is [labels.length, ...image], normalised; `stream` draws whatever is random inside. */
export type Victim = (images: Float32Array, labels: Uint16Array, stream: RandomStream) => Slopes;

/** What one wants to see inside a graph, beside the class at its output. */
export interface InnerLoss {
  readonly watch: readonly NodeId[];
  /** Adds its gradient at a watched node. */
  readonly atNode: (node: NodeId, value: Float32Array, gradient: Float32Array) => void;
}

/** A plain network; `inner` may ask for more than the class. */
export function graphVictim(graph: Graph<CoreNode>, kernels: Kernels, inner?: InnerLoss): Victim {
  const { differentiate } = createDifferentiator(graph, kernels, inner?.watch ?? []);
  const [output] = graph.outputs;
  const classes = sizeOf(indexNodes(graph).get(output)?.shape ?? []);
  return (images, labels) => {
    const losses = new Float64Array(labels.length);
    const loss: Loss = {
      atOutput: (valueOf) => {
        const scores = valueOf(output);
        const slopes = new Float32Array(scores.length);
        labels.forEach((label, i) => {
          const wanted = wish(scores.subarray(i * classes, (i + 1) * classes), label);
          losses[i] = wanted.loss;
          slopes.set(wanted.slope, i * classes);
        });
        return slopes;
      },
      ...(inner === undefined ? {} : { atNode: inner.atNode }),
    };
    const gradient = differentiate(images, labels.length, loss);
    return { losses, gradient };
  };
}

export interface SpikingAttack {
  readonly surrogate: Surrogate;
  /** Draws of a Poisson code whose gradients are averaged; 1 without one. */
  readonly draws: number;
}

/** The spiking network, back through time. */
export function spikingVictim(network: SpikingNetwork, { surrogate, draws }: SpikingAttack, kernels: Kernels): Victim {
  const { differentiate } = createImageDifferentiator(network, surrogate, kernels);
  const size = neuronCount(network.imageShape);
  return (images, labels, stream) => {
    const losses = new Float64Array(labels.length);
    const gradient = new Float32Array(images.length);
    labels.forEach((label, i) => {
      for (let d = 0; d < draws; d++) {
        const run = differentiate(images.subarray(i * size, (i + 1) * size), (scores) => {
          const wanted = wish(scores, label);
          losses[i] += wanted.loss / draws;
          return wanted.slope;
        }, substream(substream(stream, i), d));
        for (let k = 0; k < size; k++) gradient[i * size + k] += run.gradient[k] / draws;
      }
    });
    return { losses, gradient };
  };
}

/** Warm enough that the wish for a class does not end when the network is sure of it: measured, it doubles what other networks recognise. */
const TEMPERATURE = 5;

/** Cross-entropy of the warm scores with a class, and its slope (times the temperature). */
export function wish(scores: ArrayLike<number>, label: number): { readonly loss: number; readonly slope: Float64Array } {
  const p = softmax(scores, TEMPERATURE);
  return { loss: -Math.log(Math.max(p[label], Number.MIN_VALUE)), slope: p.map((v, c) => v - (c === label ? 1 : 0)) };
}
