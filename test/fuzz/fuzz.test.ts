// Two thousand broken files: each gives a diagnostic of the catalogue or a right import, within time and
// memory, and opens nothing outside its folder. `npm run fuzz` runs a hundred thousand.
import { afterEach, describe, expect, it } from 'vitest';
import { catalogue, CompileError, Reporter } from '../../src/diagnostics.js';
import { compileModel } from '../../src/compile.js';
import { verifyGraph } from '../../src/graph/verify.js';
import { importOnnxBytes } from '../../src/onnx/import-onnx.js';
import * as random from '../../src/random.js';
import { loadTarget } from '../../src/target/load-target.js';
import { createJudge, makeFolder } from './judge.mjs';
import { mutantOf, runMutants } from './run-mutants.mjs';
import { seeds } from './seeds.mjs';

const api = { catalogue, CompileError, Reporter, verifyGraph, importOnnxBytes, compileModel, random, target: loadTarget('loihi2') };

it('2,000 mutants of all models are refused with a diagnostic or imported right', async () => {
  const { faults, done, refused, imported, compiled, codes } = await runMutants(api, { seed: 11, first: 0, end: 2000 });
  expect(faults).toEqual([]);
  expect(done).toBe(2000);
  // The mutants reach deep enough to be worth it: many are read, some run through the whole compiler, and many rules refuse.
  expect(refused + imported + compiled).toBe(2000);
  expect(imported).toBeGreaterThan(200);
  expect(compiled).toBeGreaterThan(2);
  expect(Object.keys(codes).length).toBeGreaterThan(18);
});

it('a mutant can be made again by its number', () => {
  const [a, b] = [mutantOf(api, seeds(), 5, 77), mutantOf(api, seeds(), 5, 77)];
  expect(a.source.name).toBe(b.source.name);
  expect([...a.bytes]).toEqual([...b.bytes]);
});

describe('the judge sees', () => {
  const { folder, remove } = makeFolder();
  let undo = (): void => undefined;
  const judged = async (importer: () => unknown): Promise<{ kind: string; what?: string }> => {
    const made = createJudge({ ...api, importOnnxBytes: importer }, folder);
    undo = made.undo;
    return made.judge(new Uint8Array(10));
  };
  afterEach(() => undo());

  it('an error that is no diagnostic', async () => expect(await judged(() => { throw new TypeError('x'); })).toMatchObject({ kind: 'fault', what: expect.stringContaining('TypeError') as string }));
  it('a changed prototype', async () => {
    const found = await judged(() => { Object.defineProperty(Object.prototype, 'polluted', { value: 1, configurable: true }); return { graph: { nodes: [], outputs: [] } }; });
    delete (Object.prototype as { polluted?: number }).polluted;
    expect(found.kind).toBe('fault');
  });
  it('a file that is opened outside the folder', async () => {
    const { readFileSync } = await import('node:fs');
    expect(await judged(() => { readFileSync('LICENSE'); throw new CompileError([]); })).toMatchObject({ kind: 'fault', what: 'it opened LICENSE' });
  });
  it('too much time', async () => {
    const slow = (): never => {
      const start = process.cpuUsage();
      const spent = (): number => { const { user, system } = process.cpuUsage(start); return user + system; };
      while (spent() < 2.2e6) for (let i = 0; i < 1e7; i++);
      throw new CompileError([]);
    };
    expect((await judged(slow)).what).toMatch(/^it took/);
    remove();
  });
});
