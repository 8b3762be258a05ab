// Functions that rectifiers cannot compute: refused by default with the error that an approximation would have,
// and with --approximate a broken line that is off by no more than it says.
import { describe, expect, it } from 'vitest';
import { CompileError, Reporter } from '../../src/diagnostics.js';
import { importOnnxBytes } from '../../src/onnx/import-onnx.js';
import { brokenLine, rectifiersOf } from '../../src/onnx/rules/approximation.js';
import { referenceEvaluate } from '../graph/reference-evaluate.js';
import { buildModel, node, type NodeSpec } from './build-model.js';

const points = Array.from({ length: 4001 }, (_, i) => (i - 2000) / 100);
const functions: Readonly<Record<string, readonly [(x: number) => number, NodeSpec['attributes'], number]>> = {
  Sigmoid: [(x) => 1 / (1 + Math.exp(-x)), {}, 0.02],
  Tanh: [Math.tanh, {}, 0.04],
  HardSwish: [(x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1), {}, 0.05],
  Elu: [(x) => (x < 0 ? 0.5 * Math.expm1(x) : x), { alpha: 0.5 }, 0.02],
  Selu: [(x) => 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * Math.expm1(x) : x), {}, 0.06],
  Softplus: [(x) => Math.log1p(Math.exp(x)), {}, 0.05],
};

const modelOf = (op: string, attributes: NodeSpec['attributes'] = {}): Uint8Array => buildModel({ nodes: [node(op, ['x'], 'y', attributes)], inputs: [{ name: 'x', dims: ['N', points.length] }] });

describe('a broken line in the place of', () => {
  it.each(Object.entries(functions))('%s', (op, [value, attributes, most]) => {
    const report = new Reporter();
    const { graph } = importOnnxBytes(modelOf(op, attributes), { name: 'm', approximate: true, report });
    const [warning] = report.warnings;
    const stated = (warning.message.match(/off by at most ([\d.e-]+)/) as RegExpMatchArray)[1];
    const found = referenceEvaluate(graph, Float32Array.from(points)).get(graph.outputs[0]) as Float64Array;
    const error = Math.max(...points.map((x, i) => Math.abs(found[i] - value(x))));
    expect(error).toBeLessThan(Number(stated) * 1.06);
    expect(error).toBeGreaterThan(Number(stated) * 0.8);
    expect(error).toBeLessThan(most);
    const line = brokenLine({ name: op, op, domain: '', inputs: [], outputs: [], attributes: new Map() });
    expect(graph.nodes.filter((n) => n.kind === 'relu').length).toBe(line === undefined ? -1 : rectifiersOf(line));
  });
});

it('is offered where it is not asked for, and warned of where it is', () => {
  const spec = { nodes: [node('Sigmoid', ['x'], 'a'), node('Neg', ['a'], 'b'), node('Sigmoid', ['b'], 'y')] };
  expect(() => importOnnxBytes(buildModel(spec), { name: 'm', report: new Reporter() })).toThrow(CompileError);
  const message = (() => { try { importOnnxBytes(buildModel(spec), { name: 'm', report: new Reporter() }); return ''; } catch (error) { return (error as CompileError).message; } })();
  expect(message).toMatchInlineSnapshot(`
    "error[onnx/unsupported-op] at node "Sigmoid:a": operator Sigmoid of activations is not supported
      hint: train the network with ReLU or ReLU6 in its place; --approximate puts a broken line of 6 rectifiers there, off by at most 0.013
    error[onnx/unsupported-op] at node "Sigmoid:y": operator Sigmoid of activations is not supported
      hint: train the network with ReLU or ReLU6 in its place; --approximate puts a broken line of 6 rectifiers there, off by at most 0.013"
  `);
  const report = new Reporter();
  importOnnxBytes(buildModel(spec), { name: 'm', approximate: true, report });
  expect(report.warnings.map((w) => [w.code, w.message, w.hint])).toMatchInlineSnapshot(`
    [
      [
        "onnx/approximated",
        "Sigmoid here and at 1 more node is a broken line of 6 rectifiers, off by at most 0.013",
        "measure the accuracy; a network trained with ReLU or ReLU6 is converted exactly and needs fewer neurons",
      ],
    ]
  `);
});
