// The ONNX project's own node tests (github.com/onnx/onnx, onnx/backend/test/data/node, v1.22.0, Apache-2.0: see LICENSE
// beside this file), as scripts/pack-node-tests.mjs packs them.
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { Reporter } from '../../src/diagnostics.js';
import { readTensor, type Constant } from '../../src/onnx/constant.js';
import { isFloat } from '../../src/onnx/element-type.js';
import { evaluateModel } from '../../src/onnx/evaluate/evaluate-model.js';
import { readModel, readTensorFile } from '../../src/onnx/model-proto.js';

export interface NodeTest {
  readonly name: string;
  readonly ops: readonly string[];
  readonly opset: number;
  readonly model: Uint8Array;
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
}

interface Entry { readonly name: string; readonly ops: readonly string[]; readonly opset: number; readonly model: number; readonly inputs: readonly number[]; readonly outputs: readonly number[] }

/** All tests of the archive. */
export function readNodeTests(): readonly NodeTest[] {
  const bytes = brotliDecompressSync(readFileSync(new URL('./node-tests.bin.br', import.meta.url)));
  let at = bytes.indexOf(10) + 1;
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  const { tests } = JSON.parse(bytes.subarray(0, at).toString('utf8')) as { tests: Entry[] };
  return tests.map((t) => ({ name: t.name, ops: t.ops, opset: t.opset, model: take(t.model), inputs: t.inputs.map(take), outputs: t.outputs.map(take) }));
}

function tensorOf(bytes: Uint8Array): Constant {
  const result = readTensor(readTensorFile(bytes, 'tensor.pb'), undefined);
  if ('problem' in result) throw new Error(`a stored tensor cannot be read: ${JSON.stringify(result.problem)}`);
  return result.constant;
}

/** The tolerances of ONNX's own runner: onnx/backend/test/runner. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;

/** Why the evaluator's answer differs from the stored one; undefined where it does not. */
export function problemOf(test: NodeTest): string | undefined {
  const model = readModel(test.model, `${test.name}.onnx`);
  const feeds = new Map(test.inputs.map((bytes, i) => [model.inputs[i].name, tensorOf(bytes)]));
  const values = evaluateModel({ model, feeds, report: new Reporter() });
  for (const [i, bytes] of test.outputs.entries()) {
    const { name } = model.outputs[i];
    const [expected, found] = [tensorOf(bytes), values.get(name)];
    const problem = found === undefined ? 'no such value' : difference(expected, found);
    if (problem !== undefined) return `${name}: ${problem}`;
  }
  return undefined;
}

export function difference(expected: Constant, found: Constant): string | undefined {
  if (found.type !== expected.type) return `${found.type} instead of ${expected.type}`;
  if (found.dims.join() !== expected.dims.join()) return `dims [${found.dims.join(', ')}] instead of [${expected.dims.join(', ')}]`;
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [found.data[i], expected.data[i]];
    const near = Object.is(a, b) || a === b || (isFloat(expected.type) && Math.abs(a - b) <= ABSOLUTE + RELATIVE * Math.abs(b));
    if (!near) return `element ${i} is ${a} instead of ${b}`;
  }
  return undefined;
}
