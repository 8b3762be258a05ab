// The rules of CONTRIBUTING.md that a machine can check, file by file.
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeOf, sourceFiles, type SourceFile } from './source-files.js';

const HALL = ['cli.ts', 'commands', 'compile.ts', 'pipeline.ts', 'index.ts'];
const library = sourceFiles.filter((f) => !HALL.includes(f.room));
const MOST_LINES = 350;

/** `path:line` of every match in code, comments and strings apart. */
const places = (files: readonly SourceFile[], pattern: RegExp): string[] => files.flatMap((f) =>
  codeOf(f.text).split('\n').flatMap((line, i) => (pattern.test(line) ? [`${f.path}:${i + 1}`] : [])));

describe('the language', () => {
  it('is TypeScript without any', () => expect(places(sourceFiles, /(?::|<|as|\||,|\()\s*any\b/)).toEqual([]));
  it('has no enum', () => expect(places(sourceFiles, /\benum\s+\w+\s*\{/)).toEqual([]));
  it('has no default exports', () => expect(places(sourceFiles, /\bexport\s+default\b/)).toEqual([]));
  it('silences no compiler message', () => {
    expect(sourceFiles.filter((f) => /@ts-(ignore|nocheck|expect-error)/.test(f.text)).map((f) => f.path)).toEqual([]);
  });
});

describe('the library', () => {
  it('draws no numbers outside random.ts', () => expect(places(library, /\bMath\.random\b/)).toEqual([]));
  it('reads no clock, save for the host seconds of a simulation', () => {
    const clocks = places(library, /\bDate\.now\b|\bnew Date\b|\bperformance\.now\b|\bprocess\.hrtime\b/);
    expect(clocks.filter((p) => !p.startsWith('src/simulate/'))).toEqual([]);
  });
  it('reads no environment', () => expect(places(library, /\bprocess\.(env|argv)\b/)).toEqual([]));
  it('neither prints nor exits', () => expect(places(library, /\bconsole\.|\bprocess\.(stdout|stderr|exit)\b/)).toEqual([]));
});

describe('a file', () => {
  it('opens with a paragraph that a newcomer can read', () => {
    const bare = sourceFiles.filter((f) => !/^(#![^\n]*\n)?\/\*\*[\s\S]{40,}?\*\//.test(f.text));
    expect(bare.map((f) => f.path)).toEqual([]);
  });
  it(`has at most ${MOST_LINES} lines`, () => {
    const long = sourceFiles.map((f) => [f.path, f.text.split('\n').length] as const).filter(([, lines]) => lines > MOST_LINES);
    expect(long).toEqual([]);
  });
  it('has a kebab-case name that says what is in it', () => {
    const vague = /(^|\/)(utils?|helpers?|common|types|misc|index)(\/|\.ts$)/;
    const bad = sourceFiles.filter((f) => f.path !== 'src/index.ts' && (vague.test(f.path.slice(4)) || !/^src\/[a-z0-9/-]+\.ts$/.test(f.path)));
    expect(bad.map((f) => f.path)).toEqual([]);
  });
  it('names no path of one machine', () => {
    expect(sourceFiles.filter((f) => /\/(home|Users|root)\/\w/.test(f.text)).map((f) => f.path)).toEqual([]);
  });
  it('imports files that exist', () => {
    expect(sourceFiles.flatMap((f) => f.imports.filter((i) => !existsSync(i)).map((i) => `${f.path} imports ${i}`))).toEqual([]);
  });
});
