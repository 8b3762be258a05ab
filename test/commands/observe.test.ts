// `simulate --probe` and `--trace` as a user meets them: the files, the same bytes for any number of workers, and nothing half-written.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLI, runCli, runHere, SAMPLES, type Finished } from './run-cli.js';

let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'observe-'));
  program = join(folder, 'net.spk');
  expect((await runHere(['compile', 'models/cnn_mnist/model.onnx', '-o', program, '--timesteps', '8'])).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

const path = (name: string): string => join(folder, name);
const words = (...more: string[]): string[] => ['simulate', program, '--data', SAMPLES.mnist, '--limit', '10', ...more];
const observed = (name: string, workers: string): Promise<Finished> =>
  runCli(words('--workers', workers, '--probe', '/2/Relu:0-9,3/all/5', '--probe', '/11/Gemm:all', '--probe-out', path(name), '--trace', path(`${name}.csv`), '--json'));

/** Type, shape and numbers of an array that `simulate` wrote. */
function readArray(file: string): { readonly type: string; readonly shape: readonly number[]; readonly values: Int8Array | Int32Array } {
  const bytes = readFileSync(file);
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.subarray(10, start).toString('latin1');
  const data = Uint8Array.from(bytes.subarray(start));
  const type = /'descr': '([^']+)'/.exec(header)![1];
  return { type, shape: /\(([\d, ]+)\)/.exec(header)![1].split(',').map(Number), values: type === '|i1' ? new Int8Array(data.buffer) : new Int32Array(data.buffer) };
}

describe('simulate --probe --trace', () => {
  it('writes arrays with their index, and a table whose sums are the figures of the run', async () => {
    const { code, stdout, stderr } = await observed('one', '1');
    expect([code, stderr]).toEqual([0, `10 of 1000 images, spread over the classes\nwrote ${path('one')}\nwrote ${path('one.csv')}\n`]);
    expect(readdirSync(path('one')).sort()).toEqual(['_11_Gemm.current.npy', '_11_Gemm.spikes.npy', '_11_Gemm.v.npy', '_2_Relu.current.npy', '_2_Relu.spikes.npy', '_2_Relu.v.npy', 'probes.json']);
    const index = JSON.parse(readFileSync(join(path('one'), 'probes.json'), 'utf8')) as { program: object; layers: Record<string, unknown>[] };
    expect(index).toMatchObject({ format: 'spikeveil-probes', version: 1, seed: 0, samples: 10, timesteps: 8, program: { name: 'cnn_mnist', target: 'loihi2' } });
    expect(index.program).toMatchObject({ sha256: createHash('sha256').update(readFileSync(program)).digest('hex') });
    expect(index.layers[0]).toMatchObject({ layer: '/2/Relu', model: 'if', shape: [16, 28, 28], files: { spikes: '_2_Relu.spikes.npy', current: '_2_Relu.current.npy', v: '_2_Relu.v.npy' } });
    expect((index.layers[0]['neurons'] as number[]).length).toBe(10 + 28);
    expect(index.layers[1]).toMatchObject({ layer: '/11/Gemm', neurons: 'all', thresholdOfChannel: Array(10).fill(0) as number[] });
    expect(readArray(join(path('one'), '_2_Relu.spikes.npy'))).toMatchObject({ type: '|i1', shape: [10, 8, 38] });
    const current = readArray(join(path('one'), '_11_Gemm.current.npy'));
    const v = readArray(join(path('one'), '_11_Gemm.v.npy'));
    expect([current.type, current.shape, v.shape]).toEqual(['<i4', [10, 8, 10], [10, 8, 10]]);
    // the output neuron only integrates: v is the sum of its currents so far
    for (let at = 0; at < 800; at++) expect(v.values[at]).toBe((at % 80 < 10 ? 0 : v.values[at - 10]) + current.values[at]);
    expect(v.values.some((n) => n !== 0)).toBe(true);

    const figures = JSON.parse(stdout) as { spikesPerInference: number; sopsPerInference: number };
    const [head, ...rows] = readFileSync(path('one.csv'), 'utf8').trim().split('\n').map((l) => l.split(','));
    const total = (column: string): number => rows.reduce((n, r) => n + Number(r[head.indexOf(column)]), 0);
    expect([total('spikes') / 10, total('synaptic_ops') / 10]).toEqual([figures.spikesPerInference, figures.sopsPerInference]);
  });

  it('gives the same bytes with two workers, and the same table packed', async () => {
    expect((await observed('two', '2')).code).toBe(0);
    for (const name of readdirSync(path('one'))) expect(readFileSync(join(path('two'), name)).equals(readFileSync(join(path('one'), name))), name).toBe(true);
    expect(readFileSync(path('two.csv')).equals(readFileSync(path('one.csv')))).toBe(true);
    expect((await runHere(words('--workers', '1', '--trace', path('t.csv.gz')))).code).toBe(0);
    expect(gunzipSync(readFileSync(path('t.csv.gz'))).equals(readFileSync(path('one.csv')))).toBe(true);
  });

  it('refuses unknown layers and places before it simulates, and leaves no folder behind', async () => {
    const { code, stdout, stderr } = await runHere(words('--probe', '/2/Relo:1', '--probe', '/6/Relu:99999', '--probe-out', path('none')));
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/\nerror\[observe\/unknown-layer\] for --probe: the program has no layer "\/2\/Relo"\n {2}hint: did you mean "\/2\/Relu"\? .*\nerror\[observe\/no-such-neuron\] for --probe: layer "\/6\/Relu" has no neuron 99999: /);
    expect(existsSync(path('none'))).toBe(false);
    const nowhere = await runHere(words('--probe', '/2/Relu:1', '--probe-out', path('no/where')));
    expect(nowhere.stderr).toMatch(/\nerror\[run\/output-not-writable\] in .*: the result cannot be written here: the folder .*no is not there\n/);
    const inTheWay = await runHere(words('--probe', '/2/Relu:1', '--probe-out', program));
    expect([inTheWay.code, inTheWay.stderr]).toEqual([1, expect.stringMatching(/\nerror\[run\/output-not-writable\] in .*net\.spk is not a folder\n/)]);
    const taken = await runHere(words('--trace', folder));
    expect(taken.stderr).toMatch(/\nerror\[run\/output-not-writable\] in .*: it is a folder\n/);
    expect(readdirSync(folder).filter((n) => n.endsWith('.tmp'))).toEqual([]);
  });

  it('Ctrl-C: what stood there stays, nothing half-written', async () => {
    mkdirSync(path('stop'));
    writeFileSync(join(path('stop'), '_2_Relu.v.npy'), 'older');
    const long = ['simulate', program, '--data', SAMPLES.mnist, '--limit', '900', '--probe', '/2/Relu:all', '--trace', path('stop.csv')];
    for (const [out, left] of [[path('stop'), ['_2_Relu.v.npy']], [path('stop2'), null]] as const) {
      let begun = false;
      const { code } = await runCli([...long, '--probe-out', out], (child, heard) => {
        if (begun || !heard.includes('900 of 1000')) return;
        begun = true;
        const wait = setInterval(() => {
          if (!existsSync(out) || !readdirSync(out).some((n) => n.endsWith('.tmp'))) return;
          clearInterval(wait);
          child.kill('SIGINT');
        }, 5);
      });
      expect(code).toBe(130);
      expect(existsSync(out) ? readdirSync(out) : null).toEqual(left);
    }
    expect(readFileSync(join(path('stop'), '_2_Relu.v.npy'), 'utf8')).toBe('older');
    expect(readdirSync(folder).filter((n) => n.includes('tmp') || n.includes('stop.csv'))).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('a disk that fills up: one diagnostic, nothing left', () => {
    const command = [process.execPath, CLI, ...words('--probe', '/2/Relu:all', '--probe-out', path('full'))].map((w) => `'${w}'`).join(' ');
    const { status, stderr } = spawnSync('bash', ['-c', `ulimit -f 2000; ${command}`], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/\nerror\[run\/output-not-writable\] in .*_2_Relu\.[a-z]+\.npy: the result cannot be written here: the file would be larger than is allowed here \(EFBIG\)\n {2}hint: [^\n]*\n$/)]);
    expect(existsSync(path('full'))).toBe(false);
  });
});
