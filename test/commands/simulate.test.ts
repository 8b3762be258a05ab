// From a model to a page at the command line, as a user and as a script would go about it.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, runHere, SAMPLES, type Finished } from './run-cli.js';

let folder: string;
let program: string;
let compiled: Finished;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-'));
  program = join(folder, 'net.spk');
  compiled = await runHere(['compile', 'models/cnn_mnist/model.onnx', '-o', program, '--timesteps', '16', '--json']);
});
afterAll(() => rmSync(folder, { recursive: true }));

const simulate = (...more: string[]): Promise<Finished> => runCli(['simulate', program, '--data', SAMPLES.mnist, '--limit', '60', ...more]);

describe('compile --json', () => {
  it('gives one JSON value with what the program takes', () => {
    expect([compiled.code, compiled.stderr]).toEqual([0, '']);
    const summary = JSON.parse(compiled.stdout) as Record<string, unknown>;
    expect(summary).toMatchObject({ cores: expect.any(Number), chips: 1, parameters: expect.any(Number), synapses: expect.any(Number), warnings: [] });
    expect(summary['neurons']).toBe(18954);
    const passes = summary['passes'] as { name: string; milliseconds: number }[];
    expect(passes.map((p) => p.name)).toEqual(expect.arrayContaining(['import', 'quantise', 'partition', 'place', 'route']));
    expect(passes.every((p) => p.milliseconds >= 0)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['net.compile.json', 'net.spk']);
  });

  it('gives the same program again, in a process of its own', async () => {
    const again = join(folder, 'again.spk');
    await runCli(['compile', 'models/cnn_mnist/model.onnx', '-o', again, '--timesteps', '16']);
    expect(readFileSync(again).equals(readFileSync(program))).toBe(true);
    rmSync(again);
    rmSync(join(folder, 'again.compile.json'));
  });
});

describe('simulate --json', () => {
  it('gives every figure, and the same ones for any number of workers', async () => {
    const [one, two] = [await simulate('--json', '--workers', '1'), await simulate('--json', '--workers', '2')];
    const figures = JSON.parse(one.stdout) as Record<string, number>;
    for (const key of ['accuracy', 'annAccuracy', 'agreement', 'spikesPerInference', 'sopsPerInference', 'energyPerInferenceJoules', 'latencySeconds', 'coresUsed', 'chipsUsed', 'wallSeconds', 'eventsPerSecond']) {
      expect(figures[key], key).toBeGreaterThan(0);
    }
    expect(figures).toMatchObject({ samples: 60, timesteps: 16 });
    expect(figures['annAccuracy']).toBeGreaterThan(0.95);
    expect(figures['accuracy']).toBeGreaterThan(0.9);
    expect(figures['agreement']).toBeLessThanOrEqual(1);
    const lasting = ({ wallSeconds: _w, eventsPerSecond: _e, workers: _n, ...rest }: Record<string, number>): object => rest;
    expect(lasting(JSON.parse(two.stdout) as Record<string, number>)).toEqual(lasting(figures));
  });

  it('says null where the model is not at hand, and why', async () => {
    const moved = join(folder, 'moved');
    mkdirSync(moved);
    cpSync(program, join(moved, 'net.spk'));
    const { code, stdout, stderr } = await runCli(['simulate', join(moved, 'net.spk'), '--data', SAMPLES.mnist, '--limit', '10', '--timing', 'functional', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ annAccuracy: null, agreement: null, latencySeconds: null });
    expect(stderr).toContain(`no comparison with the ANN: ${join(moved, 'net.compile.json')} cannot be read (name the model with --ann)`);
    const named = await runCli(['simulate', join(moved, 'net.spk'), '--data', SAMPLES.mnist, '--limit', '10', '--json', '--ann', 'models/cnn_mnist/model.onnx']);
    expect((JSON.parse(named.stdout) as { annAccuracy: number }).annAccuracy).toBeGreaterThan(0.8);
    rmSync(moved, { recursive: true });
  });
});

describe('for people', () => {
  it('prints the figures in 80 columns, without colours, and the notices beside them', async () => {
    const { code, stdout, stderr } = await simulate('--out', join(folder, 'run.json'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^accuracy +\d+\.\d\d % of 60 images .*\naccuracy of the ANN +\d/);
    expect(stdout).toMatch(/\nenergy per inference +[\d.]+ .J \(profile /);
    expect(stdout.split('\n').filter((l) => l.length > 80)).toEqual([]);
    expect(stdout + stderr).not.toContain('\x1b');
    expect(stderr).toBe(`60 of 1000 images, spread over the classes\nwrote ${join(folder, 'run.json')}\n`);
  });

  it('makes a page of the run', async () => {
    const { code, stdout } = await runHere(['report', join(folder, 'run.json')]);
    expect([code, stdout]).toEqual([0, `wrote ${join(folder, 'run.html')}\n`]);
    expect(readFileSync(join(folder, 'run.html'), 'utf8')).toMatch(/^<!doctype html>/i);
  });

  it('prints the bill, whose total is the sum of its lines', async () => {
    const words = ['energy', program, '--data', SAMPLES.mnist, '--limit', '10'];
    const { stdout } = await runHere([...words, '--json']);
    const { perInference } = JSON.parse(stdout) as { perInference: { totalJoules: number; lines: { joules: number }[] } };
    expect(perInference.lines.reduce((s, l) => s + l.joules, 0)).toBeCloseTo(perInference.totalJoules, 12);
    const text = (await runHere([...words, '--explain'])).stdout;
    expect(text).toMatch(/\ntotal +[\d.]+ .J\n/);
    expect(text).toContain('\n* Neuron updates, active\n  ');
  });
});

describe('fit', () => {
  it('says what the chip must hold, as JSON too, and compile agrees', async () => {
    const { stdout } = await runHere(['fit', 'models/cnn_mnist/model.onnx', '--json']);
    const fit = JSON.parse(stdout) as { fits: boolean; cores: number; neurons: number; layers: { cores: number; boundBy: string }[] };
    expect(fit).toMatchObject({ fits: true, target: 'loihi2', neurons: 18954, cores: (JSON.parse(compiled.stdout) as { cores: number }).cores });
    expect(fit.layers.reduce((s, l) => s + l.cores, 0)).toBe(fit.cores);
    expect(new Set(fit.layers.map((l) => l.boundBy))).toContain('memory');
    const { stdout: text } = await runHere(['fit', 'models/cnn_mnist/model.onnx']);
    expect(text).toMatch(/^fits +yes: loihi2 with the soft reset\ncores +\d+ on 1 chip of 128, lower bound \d+\n/);
    expect(text.split('\n').filter((l) => l.length > 100)).toEqual([]);
  });

  it('refuses a reset that the chip lacks, with the reset it has', async () => {
    const { code, stderr } = await runHere(['fit', 'models/cnn_mnist/model.onnx', '--target', 'loihi1', '--reset', 'soft']);
    expect([code, stderr]).toEqual([1, 'error[spiking/reset-not-available] for --reset: target loihi1 has no "soft" reset; it has "hard", "soft-two-compartment"\n  hint: choose --reset hard, or another --target\n']);
  });
});
