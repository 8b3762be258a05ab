/** What one worker thread of `synthesise` does: it prepares the network once, then makes one batch of images a job. */
import type { CoreNode, Graph } from '../graph/graph.js';
import { createImageMaker, type Batch, type MadeImages, type MakerOptions } from './optimise-images.js';

export interface SynthesiseTask {
  readonly graph: Graph<CoreNode>;
  readonly options: MakerOptions;
  /** Shared: image steps done by all threads, one number. */
  readonly done: Int32Array;
}

export function start({ graph, options, done }: SynthesiseTask): (batch: Batch) => MadeImages {
  const make = createImageMaker(graph, options);
  return (batch) => {
    const steps = make(batch);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      Atomics.add(done, 0, step.value);
    }
  };
}
