// Every message of the catalogue has a golden test: a test that spells its code out.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { catalogue } from '../../src/diagnostics.js';
import { sourceFiles } from './source-files.js';

const tests = (folder: string): string[] => readdirSync(folder, { withFileTypes: true }).flatMap((e) => {
  const path = join(folder, e.name);
  return e.isDirectory() ? tests(path) : /\.(ts|txt|snap)$/.test(e.name) ? [path] : [];
});
const words = tests('test').map((p) => readFileSync(p, 'utf8')).join('\n');
const codes = Object.keys(catalogue);

it('every code has a golden test', () => {
  expect(codes.filter((c) => !words.includes(c))).toEqual([]);
});

it('every code is used', () => {
  const source = sourceFiles.filter((f) => !f.path.startsWith('src/diagnostics/')).map((f) => f.text).join('\n');
  expect(codes.filter((c) => !source.includes(`'${c}'`))).toEqual([]);
});

it('every code is ROOM/WORDS', () => {
  expect(codes.filter((c) => !/^[a-z]+\/[a-z0-9]+(-[a-z0-9]+)*$/.test(c))).toEqual([]);
});
