// Runs the command line: the built one in a process of its own as a user would, or right here where no process is needed.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { vi } from 'vitest';
import { main } from '../../src/commands/main.js';

export const CLI = resolve('dist/cli.js');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command and collects what it says; `watch` sees the process and each piece of output, `node` are flags of Node itself. */
export function runCli(words: readonly string[], watch?: (child: ChildProcess, heard: string) => void, node: readonly string[] = []): Promise<Finished> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [...node, CLI, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (piece: Buffer) => { stdout += piece.toString(); watch?.(child, stdout + stderr); });
    child.stderr.on('data', (piece: Buffer) => { stderr += piece.toString(); watch?.(child, stdout + stderr); });
    child.on('error', failed);
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
}

/** Runs the command in this process; one at a time, since it listens to what the process prints. */
export async function runHere(words: readonly string[]): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => { stdout += String(text); return true; }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => { stderr += String(text); return true; }),
  ];
  try {
    const code = await main(words);
    return { code, stdout, stderr };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Runs `use` with a folder of its own, which is removed afterwards. */
export async function inFolder<R>(use: (folder: string) => Promise<R>): Promise<R> {
  const folder = mkdtempSync(join(tmpdir(), 'cli-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const SAMPLES = {
  cifar: 'cifar10:models/samples/cifar10-1000.bin.gz',
  mnist: 'idx:models/samples/mnist-1000-images-idx3-ubyte.gz,models/samples/mnist-1000-labels-idx1-ubyte.gz',
} as const;
