import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CompileError } from '../../src/diagnostics.js';
import { checkChip, checkTarget, isTarget, listTargets, loadChip, loadTarget, parseTarget, targetDigest } from '../../src/target/load-target.js';
import { printTargetSchema } from '../../src/target/schema.js';

const file = (name: string): string => readFileSync(new URL(`../../targets/${name}`, import.meta.url), 'utf8');
type Json = { [key: string]: Json & Json[] & string & number & null };
const changed = (change: (t: Json) => void, name = 'loihi1'): unknown => {
  const target = JSON.parse(file(`${name}.json`)) as Json;
  change(target);
  return target;
};
/** Runs it and gives the printed errors. */
const complaint = (run: () => unknown): string => {
  try { run(); } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
  return 'nothing was wrong';
};
const complaintOf = (change: (t: Json) => void): string => complaint(() => checkTarget(changed(change), 'my.json'));

describe('the built-in targets', () => {
  test('are listed by name, without the schema', () => {
    expect(listTargets()).toEqual(['akida-akd1000', 'darwin3', 'loihi1', 'loihi2', 'odin', 'speck', 'spinnaker2', 'truenorth', 'virtual', 'xylo']);
  });
  test.each(listTargets())('%s loads, bears its name and is what the file says', (name) => {
    const target = loadChip(name);
    expect(target.name).toBe(name);
    expect(target).toEqual(JSON.parse(file(`${name}.json`)));
  });
  test('loihi1 has the limits and both profiles of the literature', () => {
    const { core, mesh, numbers, capabilities, profiles } = loadTarget('loihi1');
    expect(mesh.width * mesh.height * mesh.coresPerRouter).toBe(128);
    expect(core).toMatchObject({ neurons: 1024, inAxons: 4096, outAxons: 4096, synapticMemoryBits: 16384 * 64 });
    expect(numbers.weightMax * numbers.weightStep).toBe(254);
    expect(capabilities.resets).not.toContain('soft');
    expect(profiles.map((p) => [p.name, p.energy.synapticOpShared.value, p.latency.synapticOpShared.value])).toEqual([['davies2018', 23.6, 3.5], ['sanafe-nahuku', 24, 3.1]]);
  });
  test('programs can be compiled for four of them; each of the others says why not', () => {
    const chips = listTargets().map((name) => loadChip(name));
    expect(chips.filter(isTarget).map((c) => c.name)).toEqual(['loihi1', 'loihi2', 'spinnaker2', 'virtual']);
    for (const chip of chips) expect(chip.compile.reasons.length > 0).toBe(!isTarget(chip));
    expect(complaint(() => loadTarget('odin'))).toBe(
      'error[target/cannot-compile]: nothing can be compiled for odin (ODIN (open source, one core)): Weights have 3 bits and potentials 8, where the proof that no sum wraps is made here'
      + ' for weights of up to 8 bits in potentials of 24. All layers share one crossbar of 256 neurons, and the mapping here gives each layer cores of its own.\n'
      + '  hint: `spikeveil fit MODEL --target odin` says what a network would take there; `spikeveil targets` lists the chips to compile for');
  });
  test('loihi1 has no signed spikes, loihi2 and virtual have, and say that nobody published what they cost', () => {
    expect(['loihi1', 'loihi2', 'virtual'].map((name) => loadTarget(name).capabilities.signedSpikes)).toEqual([false, true, true]);
    const [{ energy, latency }] = loadTarget('loihi2').profiles;
    for (const constants of [energy, latency]) expect([constants.gradedMessage?.value, constants.gradedSynapticOp?.value, constants.secondState?.value]).toEqual([null, null, null]);
  });
  test('of those to compile for only loihi1 is not marked as an estimate', () => {
    expect(listTargets().map((name) => loadChip(name)).filter(isTarget).map((t) => [t.name, t.profiles[0].estimate])).toEqual([['loihi1', false], ['loihi2', true], ['spinnaker2', true], ['virtual', true]]);
  });
});

test('targets/target.schema.json is what the TypeBox schema prints (mend: node scripts/write-schemas.mjs)', () => {
  expect(file('target.schema.json')).toBe(printTargetSchema());
});

test('the built-in targets, which are not held against the schema each time they are loaded, were held against it (mend: node scripts/write-schemas.mjs)', () => {
  const digests = listTargets().map((name) => {
    expect(() => checkChip(JSON.parse(file(`${name}.json`)), name)).not.toThrow();
    return targetDigest(printTargetSchema(), file(`${name}.json`));
  });
  expect(JSON.parse(readFileSync(new URL('../../src/target/checked-targets.json', import.meta.url), 'utf8'))).toEqual(digests);
});

test('a built-in target with a changed byte is held against the schema again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'targets-'));
  try {
    writeFileSync(join(folder, 'mine.json'), file('loihi2.json').replace('"delayMax": ', '"delayMax": -'));
    expect(() => loadChip('mine', folder)).toThrow(/delayMax/);
    writeFileSync(join(folder, 'same.json'), file('loihi2.json'));
    expect(loadChip('same', folder)).toEqual(loadChip('loihi2'));
  } finally { rmSync(folder, { recursive: true }); }
});

describe('a target file with a mistake', () => {
  test('a misspelt key is unknown and its right name is missing', () => {
    expect(complaintOf((t) => { t.core.nuerons = t.core.neurons; delete (t.core as Record<string, unknown>).neurons; })).toBe(
      'error[target/missing-key] in my.json (/core): the key "neurons" is missing\n'
      + '  hint: add it: a whole number from 1 to 1099511627776 or null (Compartments per core. null: no limit, or none published.)\n'
      + 'error[target/unknown-key] in my.json (/core): a target has no key "nuerons" here\n'
      + '  hint: did you mean "neurons"?');
  });
  test('a key like no other lists the keys', () => {
    expect(complaintOf((t) => { (t.board as Record<string, unknown>).zzzzzzzz = 1; })).toBe(
      'error[target/unknown-key] in my.json (/board): a target has no key "zzzzzzzz" here\n  hint: the keys are chips, columns, borderHops');
  });
  test('wrong types and ranges say what was found and what must be there, all at once', () => {
    expect(complaintOf((t) => {
      Object.assign(t.core, { neurons: 'many', inAxons: 0 });
      Object.assign(t.numbers, { weightMax: 300 });
      Object.assign(t.profiles[0].energy.spike, { unit: 'nJ' });
      Object.assign(t.capabilities, { resets: ['hard', 'sofft'], multicast: 1 });
    })).toBe([
      'error[target/wrong-value] in my.json (/core/neurons): the value is "many", but it must be a whole number from 1 to 1099511627776 or null',
      '  hint: Compartments per core. null: no limit, or none published.',
      'error[target/wrong-value] in my.json (/core/inAxons): the value is 0, but it must be a whole number from 1 to 1099511627776 or null',
      '  hint: Input axons per core. null: no limit, or none published.',
      'error[target/wrong-value] in my.json (/numbers/weightMax): the value is 300, but it must be a whole number from 1 to 127',
      '  hint: Largest absolute weight in steps: the int8 number that a program stores.',
      'error[target/wrong-value] in my.json (/capabilities/resets/1): the value is "sofft", but it must be "soft" or "hard" or "soft-two-compartment"',
      '  hint: see targets/target.schema.json',
      'error[target/wrong-value] in my.json (/capabilities/multicast): the value is 1, but it must be true or false or null',
      '  hint: One message may reach several cores. null: not published, taken as no.',
      'error[target/wrong-value] in my.json (/profiles/0/energy/spike/unit): the value is "nJ", but it must be "pJ"',
      '  hint: The only unit that is taken here.',
    ].join('\n'));
  });
  test('contradictions that no schema says are found together', () => {
    expect(complaintOf((t) => {
      Object.assign(t.numbers, { shiftMin: 14, weightStep: 3, accumulatorMax: 100 });
      Object.assign(t.board, { columns: 99 });
      Object.assign(t.capabilities, { signedSpikes: true });
      Object.assign(t.profiles[1], { name: 'davies2018' });
      t.profiles[1].latency.barrier.reverse();
      delete (t.profiles[0].energy.barrier as Record<string, unknown>).note;
    })).toBe([
      'error[target/contradiction] in my.json (/numbers/shiftMin): shiftMin 14 is above shiftMax 13',
      '  hint: swap them',
      'error[target/contradiction] in my.json (/numbers/weightStep): weightStep 3 is not a power of two',
      '  hint: write 1, 2, 4, ...',
      'error[target/contradiction] in my.json (/numbers/accumulatorMax): accumulatorMax 100 does not hold a single weight of 381',
      '  hint: raise accumulatorMax or lower weightMax',
      'error[target/contradiction] in my.json (/board/columns): 99 columns for 32 chips',
      '  hint: a board has at most as many columns as chips',
      'error[target/contradiction] in my.json (/capabilities/signedSpikes): signedSpikes without a soft reset',
      '  hint: add "soft" to resets, or set signedSpikes to false',
      'error[target/contradiction] in my.json (/profiles/0/energy/barrier): barrier has no value and no note',
      '  hint: add a note that says why, for example "never published; counted as 0"',
      'error[target/contradiction] in my.json (/profiles/1/name): profile 1 has the name "davies2018" of profile 0',
      '  hint: give each profile a name of its own',
      'error[target/contradiction] in my.json (/profiles/1/latency/barrier/1): the barrier table does not ascend in tiles',
      '  hint: sort the entries by tiles and drop repeats',
    ].join('\n'));
  });
  test.each([
    ['shiftMax', 20], ['accumulatorShift', 8], ['thresholdBits', 18], ['biasExponentMax', 12],
  ])('numbers.%s = %d breaks a width', (key, value) => {
    expect(complaintOf((t) => { Object.assign(t.numbers, { [key]: value }); })).toMatch(/^error\[target\/contradiction\] in my\.json \(\/numbers\//);
  });
  test.each(['null', '[]', '3', '"loihi1"', '{}'])('%s is not a target', (text) => {
    expect(complaint(() => parseTarget(text, 'my.json'))).toMatch(/^error\[target\/(wrong-value|missing-key)\] in my\.json \(\/\)/);
  });
});

describe('a target that cannot be read', () => {
  test('an unknown name suggests the nearest', () => {
    expect(complaint(() => loadTarget('lohi2'))).toBe(
      'error[target/not-found]: there is no target "lohi2"\n'
      + '  hint: did you mean "loihi2"? the targets are akida-akd1000, darwin3, loihi1, loihi2, odin, speck, spinnaker2, truenorth, virtual, xylo; a target of your own is named by its path, ending in .json');
  });
  test('broken JSON is shown by line and column', () => {
    const folder = mkdtempSync(join(tmpdir(), 'target-'));
    writeFileSync(join(folder, 'a.json'), '{\n  "name": "a",\n  oops\n}');
    writeFileSync(join(folder, 'b.json'), '{ "name": "b"\n');
    expect(complaint(() => loadTarget('a', folder)).replaceAll(folder, '')).toBe(
      'error[target/broken-json] in /a.json: the file is not JSON: it breaks at line 3, column 3\n'
      + '  hint: look there for a missing comma, quote or bracket; JSON has no comments and no trailing commas');
    expect(complaint(() => loadTarget(join(folder, 'b.json')))).toContain('it breaks at line 1, column 14');
  });
  test('a missing file, a folder and a huge file are refused', () => {
    const folder = mkdtempSync(join(tmpdir(), 'target-'));
    expect(complaint(() => loadTarget('nowhere/x.json'))).toBe(
      'error[target/unreadable] in nowhere/x.json: the target file cannot be read: it does not exist\n'
      + '  hint: name a JSON file that you may read; `spikeveil targets` lists the built-in ones');
    expect(complaint(() => loadTarget(`${folder}/`))).toContain('EISDIR');
    writeFileSync(join(folder, 'big.json'), new Uint8Array(2 ** 20 + 1));
    expect(complaint(() => loadTarget(join(folder, 'big.json')))).toContain('it has 1048577 bytes, a target at most 1048576');
  });
});

describe('the routers of a target', () => {
  const of = (change: (r: Json) => void): string => complaintOf((t) => change(t['router']));
  test('have a clock above zero', () => expect(of((r) => { r['clockNanoseconds'] = 0 as never; })).toMatch(/^error\[target\/wrong-value\] in my\.json \(\/router\/clockNanoseconds\): the value is 0, but it must be a number above 0 or null/));
  test('have no fewer than one network', () => expect(of((r) => { r['networks'] = 0 as never; })).toMatch(/\(\/router\/networks\): the value is 0, but it must be a whole number from 1 to 65536 or null/));
  test('name their source', () => expect(of((r) => { delete (r as { source?: unknown }).source; })).toMatch(/^error\[target\/missing-key\] in my\.json \(\/router\): the key "source" is missing/));
  test('may be left out', () => expect(complaintOf((t) => { delete (t as { router?: unknown }).router; })).toBe('nothing was wrong'));
  test('stand beside energies that are not negative', () => expect(complaintOf((t) => { t['profiles'][0]['energy']['spike']['value'] = -1 as never; })).toMatch(/\/energy\/spike\/value\): the value is -1, but it must be a number of at least 0 or null/));
});
