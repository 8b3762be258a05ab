import { expect, it } from 'vitest';
import { layerWork } from '../../src/graph/macs.js';
import { graphText } from '../../src/graph/text.js';
import { graphBuilder, windowOf } from './build-graph.js';

const ones = (length: number, value = 1): Float32Array => new Float32Array(length).fill(value);

function network() {
  const b = graphBuilder();
  const x = b.input([4, 8, 8]);
  const conv = b.add([x], { kind: 'conv', weight: ones(6 * 2 * 9, 0.1).fill(-0.25, 0, 1), bias: ones(6), window: windowOf(3, { stride: [2, 2], pads: [1, 1, 0, 0] }), groups: 2 });
  const relu = b.add([conv], { kind: 'relu', cap: 6 });
  const pool = b.add([relu], { kind: 'average-pool', window: windowOf(2), countPad: true });
  const cut = b.add([pool], { kind: 'pad', amounts: [[0, 0], [-1, 0], [0, 2]], value: 0 });
  const both = b.add([cut, cut], { kind: 'concat', axis: 0 });
  const turned = b.add([both], { kind: 'transpose', permutation: [1, 2, 0] });
  const flat = b.add([turned], { kind: 'reshape', shape: [2 * 5 * 12] });
  const scores = b.add([flat], { kind: 'dense', weight: ones(1200, 1 / 3), bias: ones(10, 0), statistics: { mean: ones(10), deviation: ones(10) } });
  return b.graph(b.add([scores], { kind: 'softmax', axis: 0, log: true }), relu);
}

it('prints one line a node', () => {
  expect(graphText(network())).toMatchInlineSnapshot(`
    "graph  10 nodes
      input  input  4x8x8
      conv  conv1  6x4x4 <- input  window 3x3 stride 2x2 pads 1,1,0,0 groups 2 weight -0.25..0.1 bias 1
      relu  relu2  6x4x4 <- conv1  cap 6
      average-pool  average-pool3  6x3x3 <- relu2  window 2x2 counting pads
      pad  pad4  6x2x5 <- average-pool3  amounts 0:0 -1:0 0:2 value 0
      concat  concat5  12x2x5 <- pad4, pad4  axis 0
      transpose  transpose6  2x5x12 <- concat5  axes 1,2,0
      reshape  reshape7  120 <- transpose6
      dense  dense8  10 <- reshape7  weight 0.3333 bias 0 with statistics
      softmax  softmax9  10 <- dense8  axis 0 log
      outputs  softmax9, relu2"
  `);
});

it('counts the work of convolutions and dense layers', () => {
  expect(layerWork(network())).toEqual([
    // 6 output channels of 4 x 4 places, each a sum over 2 channels (half of 4) of 3 x 3 taps
    { id: 'conv1', kind: 'conv', macs: 6 * 16 * 18, parameters: 108 + 6, inputs: 256, outputs: 96 },
    { id: 'dense8', kind: 'dense', macs: 1200, parameters: 1210, inputs: 120, outputs: 10 },
  ]);
});
