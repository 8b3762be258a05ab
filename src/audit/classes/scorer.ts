/** A subject as one who has only its answers sees it: images in, class scores out, in the calling thread. */
import { createEvaluator } from '../../graph/evaluate.js';
import { createKernels, kernelBuild } from '../../kernels/kernels.js';
import { createImageDifferentiator } from '../../learn/image-gradient.js';
import { DEFAULT_SURROGATE } from '../../learn/learning-problem.js';
import { substream } from '../../random.js';
import { createSampleEngine } from '../../simulate/sample-engine.js';
import { neuronCount } from '../../spiking/network.js';
import { withoutSoftmax, type Subject } from '../subject.js';
import type { Scorer } from './evolve.js';

/** Packs the subject once. A program answers with its integers. */
export function createScorer(subject: Subject): Scorer {
  const kernels = createKernels(subject.kind === 'ann' ? undefined : kernelBuild('auto')!);
  switch (subject.kind) {
    case 'ann': {
      const evaluator = createEvaluator(withoutSoftmax(subject.graph), kernels);
      return (images, count) => Float64Array.from(evaluator.run(images, count).outputs[0]);
    }
    case 'spiking': {
      const { score } = createImageDifferentiator(subject.network, DEFAULT_SURROGATE, kernels);
      const size = neuronCount(subject.network.imageShape);
      return (images, count, stream) => joined(count, (i) => score(images.subarray(i * size, (i + 1) * size), substream(stream, i)).scores);
    }
    case 'program': {
      const { network } = subject.program;
      const engine = createSampleEngine(network, kernels, 0);
      const { scale, shape } = network.populations.find((p) => p.id === network.output)!;
      const pixels = shape[1] * shape[2];
      const size = neuronCount(network.imageShape);
      return (images, count, { key0 }) => joined(count, (i) =>
        Float64Array.from(engine.run(images.subarray(i * size, (i + 1) * size), (key0 + i) >>> 0).scores, (v, c) => v / (scale[Math.floor(c / pixels)] * network.timesteps)));
    }
  }
}

function joined(count: number, scoresOf: (i: number) => Float64Array): Float64Array {
  const rows = Array.from({ length: count }, (_, i) => scoresOf(i));
  const out = new Float64Array(rows.reduce((sum, r) => sum + r.length, 0));
  rows.forEach((r, i) => out.set(r, i * r.length));
  return out;
}
