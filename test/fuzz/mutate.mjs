// Makes a broken file out of a good one. Half of the mutants are damaged as bytes (flipped, cut, spliced,
// lengths changed), half as a model: written by `onnx-proto` with other dims, counts, names, types,
// attributes, edges. All from one seed, so that any mutant can be made again by its number.
import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;

/** Draws from a stream of `random` (src/random.ts), a block at a time. */
export function drawsFrom(random, seed, index) {
  const stream = random.substream(random.randomStream(seed), index);
  let block = [];
  let used = 0;
  let count = 0;
  const next = () => {
    if (used === block.length) { block = random.uniform(random.substream(stream, count++), 64); used = 0; }
    return block[used++];
  };
  const below = (n) => Math.floor(next() * n);
  return { next, below, pick: (list) => list[below(list.length)], chance: (p) => next() < p };
}

const BYTES = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x3a, 0x08];
/** Sizes that have broken parsers: signs, powers of two, and more than memory. */
const SIZES = [0, 1, 2, 3, 4, 7, 16, 64, 65, 255, 1024, 65535, 65536, 2 ** 20, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, -1, -2, -(2 ** 31), -(2 ** 53)];
const FLOATS = [0, -0, 1, -1, NaN, Infinity, -Infinity, 3e38, -3e38, 1e-45, 6, 255];
const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '', 'x', 'y', '../x', 'a\u0000b', '\u001b[2J', 'é'.repeat(40), 'n'.repeat(5000)];
/** Where external data must not be looked for; `inside.bin` is there and holds bytes. */
const PATHS = ['inside.bin', './inside.bin', 'deeper/inside.bin', '../secret.bin', 'link.bin', 'linked/secret.bin', 'deeper/../../secret.bin', '/etc/hostname', '/proc/self/mem', '/dev/zero', 'C:\\secret.bin', '\\\\host\\share', '..\\secret.bin', '', '.', '..', 'deeper', 'inside.bin\u0000', '__proto__', 'pipe'];
const OPS = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Relu', 'LeakyRelu', 'PRelu', 'Clip', 'Sigmoid', 'Tanh', 'Add', 'Sub', 'Mul', 'Div', 'Sum', 'Mean', 'Max', 'Concat', 'Split', 'Slice', 'Flatten', 'Reshape', 'Squeeze', 'Unsqueeze', 'Transpose', 'Pad', 'Expand', 'Gather', 'Shape', 'Constant', 'ConstantOfShape', 'Cast', 'Identity', 'Dropout', 'Softmax', 'ReduceMean', 'ReduceSum', 'ArgMax', 'AveragePool', 'MaxPool', 'GlobalAveragePool', 'BatchNormalization', 'QuantizeLinear', 'DequantizeLinear', 'QLinearConv', 'Loop', 'If', 'Scan', 'Tile', 'Range', '__proto__', ''];
const ATTRIBUTES = ['pads', 'strides', 'dilations', 'group', 'kernel_shape', 'axis', 'axes', 'perm', 'alpha', 'beta', 'epsilon', 'transA', 'transB', 'auto_pad', 'ceil_mode', 'count_include_pad', 'starts', 'ends', 'steps', 'to', 'value', 'mode', 'keepdims', 'output_shape', 'output_padding', 'min', 'max', 'split', 'num_outputs', 'shape', 'allowzero', '__proto__'];

/** Bytes of mutant `index` of the good file `bytes`; `model` is the same as an object, or undefined where only bytes are to be damaged. */
export function mutate(bytes, draws, model) {
  return model !== undefined && draws.chance(0.6) ? damageModel(model(), draws) : damageBytes(bytes, draws);
}

/** Positions are drawn from the front half of the time: there the structure is, behind it numbers. */
function damageBytes(bytes, draws) {
  let out = Uint8Array.from(bytes);
  const at = () => draws.below(draws.chance(0.5) ? Math.min(out.length, 400) : out.length) || 0;
  for (let times = 1 + draws.below(4); times > 0 && out.length > 0; times--) {
    const i = at();
    switch (draws.below(8)) {
      case 0: out[i] ^= 1 << draws.below(8); break;
      case 1: out[i] = draws.pick(BYTES); break;
      case 2: out[i] = draws.below(256); break;
      case 3: out = out.slice(0, i); break;
      case 4: { const length = draws.below(32); out = Uint8Array.from([...out.slice(0, i), ...out.slice(i + length)]); break; }
      case 5: { const from = at(); const piece = out.slice(from, from + draws.below(64)); out = joined(out.subarray(0, i), piece, out.subarray(i)); break; }
      case 6: out = joined(out.subarray(0, i), Uint8Array.from({ length: 1 + draws.below(12) }, () => draws.below(256) | (draws.chance(0.5) ? 0x80 : 0)), out.subarray(i)); break;
      case 7: { const from = at(); out.copyWithin(i, from, from + draws.below(64)); break; }
    }
  }
  return out;
}

function joined(...parts) {
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) { out.set(part, at); at += part.length; }
  return out;
}

function damageModel(model, draws) {
  for (let times = 1 + draws.below(3); times > 0; times--) draws.pick(CHANGES)(model, model.graph, draws);
  try {
    const bytes = onnx.ModelProto.encode(onnx.ModelProto.fromObject(model)).finish();
    return draws.chance(0.1) ? damageBytes(bytes, draws) : Uint8Array.from(bytes);
  } catch {
    return Uint8Array.of(draws.below(256)); // onnx-proto could not write it
  }
}

const allNames = (graph) => ['', ...graph.initializer.map((t) => t.name), ...graph.input.map((v) => v.name), ...graph.node.flatMap((n) => n.output)];
const someTensor = (graph, draws) => draws.pick([...graph.initializer, ...graph.node.flatMap((n) => n.attribute.flatMap((a) => (a.t ? [a.t] : [])))]);
const someNode = (graph, draws) => draws.pick(graph.node);
const changed = (list, draws) => {
  const out = [...(list ?? [])].map(Number);
  switch (draws.below(4)) {
    case 0: out.push(draws.pick(SIZES)); break;
    case 1: out.pop(); break;
    case 2: if (out.length > 0) out[draws.below(out.length)] = draws.pick(SIZES); break;
    case 3: for (let i = draws.below(20); i > 0; i--) out.push(draws.pick(SIZES)); break;
  }
  return out;
};

const CHANGES = [
  (_, graph, draws) => { const t = someTensor(graph, draws); if (t) t.dims = changed(t.dims, draws); },
  (_, graph, draws) => { const t = someTensor(graph, draws); if (t) t.dataType = draws.below(26) - 1; },
  (_, graph, draws) => { const t = someTensor(graph, draws); if (t?.rawData?.length > 0) t.rawData = t.rawData.slice(0, draws.below(t.rawData.length)); },
  (_, graph, draws) => {
    const t = someTensor(graph, draws);
    if (!(t?.rawData?.length >= 4)) return;
    const data = Uint8Array.from(t.rawData);
    const view = new DataView(data.buffer);
    view.setFloat32(4 * draws.below(data.length >> 2), draws.pick(FLOATS), true);
    t.rawData = data;
  },
  (_, graph, draws) => { const t = someTensor(graph, draws); if (t) { t.floatData = [1, 2, 3]; delete t.rawData; } },
  (_, graph, draws) => {
    const t = someTensor(graph, draws);
    if (!t) return;
    t.dataLocation = 1;
    const length = (t.rawData ?? []).length;
    delete t.rawData;
    const entry = (key, value) => ({ key, value: String(value) });
    t.externalData = [entry('location', draws.pick(PATHS)), ...(draws.chance(0.7) ? [entry('offset', draws.chance(0.6) ? 0 : draws.pick(SIZES))] : []), ...(draws.chance(0.7) ? [entry('length', draws.chance(0.6) ? length : draws.pick(SIZES))] : []), ...(draws.chance(0.1) ? [entry('__proto__', 'x')] : [])];
  },
  (_, graph, draws) => { const n = someNode(graph, draws); if (n) n.opType = draws.pick(OPS); },
  (_, graph, draws) => { const n = someNode(graph, draws); if (n) n.input = n.input.map((v) => (draws.chance(0.5) ? draws.pick(allNames(graph)) : v)); },
  (_, graph, draws) => { const n = someNode(graph, draws); if (n) n.output = [...n.output, draws.pick(allNames(graph))]; },
  (_, graph, draws) => { const n = someNode(graph, draws); if (n) n.name = draws.pick(NAMES); },
  (_, graph, draws) => {
    const [from, to] = [draws.pick(allNames(graph)), draws.pick(NAMES)];
    const rename = (v) => (v === from ? to : v);
    for (const n of graph.node) { n.input = n.input.map(rename); n.output = n.output.map(rename); }
    for (const t of [...graph.initializer, ...graph.input, ...graph.output]) t.name = rename(t.name);
  },
  (_, graph, draws) => {
    const n = someNode(graph, draws);
    const a = n?.attribute.length > 0 ? draws.pick(n.attribute) : undefined;
    if (a === undefined) return;
    switch (draws.below(5)) {
      case 0: a.type = draws.below(15); break;
      case 1: a.ints = changed(a.ints, draws); break;
      case 2: a.i = draws.pick(SIZES); break;
      case 3: a.f = draws.pick(FLOATS); break;
      case 4: a.name = draws.pick(ATTRIBUTES); break;
    }
  },
  (_, graph, draws) => {
    const n = someNode(graph, draws);
    const name = draws.pick(ATTRIBUTES);
    n?.attribute.push(draws.pick([{ name, type: 2, i: draws.pick(SIZES) }, { name, type: 1, f: draws.pick(FLOATS) }, { name, type: 7, ints: changed([1, 1], draws) }, { name, type: 3, s: new TextEncoder().encode(draws.pick(['SAME_UPPER', 'VALID', 'NOTSET', 'reflect', 'edge', '__proto__'])) }]));
  },
  (_, graph, draws) => { const v = graph.input[0]; const dim = v?.type?.tensorType?.shape?.dim; if (dim?.length > 0) dim[draws.below(dim.length)] = draws.chance(0.7) ? { dimValue: draws.pick(SIZES) } : { dimParam: draws.pick(NAMES) }; },
  (_, graph, draws) => { graph.node = graph.node.filter(() => !draws.chance(0.2)); },
  (_, graph, draws) => { const n = someNode(graph, draws); if (n) graph.node.splice(draws.below(graph.node.length), 0, n); },
  (_, graph, draws) => { const t = someTensor(graph, draws); if (t) graph.initializer.push(t); },
  (_, graph, draws) => { graph.output = draws.chance(0.3) ? [] : allNames(graph).slice(-2).map((name) => ({ name })); },
  (_, graph, draws) => { const v = draws.pick([...graph.input, ...graph.output]); if (v) v.name = draws.pick(NAMES); },
  (model, _, draws) => { model.irVersion = draws.pick(SIZES); },
  (model, _, draws) => { model.opsetImport = draws.chance(0.2) ? [] : [{ domain: '', version: draws.chance(0.7) ? 1 + draws.below(30) : draws.pick(SIZES) }]; },
  (_, graph, draws) => { // a chain of Constant, Concat, Expand, Pad: numbers made from nothing
    let last = `grown${graph.node.length}`;
    graph.node.push({ opType: 'ConstantOfShape', input: [draws.pick(allNames(graph))], output: [last], attribute: [] });
    for (let i = draws.below(30); i > 0; i--) {
      graph.node.push({ opType: draws.pick(['Concat', 'Expand', 'Add', 'Pad', 'MatMul']), input: [last, last], output: [`${last}+`], attribute: [{ name: 'axis', type: 2, i: 0 }] });
      last += '+';
    }
    graph.output = [{ name: last }];
  },
];
