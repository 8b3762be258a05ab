/**
 * The shape that a node's output must have, from the shapes of its inputs: one rule a kind. A rule
 * also checks what it needs of its inputs and attributes and throws an Error that says what is wrong.
 */
import type { GraphNode, NodeRules, Shape, Window } from './graph.js';
import { dispatch, sizeOf, windowOutput } from './graph.js';

/** Shape of the node's output. Throws Error with the broken rule (without the node's name). */
export function outputShape(node: GraphNode, inputs: readonly Shape[]): Shape {
  return dispatch(rules, node, inputs);
}

function must(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new Error(problem);
}

/** A shape as text, for example 64x32x32. */
export const formatShape = (shape: Shape): string => shape.join('x');
const equalShapes = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);
const isPicture = (shape: Shape): void => must(shape.length === 3, `its input must be [channels, height, width], not ${formatShape(shape)}`);
const counted = (inputs: readonly Shape[], count: number): void => must(inputs.length === count, `${inputs.length} inputs, ${count} needed`);

const rules: NodeRules<[readonly Shape[]], Shape> = {
  input: (node, inputs) => { counted(inputs, 0); return node.shape; },
  conv: (node, inputs) => {
    counted(inputs, 1);
    const [channels, height, width] = pictureOf(inputs);
    const outputs = node.bias.length;
    must(node.groups >= 1 && channels % node.groups === 0 && outputs % node.groups === 0, `${node.groups} groups do not divide ${channels} and ${outputs} channels`);
    const length = outputs * (channels / node.groups) * sizeOf(node.window.kernel);
    must(node.weight.length === length, `${node.weight.length} weights, ${length} needed`);
    return [outputs, ...windowed(node.window, height, width)];
  },
  dense: (node, inputs) => {
    counted(inputs, 1);
    must(inputs[0].length === 1, `its input must be [features], not ${formatShape(inputs[0])}`);
    const length = node.bias.length * inputs[0][0];
    must(node.weight.length === length, `${node.weight.length} weights, ${length} needed`);
    return [node.bias.length];
  },
  'batch-norm': (node, inputs) => {
    counted(inputs, 1);
    for (const name of ['gamma', 'beta', 'mean', 'variance'] as const) {
      must(node[name].length === inputs[0][0], `${name} has ${node[name].length} numbers for ${inputs[0][0]} channels`);
    }
    return inputs[0];
  },
  affine: (node, inputs) => {
    counted(inputs, 1);
    for (const name of ['scale', 'shift'] as const) {
      must(node[name].length === sizeOf(inputs[0]), `${name} has ${node[name].length} numbers for a sample of ${sizeOf(inputs[0])}`);
    }
    return inputs[0];
  },
  relu: (node, inputs) => {
    counted(inputs, 1);
    must(node.cap > 0, `cap ${node.cap} is not above 0`);
    return inputs[0];
  },
  'average-pool': (node, inputs) => poolShape(node.window, inputs),
  'max-pool': (node, inputs) => poolShape(node.window, inputs),
  add: (_, inputs) => {
    must(inputs.length >= 1, 'no inputs');
    return sameShapes(inputs);
  },
  subtract: (_, inputs) => { counted(inputs, 2); return sameShapes(inputs); },
  concat: (node, inputs) => {
    must(inputs.length >= 1, 'no inputs');
    const [first] = inputs;
    must(node.axis >= 0 && node.axis < first.length, `axis ${node.axis} of ${first.length}`);
    for (const s of inputs) {
      must(s.length === first.length && s.every((n, a) => a === node.axis || n === first[a]), `inputs ${formatShape(first)} and ${formatShape(s)} do not join along axis ${node.axis}`);
    }
    return first.with(node.axis, inputs.reduce((sum, s) => sum + s[node.axis], 0));
  },
  reshape: (node, inputs) => {
    counted(inputs, 1);
    must(sizeOf(node.shape) === sizeOf(inputs[0]), `${formatShape(inputs[0])} has ${sizeOf(inputs[0])} elements, ${formatShape(node.shape)} has ${sizeOf(node.shape)}`);
    return node.shape;
  },
  transpose: (node, inputs) => {
    counted(inputs, 1);
    const sorted = node.permutation.toSorted((a, b) => a - b);
    must(sorted.length === inputs[0].length && sorted.every((axis, i) => axis === i), `[${node.permutation.join(', ')}] is no permutation of ${inputs[0].length} axes`);
    return node.permutation.map((axis) => inputs[0][axis]);
  },
  pad: (node, inputs) => {
    counted(inputs, 1);
    must(node.amounts.length === inputs[0].length, `${node.amounts.length} pad amounts for ${inputs[0].length} axes`);
    return inputs[0].map((n, a) => n + node.amounts[a][0] + node.amounts[a][1]);
  },
  slice: (node, inputs) => {
    counted(inputs, 1);
    must(node.ranges.length === inputs[0].length && node.shape.length === inputs[0].length, `${node.ranges.length} ranges for ${inputs[0].length} axes`);
    node.ranges.forEach((r, a) => {
      const last = r.start + r.step * (node.shape[a] - 1);
      must(r.step !== 0 && Math.min(r.start, last) >= 0 && Math.max(r.start, last) < inputs[0][a], `axis ${a}: places ${r.start} to ${last} of ${inputs[0][a]}`);
    });
    return node.shape;
  },
  softmax: (node, inputs) => {
    counted(inputs, 1);
    must(node.axis >= 0 && node.axis < inputs[0].length, `axis ${node.axis} of ${inputs[0].length}`);
    return inputs[0];
  },
};

function pictureOf(inputs: readonly Shape[]): readonly [number, number, number] {
  isPicture(inputs[0]);
  const [channels, height, width] = inputs[0];
  return [channels, height, width];
}

function windowed(window: Window, height: number, width: number): readonly [number, number] {
  must([...window.kernel, ...window.stride, ...window.dilation].every((n) => n >= 1), 'kernel, stride and dilation must be at least 1');
  must(window.pads.every((n) => n >= 0), 'pads must not be negative');
  return windowOutput(window, height, width);
}

function poolShape(window: Window, inputs: readonly Shape[]): Shape {
  counted(inputs, 1);
  const [channels, height, width] = pictureOf(inputs);
  return [channels, ...windowed(window, height, width)];
}

function sameShapes(inputs: readonly Shape[]): Shape {
  for (const s of inputs) must(equalShapes(s, inputs[0]), `inputs of unequal shapes ${formatShape(inputs[0])} and ${formatShape(s)}`);
  return inputs[0];
}
