/** What the normal form makes of the usual ways to build networks, and what its check catches. */
import { describe, expect, it } from 'vitest';
import { Reporter } from '../../src/diagnostics.js';
import type { Conv, Graph, NodeId } from '../../src/graph/graph.js';
import { graphText } from '../../src/graph/text.js';
import { checkPass, referenceOf } from '../../src/lower/check-pass.js';
import { runPass } from '../../src/lower/lower.js';
import { verifyCore } from '../../src/lower/verify-core.js';
import { kernels, kindsOf, lowered } from './check.js';
import { graphBuilder, type Builder } from './graph-builder.js';

const pointwise = { kernel: [1, 1], pads: [0, 0, 0, 0] } as const;
const head = (b: Builder, x: NodeId): Graph => b.graph(b.dense(b.flatten(x), 3));

describe('golden texts of lowered networks', () => {
  it('conv, batch norm, relu, max pool, dense', () => {
    const b = graphBuilder(1);
    const x = b.relu(b.batchNorm(b.conv(b.input([1, 4, 4]), 2)));
    expect(graphText(lowered(head(b, b.pool('max-pool', x, 2))))).toMatchInlineSnapshot(`
      "graph  16 nodes
        input  input1  1x4x4
        conv  batch-norm1  2x4x4 <- input1  window 3x3 pads 1,1,1,1 weight -0.6324..0.4736 bias -1.421..-0.9372 with statistics
        relu  relu1  2x4x4 <- batch-norm1
        conv  max-pool1:difference-0-0:places  2x2x2 <- relu1  window 2x2 stride 2x2 groups 2 weight -1..1 bias 0
        relu  max-pool1:difference-0-0  2x2x2 <- max-pool1:difference-0-0:places
        conv  max-pool1:difference-0-1:places  2x2x2 <- relu1  window 2x2 stride 2x2 groups 2 weight -1..1 bias 0
        relu  max-pool1:difference-0-1  2x2x2 <- max-pool1:difference-0-1:places
        conv  max-pool1:difference-1-0:places  2x2x2 <- relu1  window 2x2 stride 2x2 groups 2 weight -1..1 bias 0
        conv  max-pool1:difference-0-1:negative  2x2x2 <- max-pool1:difference-0-1  window 1x1 groups 2 weight -1 bias 0
        add  max-pool1:difference-1-0:sum  2x2x2 <- max-pool1:difference-1-0:places, max-pool1:difference-0-0, max-pool1:difference-0-1:negative
        relu  max-pool1:difference-1-0  2x2x2 <- max-pool1:difference-1-0:sum
        conv  max-pool1:last  2x2x2 <- relu1  window 2x2 stride 2x2 groups 2 weight 0..1 bias 0
        add  max-pool1:sum  2x2x2 <- max-pool1:last, max-pool1:difference-0-1, max-pool1:difference-1-0
        relu  max-pool1  2x2x2 <- max-pool1:sum
        reshape  reshape1  8 <- max-pool1
        dense  dense1  3 <- reshape1  weight -0.7645..0.8898 bias -0.1694..0.3804
        outputs  dense1"
    `);
  });
  it('a residual block with the parameter-free shortcut', () => {
    const b = graphBuilder(2);
    const x = b.relu(b.conv(b.input([2, 4, 4]), 2));
    const sliced = b.node('slice', [x], { ranges: [{ start: 0, step: 1 }, { start: 0, step: 2 }, { start: 0, step: 2 }] }, [2, 2, 2]);
    const padded = b.node('pad', [sliced], { amounts: [[1, 1], [0, 0], [0, 0]], value: 0 });
    const y = b.conv(b.relu(b.conv(x, 4, { stride: [2, 2] })), 4);
    expect(graphText(lowered(head(b, b.pool('average-pool', b.relu(b.add(y, padded)), 2))))).toMatchInlineSnapshot(`
      "graph  12 nodes
        input  input1  2x4x4
        conv  conv1  2x4x4 <- input1  window 3x3 pads 1,1,1,1 weight -0.4294..0.5693 bias -0.272..0.0461
        relu  relu1  2x4x4 <- conv1
        conv  conv2  4x2x2 <- relu1  window 3x3 stride 2x2 pads 1,1,1,1 weight -0.4632..0.4502 bias -0.07841..0.3671
        relu  relu2  4x2x2 <- conv2
        conv  conv3  4x2x2 <- relu2  window 3x3 pads 1,1,1,1 weight -0.394..0.5735 bias -0.3897..0.2941
        conv  pad1  4x2x2 <- relu1  window 1x1 stride 2x2 weight 0..1 bias 0
        add  add1  4x2x2 <- conv3, pad1
        relu  relu3  4x2x2 <- add1
        average-pool  average-pool1  4x1x1 <- relu3  window 2x2 stride 2x2 counting pads
        reshape  reshape1  4 <- average-pool1
        dense  dense1  3 <- reshape1  weight -0.6654..1.057 bias -0.1327..0.2456
        outputs  dense1"
    `);
  });
  it('an inverted bottleneck with a linear end', () => {
    const b = graphBuilder(3);
    const x = b.relu(b.conv(b.input([1, 4, 4]), 2));
    const wide = b.relu(b.conv(b.relu(b.conv(x, 4, pointwise), 6), 4, { groups: 4 }), 6);
    const y = b.add(x, b.conv(wide, 2, pointwise));
    expect(graphText(lowered(head(b, b.relu(b.conv(y, 4, pointwise), 6))))).toMatchInlineSnapshot(`
      "graph  13 nodes
        input  input1  1x4x4
        conv  conv1  2x4x4 <- input1  window 3x3 pads 1,1,1,1 weight -0.578..0.6609 bias -0.2218..-0.1322
        relu  relu1  2x4x4 <- conv1
        conv  conv2  4x4x4 <- relu1  window 1x1 weight -1.825..1.12 bias -0.4423..-0.09764
        relu  relu2  4x4x4 <- conv2  cap 6
        conv  conv3  4x4x4 <- relu2  window 3x3 pads 1,1,1,1 groups 4 weight -0.7073..0.5622 bias -0.4694..0.05913
        relu  relu3  4x4x4 <- conv3  cap 6
        conv  conv5:part-0  4x4x4 <- relu1  window 1x1 weight -0.6447..1.079 bias -0.3382..0.3681
        conv  conv5:part-1  4x4x4 <- relu3  window 1x1 weight -0.9852..0.4836 bias 0.1131..0.6217
        add  conv5  4x4x4 <- conv5:part-0, conv5:part-1
        relu  relu4  4x4x4 <- conv5  cap 6
        reshape  reshape1  64 <- relu4
        dense  dense1  3 <- reshape1  weight -0.3275..0.3165 bias -0.2974..0.2192
        outputs  dense1"
    `);
  });
});

describe('shapes of lowered networks', () => {
  it('pre-activation residual networks grow with their depth, not its square', () => {
    const depths = [2, 4, 8].map((depth) => {
      const b = graphBuilder(4);
      let x = b.conv(b.input([2, 4, 4]), 3);
      for (let k = 0; k < depth; k++) x = b.add(x, b.conv(b.relu(b.batchNorm(x)), 3));
      return lowered(head(b, b.relu(b.batchNorm(x)))).nodes.length;
    });
    expect(depths[2] - depths[1]).toBeLessThanOrEqual(2 * (depths[1] - depths[0]));
  });
  it('a classifier of 1x1 convolutions pools first', () => {
    const b = graphBuilder(5);
    const x = b.conv(b.relu(b.conv(b.input([2, 4, 4]), 3)), 5, pointwise);
    const result = lowered(b.graph(b.flatten(b.pool('average-pool', x, 4, { stride: 1 }))));
    expect(result.nodes.map((n) => n.kind)).toEqual(['input', 'conv', 'relu', 'average-pool', 'conv']);
  });
  it('a pooled picture may be the output itself', () => {
    const b = graphBuilder(6);
    const x = b.relu(b.conv(b.input([2, 4, 4]), 3));
    expect(kindsOf(lowered(b.graph(b.flatten(b.pool('average-pool', x, 4)))))).toEqual({ input: 1, conv: 1, relu: 1, 'average-pool': 1 });
  });
  it('a rectified output gets a layer that copies it', () => {
    const b = graphBuilder(7);
    expect(lowered(b.graph(b.relu(b.dense(b.input([4]), 3)))).nodes.map((n) => n.kind)).toEqual(['input', 'dense', 'relu', 'dense']);
  });
  it('an input normalisation folds into a convolution without padding, and with padding only if it has no shift', () => {
    const build = (pads: readonly [number, number, number, number], shift: number): Record<string, number> => {
      const b = graphBuilder(8);
      const x = b.node('affine', [b.input([1, 5, 5])], { scale: new Float32Array(25).fill(0.5), shift: new Float32Array(25).fill(shift) });
      return kindsOf(lowered(head(b, b.relu(b.conv(x, 2, { pads })))));
    };
    expect(build([0, 0, 0, 0], 1)).toEqual({ input: 1, conv: 1, relu: 1, reshape: 1, dense: 1 });
    expect(build([1, 1, 1, 1], 0)).toEqual({ input: 1, conv: 1, relu: 1, reshape: 1, dense: 1 });
    expect(build([1, 1, 1, 1], 1)).toMatchObject({ conv: 4, relu: 3 });
  });
  it('keeps the batch norm statistics of every folded layer', () => {
    const b = graphBuilder(9);
    const x = b.relu(b.batchNorm(b.conv(b.relu(b.batchNorm(b.conv(b.input([2, 4, 4]), 3))), 3)));
    const convs = lowered(head(b, x)).nodes.filter((n): n is Conv => n.kind === 'conv');
    expect(convs.map((c) => c.statistics?.mean.length)).toEqual([3, 3]);
  });
  it('keeps caps, and drops a ReLU that does nothing', () => {
    const b = graphBuilder(10);
    const x = b.relu(b.relu(b.relu(b.conv(b.input([1, 4, 4]), 2), 6), 8), 2);
    expect(lowered(head(b, x)).nodes.flatMap((n) => (n.kind === 'relu' ? [n.cap] : []))).toEqual([2]);
  });
});

describe('verify-core', () => {
  const problems = (build: (b: Builder) => Graph): string[] => verifyCore(build(graphBuilder(11))).map((v) => `${v.node} ${v.problem}`);
  it('names what breaks the normal form', () => {
    expect(problems((b) => head(b, b.relu(b.conv(b.conv(b.input([1, 4, 4]), 2), 2))))).toEqual(['conv2 (conv) reads "conv1" of kind conv']);
    expect(problems((b) => head(b, b.pool('max-pool', b.relu(b.conv(b.input([1, 4, 4]), 2)), 2)))).toEqual(['max-pool1 is of kind max-pool', 'reshape1 (reshape) reads "max-pool1" of kind max-pool']);
    expect(problems((b) => head(b, b.pool('average-pool', b.relu(b.conv(b.input([1, 5, 5]), 2)), 2)))).toEqual(['average-pool1 is an average pool that is not aligned']);
    expect(problems((b) => b.graph(b.relu(b.dense(b.input([4]), 2))))).toEqual(['relu1 is the output and of kind relu']);
    expect(problems((b) => b.graph(b.dense(b.relu(b.dense(b.node('reshape', [b.input([2, 2])], {}, [4]), 2)), 2)))).toEqual(['input1 is an input that is neither a picture nor a vector', 'reshape1 is a reshape other than a flatten']);
  });
});

describe('check-pass', () => {
  const build = (): Graph => { const b = graphBuilder(12); return head(b, b.relu(b.conv(b.input([1, 4, 4]), 2))); };
  const broken = (graph: Graph): Graph => ({ ...graph, nodes: graph.nodes.map((n) => (n.kind === 'conv' ? { ...n, bias: n.bias.map((v) => v + 0.01) } : n)) });
  it('agrees on an unchanged graph and names the first node that differs', () => {
    const graph = build();
    const reference = referenceOf(graph, kernels, { seed: 1 });
    expect(checkPass(reference, graph, kernels)).toBeUndefined();
    expect(checkPass(reference, broken(graph), kernels)?.node).toBe('conv1');
  });
  it('makes a wrong pass a bug that names the pass and the node', () => {
    const graph = build();
    const check = { reference: referenceOf(graph, kernels, { seed: 1 }), kernels, report: new Reporter() };
    expect(() => runPass({ name: 'wrong', run: broken }, graph, check)).toThrow(/internal: after wrong node "conv1" differs from the import by .* of its scale/);
  });
});
