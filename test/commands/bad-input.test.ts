// Every kind of bad input at the built command line: one diagnostic with a code and a hint, exit code 1, no stack,
// quickly and in little memory, and what lay there before is untouched.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel, floats, node, tensor, values, type ModelSpec, type TensorSpec } from '../onnx/build-model.js';
import { CLI, runHere, type Finished } from './run-cli.js';

/** More than a child needs on an idle processor, so that a loaded machine does not fail the test; the bar is one second idle. */
const MOST_CPU_SECONDS = 2;
/** Node itself takes about 50 MB. */
const MOST_MEGABYTES = 250;

const weights = (w: TensorSpec): ModelSpec => ({ nodes: [node('Conv', ['x', 'w'], 'y'), node('Relu', ['y'], 'z')], initializers: [w] });
const good = buildModel(weights(floats('w', [2, 1, 3, 3], values(18))));

/** A graph in an attribute of a node of a graph, and so on: protobuf messages inside each other. */
function nested(depth: number): Uint8Array {
  const field = (number: number, content: Uint8Array): Buffer => {
    const length: number[] = [];
    for (let n = content.length; ; n >>= 7) {
      length.push(n > 127 ? (n & 127) | 128 : n);
      if (n <= 127) break;
    }
    return Buffer.concat([Buffer.of((number << 3) | 2, ...length), content]);
  };
  let graph: Uint8Array = new Uint8Array();
  for (let i = 0; i < depth; i++) graph = field(1, field(5, field(6, graph)));
  return field(7, graph);
}

const external: TensorSpec = tensor('w', 'float', [2, 1, 3, 3], { dataLocation: 1, externalData: [{ key: 'location', value: '../secret.bin' }] });
const MODELS: Readonly<Record<string, readonly [content: Uint8Array, code: string]>> = {
  'a truncated file': [good.subarray(0, good.length - 40), 'onnx/malformed'],
  'a PNG renamed to .onnx': [PNG.sync.write(new PNG({ width: 8, height: 8 })), 'onnx/not-onnx'],
  'dims whose product is not the number of values': [buildModel(weights(floats('w', [2, 1, 3, 3], values(17)))), 'onnx/tensor-data'],
  'dims of many terabytes': [buildModel(weights(floats('w', [2 ** 20, 2 ** 20, 3, 3], values(18)))), 'onnx/tensor-data'],
  'external data outside the folder of the model': [buildModel(weights(external)), 'onnx/external-data'],
  'NaN weights': [buildModel(weights(floats('w', [2, 1, 3, 3], values(18).fill(NaN, 4, 6)))), 'onnx/not-finite'],
  'a cycle': [buildModel({ nodes: [node('Add', ['x', 'c'], 'a'), node('Relu', ['a'], 'b'), node('Relu', ['b'], 'c')], outputs: ['c'] }), 'onnx/cycle'],
  'protobuf nested a thousand deep': [nested(1000), 'onnx/too-deep'],
  'an unknown operator': [buildModel({ nodes: [node('Frobnicate', ['x'], 'y')] }), 'onnx/unsupported-op'],
};

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bad-'));
  mkdirSync(join(folder, 'models'));
  writeFileSync(join(folder, 'secret.bin'), new Uint8Array(72));
  Object.values(MODELS).forEach(([content], i) => writeFileSync(join(folder, 'models', `${i}.onnx`), content));
  const target = JSON.parse(readFileSync('targets/loihi1.json', 'utf8')) as { core: Record<string, unknown> };
  target.core['neurans'] = 7;
  writeFileSync(join(folder, 'chip.json'), JSON.stringify(target));
  writeFileSync(join(folder, 'data.bin'), new Uint8Array(3073 * 2 + 1));
  await runHere(['compile', 'models/cnn_mnist/model.onnx', '-o', join(folder, 'good.spk'), '--timesteps', '2']);
  writeFileSync(join(folder, 'cut.spk'), readFileSync(join(folder, 'good.spk')).subarray(0, 5000));
  writeFileSync(join(folder, 'run.json'), '{"format":"spikeveil-run","version":1');
  for (const name of ['out.spk', 'out.compile.json', 'out.json', 'out.html']) writeFileSync(join(folder, name), 'older');
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Use { readonly userCPUTime: number; readonly systemCPUTime: number; readonly maxRSS: number }

/** Runs the built command line and reads what the process used when it ends. */
function measured(words: readonly string[]): Promise<Finished & { readonly use: Use }> {
  const report = "import { writeSync } from 'node:fs'; process.on('exit', () => writeSync(3, JSON.stringify(process.resourceUsage())));";
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(report)}`, CLI, ...words], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    const heard = ['', '', '', ''];
    for (const i of [1, 2, 3]) child.stdio[i]?.on('data', (piece: Buffer) => { heard[i] += piece.toString(); });
    child.on('error', failed);
    child.on('close', (code) => done({ code, stdout: heard[1], stderr: heard[2], use: JSON.parse(heard[3]) as Use }));
  });
}

/** Everything in the folder with its bytes. */
const snapshot = (): Record<string, string> => Object.fromEntries(readdirSync(folder, { withFileTypes: true, recursive: true })
  .filter((e) => e.isFile()).map((e) => [join(e.parentPath, e.name), readFileSync(join(e.parentPath, e.name), 'base64')]));

async function refused(words: readonly string[], code: string): Promise<void> {
  const before = snapshot();
  const { code: exit, stdout, stderr, use } = await measured(words);
  expect(stderr.match(/^error\[.*?\]/gm)).toEqual([`error[${code}]`]);
  expect(stderr).toMatch(/\n {2}hint: \S.*\n$/);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect([exit, stdout]).toEqual([1, '']);
  expect(snapshot()).toEqual(before);
  expect((use.userCPUTime + use.systemCPUTime) / 1e6).toBeLessThan(MOST_CPU_SECONDS);
  expect(use.maxRSS / 1024).toBeLessThan(MOST_MEGABYTES);
}

describe('compile refuses', () => {
  it.each(Object.entries(MODELS).map(([title, [, code]], i) => [title, i, code] as const))('%s', (_, i, code) =>
    refused(['compile', join(folder, 'models', `${i}.onnx`), '-o', join(folder, 'out.spk')], code));

  it('a target with a misspelt key', () =>
    refused(['compile', 'models/cnn_mnist/model.onnx', '--target', join(folder, 'chip.json'), '-o', join(folder, 'out.spk')], 'target/unknown-key'));

  it('images of the wrong size for --calibrate', () =>
    refused(['compile', 'models/cnn_mnist/model.onnx', '--calibrate', `cifar10:${join(folder, 'data.bin')}`, '-o', join(folder, 'out.spk')], 'data/wrong-size'));
});

describe('simulate refuses', () => {
  it('a data file of the wrong size', () =>
    refused(['simulate', join(folder, 'good.spk'), '--data', `cifar10:${join(folder, 'data.bin')}`, '--out', join(folder, 'out.json')], 'data/wrong-size'));

  it('a program that is cut short', () =>
    refused(['simulate', join(folder, 'cut.spk'), '--data', `cifar10:${join(folder, 'data.bin')}`, '--out', join(folder, 'out.json')], 'program/cut-short'));
});

it('report refuses a run that is cut short', () => refused(['report', join(folder, 'run.json'), '-o', join(folder, 'out.html')], 'report/not-json'));

it('the models that these are made from are good', async () => {
  mkdirSync(join(folder, 'fine'));
  writeFileSync(join(folder, 'fine', 'net.onnx'), good);
  expect((await runHere(['fit', join(folder, 'fine', 'net.onnx')])).code).toBe(0);
});
