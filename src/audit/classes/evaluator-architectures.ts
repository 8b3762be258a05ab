/**
 * The networks that judge: three small ones of different make, none like a usual subject. All end in one narrow
 * layer of features, so that distances in it can be resolved with few images. A further evaluator is one of
 * the three again with other weights.
 */
import { nodeId, windowOutput, type CoreNode, type Graph, type NodeId, type Window } from '../../graph/graph.js';
import type { PictureShape } from '../../synthesise/picture.js';

/** Width of the last layer before the scores, at least; one a class where there are more classes. */
export const FEATURES = 16;

export const featureNode = nodeId('features');

/** An evaluator without weights worth the name: `reinitialise` draws them. `kind` counts from 0. */
export function evaluatorGraph(kind: number, shape: PictureShape, classes: number): Graph<CoreNode> {
  const chain = startChain(shape);
  switch (kind % 3) {
    case 0:
      chain.conv(12, 5, 2);
      chain.conv(24, 3, 2);
      break;
    case 1:
      chain.conv(8, 3, 1);
      chain.halve();
      chain.conv(16, 3, 1);
      chain.halve();
      break;
    default: chain.dense('hidden', 96);
  }
  return chain.end(Math.max(FEATURES, classes), classes);
}

/** What an attacker distils a network into; no evaluator is made like it. */
export function studentGraph(shape: PictureShape, classes: number): Graph<CoreNode> {
  const chain = startChain(shape);
  chain.conv(16, 3, 2);
  chain.conv(32, 3, 2);
  return chain.end(4 * Math.max(FEATURES, classes), classes);
}

/** Not zeros: those would pass for a layer that only moves numbers, which never learns. */
const blank = (length: number): Float32Array => new Float32Array(length).fill(0.5);

interface Chain {
  readonly conv: (channels: number, kernel: number, stride: number) => void;
  /** Mean of cells of two by two, where the map is even and not small. */
  readonly halve: () => void;
  readonly dense: (name: string, units: number) => void;
  readonly end: (features: number, classes: number) => Graph<CoreNode>;
}

function startChain(picture: PictureShape): Chain {
  const input = nodeId('image');
  const nodes: CoreNode[] = [{ kind: 'input', id: input, inputs: [], shape: picture }];
  let [last, shape]: [NodeId, readonly number[]] = [input, picture];
  const add = (node: CoreNode): void => { nodes.push(node); [last, shape] = [node.id, node.shape]; };
  const rectify = (id: NodeId): void => add({ kind: 'relu', id, inputs: [last], shape, cap: Infinity });
  const flatten = (): void => {
    if (shape.length > 1) add({ kind: 'reshape', id: nodeId('flat'), inputs: [last], shape: [shape.reduce((a, b) => a * b, 1)] });
  };
  const linear = (name: string, units: number): void => {
    flatten();
    add({ kind: 'dense', id: nodeId(name), inputs: [last], shape: [units], weight: blank(units * shape[0]), bias: new Float32Array(units) });
  };
  return {
    conv: (channels, kernel, stride) => {
      const [before, height, width] = shape;
      const [ky, kx] = [Math.min(kernel, height), Math.min(kernel, width)];
      const [py, px] = [Math.floor(ky / 2), Math.floor(kx / 2)];
      const window: Window = { kernel: [ky, kx], stride: [stride, stride], dilation: [1, 1], pads: [py, px, py, px] };
      const name = `conv${nodes.length}`;
      add({ kind: 'conv', id: nodeId(name), inputs: [last], shape: [channels, ...windowOutput(window, height, width)], weight: blank(channels * before * ky * kx), bias: new Float32Array(channels), window, groups: 1 });
      rectify(nodeId(`${name}/relu`));
    },
    halve: () => {
      const [channels, height, width] = shape;
      if (height % 2 !== 0 || width % 2 !== 0 || height < 4 || width < 4) return;
      const window: Window = { kernel: [2, 2], stride: [2, 2], dilation: [1, 1], pads: [0, 0, 0, 0] };
      add({ kind: 'average-pool', id: nodeId(`pool${nodes.length}`), inputs: [last], shape: [channels, height / 2, width / 2], window, countPad: true });
    },
    dense: (name, units) => {
      linear(name, units);
      rectify(nodeId(`${name}/relu`));
    },
    end: (features, classes) => {
      linear('before features', features);
      rectify(featureNode);
      linear('scores', classes);
      return { nodes, outputs: [last] };
    },
  };
}
