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
