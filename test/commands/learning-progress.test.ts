// How far learning is, in 80 columns: a passing line on a terminal, about ten plain lines elsewhere, the time by the caller's clock.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { learningProgress, progressLine } from '../../src/commands/learning-progress.js';
import type { TrainingProgress } from '../../src/learn/train.js';
import { CLI, inFolder } from './run-cli.js';

const at = (step: number, changes: Partial<TrainingProgress> = {}): TrainingProgress => ({ step, steps: 40, loss: 0.51234, agreement: 0.9375, rate: 0.0029876, operations: 0.4, images: 32, ...changes });

/** What is written to stderr by `steps` steps of two seconds each, without a terminal. */
function lines(first: number, last: number): string[] {
  let [clock, heard] = [1000, ''];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => { heard += String(text); return true; });
  try {
    const progress = learningProgress({ terminal: false, now: () => clock });
    for (let step = first; step <= last; step++) {
      progress.onStep(at(step));
      clock += 2000;
    }
    progress.begin('comparing');
    progress.onStep(at(1));
  } finally {
    spy.mockRestore();
  }
  return heard.trimEnd().split('\n');
}

describe('without a terminal', () => {
  it('says the first step and each tenth, with loss, agreement, rate, speed and time left', () => {
    const said = lines(1, 40);
    expect(said).toHaveLength(12);
    expect(said[0]).toBe('learning  1/40  loss 0.512  agreement 94 %  rate 0.003');
    expect(said[1]).toBe('learning  4/40  loss 0.512  agreement 94 %  rate 0.003  16 images/s  72 s left');
    expect(said[10]).toBe('learning  40/40  loss 0.512  agreement 94 %  rate 0.003  16 images/s');
    expect(said[11]).toBe('comparing  1/40  loss 0.512  agreement 94 %  rate 0.003');
  });

  it('a run that goes on from a checkpoint is timed by its own steps', () => {
    const said = lines(21, 40);
    expect(said[0]).toMatch(/^learning {2}21\/40 .* 0\.003$/);
    expect(said[1]).toMatch(/^learning {2}24\/40 .* 16 images\/s {2}32 s left$/);
  });
});

describe('the line', () => {
  it('fits 80 columns, whatever the numbers', () => {
    for (const steps of [3, 1536, 987654]) {
      for (const loss of [0, 1.234e-9, 12.3456, 98765.4, 1.5e20]) {
        for (const secondsLeft of [0.2, 99, 5000, 987654]) {
          const pace = { images: steps / 3, secondsLeft };
          const line = progressLine(at(steps - 1, { steps, loss, agreement: 1, rate: 1.23456e-5 }), { title: 'comparing', pace });
          expect(line.length).toBeLessThanOrEqual(80);
          expect(line).toMatch(new RegExp(`${steps - 1}/${steps}.*agree.* 100 %.*rate 0\\.000012`));
        }
      }
    }
  });
});

const script = spawnSync('script', ['-qec', 'test -t 2', '/dev/null']).status === 0;
it.skipIf(!script)(`on a terminal the line passes and leaves nothing behind${script ? '' : ' (skipped: no `script` to make a terminal)'}`, () => inFolder((folder) => {
  const words = `"${process.execPath}" "${CLI}" compile models/cnn_mnist/model.onnx -o "${join(folder, 'm.spk')}" --timesteps 1 --encrypt --learning-images 48 --epochs 6 --workers 1`;
  const { stdout, status } = spawnSync('script', ['-qec', `stty cols 80; ${words}`, '/dev/null'], { encoding: 'utf8' });
  expect(status).toBe(0);
  const frames = stdout.split(/\r|\n|\x1b\[[0-9;?]*[A-Za-z]/);
  const shown = frames.filter((f) => f.startsWith('learning ['));
  expect(shown.length).toBeGreaterThan(1);
  expect(shown.at(-1)).toMatch(/^learning \[=+-*\] {2}\d+\/12 {2}loss \S+ {2}agreement \d+ % {2}rate \S+( {2}\d+(\.\d)? images\/s( {2}\d+ s left)?)?$/);
  expect(frames.filter((f) => f.length > 80)).toEqual([]);
  return Promise.resolve();
}));
