// docs/operators.md says of every operator that is claimed what the node tests say and what becomes of it.
// After a change: `npx vitest run test/conformance/operator-table -u`.
import { expect, it } from 'vitest';
import { HIGHEST_OPSET, LOWEST_OPSET } from '../../src/onnx/import-onnx.js';
import { operators } from '../../src/onnx/operators.js';
import { problemOf, readNodeTests } from './node-tests.js';

/** First opset of the operators that are younger than the lowest opset that is read: the ONNX operator pages. */
const FIRST: Readonly<Record<string, number>> = {
  Expand: 8, ConstantOfShape: 9, Sign: 9, Where: 9, ConvInteger: 10, DequantizeLinear: 10, MatMulInteger: 10, QLinearConv: 10, QLinearMatMul: 10, QuantizeLinear: 10,
  ThresholdedRelu: 10, DynamicQuantizeLinear: 11, Round: 11, GreaterOrEqual: 12, LessOrEqual: 12, HardSwish: 14,
};

const HEAD = `# ONNX operators

Opset ${LOWEST_OPSET} to ${HIGHEST_OPSET} is read. Every operator below is computed by the evaluator, which folds what does not depend on the image, and
is held against the [node tests](https://github.com/onnx/onnx/tree/v1.22.0/onnx/backend/test/data/node) of the ONNX project: \`npx vitest run test/conformance\`.
A test counts for every operator that stands in it and is run where all of its operators are claimed. This page is
written by \`npx vitest run test/conformance/operator-table -u\`, and a test fails when it is out of date.

The last column says what becomes of an operator on values that depend on the image:

- **faithful**: neurons and synapses that compute the same, apart from the rounding of rates and weights;
- **folded away**: merged into its neighbours, moved, or dropped because it does not change the answer;
- **approximate**: refused, unless \`--approximate\` is given, which puts a broken line of rectifiers there and warns of its largest error;
- **refused**: a diagnostic that names the node and what to do. Where all of its inputs are constants it is folded.
`;

it('docs/operators.md is what the tests say', async () => {
  const tests = readNodeTests();
  const passed = new Set(tests.filter((t) => t.ops.every((op) => operators.has(op)) && problemOf(t) === undefined).map((t) => t.name));
  const rows = [...operators].map(([op, { fate }]) => {
    const own = tests.filter((t) => t.ops.includes(op));
    const tally = own.length === 0 ? 'none' : `${own.filter((t) => passed.has(t.name)).length} of ${own.length}`;
    return `| ${op} | ${FIRST[op] ?? LOWEST_OPSET} to ${HIGHEST_OPSET} | ${tally} | ${fate} |`;
  });
  const total = `\n${passed.size} of the ${tests.length} tests of the archive hold claimed operators only and pass; ${tests.filter((t) => t.ops.every((op) => operators.has(op))).length - passed.size} of them fail. Operators that are not listed are refused, with advice.\n`;
  await expect(`${HEAD}${total}\n| operator | opset | passed of available | on a spiking target |\n|---|---|---|---|\n${rows.join('\n')}\n`).toMatchFileSnapshot('../../docs/operators.md');
});
