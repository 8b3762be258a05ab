// Data flows one way: a room imports rooms that stand above it and side rooms, never what stands below.
import { describe, expect, it } from 'vitest';
import { roomOf, sourceFiles, testImports } from './source-files.js';

/** In the order in which a network passes through them. */
const ROOMS = ['graph', 'onnx', 'lower', 'synthesise', 'spiking', 'learn', 'quantise', 'map', 'program', 'simulate', 'energy', 'audit', 'report'];
/** They know nothing of the rooms. */
const SIDE_ROOMS = ['kernels', 'backend', 'target', 'data', 'diagnostics', 'diagnostics.ts', 'random.ts'];
/** Side rooms that may know some rooms. */
const SIDE_ROOMS_WITH_A_VIEW: Readonly<Record<string, readonly string[]>> = { interop: ['spiking', 'program'] };
/** The entrance hall sees every room. */
const HALL = ['cli.ts', 'commands', 'compile.ts', 'compile-trained.ts', 'train.ts', 'certify.ts', 'learning-passes.ts', 'proof-passes.ts', 'pipeline.ts', 'index.ts', 'tool-version.ts'];

function mayImport(from: string, to: string): boolean {
  if (from === to || HALL.includes(from)) return true;
  if (SIDE_ROOMS.includes(to)) return true;
  if (from in SIDE_ROOMS_WITH_A_VIEW) return SIDE_ROOMS_WITH_A_VIEW[from].includes(to);
  return ROOMS.includes(from) && ROOMS.includes(to) && ROOMS.indexOf(to) < ROOMS.indexOf(from);
}

describe('rooms', () => {
  it('are all known to this test', () => {
    const known = [...ROOMS, ...SIDE_ROOMS, ...Object.keys(SIDE_ROOMS_WITH_A_VIEW), ...HALL];
    expect([...new Set(sourceFiles.map((f) => f.room))].filter((r) => !known.includes(r))).toEqual([]);
  });

  it('import only what stands above them', () => {
    const breaches = sourceFiles.flatMap((f) => f.imports.filter((i) => !mayImport(f.room, roomOf(i))).map((i) => `${f.path} imports ${i}`));
    expect(breaches).toEqual([]);
  });

  it('are served by commands that none of the library needs', () => {
    const entries = ['cli.ts', 'index.ts'];
    const breaches = sourceFiles.filter((f) => f.room !== 'commands' && !entries.includes(f.room) && f.imports.some((i) => roomOf(i) === 'commands')).map((f) => f.path);
    expect(breaches).toEqual([]);
    expect(sourceFiles.filter((f) => entries.includes(f.room) && f.imports.some((i) => roomOf(i) === 'commands')).length).toBe(2); // the rule sees such imports
  });

  it('are tested by a rule that can fail', () => {
    expect(mayImport('map', 'simulate')).toBe(false);
    expect(mayImport('kernels', 'graph')).toBe(false);
    expect(mayImport('simulate', 'commands')).toBe(false);
    expect(mayImport('simulate', 'program')).toBe(true);
  });

  it('have no file that no other file and no test needs', () => {
    const imported = new Set([...sourceFiles.flatMap((f) => f.imports), ...testImports]);
    const loaded = (path: string): boolean => sourceFiles.some((f) => f.path !== path && f.text.includes(`/${path.split('/').pop()?.replace(/\.ts$/, '.js')}'`));
    const orphans = sourceFiles.filter((f) => !HALL.includes(f.room) && !imported.has(f.path) && !loaded(f.path)).map((f) => f.path);
    expect(orphans).toEqual([]);
  });
});

describe('what `fit` loads', () => {
  const loaded = (from: string): readonly string[] => {
    const found = new Set([from]);
    for (const path of found) {
      const { text = '', imports = [] } = sourceFiles.find((f) => f.path === path) ?? {};
      const values = new Set([...text.matchAll(/^(?:import|export)(?! type)[^;]*?from '(\.[^']+)'/gm)].map((m) => m[1].split('/').pop()?.replace(/\.js$/, '.ts')));
      for (const next of imports) if (values.has(next.split('/').pop())) found.add(next);
    }
    return [...found];
  };
  const users = (from: string): readonly string[] => loaded(from).filter((path) => /^import (?!type)[^;]*?from '(typebox|ajv)'/m.test(sourceFiles.find((f) => f.path === path)?.text ?? ''));
  it.each(['src/commands/fit-model.ts', 'src/commands/model-source.ts'])('neither TypeBox nor ajv before they are needed, each of which takes longer than a small network: %s', (from) => {
    expect(loaded(from).length).toBeGreaterThan(10);
    expect(users(from)).toEqual([]);
  });
  it('is judged by a rule that can fail', () => expect(users('src/learn/trained-network-file.ts')).toContain('src/learn/trained-network-file.ts'));
});
