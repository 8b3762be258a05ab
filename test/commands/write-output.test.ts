// Outputs appear whole or not at all, and what was there before stays until then.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkOutput, writeOutputs } from '../../src/commands/write-output.js';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'out-')); });
afterEach(() => rmSync(folder, { recursive: true }));

describe('writeOutputs', () => {
  it('replaces files and leaves nothing else behind', async () => {
    writeFileSync(join(folder, 'a'), 'old and longer');
    await writeOutputs([{ path: join(folder, 'a'), content: 'new' }, { path: join(folder, 'b'), content: Uint8Array.of(1, 2) }]);
    expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('new');
    expect([...readFileSync(join(folder, 'b'))]).toEqual([1, 2]);
  });

  it('writes neither file when one cannot be written', async () => {
    writeFileSync(join(folder, 'a'), 'old');
    await expect(writeOutputs([{ path: join(folder, 'a'), content: 'new' }, { path: join(folder, 'none', 'b'), content: 'x' }])).rejects.toThrow('run/output-not-writable');
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a']);
  });
});

describe('checkOutput', () => {
  it('accepts a new file and one that exists', () => {
    writeFileSync(join(folder, 'a'), '');
    checkOutput(join(folder, 'a'));
    checkOutput(join(folder, 'new'));
  });

  it.each([['none/x', 'the folder DIR/none is not there'], ['sub', 'it is a folder'], ['file/x', 'DIR/file is not a folder']])('refuses %s', (name, reason) => {
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'file'), '');
    let message = '';
    try { checkOutput(join(folder, name)); } catch (error) { message = String((error as Error).message).replaceAll(folder, 'DIR'); }
    expect(message).toBe(`error[run/output-not-writable] in DIR/${name}: the result cannot be written here: ${reason}
  hint: name a file in a folder that exists and that you may write in, with room on its disk`);
  });
});
