/**
 * Which weights to drop. A network is seen as one flat vector of numbers and a list of layers, each a matrix of filters
 * (rows) by weights of a filter (columns), so that float and spiking networks are pruned by the same rules:
 *
 *   weight      the smallest |w| go (magnitude pruning; Han et al., NeurIPS 2015)
 *   filter      whole filters with the smallest norm go, with their bias and the weights that read them (Li et al., ICLR
 *               2017); the last layer keeps its rows, which are the classes
 *   butterfly   the matrix is cut into G x G blocks, G a power of two; blocks (i, j) with i xor j in {0, 1, 2, 4 .. G/2} stay,
 *               which are the places of the butterfly factors (the flat block butterfly of Dao et al., ICLR 2022); G is the
 *               least whose pattern is as sparse as asked, and the largest of the other blocks come back up to that
 *
 * A mask has a 1 for each number that stays. Dropped before stays dropped: masks only grow sparser.
 */

export type PruneStructure = 'weight' | 'filter' | 'butterfly';
export const PRUNE_STRUCTURES: readonly PruneStructure[] = ['weight', 'filter', 'butterfly'];
/** Whether all layers compete, or each loses the same share. Filters and blocks are always chosen in each layer by itself. */
export type PruneScope = 'global' | 'layer';

export interface PrunableLayer {
  readonly id: string;
  /** Where its weights begin in the vector. */
  readonly offset: number;
  readonly filters: number;
  readonly perFilter: number;
  /** Where the biases of its filters begin. */
  readonly biases: number;
  /** What a weight counts for beside those of other layers: 1, or what undoes a scale that was folded into it. */
  readonly scale: number;
  /** Its filters are the classes. */
  readonly last: boolean;
}

export interface PruneOptions {
  readonly structure: PruneStructure;
  /** Share of the weights (or filters) to drop, 0 to 1. */
  readonly sparsity: number;
  readonly scope: PruneScope;
}

/** Numbers that read a filter: of filter `filter` of layer `layer`, places in the vector. */
export type ReadersOf = (layer: PrunableLayer, filter: number) => readonly number[];

/** The mask of all numbers. `before` holds what is dropped already; only what it keeps is chosen from, and counts into the sparsity. */
export function pruneMask(values: Float32Array, layers: readonly PrunableLayer[], { structure, sparsity, scope }: PruneOptions, { before, readersOf }: { readonly before?: Uint8Array; readonly readersOf?: ReadersOf } = {}): Uint8Array {
  const mask = before?.slice() ?? new Uint8Array(values.length).fill(1);
  switch (structure) {
    case 'weight':
      for (const group of scope === 'global' ? [layers] : layers.map((l) => [l])) dropSmallest(values, group, { mask, sparsity });
      break;
    case 'filter':
      for (const layer of layers.filter((l) => !l.last)) dropFilters(values, layer, { mask, sparsity, readersOf });
      break;
    case 'butterfly':
      for (const layer of layers) keepButterfly(values, layer, { mask, sparsity });
      break;
  }
  return mask;
}

interface Dropping {
  readonly mask: Uint8Array;
  readonly sparsity: number;
  readonly readersOf?: ReadersOf | undefined;
}

function dropSmallest(values: Float32Array, layers: readonly PrunableLayer[], { mask, sparsity }: Dropping): void {
  const total = layers.reduce((n, l) => n + l.filters * l.perFilter, 0);
  const [places, sizes] = [new Uint32Array(total), new Float64Array(total)];
  let n = 0;
  for (const { offset, filters, perFilter, scale } of layers) {
    for (let i = offset; i < offset + filters * perFilter; i++) {
      places[n] = i;
      sizes[n++] = mask[i] === 0 ? -1 : Math.abs(values[i]) * scale;
    }
  }
  const order = Uint32Array.from({ length: total }, (_, i) => i).sort((a, b) => sizes[a] - sizes[b] || a - b);
  for (const i of order.subarray(0, Math.round(sparsity * total))) mask[places[i]] = 0;
}

/** One filter at least stays in every layer. */
function dropFilters(values: Float32Array, layer: PrunableLayer, { mask, sparsity, readersOf }: Dropping): void {
  const { filters, perFilter, offset, biases } = layer;
  const norms = Array.from({ length: filters }, (_, f) => {
    let sum = 0;
    let kept = 0;
    for (let i = offset + f * perFilter; i < offset + (f + 1) * perFilter; i++) if (mask[i] === 1) { sum += values[i] ** 2; kept++; }
    return kept === 0 ? -1 : sum;
  });
  const order = norms.map((_, f) => f).sort((a, b) => norms[a] - norms[b] || a - b);
  for (const f of order.slice(0, Math.min(filters - 1, Math.round(sparsity * filters)))) {
    mask.fill(0, offset + f * perFilter, offset + (f + 1) * perFilter);
    mask[biases + f] = 0;
    for (const place of readersOf?.(layer, f) ?? []) mask[place] = 0;
  }
}

/** Share of the blocks of a G x G grid that the flat butterfly leaves out: it has the diagonal and log2(G) others. */
export const butterflySparsity = (grid: number): number => 1 - (1 + Math.log2(grid)) / grid;

/** The least power of two whose butterfly is as sparse as asked, or the largest that the matrix has rows and columns for. */
export function butterflyGrid({ filters, perFilter }: Pick<PrunableLayer, 'filters' | 'perFilter'>, sparsity: number): number {
  const most = 2 ** Math.floor(Math.log2(Math.min(filters, perFilter)));
  let grid = 1;
  while (grid < most && butterflySparsity(grid) < sparsity - 1e-12) grid *= 2;
  return grid;
}

const isPowerOfTwo = (n: number): boolean => n > 0 && (n & (n - 1)) === 0;

function keepButterfly(values: Float32Array, layer: PrunableLayer, { mask, sparsity }: Dropping): void {
  const { offset, filters, perFilter } = layer;
  const grid = butterflyGrid(layer, sparsity);
  const block = (f: number, k: number): number => Math.floor((f * grid) / filters) * grid + Math.floor((k * grid) / perFilter);
  const [sums, sizes] = [new Float64Array(grid * grid), new Uint32Array(grid * grid)];
  for (let f = 0; f < filters; f++) for (let k = 0; k < perFilter; k++) {
    const at = offset + f * perFilter + k;
    sizes[block(f, k)]++;
    if (mask[at] === 1) sums[block(f, k)] += values[at] ** 2;
  }
  const kept = new Uint8Array(grid * grid);
  let left = filters * perFilter - Math.round(sparsity * filters * perFilter);
  for (let i = 0; i < grid; i++) for (let j = 0; j < grid; j++) {
    if (i !== j && !isPowerOfTwo(i ^ j)) continue;
    kept[i * grid + j] = 1;
    left -= sizes[i * grid + j];
  }
  const others = Array.from(kept.keys()).filter((b) => kept[b] === 0).sort((a, b) => sums[b] / sizes[b] - sums[a] / sizes[a] || a - b);
  for (const b of others) {
    if (sizes[b] > left) break;
    kept[b] = 1;
    left -= sizes[b];
  }
  for (let f = 0; f < filters; f++) for (let k = 0; k < perFilter; k++) if (kept[block(f, k)] === 0) mask[offset + f * perFilter + k] = 0;
}

/** Zeros in place of what the mask drops. */
export const masked = (values: Float32Array, mask: Uint8Array): Float32Array => values.map((v, i) => (mask[i] === 0 ? 0 : v));

export interface LayerSparsity {
  readonly id: string;
  readonly weights: number;
  readonly kept: number;
}

/** Weights that are not zero, layer by layer. */
export const sparsityOf = (values: Float32Array, layers: readonly PrunableLayer[]): readonly LayerSparsity[] => layers.map(({ id, offset, filters, perFilter }) => ({
  id, weights: filters * perFilter, kept: values.subarray(offset, offset + filters * perFilter).reduce((n, w) => n + (w === 0 ? 0 : 1), 0),
}));

/** Share of all weights that are zero. */
export function totalSparsity(layers: readonly LayerSparsity[]): number {
  const [weights, kept] = [layers.reduce((n, l) => n + l.weights, 0), layers.reduce((n, l) => n + l.kept, 0)];
  return weights === 0 ? 0 : 1 - kept / weights;
}

/** The sparsity after round `round` of `rounds`: every round drops the same share of what is left. */
export const sparsityOfRound = (sparsity: number, round: number, rounds: number): number => (round === rounds ? sparsity : 1 - (1 - sparsity) ** (round / rounds));
