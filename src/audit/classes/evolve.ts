/**
 * Draws images with nothing but answers: evolution of a coarse picture, whose grid is enlarged by bilinear
 * interpolation, one image at a time. The strategy is the separable CMA-ES (Ros and Hansen, "A simple modification in
 * CMA-ES achieving linear time and space complexity", PPSN 2008) with its default constants.
 */
import { normal, substream, type RandomStream } from '../../random.js';
import { toBytes } from '../../synthesise/picture.js';
import { emptyPicture, entrance, stretchContrast, type Canvas, type Drawn } from './invert.js';
import type { Prior } from './suite.js';
import { wish } from './victim.js';

/** [count, classes] of normalised images; `stream` draws whatever is random inside. */
export type Scorer = (images: Float32Array, count: number, stream: RandomStream) => Float64Array;

export interface EvolutionSettings {
  readonly prior: Prior;
  /** Of an image, over all restarts. */
  readonly queries: number;
  readonly restarts: number;
}

/** Cells along the longer side of the coarse picture. */
const CELLS: Readonly<Record<Prior, number>> = { none: 12, smooth: 7 };
/** What the mean squared difference of neighbours costs, with the smooth prior. */
const ROUGHNESS = 2;

/** One image for each label. Yields the queries of each generation. */
export function* evolve(scorer: Scorer, labels: Uint16Array, canvas: Canvas, { settings, stream }: { readonly settings: EvolutionSettings; readonly stream: RandomStream }): Generator<number, Drawn> {
  const { shape } = canvas;
  const size = shape[0] * shape[1] * shape[2];
  const pictures = new Float32Array(labels.length * size);
  const losses = new Float64Array(labels.length);
  for (const [i, label] of labels.entries()) {
    const found = yield* evolveOne(scorer, label, canvas, { settings, stream: substream(stream, i) });
    pictures.set(found.picture, i * size);
    losses[i] = found.loss;
  }
  stretchContrast(pictures, size);
  return { bytes: toBytes(pictures), losses };
}

function* evolveOne(scorer: Scorer, label: number, canvas: Canvas, { settings, stream }: { readonly settings: EvolutionSettings; readonly stream: RandomStream }): Generator<number, { readonly picture: Float32Array; readonly loss: number }> {
  const { shape, normalisation } = canvas;
  const [channels, height, width] = shape;
  const size = channels * height * width;
  const cells = CELLS[settings.prior] / Math.max(height, width);
  const grid = [channels, Math.max(2, Math.round(cells * height)), Math.max(2, Math.round(cells * width))] as const;
  const length = grid[0] * grid[1] * grid[2];
  const empty = emptyPicture(shape, normalisation);
  const { forward } = entrance(shape, normalisation);
  let best = { picture: new Float32Array(size), loss: Infinity };
  for (let restart = 0; restart < settings.restarts; restart++) {
    const own = substream(stream, restart);
    const state = startEvolution(Float64Array.from({ length }, (_, k) => (restart % 2 === 0 ? 0 : empty[Math.floor((k * size) / length)])), 0.5);
    const generations = Math.max(1, Math.floor(settings.queries / settings.restarts / state.children));
    for (let g = 0; g < generations; g++) {
      const children = sample(state, substream(substream(own, 'children'), g));
      const pictures = new Float32Array(children.length * size);
      children.forEach((x, k) => pictures.set(enlarge(x, grid, shape), k * size));
      const scores = scorer(forward(pictures.slice()), children.length, substream(substream(own, 'answers'), g));
      const classes = scores.length / children.length;
      const losses = children.map((_, k) => wish(scores.subarray(k * classes, (k + 1) * classes), label).loss + (settings.prior === 'smooth' ? ROUGHNESS * roughness(children[k], grid) : 0));
      losses.forEach((loss, k) => { if (loss < best.loss) best = { picture: pictures.slice(k * size, (k + 1) * size), loss }; });
      tell(state, children, losses);
      yield children.length;
    }
  }
  return best;
}

/** Mean and spread of the next generation, and where it has been going. */
export interface Evolution {
  readonly children: number;
  readonly mean: Float64Array;
  /** Variance of each coordinate, apart from `sigma`. */
  readonly variance: Float64Array;
  readonly path: Float64Array;
  readonly sigmaPath: Float64Array;
  sigma: number;
  generation: number;
}

export const startEvolution = (mean: Float64Array, sigma: number): Evolution => ({
  children: 4 + Math.floor(3 * Math.log(mean.length)), mean, variance: new Float64Array(mean.length).fill(1),
  path: new Float64Array(mean.length), sigmaPath: new Float64Array(mean.length), sigma, generation: 0,
});

/** The children of a generation. */
export function sample({ children, mean, variance, sigma }: Evolution, stream: RandomStream): Float64Array[] {
  return Array.from({ length: children }, (_, k) => {
    const z = normal(substream(stream, k), mean.length);
    return mean.map((m, i) => m + sigma * Math.sqrt(variance[i]) * z[i]);
  });
}

/** Moves towards the better half of the children; the lowest loss is the best. */
export function tell(state: Evolution, children: readonly Float64Array[], losses: readonly number[]): void {
  const { mean, variance, path, sigmaPath } = state;
  const n = mean.length;
  const order = losses.map((_, k) => k).sort((a, b) => losses[a] - losses[b] || a - b);
  const parents = Math.floor(children.length / 2);
  const raw = Array.from({ length: parents }, (_, k) => Math.log(parents + 0.5) - Math.log(k + 1));
  const total = raw.reduce((a, b) => a + b, 0);
  const weights = raw.map((w) => w / total);
  const mass = 1 / weights.reduce((sum, w) => sum + w * w, 0);
  const cSigma = (mass + 2) / (n + mass + 5);
  const damping = 1 + 2 * Math.max(0, Math.sqrt((mass - 1) / (n + 1)) - 1) + cSigma;
  const cPath = (4 + mass / n) / (n + 4 + (2 * mass) / n);
  // the separable form learns (n + 2) / 3 times faster
  const faster = (n + 2) / 3;
  const c1 = Math.min(1, (faster * 2) / ((n + 1.3) ** 2 + mass));
  const cMu = Math.min(1 - c1, (faster * 2 * (mass - 2 + 1 / mass)) / ((n + 2) ** 2 + mass));
  const expected = Math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
  state.generation++;
  const steps = mean.map((m, i) => weights.reduce((sum, w, k) => sum + w * (children[order[k]][i] - m), 0) / state.sigma);
  for (let i = 0; i < n; i++) sigmaPath[i] = (1 - cSigma) * sigmaPath[i] + Math.sqrt(cSigma * (2 - cSigma) * mass) * (steps[i] / Math.sqrt(variance[i]));
  const length = Math.sqrt(sigmaPath.reduce((sum, v) => sum + v * v, 0));
  const stalled = length / Math.sqrt(1 - (1 - cSigma) ** (2 * state.generation)) < (1.4 + 2 / (n + 1)) * expected ? 1 : 0;
  for (let i = 0; i < n; i++) {
    path[i] = (1 - cPath) * path[i] + stalled * Math.sqrt(cPath * (2 - cPath) * mass) * steps[i];
    const spread = weights.reduce((sum, w, k) => sum + w * ((children[order[k]][i] - mean[i]) / state.sigma) ** 2, 0);
    variance[i] = (1 - c1 - cMu) * variance[i] + c1 * (path[i] ** 2 + (1 - stalled) * cPath * (2 - cPath) * variance[i]) + cMu * spread;
  }
  for (let i = 0; i < n; i++) mean[i] += state.sigma * steps[i];
  state.sigma *= Math.exp((cSigma / damping) * (length / expected - 1));
}

type Shape3 = readonly [channels: number, height: number, width: number];

/** Bilinear, corners on corners, clipped to [-1, 1]. */
function enlarge(x: Float64Array, [, gy, gx]: Shape3, [channels, height, width]: Shape3): Float32Array {
  const out = new Float32Array(channels * height * width);
  for (let c = 0, at = 0; c < channels; c++) for (let y = 0; y < height; y++) for (let w = 0; w < width; w++, at++) {
    const fy = height === 1 ? 0 : (y / (height - 1)) * (gy - 1);
    const fx = width === 1 ? 0 : (w / (width - 1)) * (gx - 1);
    const [iy, ix] = [Math.min(gy - 2, Math.floor(fy)), Math.min(gx - 2, Math.floor(fx))];
    const [wy, wx] = [fy - iy, fx - ix];
    const from = (c * gy + iy) * gx + ix;
    const value = (1 - wy) * ((1 - wx) * x[from] + wx * x[from + 1]) + wy * ((1 - wx) * x[from + gx] + wx * x[from + gx + 1]);
    out[at] = Math.min(1, Math.max(-1, value));
  }
  return out;
}

/** Mean squared difference of neighbours on the grid. */
function roughness(x: Float64Array, [channels, gy, gx]: Shape3): number {
  let sum = 0;
  for (let c = 0; c < channels; c++) for (let y = 0; y < gy; y++) for (let w = 0; w < gx; w++) {
    const at = (c * gy + y) * gx + w;
    if (w + 1 < gx) sum += (x[at + 1] - x[at]) ** 2;
    if (y + 1 < gy) sum += (x[at + gx] - x[at]) ** 2;
  }
  return sum / x.length;
}
