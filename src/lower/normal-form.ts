/**
 * The last pass: brings a graph of core nodes into the normal form of `verify-core.ts`. Each linear
 * value is rewritten as a sum of paths (`linear-paths.ts`), merging linear nodes in a row where that
 * is exact and does not cost weights. Where it would, the value y in between is split into two
 * populations, p = relu(y) and n = relu(-y), of which y = p - n is the exact difference; one is
 * enough when y cannot be negative.
 */
import { indexNodes, sizeOf, type AveragePool, type Conv, type CoreNode, type Dense, type Graph, type GraphNode, type NodeId, type Relu, type Reshape } from '../graph/graph.js';
import { unreachable, type Reporter } from '../diagnostics.js';
import { boundsOf, type Bounds } from './bounds.js';
import { consumersOf, derivedId, dropDead } from './edit.js';
import {
  layerInput, negated, pathWeights, throughConv, throughDense, throughFlatten, throughPool, unrolled, type Path,
} from './linear-paths.js';
import { depthwise, diagonal, placesOf, uniformScale, weightCount, widestDiagonal } from './linear-nodes.js';
import { isCore } from './verify-core.js';

interface Building {
  readonly old: ReadonlyMap<NodeId, GraphNode>;
  readonly consumers: ReadonlyMap<NodeId, readonly GraphNode[]>;
  readonly bounds: Bounds;
  readonly report: Reporter;
  readonly made: Map<NodeId, CoreNode>;
  /** Each value that was met so far as a sum of paths. */
  readonly paths: Map<NodeId, readonly Path[]>;
  /** Values that were split into a ReLU pair. */
  readonly split: Map<NodeId, readonly Path[]>;
}

export function normalForm(graph: Graph, report: Reporter): Graph<CoreNode> {
  const result = isCore(graph) ? graph : rebuilt(graph, report);
  if (!result.nodes.some((n) => n.kind === 'relu')) report.report('lower/no-relu', { kind: 'nowhere' }, {});
  return result;
}

function rebuilt(graph: Graph, report: Reporter): Graph<CoreNode> {
  const old = indexNodes(graph);
  const b: Building = {
    old, consumers: consumersOf(graph), bounds: boundsOf((id) => old.get(id) as GraphNode), report,
    made: new Map(), paths: new Map(), split: new Map(),
  };
  for (const node of graph.nodes) {
    if (!b.paths.has(node.id)) b.paths.set(node.id, pathsOf(node, b));
  }
  const outputs = graph.outputs.map((id) => writeOutput(id, b));
  return dropDead({ nodes: [...b.made.values()], outputs });
}

function pathsOf(node: GraphNode, b: Building): readonly Path[] {
  switch (node.kind) {
    case 'input': return asSource(node, b);
    case 'relu': return rectify(node, b);
    case 'add': return node.inputs.flatMap((id) => (sharedSum(id, b) ? splitSigned(id, b) : readPaths(id, b)));
    case 'conv': case 'dense': case 'average-pool': case 'reshape': return lengthened(node, b);
    case 'batch-norm': case 'affine': case 'max-pool': case 'subtract': case 'concat': case 'transpose': case 'pad': case 'slice': case 'softmax':
      throw new Error(`internal: ${node.kind} "${node.id}" is left in front of the normal form`);
  }
}

const readPaths = (id: NodeId, b: Building): readonly Path[] => b.paths.get(id) as readonly Path[];

/** A sum that several nodes read would be written out once for each of them, and again for each sum behind it. */
function sharedSum(id: NodeId, b: Building): boolean {
  return b.old.get(id)?.kind === 'add' && (b.consumers.get(id) ?? []).length > 1 && pathWeights(readPaths(id, b)) > 0;
}

function asSource(node: CoreNode, b: Building): readonly Path[] {
  b.made.set(node.id, node);
  return [{ source: node.id, sourceShape: node.shape, sign: 1 }];
}

/** A ReLU on the sum of its input's paths. On another ReLU it is nothing new, unless its cap is lower: then it reads what that one reads. */
function rectify(node: Relu, b: Building): readonly Path[] {
  const paths = readPaths(node.inputs[0], b);
  const source = onlySource(paths);
  if (source !== undefined) {
    const before = b.made.get(source);
    if (before?.kind === 'relu') return before.cap <= node.cap ? paths : asSource({ ...node, inputs: before.inputs }, b);
  }
  return asSource({ ...node, inputs: [writeValue(node.inputs[0], paths, b)] }, b);
}

/** The source that a value is identical with, if it is. */
function onlySource(paths: readonly Path[]): NodeId | undefined {
  const [path] = paths;
  const bare = paths.length === 1 && path.layer === undefined && path.pool === undefined && path.flatten === undefined && path.sign === 1;
  return bare ? path.source : undefined;
}

type Linear = Conv | Dense | AveragePool | Reshape;

/** The paths of the node's input, each lengthened by the node; where that fails, those of the split input. */
function lengthened(node: Linear, b: Building): readonly Path[] {
  const [input] = node.inputs;
  const paths = readPaths(input, b);
  const direct = lengthenAll(paths, node);
  if (direct !== undefined && (paths.length === 1 || worthwhile(node, paths, { longer: direct, split: b.bounds.nonNegative(input) ? 1 : 2 }))) return direct;
  const split = lengthenAll(splitSigned(input, b), node);
  if (split === undefined) throw new Error(`internal: ${node.kind} "${node.id}" does not follow a ReLU`);
  return split;
}

function lengthenAll(paths: readonly Path[], node: Linear): readonly Path[] | undefined {
  const longer = paths.map((path, k) => lengthen(path, paths.length === 1 ? node : termOf(node, k)));
  return longer.every((p) => p !== undefined) ? longer : undefined;
}

function lengthen(path: Path, node: Linear): Path | undefined {
  switch (node.kind) {
    case 'conv': return throughConv(path, node);
    case 'dense': return throughDense(path, node);
    case 'average-pool': return throughPool(path, node);
    case 'reshape': return throughFlatten(path, node);
  }
  return unreachable(node);
}

/** The node as term k of a sum: a name of its own, and the bias only once. */
function termOf(node: Linear, k: number): Linear {
  const id = derivedId(node.id, `part-${k}`);
  if (node.kind === 'average-pool' || node.kind === 'reshape') return { ...node, id };
  const { statistics: _, ...rest } = node;
  return { ...rest, id, bias: k === 0 ? node.bias : new Float32Array(node.bias.length) };
}

/** A layer over a sum may be repeated for each term if that costs no more weights than for the parts of the split sum, of which a signed one has two. */
function worthwhile(node: Linear, paths: readonly Path[], { longer, split }: { readonly longer: readonly Path[]; readonly split: 1 | 2 }): boolean {
  if (node.kind === 'average-pool' || node.kind === 'reshape') return true;
  const depthwiseLayer = node.kind === 'conv' && node.groups === node.bias.length;
  return depthwiseLayer || pathWeights(longer) <= split * weightCount(node) + pathWeights(paths);
}

/** The value as the difference of two populations, or as one where it cannot be negative. */
function splitSigned(id: NodeId, b: Building): readonly Path[] {
  const known = b.split.get(id);
  if (known !== undefined) return known;
  const node = b.old.get(id);
  const result = node?.kind === 'reshape' ? splitBefore(node, b) : splitHere(id, b);
  b.split.set(id, result);
  return result;
}

/** A flattened value is split while it is a picture. */
function splitBefore(node: Reshape, b: Building): readonly Path[] {
  return lengthenAll(splitSigned(node.inputs[0], b), node) ?? splitHere(node.id, b);
}

function splitHere(id: NodeId, b: Building): readonly Path[] {
  const paths = readPaths(id, b);
  const positive = positivePart(id, paths, b);
  return b.bounds.nonNegative(id) ? positive : [...positive, ...negativePart(id, paths, b)];
}

/** relu(y): the network's own ReLU on y where there is one. */
function positivePart(id: NodeId, paths: readonly Path[], b: Building): readonly Path[] {
  const own = (b.consumers.get(id) ?? []).find((n): n is Relu => n.kind === 'relu' && n.cap === Infinity);
  const known = own === undefined ? undefined : b.paths.get(own.id);
  if (known !== undefined) return known;
  const input = writeValue(id, paths, b);
  const node: Relu = own === undefined
    ? { kind: 'relu', id: derivedId(id, 'positive'), inputs: [input], shape: shapeOf(id, b), cap: Infinity } : { ...own, inputs: [input] };
  const part = asSource(node, b);
  b.paths.set(node.id, part);
  return part;
}

/** -relu(-y) */
function negativePart(id: NodeId, paths: readonly Path[], b: Building): readonly Path[] {
  const name = derivedId(id, 'negated');
  const turned = paths.map((p, k) => negated(p, paths.length === 1 ? name : derivedId(name, `part-${k}`)));
  const input = writeValue(name, turned, b);
  const part = asSource({ kind: 'relu', id: derivedId(id, 'negative'), inputs: [input], shape: shapeOf(id, b), cap: Infinity }, b);
  return part.map((p) => ({ ...p, sign: -1 }));
}

const shapeOf = (id: NodeId, b: Building): readonly number[] => (b.old.get(id) as GraphNode).shape;

/** The nodes of a value, whose last one is not a ReLU or the input. */
function writeValue(id: NodeId, paths: readonly Path[], b: Building): NodeId {
  const source = onlySource(paths);
  if (source !== undefined) return writeCopy(paths[0], derivedId(id, 'copy'), source, b);
  if (paths.length === 1) return writePath(paths[0], derivedId(id, 'signed'), b);
  const inputs = paths.map((path, k) => writePath(path, derivedId(id, `term-${k}`), b));
  const shape = (b.made.get(inputs[0]) as CoreNode).shape;
  if (!b.made.has(id)) b.made.set(id, { kind: 'add', id, inputs, shape });
  return id;
}

/** The scores; a vector that is a flattened [C, 1, 1] is left as that. */
function writeOutput(id: NodeId, b: Building): NodeId {
  const paths = readPaths(id, b);
  const [{ flatten, ...bare }] = paths;
  const onlyFlat = paths.length === 1 && flatten !== undefined && bare.layer === undefined && placesOf(bare.pool?.shape ?? bare.sourceShape) === 1;
  return writeValue(id, onlyFlat ? [bare] : paths, b);
}

/** The path's nodes; the name of the last. One without a layer that is negated or flat gets a layer called `name`. */
function writePath(open: Path, name: NodeId, b: Building): NodeId {
  const features = open.flattenAfter === undefined ? 0 : Math.max(...open.flattenAfter.shape, sizeOf(layerInput(open)));
  if (features > widestDiagonal) return tooWide(open, features, b);
  const path = unrolled(open);
  let last = path.source;
  for (const node of [path.pool, path.flatten]) {
    if (node === undefined || (node === path.flatten && path.layer === undefined && node.shape.length !== 1)) continue;
    if (!b.made.has(node.id)) b.made.set(node.id, { ...node, inputs: [last] });
    last = node.id;
  }
  if (path.layer === undefined) return path.sign === 1 && path.flatten === undefined ? last : writeCopy(path, name, last, b);
  if (!b.made.has(path.layer.id)) b.made.set(path.layer.id, { ...path.layer, inputs: [last] });
  return path.layer.id;
}

/** A layer that only copies, or negates, what `input` holds. */
function writeCopy(path: Path, id: NodeId, input: NodeId, b: Building): NodeId {
  const shape = layerInput(path);
  if (shape.length !== 3 && shape[0] > widestDiagonal) return tooWide(path, shape[0], b);
  const by = uniformScale(shape[0], path.sign);
  if (!b.made.has(id)) b.made.set(id, shape.length === 3 ? depthwise({ id, input, shape }, by) : diagonal({ id, input, shape }, by));
  return id;
}

/** Reports a path that would need a matrix over a long vector; the graph that comes out is not used. */
function tooWide(path: Path, features: number, b: Building): NodeId {
  const node = path.flattenAfter?.id ?? path.flatten?.id ?? path.source;
  b.report.report('lower/too-wide', { kind: 'node', node }, { features, most: widestDiagonal, what: 'a sum of a flattened picture and something else' });
  return path.source;
}
