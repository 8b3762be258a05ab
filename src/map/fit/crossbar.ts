/**
 * Chips whose cores are crossbars: a neuron reads the axons of its own core and no others, and sends to
 * one core. A core takes a box of a layer whose neurons fit its columns and whose sources fit its rows; the
 * box that leaves the fewest cores is taken. A source that several cores read must be repeated: a
 * neuron for each of its axons, on cores of their own.
 */
import type { Chip } from '../../target/schema.js';
import type { FitLayer, FitPath } from './fit-layer.js';

type Crossbar = Exclude<Chip['crossbar'], undefined>;

/** How a layer is cut. */
export interface CrossbarFit {
  /** Channels, rows and columns of the largest box. */
  readonly box: readonly [number, number, number];
  readonly cores: number;
  /** Axons and neurons of the fullest core. */
  readonly axons: number;
  readonly neurons: number;
  /** Axons of all its cores. */
  readonly allAxons: number;
}

/** The best cut, or null where one neuron alone has too many sources. */
export function cutForCrossbar(layer: FitLayer, { axons, neurons }: Crossbar): CrossbarFit | null {
  let best: CrossbarFit | null = null;
  const [channels, height, width] = layer.shape;
  for (const c of sizes(channels, layer)) {
    for (let y = 1; y <= height && c * y <= neurons; y++) {
      for (let x = 1; x <= width && c * y * x <= neurons; x++) {
        const read = axonsOf(layer, c, [y, x]);
        if (read > axons) break;
        const cores = Math.ceil(channels / c) * Math.ceil(height / y) * Math.ceil(width / x);
        if (best === null || cores < best.cores || (cores === best.cores && cores * read < best.allAxons)) best = { box: [c, y, x], cores, axons: read, neurons: c * y * x, allAxons: cores * read };
      }
    }
  }
  return best;
}

/** Sizes of channel ranges worth trying: the largest of each number of parts. Groups are kept whole or cut evenly. */
function sizes(channels: number, { paths }: FitLayer): number[] {
  const all = [...new Set(Array.from({ length: channels }, (_, parts) => Math.ceil(channels / (parts + 1))))];
  const inGroup = Math.min(...paths.map((p) => channels / p.groups));
  return all.filter((size) => paths.every((p) => p.groups === 1) || size % inGroup === 0 || inGroup % size === 0 || size === 1);
}

/** Sources that a box of this size reads at most, away from the border. */
function axonsOf({ paths, shape }: FitLayer, channels: number, box: readonly [number, number]): number {
  return paths.reduce((sum, path) => sum + sourceChannels(path, channels, shape[0]) * span(path, 0, box[0]) * span(path, 1, box[1]), 0);
}

const sourceChannels = ({ shape, groups }: FitPath, channels: number, all: number): number => (shape[0] / groups) * Math.min(groups, Math.ceil((channels * groups) / all));

const span = ({ kernel, stride, dilation, pool, shape }: FitPath, axis: 0 | 1, targets: number): number =>
  Math.min(shape[1 + axis], ((targets - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1) * pool[axis]);
