// `spikeveil audit PROGRAM` and `report` with many records: what is at hand is measured, what is not is named.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isMembershipRecord } from '../../src/audit/records/membership.js';
import { inFolder, runHere } from './run-cli.js';
import { trained } from './rememberer.js';

const one = (text: string): string => text.replace(/\s+/g, ' ');

describe('audit PROGRAM', () => {
  it('measures what is at hand, names what is not, and writes records and a page', () => inFolder(async (folder) => {
    const { spec, program } = await trained(folder);
    const alone = await runHere(['audit', program]);
    expect(alone.code).toBe(0);
    expect(one(alone.stdout)).toContain('proven nothing: no certificate of differentially private training');
    expect(one(alone.stdout)).toContain('not measured: accuracy and cost (--data SPEC) not measured: membership (--members SPEC --non-members SPEC) not measured: classes (--classes with --data SPEC)');
    expect(one(alone.stdout)).toContain('No attack was made. Nothing bounds what an attacker can find from above.');

    const out = join(folder, 'answer');
    const full = await runHere(['audit', program, '--data', `${spec}:240-299`, '--members', `${spec}:0-119`, '--non-members', `${spec}:120-239`, '-o', out, '--workers', '1']);
    expect(full.code, full.stderr).toBe(0);
    expect(one(full.stdout)).toMatch(/membership .* tells members from others; the strongest, .*, reached AUC 0\.\d{3} \(95 % interval/);
    expect(one(full.stdout)).toContain('not measured: membership by the stronger attacks, LiRA and RMIA (--references 4)');
    expect(Math.max(...full.stdout.split('\n').map((l) => l.length))).toBeLessThanOrEqual(80);
    const page = readFileSync(join(out, 'audit.html'), 'utf8');
    expect(page).toContain('How private is rememberer');
    expect(isMembershipRecord(JSON.parse(readFileSync(join(out, 'membership.json'), 'utf8')))).toBe(true);

    const page2 = join(folder, 'both.html');
    const report = await runHere(['report', `noise=${join(out, 'run.json')}`, join(out, 'membership.json'), '-o', page2]);
    expect([report.code, report.stdout]).toEqual([0, `wrote ${page2}\n`]);
    expect(readFileSync(page2, 'utf8')).toContain('How private is noise?');
    const run = await runHere(['report', join(out, 'run.json')]);
    expect(run.code).toBe(0);
    expect(readFileSync(join(out, 'run.html'), 'utf8')).toContain('Energy of one inference');
  }));

  it('computes a certificate again and states what it bounds', () => inFolder(async (folder) => {
    const { program } = await trained(folder, ['--dp', '--epsilon', '8', '--delta', '1e-3', '--epochs', '2', '--expected-batch', '30']);
    const { code, stdout } = await runHere(['audit', program, '--json']);
    expect(code).toBe(0);
    const answer = JSON.parse(stdout) as { training: { certificate: { epsilon: number } }; notMeasured: string[]; run: null };
    expect(answer.training.certificate.epsilon).toBeLessThanOrEqual(8);
    expect([answer.run, answer.notMeasured.length]).toEqual([null, 3]);
    const text = one((await runHere(['audit', program])).stdout);
    expect(text).toMatch(/no attack on membership finds more than [\d.]+ % of the members at 1\.0 % false alarms/);
    expect(text).toContain('it says nothing about what the classes look like');
  }));

  it('refuses half a question and records that are none', () => inFolder(async (folder) => {
    const { code, stderr } = await runHere(['audit', 'x.spk', '--members', 'mnist:x']);
    expect([code, stderr.split('\n')[0]]).toEqual([2, 'error: --members and --non-members belong together']);
    expect((await runHere(['audit', 'x.spk', '--references', '4'])).stderr.split('\n')[0]).toBe('error: --references without --members: nothing is attacked');
    expect((await runHere(['audit', 'x.spk', '--classes'])).stderr.split('\n')[0]).toBe('error: --classes without --data: the networks that judge learn from real images');
    const bad = join(folder, 'bad.json');
    writeFileSync(bad, '{"format":"spikeveil-audit","version":1,"kind":"mood"}');
    const refused = await runHere(['report', bad]);
    expect([refused.code, refused.stderr]).toEqual([1, `error[report/not-an-audit] in ${bad}: the file calls itself the record of an audit but does not have the form of one: its "kind" is "mood"\n  hint: name a file that \`spikeveil audit\` wrote with --out; one of another version is written again by this one\n`]);
    expect(existsSync(join(folder, 'bad.html'))).toBe(false);
  }));
});
