import { describe, expect, it } from 'vitest';
import type { Graph, GraphNode } from '../../src/graph/graph.js';
import { nodeId } from '../../src/graph/graph.js';
import { verifyGraph } from '../../src/graph/verify.js';
import { graphBuilder, noise, windowOf } from './build-graph.js';

/** input [4, 6, 6] -> conv1 [6, 4, 4] -> batch-norm2 -> reshape3 [96] -> dense4 [10] */
function sound(): Graph {
  const b = graphBuilder();
  const conv = b.conv(b.input([4, 6, 6]), 6, windowOf(3), 2);
  const norm = b.add([conv], { kind: 'batch-norm', gamma: noise(1, 6), beta: noise(2, 6), mean: noise(3, 6), variance: new Float32Array(6).fill(1), epsilon: 1e-5 });
  return b.graph(b.dense(b.add([norm], { kind: 'reshape', shape: [96] }), 10));
}

/** The graph with some fields of one node replaced. */
const bend = (index: number, fields: object): Graph => {
  const graph = sound();
  return { ...graph, nodes: graph.nodes.with(index, { ...graph.nodes[index], ...fields } as GraphNode) };
};
const id = nodeId;
const single = (attributes: object, shape: readonly number[] = [4, 6, 6]): Graph => ({
  nodes: [sound().nodes[0], { id: id('it'), inputs: [id('input')], shape, ...attributes } as unknown as GraphNode], outputs: [id('it')],
});

describe('verifyGraph', () => {
  it('accepts a sound graph', () => { expect(() => verifyGraph(sound())).not.toThrow(); });

  it.each<[string, Graph, string]>([
    ['two nodes of one name', bend(2, { id: id('conv1') }), 'graph: batch-norm "conv1": another node has the same name'],
    ['a reader before its input', { ...sound(), nodes: sound().nodes.toReversed() }, 'graph: dense "dense4": input "reshape3" does not stand before it'],
    ['an output that is no node', { ...sound(), outputs: [id('gone')] }, 'graph: output "gone" is no node'],
    ['no output', { ...sound(), outputs: [] }, 'graph: no output'],
    ['a shape against the rule', bend(1, { shape: [6, 6, 6] }), 'graph: conv "conv1": shape 6x6x6, its rule gives 6x4x4'],
    ['an empty axis', bend(3, { shape: [0] }), 'graph: reshape "reshape3": shape [0] is not made of positive whole numbers'],
    ['too few weights', bend(1, { weight: noise(1, 100) }), 'graph: conv "conv1": 100 weights, 108 needed'],
    ['groups that do not divide', bend(1, { groups: 3 }), 'graph: conv "conv1": 3 groups do not divide 4 and 6 channels'],
    ['a weight that is not finite', bend(4, { weight: new Float32Array(960).fill(NaN, 7) }), 'graph: dense "dense4": weight[7] is NaN'],
    ['too few channels', bend(2, { mean: noise(1, 5) }), 'graph: batch-norm "batch-norm2": mean has 5 numbers for 6 channels'],
    ['a variance below zero', bend(2, { variance: new Float32Array(6).fill(-1) }), 'graph: batch-norm "batch-norm2": variance + epsilon is not above 0'],
    ['statistics of another length', bend(4, { statistics: { mean: noise(1, 3), deviation: noise(1, 10) } }), 'graph: dense "dense4": statistics of 3 and 10 channels, 10 needed'],
    ['a reshape to another size', bend(3, { shape: [95] }), 'graph: reshape "reshape3": 6x4x4 has 96 elements, 95 has 95'],
    ['a wrong count of inputs', bend(4, { inputs: [id('reshape3'), id('reshape3')] }), 'graph: dense "dense4": 2 inputs, 1 needed'],
    ['a sum of unequal shapes', { nodes: [...sound().nodes, { kind: 'add', id: id('sum'), inputs: [id('conv1'), id('input')], shape: [6, 4, 4] }], outputs: [id('sum')] }, 'graph: add "sum": inputs of unequal shapes 6x4x4 and 4x6x6'],
    ['a transpose that drops an axis', single({ kind: 'transpose', permutation: [0, 1, 1] }), 'graph: transpose "it": [0, 1, 1] is no permutation of 3 axes'],
    ['a slice past the end', single({ kind: 'slice', ranges: [{ start: 0, step: 1 }, { start: 0, step: 1 }, { start: 2, step: 1 }] }), 'graph: slice "it": axis 2: places 2 to 7 of 6'],
    ['a softmax over a missing axis', single({ kind: 'softmax', axis: 3, log: false }), 'graph: softmax "it": axis 3 of 3'],
    ['a window of stride 0', single({ kind: 'max-pool', window: windowOf(2, { stride: [0, 1] }) }), 'graph: max-pool "it": kernel, stride and dilation must be at least 1'],
    ['a cap of zero', single({ kind: 'relu', cap: 0 }), 'graph: relu "it": cap 0 is not above 0'],
    ['parts that do not join', single({ kind: 'concat', axis: 4 }), 'graph: concat "it": axis 4 of 3'],
    ['an affine of another length', single({ kind: 'affine', scale: noise(1, 144), shift: noise(1, 4) }), 'graph: affine "it": shift has 4 numbers for a sample of 144'],
  ])('refuses %s', (_, graph, message) => {
    expect(() => verifyGraph(graph)).toThrow(new Error(message));
  });
});
