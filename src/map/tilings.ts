/**
 * The ways to cut a population into boxes of nearly equal size, fewest boxes first. Only cuts that
 * differ in their largest box are listed: for an axis of N positions these are about 2 sqrt(N).
 */
import type { MapShape } from '../spiking/network.js';
import type { Grid } from './core-use.js';
import type { Range } from './reach.js';

/** Parts along channels, rows and columns. */
export interface Tiling {
  readonly parts: MapShape;
  /** Boxes in all. */
  readonly count: number;
}

/** Tilings whose largest box has at most `most` neurons, by ascending count, then fewer cuts of the map, then of the channels. */
export function tilings(shape: MapShape, most: number): Tiling[] {
  const found: Tiling[] = [];
  const [byChannel, byRow, byColumn] = shape.map(usefulParts);
  for (const c of byChannel) {
    for (const y of byRow) {
      for (const x of byColumn) {
        if (Math.ceil(shape[0] / c) * Math.ceil(shape[1] / y) * Math.ceil(shape[2] / x) <= most) found.push({ parts: [c, y, x], count: c * y * x });
      }
    }
  }
  return found.sort((a, b) => a.count - b.count || a.parts[1] * a.parts[2] - b.parts[1] * b.parts[2] || a.parts[2] - b.parts[2]);
}

/** The boxes of a tiling. */
export function gridOf(shape: MapShape, { parts }: Tiling): Grid {
  return { channels: cut(shape[0], parts[0]), rows: cut(shape[1], parts[1]), columns: cut(shape[2], parts[2]) };
}

/** For each possible size of the largest part, the fewest parts that give it. */
function usefulParts(length: number): number[] {
  const parts: number[] = [];
  for (let size = length; size >= 1;) {
    const count = Math.ceil(length / size);
    parts.push(count);
    size = Math.ceil(length / count) - 1;
  }
  return [...new Set(parts)];
}

/** `parts` ranges of nearly equal length. */
export function cut(length: number, parts: number): Range[] {
  return Array.from({ length: parts }, (_, i): Range => [Math.floor(i * length / parts), Math.floor((i + 1) * length / parts)]);
}
