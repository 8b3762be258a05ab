// A real `compile --encrypt --checkpoint` that is killed and started again ends in the bytes of one that was left alone.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inFolder, runCli } from './run-cli.js';

const learn = (folder: string, name: string): string[] => ['compile', 'models/cnn_mnist/model.onnx', '-o', join(folder, `${name}.spk`), '--timesteps', '2', '--workers', '1',
  '--encrypt', '--learning-images', '24', '--batch', '8', '--epochs', '10', '--checkpoint', join(folder, 'job.ckpt')];

it('killed twice, then left alone: the program and its notes are those of an uninterrupted run', () => inFolder(async (folder) => {
  const read = (name: string): Buffer => readFileSync(join(folder, name));
  const whole = await runCli(learn(folder, 'whole'));
  expect([whole.code, existsSync(join(folder, 'job.ckpt'))]).toEqual([0, true]);
  rmSync(join(folder, 'job.ckpt'));

  writeFileSync(join(folder, 'killed.spk'), 'older');
  const began: string[] = [];
  for (const sign of [' 15/30 ', ' 24/30 ']) {
    let sent = false;
    const { code, stdout, stderr } = await runCli(learn(folder, 'killed'), (child, heard) => {
      if (!sent && heard.includes(sign)) sent = child.kill('SIGKILL');
    });
    expect([code, stdout, sent]).toEqual([null, '', true]);
    began.push(/^learning {2}(\d+)/.exec(stderr)![1]);
    expect(read('killed.spk').toString()).toBe('older');
    expect(existsSync(join(folder, 'job.ckpt'))).toBe(true);
  }
  const last = await runCli(learn(folder, 'killed'));
  expect(last.code).toBe(0);
  began.push(/^learning {2}(\d+)/.exec(last.stderr)![1]);
  expect(began).toEqual(['1', '11', '21']);
  expect(read('killed.spk').equals(read('whole.spk'))).toBe(true);
  expect(read('killed.compile.json').equals(read('whole.compile.json'))).toBe(true);
}));
