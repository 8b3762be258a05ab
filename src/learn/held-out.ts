/**
 * Made-up images that learning does not see, to judge it by: the rest of the user's set where enough
 * are left, otherwise images drawn from another seed.
 */
import type { Reporter } from '../diagnostics.js';
import { calibrationSamples, type SamplesRequest } from '../spiking/calibration-samples.js';
import type { SampleSet } from '../synthesise/procedural-images.js';

const COUNT = 256;
/** Fewer than this are too few to judge by. */
const LEAST = 64;

/** At most 256 images; the first `learned` of the request's set, if it has one, are left out. `seed` is another one than that of learning. */
export function heldOutSamples(request: SamplesRequest, learned: number, report: Reporter): SampleSet {
  const { images: set } = request;
  const count = Math.min(COUNT, (set?.count ?? 0) - learned);
  if (set === undefined || count < LEAST) {
    const { images: _, ...drawn } = request;
    const samples = calibrationSamples({ ...drawn, dataset: undefined, count: COUNT }, report);
    return { ...samples, recipe: `${samples.recipe}, of another seed` };
  }
  const size = set.images.length / set.count;
  return { count, shape: set.shape, seed: set.seed, images: set.images.subarray(learned * size, (learned + count) * size), recipe: `${count} other images of the set ${set.sha256.slice(0, 12)}` };
}
