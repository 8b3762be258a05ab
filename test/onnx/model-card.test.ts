// The model card: what it must say, that each wrong field is named with its place, and that a card of
// another model is noticed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CompileError, formatDiagnostic, Reporter } from '../../src/diagnostics.js';
import { importOnnxBytes } from '../../src/onnx/import-onnx.js';
import { checkModelCard, findModelCard, readModelCard, type ModelCard } from '../../src/onnx/model-card.js';
import { printModelCardSchema } from '../../src/onnx/model-card-schema.js';
import { buildModel, floats, node, values, type ModelSpec } from './build-model.js';

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}

const card: ModelCard = { name: 'tiny', input: { layout: 'NCHW', shape: ['N', 1, 4, 4], scale: 255, mean: [0.5], std: [0.25] }, classes: 2 };
const check = (value: unknown): string => refusal(() => checkModelCard(value, 'model.json', new Reporter()));
const folder = mkdtempSync(join(tmpdir(), 'spikeveil-card-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('is checked by what the TypeBox schema prints (mend: node scripts/write-schemas.mjs)', () => {
  expect(readFileSync('src/onnx/model-card.schema.json', 'utf8')).toBe(printModelCardSchema());
});

describe('a model card', () => {
  it('may leave out all that is not needed to feed an image', () => {
    expect(checkModelCard(card, 'model.json', new Reporter())).toBe(card);
  });

  it('is found beside the model', () => {
    expect(findModelCard(join(folder, 'model.onnx'))).toBeUndefined();
    writeFileSync(join(folder, 'model.json'), JSON.stringify(card));
    expect(findModelCard(join(folder, 'model.onnx'))).toBe(join(folder, 'model.json'));
    expect(readModelCard(join(folder, 'model.json'), new Reporter())).toEqual(card);
  });

  it('has as many class names as classes', () => {
    expect(checkModelCard({ ...card, classNames: ['cat', 'dog'] }, 'model.json', new Reporter())).toMatchObject({ classNames: ['cat', 'dog'] });
    expect(check({ ...card, classNames: ['cat'] })).toContain('in model.json (/classNames): the model card is wrong: it has 1 names for 2 classes');
  });

  it('names every wrong field with its place', () => {
    expect(check({
      ...card, clases: 10, classes: 0, accuracy: { value: 92.1, samples: 100 }, ops: { Conv: -1, 'a/b': 'x' },
      input: { layout: 'HWC', shape: ['N', 1.5], scale: 0, mean: ['0.5'], std: [0.25, 0] },
    })).toMatchInlineSnapshot(`
      "error[onnx/card-field] in model.json (/clases): the model card is wrong: "clases" is not a field of a model card
        hint: correct its spelling or remove it; the README lists the fields
      error[onnx/card-field] in model.json (/input/layout): the model card is wrong: the value must be one of "NCHW", "NHWC"
        hint: use one of the named values
      error[onnx/card-field] in model.json (/input/shape/1): the model card is wrong: the value must be integer
        hint: correct the value; the README lists the fields
      error[onnx/card-field] in model.json (/input/scale): the model card is wrong: the value must be > 0
        hint: correct the value; the README lists the fields
      error[onnx/card-field] in model.json (/input/mean/0): the model card is wrong: the value must be number
        hint: correct the value; the README lists the fields
      error[onnx/card-field] in model.json (/input/std/1): the model card is wrong: the value must be > 0
        hint: correct the value; the README lists the fields
      error[onnx/card-field] in model.json (/classes): the model card is wrong: the value must be >= 1
        hint: correct the value; the README lists the fields
      error[onnx/card-field] in model.json (/accuracy/value): the model card is wrong: the value must be <= 1
        hint: correct the value; the README lists the fields
      error[onnx/card-field] in model.json (/ops/Conv): the model card is wrong: the value must be >= 0
        hint: correct the value; the README lists the fields
      error[onnx/card-field] in model.json (/ops/a~1b): the model card is wrong: the value must be integer
        hint: correct the value; the README lists the fields"
    `);
  });

  it('names what is missing', () => {
    expect(check({})).toMatchInlineSnapshot(`
      "error[onnx/card-field] in model.json (/name): the model card is wrong: "name" is missing
        hint: add it; the README lists the fields of a model card
      error[onnx/card-field] in model.json (/input): the model card is wrong: "input" is missing
        hint: add it; the README lists the fields of a model card
      error[onnx/card-field] in model.json (/classes): the model card is wrong: "classes" is missing
        hint: add it; the README lists the fields of a model card"
    `);
    expect(check([])).toContain('error[onnx/card-field]');
  });

  it('has as many deviations as means', () => {
    expect(check({ ...card, input: { ...card.input, std: [1, 1] } })).toMatchInlineSnapshot(`
      "error[onnx/card-field] in model.json (/input/std): the model card is wrong: mean has 1 values and std 2
        hint: give one mean and one standard deviation a channel"
    `);
  });

  it('that is not JSON, or not there', () => {
    const path = join(folder, 'broken.json');
    writeFileSync(path, '{"name": ');
    expect(refusal(() => readModelCard(path, new Reporter()))).toContain('the model card cannot be read: ');
    expect(refusal(() => readModelCard('no/model.json', new Reporter()))).toMatchInlineSnapshot(`
      "error[onnx/card-unreadable] in no/model.json: the model card cannot be read: there is no such file
        hint: a model card is a JSON file; mend it, or remove it and give the input normalisation on the command line"
    `);
  });

  it('cannot reach the prototype of objects', () => {
    expect(check(JSON.parse('{"__proto__": {"classes": 1}}'))).toContain('"__proto__" is not a field of a model card');
    expect(({} as Record<string, unknown>)['classes']).toBeUndefined();
  });
});

describe('a card and its model', () => {
  const spec: ModelSpec = { nodes: [node('Flatten', ['x'], 'f'), node('Relu', ['f'], 'hidden'), node('Gemm', ['hidden', 'w'], 'scores')], initializers: [floats('w', [16, 2], values(32))], outputs: ['hidden', 'scores'] };
  const bytes = buildModel(spec);
  const importWith = (changes: Partial<ModelCard>, options: { output?: string } = {}, report = new Reporter()) => importOnnxBytes(bytes, { name: 'model.onnx', report, card: { ...card, ...changes }, ...options });

  it('the output of as many numbers as classes comes first, or the one that the card names stands alone; without either there is a choice to make', () => {
    expect(importWith({}).graph.outputs).toEqual(['Gemm:scores', 'Relu:hidden']);
    expect(importWith({ output: 'hidden', classes: 16 }).graph.outputs).toEqual(['Relu:hidden']);
    expect(refusal(() => importOnnxBytes(bytes, { name: 'm', report: new Reporter() }))).toContain('onnx/several-outputs');
  });

  it('an output that is asked for stands alone, and what only the others need is gone', () => {
    const { graph } = importWith({}, { output: 'hidden' });
    expect(graph.outputs).toEqual(['Relu:hidden']);
    expect(graph.nodes.map((n) => n.id)).toEqual(['x', 'Flatten:f', 'Relu:hidden']);
  });

  it('that do not belong together', () => {
    expect(refusal(() => importWith({ classes: 10, output: 'logits', input: { ...card.input, name: 'image', mean: [0, 0, 0], std: [1, 1, 1] } }))).toMatchInlineSnapshot(`
      "error[onnx/card-mismatch] in model.onnx: the model card says input.name is "image", the model has "x"
        hint: mend model.json, or put the card of this model beside it
      error[onnx/card-mismatch] in model.onnx: the model card says the length of input.mean is 3, the model has 1 channel
        hint: mend model.json, or put the card of this model beside it
      error[onnx/card-mismatch] in model.onnx: the model card says output is "logits", the model has "hidden", "scores"
        hint: mend model.json, or put the card of this model beside it
      error[onnx/card-mismatch] in model.onnx: the model card says classes is 10, the model has 16 class scores
        hint: mend model.json, or put the card of this model beside it
      error[onnx/several-outputs] in model.onnx: the model has 2 outputs: "hidden" of shape [16], "scores" of shape [2]
        hint: name the one that holds the class scores with --output NAME, or as "output" in model.json"
    `);
    expect(refusal(() => importWith({ input: { ...card.input, shape: ['N', 3, 4, 4] } }))).toMatchInlineSnapshot(`
      "error[onnx/card-mismatch] at node "x": the model card says input.shape is [N, 3, 4, 4], the model has [N, 1, 4, 4]
        hint: mend model.json, or put the card of this model beside it"
    `);
  });

  it('another file than the card describes is a warning', () => {
    const report = new Reporter();
    importWith({ sha256: 'ab'.repeat(32) }, {}, report);
    const [warning] = report.warnings;
    expect(formatDiagnostic(warning).replace(/sha256 [0-9a-f]{12}/, 'sha256 0123456789ab')).toMatchInlineSnapshot(`
      "warning[onnx/card-digest] in model.onnx: the model is not the file that the card describes (sha256 0123456789ab..., the card says abababababab...)
        hint: the accuracy and normalisation in model.json may not hold for this file; measure again and update sha256"
    `);
  });

  it('the card fills in an image size that the model leaves open', () => {
    const open = buildModel({ nodes: [node('Flatten', ['x'], 'f')], inputs: [{ name: 'x', dims: ['N', 1, 'H', 'W'] }] });
    expect(importOnnxBytes(open, { name: 'm', report: new Reporter(), card: { ...card, classes: 16 } }).graph.nodes[0].shape).toEqual([1, 4, 4]);
  });
});

describe('the input', () => {
  const importInput = (dims: (number | string)[], layout?: 'NCHW' | 'NHWC') =>
    importOnnxBytes(buildModel({ nodes: [node('Relu', ['x'], 'y')], inputs: [{ name: 'x', dims }] }), { name: 'm', report: new Reporter(), ...(layout === undefined ? {} : { layout }) })
      .graph.nodes.map((n) => `${n.kind} ${n.shape.join('x')}`);

  it('is channels first, whatever the model declares', () => {
    expect(importInput(['N', 3, 32, 32])).toEqual(['input 3x32x32', 'relu 3x32x32']);
    expect(importInput(['N', 32, 32, 3])).toEqual(['input 3x32x32', 'transpose 32x32x3', 'relu 32x32x3']);
    expect(importInput([1, 16, 8, 8], 'NHWC')).toEqual(['input 8x16x8', 'transpose 16x8x8', 'relu 16x8x8']);
    expect(importInput([1, 8, 8, 3], 'NCHW')).toEqual(['input 8x8x3', 'relu 8x8x3']);
  });

  it('is a vector where the model takes the image flattened', () => {
    expect(importInput(['N', 784])).toEqual(['input 784', 'relu 784']);
    expect(importInput([1, 784, 1])).toEqual(['input 784', 'reshape 784x1', 'relu 784x1']);
    expect(importInput([1, 1, 1, 784])).toEqual(['input 784', 'reshape 1x1x784', 'relu 1x1x784']);
    expect(importInput([784])).toEqual(['input 784', 'relu 784']);
    expect(importInput([-1, 28, 28])).toEqual(['input 784', 'reshape 28x28', 'relu 28x28']);
  });
});
