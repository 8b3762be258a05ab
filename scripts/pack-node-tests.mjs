// Packs the node tests of the ONNX project into test/conformance/node-tests.bin.br, which the tests read:
// `node scripts/pack-node-tests.mjs FOLDER`, where FOLDER holds INDEX.json and one folder a test.
// The unpacked form is a line of JSON (for each test its name, operators and the length of each file), then the files' bytes.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node scripts/pack-node-tests.mjs FOLDER');
const index = JSON.parse(readFileSync(join(folder, 'INDEX.json'), 'utf8'));
const parts = [];
const add = (path) => {
  const bytes = readFileSync(path);
  parts.push(bytes);
  return bytes.length;
};
const tests = index.tests.map(({ name, ops, opset }) => {
  const data = join(folder, name, 'test_data_set_0');
  const files = (kind) => readdirSync(data).filter((f) => f.startsWith(kind)).sort((a, b) => Number(a.match(/\d+/)[0]) - Number(b.match(/\d+/)[0]));
  return { name, ops, opset, model: add(join(folder, name, 'model.onnx')), inputs: files('input').map((f) => add(join(data, f))), outputs: files('output').map((f) => add(join(data, f))) };
});
const head = Buffer.from(`${JSON.stringify({ source: index.source, licence: index.licence, tests })}\n`);
const bytes = Buffer.concat([head, ...parts]);
const packed = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
writeFileSync(new URL('../test/conformance/node-tests.bin.br', import.meta.url), packed);
console.log(`${tests.length} tests, ${bytes.length} bytes, packed ${packed.length}`);
