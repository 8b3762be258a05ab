// Files that are damaged, hostile or not ONNX at all: each gives its message, quickly and without
// large allocations. The whole text is spelt out, so a change of wording is seen here.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { CompileError, Reporter } from '../../src/diagnostics.js';
import { importOnnx, importOnnxBytes, type ImportOptions } from '../../src/onnx/import-onnx.js';
import { buildModel, describeModel, encodeModel, floats, node, tensor, values, type ModelSpec, type TensorSpec } from './build-model.js';

/** The text of the refusal; fails if it takes a second of processor time, 64 MB, or anything but a CompileError. */
function refusal(work: () => unknown): string {
  const memory = process.memoryUsage();
  const start = process.cpuUsage();
  try {
    work();
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(1000);
    const after = process.memoryUsage();
    expect(after.arrayBuffers + after.heapTotal - memory.arrayBuffers - memory.heapTotal).toBeLessThan(64e6);
    return error.message;
  }
  throw new Error('it was not refused');
}
const refuseBytes = (bytes: Uint8Array, options: Partial<ImportOptions> & { folder?: string } = {}): string =>
  refusal(() => importOnnxBytes(bytes, { name: 'bad.onnx', report: new Reporter(), ...options }));
const refuseModel = (spec: ModelSpec, folder?: string): string => refuseBytes(buildModel(spec), folder === undefined ? {} : { folder });

const folder = mkdtempSync(join(tmpdir(), 'spikeveil-onnx-'));
afterAll(() => rmSync(folder, { recursive: true }));

const good: ModelSpec = { nodes: [node('Conv', ['x', 'w'], 'y')], initializers: [floats('w', [2, 1, 3, 3], values(18))] };
const withWeights = (weight: TensorSpec): ModelSpec => ({ ...good, initializers: [weight] });

describe('files that are not ONNX', () => {
  it('a missing file, and a folder', () => {
    const options = { report: new Reporter() };
    expect(refusal(() => importOnnx('no/such.onnx', options))).toMatchInlineSnapshot(`
      "error[onnx/unreadable] in no/such.onnx: the model cannot be read: there is no such file
        hint: check the path and its permissions; pass the .onnx file itself"
    `);
    expect(refusal(() => importOnnx('src', options))).toContain('error[onnx/unreadable] in src: the model cannot be read: it is not a file');
  });

  it('a PNG renamed to .onnx', () => {
    expect(refuseBytes(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13))).toMatchInlineSnapshot(`
      "error[onnx/not-onnx] in bad.onnx: this is not an ONNX model; it looks like a PNG picture
        hint: pass a file written by an ONNX exporter, such as torch.onnx.export or tf2onnx"
    `);
  });

  const looks: [string, Uint8Array][] = [
    ['an empty file', new Uint8Array(0)],
    ['a run of zero bytes', new Uint8Array(100)],
    ['a spike program (.spk)', Uint8Array.of(0x89, 0x53, 0x50, 0x4b, 0x0d, 0x0a)],
    ['a zip archive, as PyTorch', Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0)],
    ['an HDF5 file, as Keras', Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d)],
    ['a TensorFlow Lite model', new TextEncoder().encode('\u001c\0\0\0TFL3....')],
    ['a Git LFS pointer', new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\n')],
    ['JSON text', new TextEncoder().encode('{"name": "vgg"}')],
    ['plain text', new TextEncoder().encode('This is a read-me file.\n')],
  ];
  for (const [words, bytes] of looks) it(words, () => expect(refuseBytes(bytes)).toContain(`it looks like ${words}`));

  it('a protobuf without a graph', () => {
    expect(refuseBytes(encodeModel({ irVersion: 8, producerName: 'nobody' }))).toMatchInlineSnapshot(`
      "error[onnx/no-graph] in bad.onnx: the 10 bytes hold no ONNX graph
        hint: pass a file written by an ONNX exporter; a checkpoint or a lone tensor is not a model"
    `);
  });
});

describe('damaged files', () => {
  it('a truncated file', () => {
    const bytes = buildModel(good);
    expect(refuseBytes(bytes.slice(0, bytes.length / 2))).toMatchInlineSnapshot(`
      "error[onnx/malformed] in bad.onnx: the file is damaged at byte 20 of 91: "graph" claims 155 bytes, 69 are left; the file is cut short or is not an ONNX model
        hint: copy or download the file again and compare its size with the original"
    `);
  });

  it('every truncation and every changed byte gives a diagnostic or a graph, never another error', () => {
    const bytes = buildModel({ ...good, nodes: [...good.nodes, node('Slice', ['y'], 'z', { starts: [1], ends: [2], axes: [2] })], opset: 9 });
    const survives = (damaged: Uint8Array): void => {
      try {
        importOnnxBytes(damaged, { name: 'bad.onnx', report: new Reporter() });
      } catch (error) {
        if (!(error instanceof CompileError)) throw error;
      }
    };
    for (let length = 0; length < bytes.length; length++) survives(bytes.subarray(0, length));
    fc.assert(fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => survives(bytes.with(at, value))), { numRuns: 3000, seed: 7 });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survives), { numRuns: 1000, seed: 8 });
  });

  it('messages nested a thousand deep', () => {
    expect(refuseBytes(nestGraphs(1000))).toMatchInlineSnapshot(`
      "error[onnx/too-deep] in bad.onnx: messages are nested deeper than 64 at byte 192
        hint: a real network nests about 8 deep: the file is damaged or made to harm; take it from its original source"
    `);
  });

  it('types nested thousands deep', () => {
    let inner: Buffer = Buffer.alloc(0);
    const wrap = (field: number): void => { inner = Buffer.concat([Buffer.from([field << 3 | 2]), varint(inner.length), inner]); };
    for (let i = 0; i < 2000; i++) { wrap(1); wrap(4); }
    wrap(2); wrap(11); wrap(7);
    expect(refuseBytes(inner)).toContain('error[onnx/too-deep]');
  });

  it('groups nested a hundred thousand deep', () => {
    expect(refuseBytes(new Uint8Array(100_000).fill(0x0b))).toContain('a protobuf group, which ONNX does not use');
  });

  it('more than a million empty nodes', () => {
    const graph = new Uint8Array(2 * 1_500_000);
    for (let i = 0; i < graph.length; i += 2) graph[i] = 0x0a;
    expect(refuseBytes(Buffer.concat([Buffer.of(0x3a), varint(graph.length), graph]))).toMatchInlineSnapshot(`
      "error[onnx/too-large] in bad.onnx: too many protobuf fields: more than 1000000, at most 1000000 are allowed
        hint: use a smaller network or input; if the model is real, simplify it first, for example with onnxsim"
    `);
  });
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 | 128);
  return Buffer.from([...bytes, value]);
}

/** A model whose node has a graph attribute whose node has a graph attribute and so on. */
function nestGraphs(depth: number): Buffer {
  let graph: Buffer = Buffer.alloc(0);
  for (let i = 0; i < depth; i++) for (const field of [6, 5, 1]) graph = Buffer.concat([Buffer.from([field << 3 | 2]), varint(graph.length), graph]);
  return Buffer.concat([Buffer.of(0x3a), varint(graph.length), graph]);
}

describe('tensors', () => {
  it('dims whose product does not match the data', () => {
    expect(refuseModel(withWeights({ ...floats('w', [2, 1, 3, 3], values(17)) }))).toMatchInlineSnapshot(`
      "error[onnx/tensor-data] in bad.onnx: tensor "w" does not hold what it claims: its dims [2, 1, 3, 3] need 18 elements, the data hold 17
        hint: export the model again, for example with torch.onnx.export, or repair it with onnx.checker and onnx.save"
    `);
  });

  it('dims of many terabytes', () => {
    expect(refuseModel(withWeights(floats('w', [1_000_000, 1_000_000, 3, 3], values(18))))).toContain('its dims [1000000, 1000000, 3, 3] are not a shape');
    expect(refuseModel(withWeights(floats('w', [65536, 65536, 1, 1], values(18))))).toContain('need 4294967296 elements, the data hold 18');
    expect(refuseModel(withWeights(floats('w', [-2, -1, 3, 3], values(18))))).toContain('are not a shape');
  });

  it('typed fields of another length', () => {
    expect(refuseModel(withWeights(tensor('w', 'float', [2, 1, 3, 3], { floatData: [1, 2, 3] })))).toContain('need 18 elements, the data hold 3');
    expect(refuseModel(withWeights(tensor('w', 'int32', [2], { int32Data: [1, 2, 3] })))).toContain('need 2 elements, the data hold 3');
    expect(refuseModel(withWeights(tensor('w', 'double', [2], {})))).toContain('need 2 elements, the data hold 0');
  });

  it('NaN and infinite weights', () => {
    expect(refuseModel(withWeights(floats('w', [2, 1, 3, 3], values(18).with(4, NaN))))).toMatchInlineSnapshot(`
      "error[onnx/not-finite] in bad.onnx: tensor "w" holds NaN at element 4
        hint: the training diverged or the export overflowed (float16): use a checkpoint whose weights are all finite"
    `);
    expect(refuseModel(withWeights(floats('w', [2, 1, 3, 3], values(18).with(0, -Infinity))))).toContain('tensor "w" holds -Infinity at element 0');
    expect(refuseModel({ nodes: [node('Mul', ['x', 'k'], 'y')], initializers: [floats('k', [], [Infinity])] })).toContain('tensor "k" holds Infinity at element 0');
  });

  it('numbers that overflow when an attribute scales them', () => {
    const gemm = (alpha: number): ModelSpec => ({ nodes: [node('Gemm', ['x', 'w'], 'y', { alpha: { float: alpha } })], inputs: [{ name: 'x', dims: [1, 1] }], initializers: [floats('w', [1, 1], [1e38])] });
    expect(refuseModel(gemm(100))).toContain('tensor "w" holds Infinity at element 0');
    expect(refuseModel(gemm(NaN))).toContain('attribute alpha of Gemm is wrong: it is NaN');
  });

  it('an element type without a number form', () => {
    expect(refuseModel(withWeights(tensor('w', 'string', [1], { stringData: [new Uint8Array(1)] })))).toMatchInlineSnapshot(`
      "error[onnx/tensor-type] in bad.onnx: tensor "w" is of type string, which is not supported
        hint: store weights as float32, float64, float16, bfloat16 or whole numbers of 8 to 64 bits"
    `);
    expect(refuseModel(withWeights(tensor('w', 'complex64', [1], { floatData: [1, 2] })))).toContain('of type complex64');
  });

  it('sparse weights', () => {
    const model = describeModel({ nodes: [node('MatMul', ['x', 'w'], 'y')], inputs: [{ name: 'x', dims: [1, 4] }] }) as { graph: Record<string, unknown> };
    model.graph['sparseInitializer'] = [{ values: { name: 'w', dims: [1], dataType: 1, floatData: [1] }, dims: [4, 2] }];
    expect(refuseBytes(encodeModel(model))).toMatchInlineSnapshot(`
      "error[onnx/sparse] in bad.onnx: initializer "w" is sparse, which is not supported
        hint: store the weights as dense tensors"
    `);
  });

  it('constants that grow without bound', () => {
    const doubling = Array.from({ length: 40 }, (_, i) => node('Concat', [`c${i}`, `c${i}`], `c${i + 1}`, { axis: 0 }));
    expect(refuseModel({ nodes: [...doubling, node('Add', ['x', 'c40'], 'y')], initializers: [floats('c0', [1000], values(1000))] })).toContain('error[onnx/too-large]');
    const filled = [node('ConstantOfShape', ['s'], 'c'), node('Add', ['x', 'c'], 'y')];
    expect(refuseModel({ nodes: filled, initializers: [tensor('s', 'int64', [2], { int64Data: [60000, 60000] })] })).toContain('error[onnx/too-large]');
  });
});

describe('external data', () => {
  const outside = join(folder, 'secret.bin');
  const inside = join(folder, 'model');
  mkdirSync(inside);
  writeFileSync(outside, new Uint8Array(72));
  writeFileSync(join(inside, 'weights.bin'), new Uint8Array(Float32Array.from([9, ...values(18)]).buffer));
  symlinkSync(outside, join(inside, 'link.bin'));
  const external = (entries: Record<string, string>): ModelSpec => withWeights(tensor('w', 'float', [2, 1, 3, 3], {
    dataLocation: 1, externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  }));

  it('is read by offset and length inside the model\'s folder', () => {
    writeFileSync(join(inside, 'model.onnx'), buildModel(external({ location: 'weights.bin', offset: '4', length: '72' })));
    const { graph } = importOnnx(join(inside, 'model.onnx'), { report: new Reporter() });
    const conv = graph.nodes[1];
    expect(conv.kind === 'conv' && [...conv.weight]).toEqual([...values(18)]);
  });

  it('outside the model\'s folder is refused', () => {
    expect(refuseModel(external({ location: '../secret.bin' }), inside)).toMatchInlineSnapshot(`
      "error[onnx/external-data] in bad.onnx: the data of tensor "w" are in another file, which is refused: "../secret.bin" leaves the model's folder
        hint: put the data file beside the model under the name that the model states, or save one file with onnx.save(model, path, save_as_external_data=False)"
    `);
    expect(refuseModel(external({ location: outside }), inside)).toContain('is an absolute path');
    expect(refuseModel(external({ location: 'link.bin' }), inside)).toContain('is a link that leaves it');
    expect(refuseModel(external({ location: 'C:\\secret.bin' }), inside)).toContain('is an absolute path');
    expect(refuseModel(external({ location: 'weights.bin' }))).toContain('without a folder to look in');
  });

  it('with a wrong range is refused', () => {
    expect(refuseModel(external({ location: 'weights.bin', offset: '8' }), inside)).toContain('bytes 8 to 80 of "weights.bin" are named, it has 76');
    expect(refuseModel(external({ location: 'weights.bin', length: '4' }), inside)).toContain('it names 4 bytes where the dims need 72');
    expect(refuseModel(external({ location: 'weights.bin', offset: '-4' }), inside)).toContain('not a whole number');
    expect(refuseModel(external({ location: '.' }), inside)).toContain('does not exist');
    expect(refuseModel(external({}), inside)).toContain('no location is given');
  });
});
