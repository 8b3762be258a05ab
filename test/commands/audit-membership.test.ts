// `spikeveil audit membership`: trained network, program and ONNX model from files to table and record, and every refusal word for word.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isMembershipRecord, type MembershipRecord } from '../../src/audit/records/membership.js';
import { readTrainedNetwork, writeTrainedNetwork } from '../../src/learn/trained-network-file.js';
import { modelFile, plainSpec } from '../compile/tiny-models.js';
import { inFolder, runCli, runHere } from './run-cli.js';
import { architecture, noiseData, trained } from './rememberer.js';

const words = (subject: string, spec: string, more: string): string[] =>
  ['audit', 'membership', subject, '--members', `${spec}:0-119`, '--non-members', `${spec}:120-239`, '--workers', '1', ...more.split(' ').filter((w) => w !== '')];
/** The text with any short hash where it says HASH. */
const hashed = (text: string): RegExp => new RegExp(`^${text.replace(/[[\]().*+?^$\\|]/g, '\\$&').replaceAll('HASH', '[0-9a-f]{12}')}$`);
const first = ({ stderr }: { readonly stderr: string }): string => stderr.split('\n')[0];

describe('audit membership', () => {
  it('finds what a trained network and its program remember', () => inFolder(async (folder) => {
    const { spec, net, program } = await trained(folder);
    const [out, plot] = [join(folder, 'audit.json'), join(folder, 'roc.svg')];
    const found = await runHere(words(net, spec, `--batch 30 --epochs 14 --learning-rate 0.03 --keep ${join(folder, 'kept')} --out ${out} --plot ${plot}`));
    expect([found.code, found.stderr]).toEqual([0, [...[1, 2, 3, 4].map((k) => `reference ${k} of 4 is trained`), `wrote ${out}`, `wrote ${plot}`, ''].join('\n')]);
    expect(Math.max(...found.stdout.split('\n').map((l) => l.length))).toBeLessThanOrEqual(100);
    for (const line of [/^subject +rememberer, spiking network, SHA-256 [0-9a-f]{12}$/m, /^members +120 images of npy images.npy, images 0-119$/m, /^RMIA +\d\.\d{3} \(\d\.\d{3}-\d\.\d{3}\) +\d\d\.\d % +0\.\d{3} +not resolvable +not resolvable$/m, /tells members from\s+non-members/, /0\.1 % FPR +not resolvable: it takes 100,000 non-members, here are 120/]) expect(found.stdout).toMatch(line);
    const record = JSON.parse(readFileSync(out, 'utf8')) as MembershipRecord;
    expect(isMembershipRecord(record)).toBe(true);
    expect(record.attacks.find((a) => a.id === 'rmia')!.area).toBeGreaterThan(0.7);
    expect(record.settings).toMatchObject({ references: 4, training: { epochs: 14, batch: 30, rate: 0.03 } });
    expect(record.cost!.processorSeconds).toBeGreaterThan(0);

    // the program, asked in its integers, with references that are rounded as it was; two workers in a process of its own, as a user would
    const asked = words(program, spec, `--source ${net} --references 2 --batch 30 --epochs 14 --learning-rate 0.03 --json`);
    const [one, two] = [await runHere([...asked, '--keep', join(folder, 'kept')]), await runCli(asked.map((w, i) => (asked[i - 1] === '--workers' ? '2' : w)))];
    expect(one.stderr).toBe(''); // the network's references are the program's too
    const [a, b] = [one, two].map((r) => JSON.parse(r.stdout) as MembershipRecord);
    expect([a, b].map((r) => r.cost!.referencesTrained)).toEqual([0, 2]);
    expect({ ...a, cost: null }).toEqual({ ...b, cost: null });
    expect(a.subject).toMatchObject({ kind: 'program', name: 'rememberer' });
    expect(a.references!.description).toContain('rounded to the integers of loihi2');
    expect(a.attacks.find((x) => x.id === 'rmia')!.area).toBeGreaterThan(0.65);
    expect(a.attacks.map((x) => x.area)).not.toEqual(record.attacks.map((x) => x.area));
  }));

  it('asks an ONNX model, and a program that was converted from one', () => inFolder(async (folder) => {
    const spec = noiseData(folder);
    const model = modelFile('audited', plainSpec());
    const reading = '--layout NCHW --scale 32 --mean 4 --std 1';
    const found = await runHere(words(model, spec, `${reading} --references 2 --epochs 2 --json`));
    expect(found.code, found.stderr).toBe(0);
    const record = JSON.parse(found.stdout) as MembershipRecord;
    expect([record.subject.kind, record.references!.description, record.settings.training!.rate]).toEqual(['ann', 'float networks of the same architecture', 0.001]);
    expect(record.detected).toBe(false); // it never saw these images
    const program = join(folder, 'audited.spk');
    expect((await runHere(['compile', model, '-o', program, '--timesteps', '8', '--code', 'poisson', ...reading.split(' ')])).code).toBe(0);
    // the model comes from the notes beside the program, and its Poisson input from several seeds
    const [few, several] = [await runHere(words(program, spec, '--references 2 --epochs 1 --poisson-seeds 1 --json')), await runHere(words(program, spec, '--references 2 --epochs 1 --poisson-seeds 3 --json'))];
    expect([few.code, several.code], few.stderr).toEqual([0, 0]);
    const [chance, mean] = [few, several].map((r) => JSON.parse(r.stdout) as MembershipRecord);
    expect([chance.settings.chances, mean.settings.chances]).toEqual([1, 3]);
    expect(chance.attacks.map((a) => a.area)).not.toEqual(mean.attacks.map((a) => a.area));
    expect(mean.references!.description).toBe('float networks of the same architecture, converted and rounded to the integers of loihi2');
  }));

  it('trains the references of a private network by its mechanism and shows the cap', () => inFolder(async (folder) => {
    const spec = noiseData(folder);
    writeFileSync(join(folder, 'a.json'), JSON.stringify(architecture));
    const net = join(folder, 'net.snn');
    await runHere(['train', join(folder, 'a.json'), '--data', `${spec}:0-119`, '-o', net, '--dp', '--epsilon', '2', '--delta', '1e-3', '--expected-batch', '40', '--epochs', '3', '--workers', '1']);
    const found = await runHere(words(net, spec, '--references 2'));
    expect([found.code, found.stderr]).toEqual([0, 'reference 1 of 2 is trained\nreference 2 of 2 is trained\n']);
    // noise from a seed: the audit repeats, unlike the training of the network itself
    const again = JSON.parse((await runHere(words(net, spec, '--references 2 --json'))).stdout) as MembershipRecord;
    for (const { area, areaInterval: [low, high] } of again.attacks) expect(found.stdout).toContain(` ${area.toFixed(3)} (${low.toFixed(3)}-${high.toFixed(3)}) `);
    expect(found.stdout).toMatch(/trained\s+privately by the mechanism of the\s+certificate/);
    expect(found.stdout).toMatch(/^most by the certificate +0\.\d{3} +\d\.\d\d % +0\.\d\d %$/m);
    const honest = readTrainedNetwork(readFileSync(net), net);
    writeFileSync(net, writeTrainedNetwork({ ...honest, training: { ...honest.training, certificate: { ...honest.training.certificate!, epsilon: 0.5 } } }));
    expect(first(await runHere(words(net, spec, '--references 0')))).toMatch(/^error\[learn\/certificate-wrong\] in /);
    expect(found.stdout).toMatch(/^certificate +epsilon [12]\.\d{4} at delta 0\.001$/m);
  }));

  it('is refused word for word', () => inFolder(async (folder) => {
    const { spec, net, program } = await trained(folder, ['--epochs', '1']);
    const run = (more: readonly string[]): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> => runHere(['audit', 'membership', ...more]);
    const of = (subject: string, members: string, nonMembers: string, ...more: readonly string[]): readonly string[] => [subject, '--members', `${spec}:${members}`, '--non-members', `${spec}:${nonMembers}`, '--workers', '1', ...more];
    expect(first(await run(of(net, '0-119', '120-218', '--references', '0')))).toBe('error[audit/too-few-images] for --non-members: there are 99 non-members, an audit needs 100');
    expect(first(await run(of(net, '1-120', '121-239', '--references', '0')))).toEqual(expect.stringMatching(hashed('error[audit/data-changed] for --members: the network was trained on 120 examples with SHA-256 HASH, these have HASH: the data changed, or they are others')));
    expect(first(await run(of(net, '0-129', '130-239', '--references', '0')))).toBe('error[audit/more-members-than-examples] for --members: 130 images cannot all be members: the network was trained on 120');
    expect(first(await run(of(net, '0-109', '100-209', '--references', '0')))).toBe('error[audit/members-shared] for --non-members: 10 of the 110 non-members are among the members, pixel for pixel');
    expect(first(await run(of(program, '0-119', '120-239')))).toBe('error[audit/program-without-source] for --source: from a program alone no reference network can be trained: it does not carry its architecture');
    writeFileSync(join(folder, 'other.snn'), 'other');
    expect(first(await run(of(program, '0-119', '120-239', '--source', join(folder, 'other.snn'))))).toEqual(expect.stringMatching(hashed(`error[audit/source-differs] in ${join(folder, 'other.snn')}: the program was not compiled from this file: it names SHA-256 HASH, the file has HASH`)));
    const part = await run(of(net, '0-119', '120-219', '--references', '2', '--epochs', '1', '--keep', join(folder, 'kept')));
    expect(part.stderr).not.toContain('references-learn-less'); // 110 for 120 will do
    const more = await run(of(net, '0-119', '120-299', '--references', '2', '--epochs', '1', '--keep', join(folder, 'kept')));
    expect(first(more)).toMatch(/^error\[audit\/kept-differ\] in .*manifest\.json: the networks in this folder are those of an audit with other settings: pool was /);
    const many = await run(of(net, '0-119', '120-299', '--references', '2', '--epochs', '1'));
    expect(many.stderr).toContain('warning[audit/references-learn-less] for --references: a reference learns from 150 images, the network was trained on 120: it remembers more or less of each, and the attacks that use references are weaker');
    expect([more.code, many.code]).toEqual([1, 0]);
    const shape = await run([net, '--members', 'idx:models/samples/mnist-1000-images-idx3-ubyte.gz,models/samples/mnist-1000-labels-idx1-ubyte.gz', '--non-members', spec]);
    expect(first(shape)).toMatch(/^error\[run\/data-shape\] for --members/);
    for (const [words2, said] of [
      [['--references', '3'], /An even number is wanted/], [['--references', '0', '--epochs', '3'], /--epochs with --references 0: nothing is trained/], [['--delta', '2'], /--delta is below 1/],
    ] as const) {
      const usage = await run(of(net, '0-119', '120-239', ...words2));
      expect([usage.code, said.test(usage.stderr)]).toEqual([2, true]);
    }
  }));
});
