/** Random small networks out of everything that the importer can produce: the material of the property tests. */
import type { Graph, NodeId, Pads } from '../../src/graph/graph.js';
import { randomStream, substream, uniform } from '../../src/random.js';
import { graphBuilder, type Builder } from './graph-builder.js';

interface Draw { readonly below: (n: number) => number; readonly chance: (p: number) => boolean }

function drawer(seed: number): Draw {
  const numbers = uniform(substream(randomStream(seed), 'network'), 4096);
  let at = 0;
  const next = (): number => numbers[at++ % numbers.length];
  return { below: (n) => Math.floor(next() * n), chance: (p) => next() < p };
}

/** A network with `blocks` random blocks on a small picture, then a dense head. */
export function randomNetwork(seed: number, blocks: number): Graph {
  const b = graphBuilder(seed);
  const draw = drawer(seed);
  let x = b.input([2 + draw.below(2), 6 + 2 * draw.below(2), 6 + 2 * draw.below(2)]);
  if (draw.chance(0.3)) x = channelsLast(b, x, (y) => y);
  if (draw.chance(0.3)) x = b.affine(x);
  for (let k = 0; k < blocks; k++) x = block(b, draw, x);
  x = b.relu(b.conv(x, 3, { kernel: [1, 1], pads: [0, 0, 0, 0] }));
  if (draw.chance(0.3)) x = b.pool('average-pool', x, Math.min(b.shape(x)[1], b.shape(x)[2]), { stride: 1 });
  x = b.flatten(x);
  if (draw.chance(0.4)) x = b.relu(draw.chance(0.5) ? b.batchNorm(b.dense(x, 6)) : b.dense(x, 6));
  if (draw.chance(0.2)) x = b.affine(x);
  const scores = b.dense(x, 4);
  return b.graph(draw.chance(0.5) ? b.node('softmax', [scores], { axis: 0, log: draw.chance(0.5) }) : scores);
}

function block(b: Builder, draw: Draw, x: NodeId): NodeId {
  const [channels, height, width] = b.shape(x);
  const small = height < 4 || width < 4;
  switch (draw.below(16)) {
    case 0: return b.relu(b.batchNorm(b.conv(x, 2 + draw.below(4), { bias: draw.chance(0.5), stride: small ? [1, 1] : [1 + draw.below(2), 1] })), draw.chance(0.3) ? 1 : Infinity);
    case 1: return b.relu(b.add(convolved(b, draw, x), x));
    case 2: return b.add(b.relu(b.batchNorm(convolved(b, draw, x))), x);
    case 3: return small ? b.relu(x) : maxPool(b, draw, x);
    case 4: return small ? b.affine(x) : averagePool(b, draw, x);
    case 5: return b.relu(b.batchNorm(b.node('concat', [b.conv(x, 2), x, b.relu(b.conv(x, 1))], { axis: 0 })));
    case 6: return b.conv(b.conv(x, channels, { groups: channels }), 2 + draw.below(3), { kernel: [1, 1], pads: [0, 0, 0, 0] });
    case 7: return channelsLast(b, x, (y) => b.relu(y));
    case 8: return small ? b.relu(x) : b.conv(b.node('pad', [x], { amounts: [[0, 0], [1, draw.below(2)], [0, 1]], value: 0 }), 3, { pads: [0, 0, 0, 0] });
    case 9: return small ? b.relu(b.conv(x, 2)) : shortcut(b, x);
    case 10: return b.relu(b.node('subtract', [x, convolved(b, draw, x)], {}));
    case 11: return b.node('reshape', [b.relu(b.flatten(x))], {}, b.shape(x));
    case 12: return leaky(b, b.conv(x, 2 + draw.below(2)));
    case 13: return clipped(b, b.conv(x, 3));
    case 14: return channels < 2 ? b.relu(x) : crossed(b, x);
    case 15: return b.node('subtract', [b.relu(b.conv(x, channels)), b.relu(b.conv(x, channels, { kernel: [1, 1], pads: [0, 0, 0, 0] }), 2)], {});
    default: throw new Error('unreachable');
  }
}

function convolved(b: Builder, draw: Draw, x: NodeId): NodeId {
  const [channels] = b.shape(x);
  const y = b.conv(x, channels, draw.chance(0.5) ? { kernel: [1, 1], pads: [0, 0, 0, 0] } : {});
  return draw.chance(0.5) ? b.conv(b.relu(b.batchNorm(y)), channels) : y;
}

/** Padded windows only behind a ReLU: elsewhere they are refused. */
function maxPool(b: Builder, draw: Draw, x: NodeId): NodeId {
  const rectified = draw.chance(0.6);
  const y = rectified ? b.relu(b.conv(x, 2)) : b.conv(x, 2);
  const pads: Pads = rectified && draw.chance(0.5) ? [1, 1, 0, 0] : [0, 0, 0, 0];
  const pooled = b.pool('max-pool', y, 2 + draw.below(2), { stride: 1 + draw.below(2), pads });
  return draw.chance(0.5) ? b.relu(b.batchNorm(pooled)) : pooled;
}

function averagePool(b: Builder, draw: Draw, x: NodeId): NodeId {
  const pads: Pads = draw.chance(0.3) ? [1, 0, 0, 1] : [0, 0, 0, 0];
  return b.pool('average-pool', x, 2 + draw.below(2), { stride: 1 + draw.below(2), pads, countPad: true });
}

/** To [H, W, C], something there, and back. */
function channelsLast(b: Builder, x: NodeId, between: (y: NodeId) => NodeId): NodeId {
  return b.node('transpose', [between(b.node('transpose', [x], { permutation: [1, 2, 0] }))], { permutation: [2, 0, 1] });
}

/** x where it is positive, a quarter of it elsewhere: what LeakyRelu is imported as. */
function leaky(b: Builder, x: NodeId): NodeId {
  const size = b.shape(x).reduce((a, n) => a * n, 1);
  const times = (y: NodeId, factor: number): NodeId => b.node('affine', [y], { scale: new Float32Array(size).fill(factor), shift: new Float32Array(size) });
  return b.add(b.relu(x), times(b.relu(times(x, -1)), -0.25));
}

/** Between -0.5 and 1: what Clip is imported as. */
function clipped(b: Builder, x: NodeId): NodeId {
  const size = b.shape(x).reduce((a, n) => a * n, 1);
  const shifted = (y: NodeId, by: number): NodeId => b.node('affine', [y], { scale: new Float32Array(size).fill(1), shift: new Float32Array(size).fill(by) });
  return shifted(b.relu(shifted(x, 0.5), 1.5), -0.5);
}

/** Channels in two parts, of which one is rectified, joined the other way round: Split and Concat. */
function crossed(b: Builder, x: NodeId): NodeId {
  const [channels, height, width] = b.shape(x);
  const part = (start: number, count: number): NodeId => b.node('slice', [x], { ranges: [{ start, step: 1 }, { start: 0, step: 1 }, { start: 0, step: 1 }] }, [count, height, width]);
  return b.node('concat', [part(1, channels - 1), b.relu(part(0, 1))], { axis: 0 });
}

/** The parameter-free shortcut of the CIFAR ResNets beside a strided convolution. */
function shortcut(b: Builder, x: NodeId): NodeId {
  const [channels, height, width] = b.shape(x);
  const sliced = b.node('slice', [x], { ranges: [{ start: 0, step: 1 }, { start: 0, step: 2 }, { start: 0, step: 2 }] }, [channels, Math.ceil(height / 2), Math.ceil(width / 2)]);
  const padded = b.node('pad', [sliced], { amounts: [[1, 1], [0, 0], [0, 0]], value: 0 });
  return b.relu(b.add(b.batchNorm(b.conv(x, channels + 2, { stride: [2, 2] })), padded));
}
