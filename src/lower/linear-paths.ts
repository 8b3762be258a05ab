/**
 * A linear value as a sum of paths. Between two ReLUs (or the input) everything is linear; the
 * normal form wants it as a sum of paths of the shape
 *
 *     source -> [aligned average pool]? -> [flatten]? -> [conv | dense]?
 *
 * and this file has the type of such a path and how a path is lengthened by one more linear node.
 * A path that cannot take the node (it would not be exact, or would need far more weights) gives
 * undefined; the caller then puts a ReLU pair in between.
 */
import { sizeOf, type AveragePool, type Conv, type Dense, type NodeId, type Reshape, type Shape } from '../graph/graph.js';
import { composeConvs, composedWeights, composeDense, composeDenseConv, mergePools, poolAsConv, unrollConv } from './compose.js';
import { derivedId } from './edit.js';
import { scaleOutputs, uniformScale, unitWindow, weightCount } from './linear-nodes.js';

export interface Path {
  /** A ReLU or the input. */
  readonly source: NodeId;
  readonly sourceShape: Shape;
  readonly pool?: AveragePool;
  readonly flatten?: Reshape;
  readonly layer?: Conv | Dense;
  /** The convolution in `layer` is flattened behind it: only a dense layer can follow. */
  readonly flattenAfter?: Reshape;
  /** Factor of a path without a layer. */
  readonly sign: 1 | -1;
}

/** A pool taken into a convolution may make it this many times larger; the alternative is a ReLU pair at full size. */
const poolGrowth = 4;

/** Shape of what the path's layer reads (or would read). */
export const layerInput = (path: Path): Shape => path.flatten?.shape ?? path.pool?.shape ?? path.sourceShape;

export function throughPool(path: Path, pool: AveragePool): Path | undefined {
  if (path.flatten !== undefined || path.flattenAfter !== undefined) return undefined;
  const { layer } = path;
  if (layer === undefined) {
    return { ...path, pool: path.pool === undefined ? { ...pool, inputs: [path.source] } : mergePools(pool, path.pool, pool.id) };
  }
  if (layer.kind === 'dense') return undefined;
  if (isPointwise(layer)) return poolBefore(path, layer, pool);
  const composed = composeWithin(poolAsConv(pool, pool.id), layer, { input: layerInput(path), most: poolGrowth * layer.weight.length });
  return composed === undefined ? undefined : { ...path, layer: composed };
}

/** A 1x1 convolution and an aligned pool commute: the pool goes first. */
function poolBefore(path: Path, layer: Conv, pool: AveragePool): Path {
  const id = derivedId(pool.id, 'first');
  const shape = [layerInput(path)[0], ...pool.shape.slice(1)];
  const first = path.pool === undefined ? { ...pool, id, shape, inputs: [path.source] } : mergePools({ ...pool, shape }, path.pool, id);
  const { statistics: _, ...rest } = layer;
  return { ...path, pool: first, layer: { ...rest, id: pool.id, shape: pool.shape } };
}

export function throughFlatten(path: Path, flatten: Reshape): Path | undefined {
  if (path.flatten !== undefined || path.flattenAfter !== undefined) return undefined;
  if (path.layer === undefined) return { ...path, flatten };
  if (path.layer.kind === 'dense') return undefined;
  return { ...path, flattenAfter: flatten };
}

export function throughConv(path: Path, conv: Conv): Path | undefined {
  if (path.flatten !== undefined || path.flattenAfter !== undefined) return undefined;
  const { layer } = path;
  if (layer === undefined) return { ...path, layer: signed(conv, path.sign), sign: 1 };
  if (layer.kind === 'dense') return undefined;
  const composed = composeWithin(conv, layer, { input: layerInput(path), most: conv.weight.length + layer.weight.length });
  return composed === undefined ? undefined : { ...path, layer: composed };
}

export function throughDense(path: Path, dense: Dense): Path | undefined {
  const { layer, flattenAfter, ...rest } = path;
  if (layer === undefined) return { ...path, layer: signed(dense, path.sign), sign: 1 };
  const inputs = sizeOf(layerInput(path));
  const most = dense.weight.length + layer.weight.length;
  if (dense.bias.length * inputs > most) return undefined;
  if (layer.kind === 'dense') return { ...rest, layer: composeDense(dense, layer) };
  if (flattenAfter === undefined) return undefined;
  return flattened(rest, composeDenseConv(dense, layer, layerInput(path)), layer.id);
}

/** A path that ends in a flattened convolution, with the convolution written out as a dense layer. */
export function unrolled(path: Path): Path {
  const { layer, flattenAfter, ...rest } = path;
  if (flattenAfter === undefined || layer?.kind !== 'conv') return path;
  return flattened(rest, { ...unrollConv(layer, layerInput(path)), id: flattenAfter.id }, layer.id);
}

/** `layer` reads the flattened picture in front of it. */
function flattened(path: Path, layer: Dense, name: NodeId): Path {
  const id = derivedId(name, 'flat-input');
  const flatten: Reshape = { kind: 'reshape', id, inputs: [path.pool?.id ?? path.source], shape: [sizeOf(layerInput(path))] };
  return { ...path, flatten, layer };
}

/** The composition if it is exact and has at most `most` weights. */
function composeWithin(outer: Conv, inner: Conv, limit: { readonly input: Shape; readonly most: number }): Conv | undefined {
  const weights = composedWeights(outer, inner, limit.input);
  return weights === undefined || weights > limit.most ? undefined : composeConvs(outer, inner, limit.input);
}

/** The layer on the negated input: its weights change sign, its bias does not. */
function signed<N extends Conv | Dense>(layer: N, sign: 1 | -1): N {
  return sign === 1 ? layer : { ...layer, weight: layer.weight.map((w) => -w) };
}

/** The negated path; a layer gets the name `id`. */
export function negated(path: Path, id: NodeId): Path {
  const { layer } = path;
  if (layer === undefined) return { ...path, sign: path.sign === 1 ? -1 : 1 };
  return { ...path, layer: scaleOutputs(layer, uniformScale(layer.bias.length, -1), id) };
}

const isPointwise = (conv: Conv): boolean =>
  [...conv.window.kernel, ...conv.window.stride].every((n) => n === unitWindow.kernel[0]) && conv.window.pads.every((p) => p === 0);

export const pathWeights = (paths: readonly Path[]): number => paths.reduce((sum, p) => sum + weightCount(p.layer), 0);
