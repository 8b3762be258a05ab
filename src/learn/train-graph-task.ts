/**
 * What one worker thread of `trainGraph` does: it packs the weights once a step, then runs one chunk of
 * images a job forward and back and writes the chunk's sum of gradients to its place in shared memory.
 */
import type { CoreNode, Graph, NodeId } from '../graph/graph.js';
import { sizeOf } from '../graph/graph.js';
import { withGraphParameters } from '../graph/graph-parameters.js';
import { createParameterDifferentiator, type ParameterDifferentiator } from '../graph/parameter-gradients.js';
import { createKernels } from '../kernels/kernels.js';
import { randomStream, substream } from '../random.js';
import { viewOf, type ViewOptions } from './augment.js';

/** What each thread gets once; the arrays are views of shared memory. */
export interface GraphTrainInit {
  readonly graph: Graph<CoreNode>;
  /** [count, ...input shape] */
  readonly images: Float32Array;
  /** [count, classes] probabilities. */
  readonly targets: Float32Array;
  readonly parameters: Float32Array;
  /** [chunk][parameters] */
  readonly gradients: Float32Array;
  /** Layers that do not learn. */
  readonly fixed: ReadonlySet<NodeId>;
  /** One view of each image a step; null: the image itself. */
  readonly views: Pick<ViewOptions, 'shift' | 'mirror'> | null;
  /** What a view shows beyond the border, one number a channel. */
  readonly background: readonly number[];
  readonly seed: number;
}

export interface GraphTrainJob {
  readonly images: readonly number[];
  /** Where the gradient goes. */
  readonly chunk: number;
  /** The step of the course; the parameters change with it. */
  readonly step: number;
}

export interface GraphTrainResult {
  /** Summed over the chunk's images. */
  readonly loss: number;
  /** Images whose largest score is that of their largest target. */
  readonly correct: number;
}

export function start(init: GraphTrainInit): (job: GraphTrainJob) => GraphTrainResult {
  const { graph, parameters, gradients, fixed, targets } = init;
  const kernels = createKernels();
  const bare = kernels.memory.mark();
  const size = sizeOf(graph.nodes[0].shape);
  const classes = sizeOf(graph.nodes.find((n) => n.id === graph.outputs[0])!.shape);
  let differentiator: ParameterDifferentiator | null = null;
  let loaded = -1;
  return ({ images, chunk, step }) => {
    if (differentiator === null || loaded !== step) {
      kernels.memory.release(bare);
      differentiator = createParameterDifferentiator(withGraphParameters(graph, parameters), kernels, fixed);
      loaded = step;
    }
    const batch = new Float32Array(images.length * size);
    images.forEach((image, i) => batch.set(viewOfImage(init, image, step), i * size));
    let [loss, correct] = [0, 0];
    differentiator.differentiate(batch, images.length, (scores) => {
      const slopes = new Float32Array(scores.length);
      images.forEach((image, i) => {
        const [from, to] = [i * classes, (i + 1) * classes];
        const row = crossEntropy(scores.subarray(from, to), targets.subarray(image * classes, (image + 1) * classes), slopes.subarray(from, to));
        loss += row.loss;
        correct += row.correct ? 1 : 0;
      });
      return slopes;
    }, gradients.subarray(chunk * parameters.length, (chunk + 1) * parameters.length));
    return { loss, correct };
  };
}

function viewOfImage({ graph, images, views, background, seed }: GraphTrainInit, image: number, step: number): Float32Array {
  const { shape } = graph.nodes[0];
  const size = sizeOf(shape);
  const whole = images.subarray(image * size, (image + 1) * size);
  if (views === null) return whole;
  const [channels, rows, columns] = shape;
  return viewOf(whole, [channels, rows, columns], background, { ...views, stream: substream(substream(substream(randomStream(seed), 'view'), step), image) });
}

/** Softmax cross-entropy of one image; `slopes` gets its derivative by the scores. */
export function crossEntropy(scores: Float32Array, target: Float32Array, slopes: Float32Array): { readonly loss: number; readonly correct: boolean } {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = scores.reduce((a, s) => a + Math.exp(s - largest), 0);
  const total = target.reduce((a, t) => a + t, 0);
  let loss = 0;
  for (let c = 0; c < scores.length; c++) {
    const logarithm = scores[c] - largest - Math.log(sum);
    loss -= target[c] * logarithm;
    slopes[c] = total * Math.exp(logarithm) - target[c];
  }
  return { loss, correct: scores.indexOf(largest) === target.indexOf(target.reduce((a, b) => Math.max(a, b), -Infinity)) };
}
