// Each kind of failure has its exit code, and only a bug of ours shows a stack.
import { CommanderError } from 'commander';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { exitCode } from '../../src/commands/exit-code.js';
import { CompileError, diagnostic } from '../../src/diagnostics.js';

let stdout = '';
let stderr = '';
beforeEach(() => {
  stdout = stderr = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => { stdout += String(text); return true; });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => { stderr += String(text); return true; });
});
afterEach(() => { vi.restoreAllMocks(); });

const mistake = new CompileError([diagnostic('run/unreadable', { kind: 'file', path: 'a.spk' }, { reason: 'it does not exist' })]);

it('1 for a mistake in the input: the message, no stack', () => {
  expect(exitCode(mistake, false)).toBe(1);
  expect([stdout, stderr]).toEqual(['', `${mistake.message}\n`]);
});

it('1 with --json: the diagnostics on stdout too', () => {
  expect(exitCode(mistake, true)).toBe(1);
  expect(JSON.parse(stdout)).toEqual({ diagnostics: mistake.diagnostics });
});

it('2 for a command that is not understood, 0 for help', () => {
  expect(exitCode(new CommanderError(1, 'commander.unknownOption', ''), false)).toBe(2);
  expect(exitCode(new CommanderError(0, 'commander.help', ''), false)).toBe(0);
});

it('70 for a bug: its stack and where to take it', () => {
  expect(exitCode(new TypeError('x is not a function'), true)).toBe(70);
  expect(stderr).toMatch(/^TypeError: x is not a function\n\s+at /);
  expect(stderr).toContain('This is a bug in Spikeveil, not in your input. Please report it');
  expect(stdout).toBe('');
});
