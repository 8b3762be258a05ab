// Well-formed ONNX files that hold what cannot be compiled: the message of each, in full, and that one
// run names every problem.
import { describe, expect, it } from 'vitest';
import { CompileError, Reporter } from '../../src/diagnostics.js';
import { importOnnxBytes, type ImportOptions } from '../../src/onnx/import-onnx.js';
import { buildModel, floats, ints, node, values, type ModelSpec, type NodeSpec } from './build-model.js';

function refusal(spec: ModelSpec, options: Partial<ImportOptions> = {}): string {
  try {
    importOnnxBytes(buildModel(spec), { name: 'model.onnx', report: new Reporter(), ...options });
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}

const weight = (name: string, ...dims: number[]) => floats(name, dims, values(dims.reduce((a, b) => a * b, 1)));
const one = (op: string, attributes: NodeSpec['attributes'] = {}, inputs: readonly string[] = ['x']): NodeSpec => node(op, inputs, 'y', attributes, { name: 'here' });
/** A model of one node on the default input [N, 1, 4, 4]. */
const single = (op: string, attributes: NodeSpec['attributes'] = {}, rest: Partial<ModelSpec> & { reads?: readonly string[] } = {}): ModelSpec => ({ nodes: [one(op, attributes, rest.reads ?? ['x'])], ...rest });

describe('versions', () => {
  it('an opset that is too old, too new, or not stated', () => {
    expect(refusal(single('Relu', {}, { opset: 6 }))).toMatchInlineSnapshot(`
      "error[onnx/opset] in model.onnx: the model uses opset 6; opset 7 to 26 are supported
        hint: convert it with onnx.version_converter.convert_version(model, 17), or export it with an opset between 7 and 26"
    `);
    expect(refusal(single('Relu', {}, { opset: 27 }))).toContain('the model uses opset 27; opset 7 to 26 are supported');
  });
  it('an IR version from the future', () => {
    expect(refusal(single('Relu', {}, { irVersion: 14 }))).toMatchInlineSnapshot(`
      "error[onnx/ir-version] in model.onnx: the file has ONNX IR version 14; versions 1 to 13 are known
        hint: save the model with an ONNX release that writes an IR version in this range"
    `);
  });
});

describe('operators', () => {
  it('every unsupported node at once, each with advice of its own', () => {
    expect(refusal({
      nodes: [
        node('Sigmoid', ['x'], 'a'), node('ThresholdedRelu', ['a'], 'b'), node('Resize', ['b', '', 'k'], 'c'), node('Widget', ['c'], 'd', {}, { domain: 'com.acme' }),
        node('GatherND', ['d', 'i'], 'e'), node('Frobnicate', ['e'], 'f'), node('Mul', ['f', 'f'], 'y'),
      ],
      initializers: [weight('k', 4), ints('i', [0])],
    })).toMatchInlineSnapshot(`
      "error[onnx/unsupported-op] at node "Sigmoid:a": operator Sigmoid of activations is not supported
        hint: train the network with ReLU or ReLU6 in its place; --approximate puts a broken line of 6 rectifiers there, off by at most 0.013
      error[onnx/unsupported-op] at node "ThresholdedRelu:b": operator ThresholdedRelu of activations is not supported
        hint: train the network with a plain ReLU in its place
      error[onnx/unsupported-op] at node "Resize:c": operator Resize is not supported
        hint: only classifiers are supported: remove the part that enlarges the picture
      error[onnx/unsupported-op] at node "Widget:d": operator com.acme:Widget is not supported
        hint: it is a custom operator of domain "com.acme": export the float network with standard ONNX operators
      error[onnx/unsupported-op] at node "GatherND:e": operator GatherND is not supported
        hint: use Slice, Pad, Concat or Reshape with constant arguments, or simplify the model, for example with onnxsim
      error[onnx/unsupported-op] at node "Frobnicate:f": operator Frobnicate is not supported
        hint: replace it by supported operators (convolution, dense layers, batch normalisation, ReLU, pooling, addition, concatenation, reshaping) or simplify the model, for example with onnxsim
      error[onnx/two-activations] at node "Mul:y": Mul of two activations is not supported; one side must be a constant
        hint: attention and gating multiply activations, which spikes cannot; use a feed-forward network of convolutions, dense layers and ReLU"
    `);
  });
  it('a node that no output needs is not looked at', () => {
    const spec: ModelSpec = { nodes: [node('Relu', ['x'], 'y'), node('Sigmoid', ['x'], 'unused')], outputs: ['y'] };
    expect(importOnnxBytes(buildModel(spec), { name: 'm', report: new Reporter() }).graph.nodes.length).toBe(2);
  });
  it('a form that is not supported', () => {
    expect(refusal(single('Clip', { min: { float: 1 }, max: { float: -1 } }, { opset: 10 }))).toMatchInlineSnapshot(`
      "error[onnx/form] at node "here": this form of Clip is not supported: it clips to 1 .. -1, so that every value is the same
        hint: mend the bounds"
    `);
    expect(refusal(single('Pad', { mode: 'reflect', pads: [0, 0, 1, 1, 0, 0, 1, 1] }, { opset: 10 }))).toContain('its mode is reflect');
    expect(refusal(single('Div', {}, { reads: ['k', 'x'], initializers: [weight('k', 1)] }))).toContain('it divides a constant by activations');
    expect(refusal(single('Div', {}, { reads: ['x', 'k'], initializers: [floats('k', [], [0])] }))).toContain('it divides by 0, an element of "k"');
    expect(refusal(single('Gemm', { transA: 1 }, { reads: ['x', 'w'], initializers: [weight('w', 4, 2)] }))).toContain('dims [1, 1, 4, 4] transposed times [4, 2]');
    expect(refusal(single('Expand', {}, { reads: ['x', 's'], initializers: [ints('s', [1, 2 ** 40, 1, 1])] }))).toContain('too many copies side by side: 1099511627776');
    expect(refusal(single('ConvTranspose', { pads: [9, 0, 0, 0], output_shape: [3, 3], auto_pad: 'NOTSET', strides: [5, 5] }, { reads: ['x', 'w'], initializers: [weight('w', 1, 1, 2, 2)] }))).toContain('ConvTranspose');
    expect(refusal(single('Gather', {}, { reads: ['x', 'i'], initializers: [ints('i', [0, 0], [1, 2])] }))).toContain('its indices have dims [1, 2]');
    expect(refusal(single('Gather', { axis: 2 }, { reads: ['x', 'i'], initializers: [ints('i', [4])] }))).toContain('indices 4 on an axis of 4');
    expect(refusal(single('BatchNormalization', { training_mode: 1 }, { reads: ['x', 'w', 'w', 'w', 'w'], initializers: [weight('w', 1)] }))).toContain('it normalises by the statistics of the batch');
    expect(refusal(single('Concat', { axis: 1 }, { reads: ['x', 'k'], initializers: [weight('k', 1, 2, 4, 4)] }))).toContain('it joins activations with constants');
    expect(refusal(single('Cast', { to: 7 }))).toContain('it rounds activations to int64');
    expect(refusal(single('Conv', {}, { reads: ['w', 'w'], initializers: [weight('w', 1, 1, 2, 2)] }))).toContain('do not depend on any input');
  });
  it('a negative variance', () => {
    expect(refusal(single('BatchNormalization', {}, { reads: ['x', 'g', 'g', 'g', 'v'], initializers: [weight('g', 1), floats('v', [1], [-1])] }))).toContain('variance -1 of channel 0 is negative');
  });
  it('a product of two activations', () => {
    expect(refusal(single('MatMul', {}, { reads: ['x', 'x'] }))).toMatchInlineSnapshot(`
      "error[onnx/two-activations] at node "here": MatMul of two activations is not supported; one side must be a constant
        hint: attention and gating multiply activations, which spikes cannot; use a feed-forward network of convolutions, dense layers and ReLU"
    `);
  });
  it('weights that are computed from the image', () => {
    expect(refusal(single('Conv', {}, { reads: ['x', 'x'] }))).toMatchInlineSnapshot(`
      "error[onnx/not-constant] at node "here": input 1 of Conv ("x") must be a constant, but it is computed from the image
        hint: export the network in inference mode with fixed shapes and weights, with constant folding on"
    `);
  });
  it('a second output that is used', () => {
    expect(refusal({ nodes: [node('MaxPool', ['x'], ['y', 'where'], { kernel_shape: [2, 2] })], outputs: ['y', 'where'] })).toMatchInlineSnapshot(`
      "error[onnx/second-output] at node "MaxPool:y": the further output "where" of MaxPool is used, only the first is supported
        hint: export the network in inference mode; remove indices, masks and running statistics from its outputs"
    `);
  });
  it('a softmax inside, but not before a reshape at the end', () => {
    expect(refusal({ nodes: [node('Softmax', ['x'], 's'), node('Flatten', ['s'], 'f'), node('Relu', ['f'], 'y')] })).toMatchInlineSnapshot(`
      "error[onnx/softmax-inside] at node "Softmax:s": Softmax stands inside the network (its result goes to "Relu:y"); it is supported only at the end
        hint: a softmax inside is attention, which a rectifier network cannot hold; use a feed-forward network"
    `);
    const end: ModelSpec = { nodes: [node('Softmax', ['x'], 's'), node('Flatten', ['s'], 'y')] };
    expect(importOnnxBytes(buildModel(end), { name: 'm', report: new Reporter() }).graph.nodes.map((n) => n.kind)).toEqual(['input', 'softmax', 'reshape']);
  });
});

describe('shapes', () => {
  it('an input that a node lacks', () => {
    expect(refusal(single('Conv'))).toMatchInlineSnapshot(`
      "error[onnx/missing-input] at node "here": Conv lacks its input 1
        hint: export the model again, for example with torch.onnx.export, or repair it with onnx.checker and onnx.save"
    `);
  });
  it('an attribute that is wrong', () => {
    expect(refusal(single('Conv', { strides: [0, 1] }, { reads: ['x', 'w'], initializers: [weight('w', 2, 1, 3, 3)] }))).toMatchInlineSnapshot(`
      "error[onnx/attribute] at node "here": attribute strides of Conv is wrong: [0, 1] has to be 2 whole numbers of at least 1
        hint: export the model again, for example with torch.onnx.export, or repair it with onnx.checker and onnx.save"
    `);
    expect(refusal(single('Conv', { strides: 'two' }, { reads: ['x', 'w'], initializers: [weight('w', 2, 1, 3, 3)] }))).toContain('has to be of kind ints, it is string');
    expect(refusal(single('Conv', { kernel_shape: [2, 2] }, { reads: ['x', 'w'], initializers: [weight('w', 2, 1, 3, 3)] }))).toContain('says 2, 2, the weights have 3, 3');
    expect(refusal(single('MaxPool', { kernel_shape: [2, 2], pads: [2, 0, 0, 0] }))).toContain('a window would see padding only');
    expect(refusal(single('Transpose', { perm: [0, 1, 1, 2] }))).toContain('names an axis twice');
    expect(refusal(single('Concat', { axis: 7 }))).toContain('7 does not exist in a tensor of 4 axes');
    expect(refusal(single('Conv', { auto_pad: 'SOME' }, { reads: ['x', 'w'], initializers: [weight('w', 2, 1, 3, 3)] }))).toContain('"SOME" is none of');
  });
  it('shapes that do not fit', () => {
    expect(refusal(single('Conv', {}, { reads: ['x', 'w'], initializers: [weight('w', 2, 3, 3, 3)] }))).toMatchInlineSnapshot(`
      "error[onnx/shape] at node "here": shapes do not fit at Conv: 1 channels in 1 groups do not fit weights of dims [2, 3, 3, 3]
        hint: compare with onnx.shape_inference.infer_shapes(model, strict_mode=True); export the model again, for example with torch.onnx.export, or repair it with onnx.checker and onnx.save"
    `);
    expect(refusal(single('Conv', {}, { reads: ['x', 'w'], initializers: [weight('w', 2, 1, 5, 5)] }))).toContain('a window of 5 does not fit into 4 with pads 0 and 0');
    expect(refusal(single('Reshape', {}, { reads: ['x', 's'], initializers: [ints('s', [1, 17])] }))).toContain('[1, 1, 4, 4] cannot take the shape [1, 17]');
    expect(refusal(single('Reshape', {}, { reads: ['x', 's'], initializers: [ints('s', [-1, -1])] }))).toContain('cannot take the shape');
    expect(refusal(single('Add', {}, { reads: ['x', 'k'], initializers: [weight('k', 1, 5, 4, 4)] }))).toContain('does not broadcast to activations');
    expect(refusal({ nodes: [node('GlobalAveragePool', ['x'], 'p'), node('Add', ['x', 'p'], 'y')] })).toContain('broadcasting between activations is not supported');
    expect(refusal(single('Slice', { starts: [3], ends: [3], axes: [2] }, { opset: 9 }))).toContain('nothing is left');
    expect(refusal(single('Unsqueeze', { axes: Array.from({ length: 1000 }, (_, i) => i) }, { opset: 11 }))).toContain('its result would have 1004 axes, at most 16 are allowed');
    expect(refusal(single('Gemm', {}, { reads: ['x', 'w'], initializers: [weight('w', 16, 2)] }))).toContain('dims [1, 1, 4, 4] times [16, 2]');
  });
  it('the batch axis moved, cut or mixed', () => {
    expect(refusal(single('Transpose', { perm: [1, 0, 2, 3] }))).toMatchInlineSnapshot(`
      "error[onnx/batch-axis] at node "here": Transpose moves, cuts or mixes the batch axis (dims [1, 1, 4, 4], batch 1)
        hint: export the network with a free batch axis or a batch of 1, and keep that axis first everywhere"
    `);
    expect(refusal(single('Concat', { axis: 0 }))).toContain('error[onnx/batch-axis]');
    expect(refusal(single('Reshape', {}, { reads: ['x', 's'], initializers: [ints('s', [-1, 8])], inputs: [{ name: 'x', dims: [3, 1, 4, 4] }] }))).toContain('(dims [6, 8], batch 3)');
    expect(refusal(single('Pad', { pads: [1, 0, 0, 0, 0, 0, 0, 0] }, { opset: 10 }))).toContain('error[onnx/batch-axis]');
  });
  it('a fixed batch that stays first is no problem', () => {
    const spec: ModelSpec = { nodes: [node('Reshape', ['x', 's'], 'r'), node('Gemm', ['r', 'w'], 'y')], inputs: [{ name: 'x', dims: [3, 1, 4, 4] }], initializers: [ints('s', [3, -1]), weight('w', 16, 2)] };
    expect(importOnnxBytes(buildModel(spec), { name: 'm', report: new Reporter() }).graph.nodes.map((n) => n.shape)).toEqual([[1, 4, 4], [16], [2]]);
  });
});

describe('the graph', () => {
  it('a cycle', () => {
    expect(refusal({ nodes: [node('Add', ['x', 'c'], 'a'), node('Relu', ['a'], 'b'), node('Relu', ['b'], 'c')], outputs: ['c'] })).toMatchInlineSnapshot(`
      "error[onnx/cycle] in model.onnx: the nodes form a cycle: "Add:a" -> "Relu:b" -> "Relu:c" -> "Add:a"
        hint: recurrent networks are not supported; unroll the loop or use a feed-forward network"
    `);
  });
  it('nodes in any order', () => {
    const spec: ModelSpec = { nodes: [node('Relu', ['a'], 'y'), node('Neg', ['k'], 'n'), node('Add', ['x', 'n'], 'a')], outputs: ['y'], initializers: [weight('k', 1)] };
    expect(importOnnxBytes(buildModel(spec), { name: 'm', report: new Reporter() }).graph.nodes.map((n) => n.id)).toEqual(['x', 'Add:a', 'Relu:y']);
  });
  it('a chain of fifty thousand nodes, which recursion would not survive', () => {
    const nodes = Array.from({ length: 50_000 }, (_, i) => node('Identity', [i === 0 ? 'x' : `v${i}`], `v${i + 1}`));
    const { graph } = importOnnxBytes(buildModel({ nodes }), { name: 'm', report: new Reporter() });
    expect(graph.outputs).toEqual(['x']);
  });
  it('thousands of nodes of one name, each with a name of its own in the graph', () => {
    const nodes = Array.from({ length: 20_000 }, (_, i) => node('Relu', [i === 0 ? 'x' : `v${i}`], `v${i + 1}`, {}, { name: 'same' }));
    const { graph } = importOnnxBytes(buildModel({ nodes }), { name: 'm', report: new Reporter() });
    expect(new Set(graph.nodes.map((n) => n.id)).size).toBe(20_001);
    expect(graph.outputs).toEqual(['same#20000']);
  });
  it('more nodes than any real network', () => {
    const nodes = Array.from({ length: 65_537 }, (_, i) => node('Sigmoid', ['x'], `v${i}`));
    expect(refusal({ nodes })).toContain('too many nodes: 65537, at most 65536 are allowed');
  });
  it('a value that nobody gives', () => {
    expect(refusal(single('Add', {}, { reads: ['x', 'ghost'] }))).toMatchInlineSnapshot(`
      "error[onnx/missing-value] in model.onnx: "ghost" is read, but no node, input or initializer gives it
        hint: export the model again, for example with torch.onnx.export, or repair it with onnx.checker and onnx.save"
    `);
  });
  it('a value given twice', () => {
    expect(refusal({ nodes: [node('Relu', ['x'], 'y'), node('Relu', ['x'], 'y')] })).toMatchInlineSnapshot(`
      "error[onnx/duplicate-value] in model.onnx: "y" is given more than once
        hint: each value needs a name of its own: rename one of them and save the model again"
    `);
    expect(refusal(single('Add', {}, { reads: ['x', 'k'], initializers: [weight('k', 1), weight('k', 1)] }))).toContain('"k" is given more than once');
  });
  it('two inputs, or none', () => {
    const inputs = [{ name: 'x', dims: [1, 4] }, { name: 'mask', dims: [1, 4] }];
    expect(refusal({ nodes: [one('Add', {}, ['x', 'mask'])], inputs })).toMatchInlineSnapshot(`
      "error[onnx/inputs] in model.onnx: the network has 2 inputs (x, mask), one is supported
        hint: export the network with one input, the image, and make the others constants"
    `);
    expect(importOnnxBytes(buildModel({ nodes: [one('Relu')], inputs }), { name: 'm', report: new Reporter() }).graph.nodes[0].id).toBe('x');
  });
  it('an input whose size is open', () => {
    expect(refusal(single('Relu', {}, { inputs: [{ name: 'x', dims: ['N', 3, 'H', 'W'] }] }))).toMatchInlineSnapshot(`
      "error[onnx/input-shape] at node "x": input "x" has the shape [N, 3, H, W], in which more than the batch axis is free
        hint: export the network with a fixed image size (only the batch axis may be free), or state input.shape in model.json"
    `);
    expect(refusal(single('Relu', {}, { inputs: [{ name: 'x', dims: [1, 3, 100_000, 100_000] }] }))).toContain('has 30000000000 numbers a sample');
    expect(refusal(single('Relu', {}, { inputs: [{ name: 'x', dims: [1, 4], type: 'int64' }] }))).toContain('is of type int64; float or uint8 is needed');
    expect(refusal(single('Relu', {}, { inputs: [{ name: 'x', dims: [1, 1, 2, 2, 2] }] }))).toContain('1 to 4 axes are supported');
  });
  it('no output, a constant output, an output that does not exist', () => {
    expect(refusal({ nodes: [node('Relu', ['x'], 'y')], outputs: [] })).toMatchInlineSnapshot(`
      "error[onnx/no-output] in model.onnx: the graph of 1 nodes declares no output
        hint: export the model again, for example with torch.onnx.export, or repair it with onnx.checker and onnx.save"
    `);
    expect(refusal({ nodes: [node('Relu', ['x'], 'y'), node('Neg', ['k'], 'n')], outputs: ['y', 'n'], initializers: [weight('k', 1)] })).toMatchInlineSnapshot(`
      "error[onnx/constant-output] at node "n": output "n" is a constant
        hint: choose an output that depends on the image, or export the model again in inference mode"
    `);
    expect(refusal({ nodes: [node('Relu', ['x'], 'y'), node('Flatten', ['y'], 'z')], outputs: ['y', 'z'] })).toMatchInlineSnapshot(`
      "error[onnx/several-outputs] in model.onnx: the model has 2 outputs: "y" of shape [1, 4, 4], "z" of shape [16]
        hint: name the one that holds the class scores with --output NAME, or as "output" in model.json"
    `);
    expect(refusal({ nodes: [node('Relu', ['x'], 'y'), node('Relu', ['y'], 'z')], outputs: ['y', 'z'] }, { output: 'logits' })).toMatchInlineSnapshot(`
      "error[onnx/unknown-output] for --output: the model has no output "logits"
        hint: its outputs are: y, z"
    `);
  });
  it('names that are special to JavaScript are names like any other', () => {
    const spec: ModelSpec = {
      nodes: [node('Add', ['__proto__', 'constructor'], 'toString', {}, { name: '__proto__' }), node('Relu', ['toString'], 'hasOwnProperty', {}, { name: 'constructor' })],
      inputs: [{ name: '__proto__', dims: [1, 3] }], initializers: [weight('constructor', 3)],
    };
    const { graph } = importOnnxBytes(buildModel(spec), { name: 'm', report: new Reporter() });
    expect(graph.nodes.map((n) => n.id)).toEqual(['__proto__', '__proto__#2', 'constructor']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(refusal({ nodes: [node('Sigmoid', ['x'], 'y', {}, { name: '\u001b[2Jgone' })] })).toContain('at node "?[2Jgone"');
    expect(refusal({ nodes: [one('__proto__', { ['__proto__']: 1 })] })).toContain('operator __proto__ is not supported');
  });
});
