// `compile --encrypt` learns, measures what came of it, and gives the same program for any number of workers and any --data.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LearningReport } from '../../src/report/learning-report.js';
import { modelFile, plainSpec } from '../compile/tiny-models.js';
import { idxImages, idxLabels } from '../data/file-makers.js';
import { inFolder, runCli, runHere } from './run-cli.js';

it('cnn_mnist: how far the weights moved, what is answered before and after, how readable it all stays', () => inFolder(async (folder) => {
  const words = (name: string, workers: string): string[] => ['compile', 'models/cnn_mnist/model.onnx', '-o', join(folder, name), '--timesteps', '2', '--encrypt', '--learning-images', '18', '--epochs', '2', '--workers', workers];
  const one = await runCli(words('one.spk', '1'));
  expect(one.code).toBe(0);
  expect(one.stdout).toMatch(/\nprivate data read +none\n/);
  expect(one.stdout).toMatch(/\nlearned through time +18 procedural images \(dead leaves, octave noise, pen\n +strokes\), 2 epochs, 2 steps\nloss +[\d.]+ in the first step, [\d.]+ in the last\nsynaptic operations +[\d.]+ per multiply-accumulate of the ANN \(last step\)\nkernels +(wasm-simd128|native-\w+)\n/);
  expect(one.stdout).toMatch(/\nlayer +cosine +moved\nhost into \/2\/Relu +[01]\.\d{3} +\d+\.\d %\n/);
  expect(one.stdout).toMatch(/\nsame answer as the ANN, 256 procedural images \(dead leaves, octave noise, pen\nstrokes\), of another seed, not learned from\n +T = 1 +T = 2 +T = 4 {2}read back as a ReLU network\nconverted( +\d+\.\d %){3} +100\.0 %\nlearned {2}( +\d+\.\d %){4}\n/);
  expect(one.stdout.replace(/\s+/g, ' ')).toMatch(/ temporal encryption, measured: the weights stay readable: as a plain ReLU network they answer as the ANN does on \d+\.\d % of made-up images that were not learned from, and 4 of 4 layers keep a cosine above 0\.9 to the ANN's weights \(least [01]\.\d{3}\) pass /);
  // the word stands where the measurement is, and nowhere else
  expect(one.stdout.match(/encrypt/gi)).toEqual(['encrypt']);
  expect((await runHere(['compile', '--help'])).stdout.replace(/\s+/g, ' ').match(/[^.(]*\(temporal encryption\),? [^;]*/g)).toEqual([expect.stringContaining('(temporal encryption), and measure how readable the weights stay')]);
  expect(one.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(one.stderr).toMatch(/^learning {2}1\/2 {2}loss [\d.]+ {2}agreement \d+ % {2}rate 0\.003\nlearning {2}2\/2 {2}loss [\d.]+ {2}agreement \d+ % {2}rate [\d.]+ {2}[\d.]+ images\/s\n$/);

  const two = await runCli([...words('two.spk', '2'), '--json']);
  expect(two.code).toBe(0);
  expect(readFileSync(join(folder, 'two.spk')).equals(readFileSync(join(folder, 'one.spk')))).toBe(true);
  expect(Object.keys(JSON.parse(two.stdout) as object)).toContain('learning');
}));

describe('a small network', () => {
  const path = modelFile('encrypt', plainSpec());
  const learn = (folder: string, ...more: string[]): ReturnType<typeof runHere> => {
    writeFileSync(join(folder, 'images'), idxImages(60, 6, 6));
    writeFileSync(join(folder, 'labels'), idxLabels(Array.from({ length: 60 }, (_, i) => i % 5)));
    return runHere(['compile', path, '-o', join(folder, 'm.spk'), '--mean', '0.5', '--std', '0.25', '--workers', '1', '--encrypt', '--learning-images', '48', '--timesteps', '4', ...more.map((w) => w.replaceAll('DIR', folder))]);
  };
  const verdict = (stdout: string): string => /temporal encryption, measured: [^]*?\n\n/.exec(stdout)![0].replace(/\s+/g, ' ');
  const DATA = ['--data', 'idx:DIR/images,DIR/labels'];
  const reported = (stdout: string): LearningReport => (JSON.parse(stdout) as { learning: LearningReport }).learning;

  it('--data: accuracies and whose data they are, and not a bit of the program', () => inFolder(async (folder) => {
    const bytes = (): Buffer => readFileSync(join(folder, 'm.spk'));
    expect((await learn(folder)).stdout).toMatch(/\nprivate data read +none\n/);
    const without = bytes();
    const { stdout } = await learn(folder, ...DATA, '--limit', '40');
    expect(stdout).toMatch(/\nprivate data read +none; --data was read for the accuracies below only, no bit\n +of the program depends on it\n/);
    expect(stdout).toMatch(/\naccuracy, 40 images of .*\n +T = 2 +T = 4 +T = 8 {2}read back as a ReLU network\nthe ANN +\d+\.\d %\nconverted( +\d+\.\d %){4}\nlearned {2}( +\d+\.\d %){4}\n/);
    expect(verdict(stdout)).toMatch(/answer as the ANN does on \d+\.\d % of the images of /);
    expect(bytes().equals(without)).toBe(true);
    const { stdout: json, stderr } = await learn(folder, ...DATA, '--json');
    expect(reported(json).data).toMatchObject({ count: 60, timesteps: [2, 4, 8] });
    expect(stderr).toMatch(/^learning {2}1\/6 [^]*\nlearning {2}6\/6 [^\n]*\n$/);
    expect(bytes().equals(without)).toBe(true);
  }));

  it('--distance: a hint at --compare, and with it what the distance costs', () => inFolder(async (folder) => {
    expect((await learn(folder, '--distance', '3')).stdout).toContain('\n--compare learns once more without --distance and shows what the distance costs\n');
    const compared = await learn(folder, '--distance', '3', '--compare', ...DATA);
    expect(compared.stdout).not.toContain('--compare');
    expect(compared.stdout).toMatch(/\nlayer +cosine +moved {2}cosine, without {2}moved, without\n/);
    expect(compared.stdout.match(/^learned without distance( +\d+\.\d %){4}$/gm)).toHaveLength(2);
    expect(compared.stderr).toMatch(/^comparing {2}1\/6 /m);
    expect(compared.stdout.split('\n').filter((line) => line.length > 80 && !line.startsWith('wrote'))).toEqual([]);
  }));

  it('every choice of how to learn reaches the record, and so does every default', () => inFolder(async (folder) => {
    expect(reported((await learn(folder, '--json')).stdout).settings).toEqual({
      epochs: 3, seed: 0, batch: 32, rate: 0.003, ratePenalty: 0, distance: 0, schedule: { kind: 'cosine', floor: 0.02 }, time: 'exact', rounding: true,
      optimiser: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, surrogate: { shape: 'boxcar', width: 0.25 }, loss: { distillation: 1, temperature: 2 },
      learn: ['weight', 'host', 'bias', 'threshold', 'leak'],
    });
    const { stdout } = await learn(folder, '--json', '--epochs', '2', '--batch', '9', '--learning-rate', '0.01', '--schedule', 'constant', '--optimiser', 'sgd', '--surrogate', 'triangle', '--surrogate-width', '0.5',
      '--online', '--distillation', '0.25', '--temperature', '4', '--sparsity', '0.5', '--distance', '0.1', '--checkpoint', 'DIR/c', '--seed', '5');
    expect(reported(stdout)).toMatchObject({ images: 48, steps: 12 });
    expect(reported(stdout).settings).toEqual({
      epochs: 2, seed: 5, batch: 9, rate: 0.01, ratePenalty: 0.5, distance: 0.1, schedule: { kind: 'constant' }, time: 'sltt', rounding: true,
      optimiser: { kind: 'sgd', momentum: 0.9 }, surrogate: { shape: 'triangle', width: 0.5 }, loss: { distillation: 0.25, temperature: 4 },
      learn: ['weight', 'host', 'bias', 'threshold', 'leak'],
    });
    expect(reported((await learn(folder, '--json', '--truncate', '2')).stdout).settings.time).toEqual({ kind: 'truncated', steps: 2 });
    expect(readdirSync(folder).sort()).toEqual(['c', 'images', 'labels', 'm.compile.json', 'm.spk']);
  }));

  it('each surrogate gives another program', () => inFolder(async (folder) => {
    const seen: string[] = [];
    for (const shape of ['boxcar', 'triangle', 'arctangent', 'fast-sigmoid']) {
      expect((await learn(folder, '--surrogate', shape)).code).toBe(0);
      seen.push(readFileSync(join(folder, 'm.spk'), 'base64'));
    }
    expect(new Set(seen).size).toBe(4);
  }));
});
