/** Each diagnostic of the lowering, from a network that cannot be lowered, as the user reads it. */
import { describe, expect, it } from 'vitest';
import { kernels, refusal } from './check.js';
import { graphBuilder, type Builder } from './graph-builder.js';
import { Reporter } from '../../src/diagnostics.js';
import type { NodeId } from '../../src/graph/graph.js';
import { lower } from '../../src/lower/lower.js';

/** What is said about the network that `build` makes; it ends in a dense layer on what `build` returns. */
function refused(build: (b: Builder) => NodeId): string {
  const b = graphBuilder(1);
  const x = build(b);
  const graph = b.graph(b.dense(b.shape(x).length === 1 ? x : b.flatten(x), 2));
  return refusal(() => lower(graph, { report: new Reporter(), kernels }));
}

const picture = (b: Builder): NodeId => b.relu(b.conv(b.input([2, 6, 6]), 2));

describe('what the lowering refuses', () => {
  it('a softmax inside', () => {
    expect(refused((b) => b.node('softmax', [picture(b)], { axis: 0, log: false }))).toMatchInlineSnapshot(`
      "error[lower/softmax-inside] at node "softmax1": a softmax inside the network cannot be computed by spiking neurons
        hint: a softmax is dropped only as the last layer, over all classes; end the model at its class scores"
    `);
  });
  it('a transpose that does not cancel', () => {
    expect(refused((b) => b.relu(b.conv(b.node('transpose', [picture(b)], { permutation: [0, 2, 1] }), 2)))).toMatchInlineSnapshot(`
      "error[lower/transpose] at node "conv2": this conv reads its input in another axis order [0, 2, 1] that could not be undone
        hint: export the model with channels first (NCHW) throughout, so that transposes come in pairs that cancel"
    `);
  });
  it('a reshape other than a flatten', () => {
    expect(refused((b) => b.relu(b.conv(b.node('reshape', [picture(b)], {}, [8, 3, 3]), 2)))).toMatchInlineSnapshot(`
      "error[lower/reshape] at node "conv2": this conv needs its input reshaped from [2, 6, 6] to [8, 3, 3]
        hint: only a flatten of a whole picture in front of a dense layer is supported; remove the reshape from the model"
    `);
  });
  it('an affine that differs from place to place', () => {
    expect(refused((b) => {
      const x = b.input([1, 4, 4]);
      return b.relu(b.conv(b.node('affine', [x], { scale: new Float32Array(16).fill(1), shift: new Float32Array(16).map((_, i) => i) }), 2));
    })).toMatchInlineSnapshot(`
      "error[lower/per-element] at node "affine1": a different scale or shift at each place of a [1, 4, 4] picture is not a convolution
        hint: use one constant per channel; a mean image on the input is subtracted from the images before they enter"
    `);
  });
  it('a diagonal over a long vector', () => {
    expect(refused((b) => b.relu(b.affine(b.relu(b.dense(b.input([3]), 2100)))))).toMatchInlineSnapshot(`
      "error[lower/too-wide] at node "affine1": a scale and shift of a vector needs a matrix of 2100 x 2100 weights; 2048 features are the most
        hint: place it directly in front of or behind a dense layer, or do it on the picture before the flatten"
    `);
  });
  it('padding with something else than zero', () => {
    expect(refused((b) => b.relu(b.conv(b.node('pad', [picture(b)], { amounts: [[0, 0], [1, 1], [1, 1]], value: 1 }), 2)))).toMatchInlineSnapshot(`
      "error[lower/pad-value] at node "pad1": padding with 1 is not the same as silent neurons
        hint: pad with zeros"
    `);
  });
  it('a slice with a negative step', () => {
    expect(refused((b) => b.node('slice', [picture(b)], { ranges: [{ start: 0, step: 1 }, { start: 5, step: -1 }, { start: 0, step: 1 }] }, [2, 6, 6]))).toMatchInlineSnapshot(`
      "error[lower/slice-backwards] at node "slice1": a slice with a negative step reverses its input, which no convolution does
        hint: slice with positive steps; flip images before they enter the network"
    `);
  });
  it('a padded max pool over negative values', () => {
    expect(refused((b) => b.pool('max-pool', b.conv(picture(b), 2), 3, { stride: 2, pads: [1, 1, 1, 1] }))).toMatchInlineSnapshot(`
      "error[lower/max-pool-padding] at node "max-pool1": a padded max pool (pads 1, 1, 1, 1) on values that may be negative: zeros at the border could win
        hint: put the ReLU in front of the max pool or directly behind it, or pool without padding"
    `);
  });
  it('an average pool with a divisor that depends on the place', () => {
    expect(refused((b) => b.pool('average-pool', picture(b), 3, { stride: 1, pads: [1, 1, 1, 1], countPad: false }))).toMatchInlineSnapshot(`
      "error[lower/average-pool-divisor] at node "average-pool1": an average pool with pads 1, 1, 1, 1 that do not count divides by another number at the border than inside
        hint: export it with count_include_pad = 1, or pool without padding"
    `);
  });
  it('a network without a ReLU', () => {
    expect(refused((b) => b.conv(b.input([1, 3, 3]), 1))).toMatchInlineSnapshot(`
      "error[lower/no-relu]: the network has no ReLU, so nothing in it becomes a spiking population
        hint: spiking neurons compute rectified sums; the model needs at least one layer with ReLU (or Clip from 0)"
    `);
  });
  it('all problems at once', () => {
    const text = refused((b) => b.pool('max-pool', b.conv(b.node('pad', [b.node('softmax', [picture(b)], { axis: 0, log: false })], { amounts: [[0, 0], [1, 1], [1, 1]], value: 2 }), 2), 3, { pads: [1, 1, 1, 1] }));
    expect([...text.matchAll(/error\[(.*?)\]/g)].map((m) => m[1])).toEqual(['lower/softmax-inside', 'lower/pad-value', 'lower/max-pool-padding']);
  });
});
