// Every chip's file: valid by the published schema, each number with a source, each unknown with a note, and what is wrong with a file said at once.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { CompileError } from '../../src/diagnostics.js';
import { chipCores, coresAt } from '../../src/target/chip-cores.js';
import { checkChip, listTargets, loadChip, loadTarget } from '../../src/target/load-target.js';
import { coresPerChip, linearSlots, slots } from '../../src/map/board.js';

const read = (name: string): Record<string, unknown> => JSON.parse(readFileSync(`targets/${name}.json`, 'utf8')) as Record<string, unknown>;
const validate = new Ajv({ allErrors: true, strict: true }).compile(read('target.schema'));

type Leaf = { readonly path: readonly string[]; readonly value: number | null; readonly owners: readonly Record<string, unknown>[] };

/** Every number and null of a file, with the objects around it. */
function leaves(value: unknown, path: readonly string[] = [], owners: readonly Record<string, unknown>[] = []): Leaf[] {
  if (typeof value === 'number' || value === null) return [{ path, value, owners }];
  if (typeof value !== 'object') return [];
  const around = Array.isArray(value) ? owners : [...owners, value as Record<string, unknown>];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key], around));
}

/** A source beside the number or around it, or an entry of `provenance` for its block or key. */
function sourced({ path, owners }: Leaf, provenance: Readonly<Record<string, string>>): boolean {
  const entry = path.some((_, i) => Object.hasOwn(provenance, path.slice(0, i + 1).join('.')));
  return entry || owners.slice(1).some((o) => Object.entries(o).some(([key, v]) => /^source$|Source$/.test(key) && v !== ''));
}

describe.each(listTargets())('%s', (name) => {
  const file = read(name);
  const provenance = file['provenance'] as Record<string, string>;

  test('is valid by the schema that editors read, and points to it', () => {
    expect([validate(file), validate.errors]).toEqual([true, null]);
    expect(file['$schema']).toBe('./target.schema.json');
  });
  test('every number has a source', () => {
    const bare = leaves(file).filter((leaf) => leaf.value !== null && !sourced(leaf, provenance) && leaf.path.at(-1) !== 'voltage');
    expect(bare.map((l) => l.path.join('.'))).toEqual([]);
  });
  test('every constant without a value says why', () => {
    const silent = leaves(file).filter((l) => l.value === null && l.path.at(-1) === 'value' && !/\S/.test(String(l.owners.at(-1)?.['note'] ?? '')));
    expect(silent.map((l) => l.path.join('.'))).toEqual([]);
  });
  test('limits that are null are explained in the notes', () => {
    const unknown = leaves(file).filter((l) => l.value === null && ['core', 'neuron', 'crossbar', 'network'].includes(l.path[0]));
    if (unknown.length > 0) expect(((file['notes'] ?? []) as string[]).length).toBeGreaterThan(0);
  });
});

test('a constant without a source is found by the tests above', () => {
  expect(sourced({ path: ['core', 'neurons'], value: 1, owners: [{}, {}] }, { memory: 'x' })).toBe(false);
  expect(sourced({ path: ['core', 'neurons'], value: 1, owners: [{}, {}] }, { 'core.neurons': 'x' })).toBe(true);
});

test('the chips have the cores of the literature', () => {
  expect(Object.fromEntries(listTargets().map((name) => [name, chipCores(loadChip(name))]))).toEqual({
    'akida-akd1000': null, darwin3: 575, loihi1: 128, loihi2: 128, odin: 1, speck: 9, spinnaker2: 152, truenorth: 4096, virtual: 256, xylo: 1,
  });
});

test('in the schema every field has a description', () => {
  const bare: string[] = [];
  const visit = (node: Record<string, unknown>, path: string): void => {
    for (const [key, inner] of Object.entries((node['properties'] ?? {}) as Record<string, Record<string, unknown>>)) {
      if (typeof inner['description'] !== 'string' || inner['description'] === '') bare.push(`${path}/${key}`);
      visit(inner, `${path}/${key}`);
    }
    if (typeof node['items'] === 'object') visit(node['items'] as Record<string, unknown>, `${path}[]`);
  };
  visit(read('target.schema'), '');
  expect(bare).toEqual([]);
});

describe('a mesh with missing cores', () => {
  const whole = loadTarget('loihi1');
  const target = { ...whole, mesh: { ...whole.mesh, missing: [{ x: 7, y: 3, cores: 1 }, { x: 0, y: 0, cores: 4 }] } };
  test('has that many fewer, and no address for them', () => {
    expect(coresPerChip(target)).toBe(123);
    const places = slots(target, 2);
    expect(places.length).toBe(246);
    const key = (p: (typeof places)[number]): string => `${p.chip} ${p.x},${p.y} ${p.port}`;
    expect(new Set(linearSlots(target, 2).map(key))).toEqual(new Set(places.map(key)));
    expect(places.filter((p) => p.x === 7 && p.y === 3).map((p) => p.port)).toEqual([0, 1, 2]);
    expect(places.filter((p) => p.x === 8 && p.y === 0)).toEqual([]); // the same router of the second chip
    expect(coresAt(target.mesh, 1, 0)).toBe(4);
  });
});

/** The codes and places of everything that is wrong with a file. */
function complaints(change: (file: Record<string, Record<string, unknown>>) => void, name = 'loihi1'): string[] {
  const file = read(name) as Record<string, Record<string, unknown>>;
  change(file);
  try { checkChip(file, 'my.json'); } catch (error) {
    if (error instanceof CompileError) return error.message.split('\n').filter((l) => l.startsWith('error')).map((l) => l.replace(' in my.json', ''));
    throw error;
  }
  return [];
}
type Profiles = { energy: Record<string, Record<string, unknown>>; latency: Record<string, Record<string, unknown>> }[];

test('a core off the map, a zero latency, a negative energy and an unknown key: one diagnostic each, all at once', () => {
  expect(complaints((file) => {
    file.mesh['missing'] = [{ x: 8, y: 0, cores: 1 }, { x: 0, y: 0, cores: 5 }, { x: 0, y: 0, cores: 1 }];
    const [profile] = file.profiles as unknown as Profiles;
    profile.latency.hopX['value'] = 0;
    profile.energy.spike['value'] = -3;
    file.board['colums'] = 8;
    file.numbers['shiftMin'] = 14;
  })).toEqual([
    'error[target/unknown-key] (/board): a target has no key "colums" here',
    'error[target/wrong-value] (/profiles/0/energy/spike/value): the value is -3, but it must be a number of at least 0 or null',
    'error[target/wrong-value] (/profiles/0/latency/hopX/value): the value is 0, but it must be a number above 0 or null',
    'error[target/contradiction] (/numbers/shiftMin): shiftMin 14 is above shiftMax 13',
    'error[target/contradiction] (/mesh/missing/0): router (8, 0) is off the map of 8 x 4 routers',
    'error[target/contradiction] (/mesh/missing/1/cores): 5 cores are missing at a router of 4',
    'error[target/contradiction] (/mesh/missing/2): router (0, 0) is named twice',
  ]);
});

test('blocks that do not stand together', () => {
  expect(complaints((file) => { delete file.memory; delete file.numbers; file['coresPerChip'] = 100 as never; file['crossbar'] = { axons: 1, neurons: 1 }; file.provenance['cores'] = 'x'; file['profiles'] = [] as never; })).toEqual([
    'error[target/contradiction] (/coresPerChip): 100 cores a chip, but the mesh has places for 128',
    'error[target/contradiction] (/): compile is supported, but memory, numbers are missing',
    'error[target/contradiction] (/profiles): compile is supported, but there is no profile of energy and latency',
    'error[target/contradiction] (/provenance): provenance names "memory", which this file does not have',
    'error[target/contradiction] (/provenance): provenance names "numbers", which this file does not have',
    'error[target/contradiction] (/provenance): provenance names "cores", which this file does not have',
    'error[target/contradiction] (/crossbar): cores are described both by core and by crossbar',
  ]);
  expect(complaints((file) => { file.compile['supported'] = false; })).toEqual(['error[target/contradiction] (/compile/reasons): compile is not supported, and no reason says why']);
  expect(complaints((file) => { file.compile['reasons'] = ['Because.']; })).toEqual(['error[target/contradiction] (/compile/reasons): compile is supported, and reasons say why not']);
  expect(complaints((file) => { (file.figures as unknown as Record<string, unknown>[])[0]['note'] = ''; }, 'speck').length).toBeGreaterThan(0);
});
