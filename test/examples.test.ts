// Each example is run as a reader would run it, and has to print what it promises.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../examples/', import.meta.url));
const SCREEN = 50;
const run = promisify(execFile);
const work = mkdtempSync(join(tmpdir(), 'spikeveil-examples-'));
const program = join(work, 'cnn_mnist.spk');
let compiled = '';

const example = async (...words: readonly string[]): Promise<string> => {
  const [name, ...rest] = words;
  return (await run(process.execPath, [join(folder, `${name}.mjs`), ...rest])).stdout;
};

describe('examples', () => {
  beforeAll(async () => {
    compiled = await example('compile-and-simulate', program); // imports the build in dist/
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it('compile a network and simulate it beside the float network', () => {
    const [, accuracy, ann, images] = /accuracy ([\d.]+) beside the ANN's ([\d.]+) on (\d+) images/.exec(compiled) ?? [];
    expect(Number(images)).toBe(50);
    expect(Number(ann)).toBeGreaterThan(0.95);
    expect(Number(accuracy)).toBeGreaterThan(0.9);
    expect(compiled).toContain(`program of ${readFileSync(program).length} bytes`);
    expect(compiled).toMatch(/e-\d J and .*e-\d s per inference \(loihi1-energies\)/);
  });

  it('list the cores of a program file', async () => {
    const text = await example('list-cores', program);
    const cores = Number(/: (\d+) cores on 1 chip/.exec(text)?.[1]);
    expect(compiled).toContain(`on ${cores} cores`);
    expect(text.match(/^core \d+: chip 0, router \d+,\d+, port \d+: \S+ \[\d+\.\.\d+ x /gm)).toHaveLength(cores);
  });

  it('refuse a file that is no program with a diagnostic and exit code 1', async () => {
    const card = fileURLToPath(new URL('../models/cnn_mnist/model.json', import.meta.url));
    await expect(example('list-cores', card)).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/^error\[program\/[a-z-]+\][^\n]*\n {2}hint: [^\n]+\n$/) as string });
  });

  it('price one run with both profiles of loihi1', async () => {
    const text = await example('compare-energy');
    const totals = [...text.matchAll(/total ([\d.]+) uJ/g)].map((m) => Number(m[1]));
    expect(text).toMatch(/davies2018 [\s\S]*sanafe-nahuku /);
    expect(totals).toHaveLength(2);
    expect(totals[0]).not.toBe(totals[1]);
    expect(Math.min(...totals)).toBeGreaterThan(0);
  });

  it('put the published 55x under six conventions, as a table that fits and a plot', async () => {
    const plot = join(work, 'ratios.svg');
    const text = await example('fifty-five-times', '2', plot);
    const lines = text.trimEnd().split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    const rows = lines.slice(1, 7).map((line) => line.slice(50).trim().split(/\s+/).map(Number));
    expect(rows.map((r) => r.length)).toEqual([3, 3, 3, 3, 3, 3]);
    expect(rows[0][0]).toBe(55);
    for (const network of [0, 1, 2]) {
      expect(rows[0][network]).toBeGreaterThan(1); // the published convention favours spikes for each of them
      for (const convention of [2, 3, 4, 5]) expect(rows[convention][network]).toBeLessThan(1); // the chip and the quantised ANN do not
      expect(rows[3][network]).toBeLessThan(rows[2][network]);
    }
    const svg = readFileSync(plot, 'utf8');
    expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).toContain('VGG16 (paper)');
    expect(svg).not.toContain('var(--');
  });

  it('watch a neuron, whose potential is the sum of its currents less a threshold a spike', async () => {
    const [head, ...lines] = (await example('watch-neuron', program)).trim().split('\n');
    const [, spikes, steps, threshold] = /^\S+, neuron \d+: (\d+) spikes in (\d+) steps, threshold (\d+)$/.exec(head)!.map(Number);
    expect([lines.length, lines.filter((l) => l.endsWith(', spiked')).length]).toEqual([steps, spikes]);
    expect(spikes).toBeGreaterThan(2);
    const course = lines.map((l) => /current (-?\d+), then v (-?\d+)/.exec(l)!.slice(1).map(Number));
    course.slice(1).forEach(([current, v], t) => expect(v - course[t][1], lines[t + 1]).toBe(current - (lines[t + 1].endsWith('spiked') ? threshold : 0)));
  });

  it('measure the factors of private training at one budget, and judge each claim by its interval', async () => {
    const text = await example('dpsnn-factors', '2', '1', '40');
    expect(text).toMatch(/^epsilon 3 at delta 0\.01, 40 images, 1 epochs, 2 seeds; accuracy in % on 200 others\n/);
    const levels = new Map([...text.matchAll(/^ {2}(\S.*?) {2,}(-?[\d.]+) \((-?[\d.]+) to (-?[\d.]+)\)$/gm)].map(([, name, ...numbers]) => [name, numbers.map(Number)]));
    expect(levels.size).toBe(9);
    expect(levels.get('IF neurons')).toEqual(levels.get('surrogate 0.5 thresholds wide')); // the same network
    const claims = [...text.matchAll(/^(.+): (-?[\d.]+) \((-?[\d.]+) to (-?[\d.]+)\) points, (.+)$/gm)];
    expect(claims.map((c) => c[1])).toEqual(['a blunter surrogate is better', 'IF is better than LIF', 'a longer window is better']);
    for (const [, , , low, high, verdict] of claims) expect(verdict).toBe(Number(low) > 0 ? 'holds here' : Number(high) < 0 ? 'the opposite holds here' : 'not resolved');
    expect(Number(claims[1][2])).toBeCloseTo(levels.get('IF neurons')![0] - levels.get('LIF neurons')![0], 0);
  }, 120_000);

  it('are one screen long each and all run here', () => {
    const files = readdirSync(folder).sort();
    expect(files).toEqual(['compare-energy.mjs', 'compile-and-simulate.mjs', 'dpsnn-factors.mjs', 'fifty-five-times.mjs', 'list-cores.mjs', 'watch-neuron.mjs']);
    for (const file of files) expect(readFileSync(join(folder, file), 'utf8').split('\n').length).toBeLessThanOrEqual(SCREEN);
  });
});
