// `spikeveil train`: privately from an architecture to a certified program, plainly without a certificate, and every refusal word for word.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tightEpsilon } from '../../src/audit/accountant/tight-epsilon.js';
import { readTrainedNetwork } from '../../src/learn/trained-network-file.js';
import { readProgram } from '../../src/program/read.js';
import { programText } from '../../src/program/text.js';
import { inFolder, runCli, runHere, SAMPLES } from './run-cli.js';

const small = {
  name: 'small', image: [1, 28, 28], normalisation: { scale: 255, mean: [0], std: [0.5] }, timesteps: 4, code: 'direct',
  neuron: { model: 'if', reset: 'soft', start: 0.5 }, surrogate: { shape: 'triangle', width: 1 },
  layers: [{ kind: 'conv', channels: 8, kernel: 7, stride: 3 }, { kind: 'pool', size: 2 }, { kind: 'fc', units: 10 }],
};
const architecture = (folder: string, changes: object = {}): string => {
  const path = join(folder, 'small.json');
  writeFileSync(path, JSON.stringify({ ...small, ...changes }));
  return path;
};
const words = (folder: string, more: string): string[] => ['train', architecture(folder), '--data', SAMPLES.mnist, '-o', join(folder, 'net.snn'), '--workers', '1', ...more.split(' ').filter((w) => w !== '')];
const DP = '--dp --epsilon 8 --delta 1e-4 --expected-batch 200 --epochs 3 --learning-rate 0.03';

describe('train --dp', () => {
  it('gives a network with a certificate, which compile takes on into the program', () => inFolder(async (folder) => {
    const { code, stdout, stderr } = await runHere(words(folder, `${DP} --test ${SAMPLES.mnist} --program ${join(folder, 'a.spk')}`));
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^private training: 15 steps at rate 0\.2 over 1,000 examples, noise 0\.\d+, budget epsilon 8 at delta 0\.0001\n(epoch [123]\/3 .*epsilon \d\.\d{3}.*\n){3}$/)]);
    expect(stderr).not.toMatch(/loss|agree/);
    expect(stdout).toMatch(/privacy +epsilon 7\.99\d\d at delta 0\.0001, for one labelled image/);
    const file = readFileSync(join(folder, 'net.snn'));
    const { training } = readTrainedNetwork(file, 'net.snn');
    const { phases, epsilon, delta } = training.certificate!;
    expect(epsilon).toBe(tightEpsilon(phases, delta).epsilon);
    expect(epsilon).toBeLessThanOrEqual(8);
    expect(phases).toEqual([{ rate: 0.2, noise: expect.any(Number), steps: 15 }]);

    const compiled = await runHere(['compile', join(folder, 'net.snn'), '-o', join(folder, 'b.spk'), '--target', 'loihi2']);
    expect([compiled.code, compiled.stderr]).toEqual([0, '']);
    expect(compiled.stdout).toMatch(/privacy +epsilon 7\.99/);
    expect(readFileSync(join(folder, 'b.spk')).equals(readFileSync(join(folder, 'a.spk')))).toBe(true);
    const program = readProgram(readFileSync(join(folder, 'b.spk')), 'b.spk');
    expect(program.provenance).toMatchObject({ modelSha256: createHash('sha256').update(file).digest('hex'), modelName: 'small', privateData: true, training });
    expect(programText(program)).toContain('privacy: epsilon 7.99');

    const simulated = await runHere(['simulate', join(folder, 'b.spk'), '--data', SAMPLES.mnist, '--workers', '1', '--json']);
    const accuracy = Number(/accuracy +([\d.]+) % of 1,000/.exec(stdout)![1]);
    expect(JSON.parse(simulated.stdout)).toMatchObject({ accuracy: expect.closeTo(accuracy / 100, 6), annAccuracy: null, training });
    const shown = await runHere(['simulate', join(folder, 'b.spk'), '--data', SAMPLES.mnist, '--limit', '20', '--workers', '1', '--out', join(folder, 'run.json')]);
    expect(shown.stdout).toMatch(/accuracy of the ANN +none: trained as a spiking network\n[\s\S]*privacy +epsilon 7\.99/);
    expect((await runHere(['report', join(folder, 'run.json'), '-o', join(folder, 'page.html')])).code).toBe(0);
    expect(readFileSync(join(folder, 'page.html'), 'utf8')).toMatch(/Privacy[\s\S]{0,80}epsilon 7\.99\d\d at delta 0\.0001, for one labelled image/);
    expect(accuracy).toBeGreaterThan(30);
    // the two-compartment soft reset of Loihi 1 has the same spikes; another reset would be another network
    expect((await runHere(['compile', join(folder, 'net.snn'), '-o', join(folder, 'c.spk'), '--target', 'loihi1'])).code).toBe(0);
    const hard = await runHere(['compile', join(folder, 'net.snn'), '-o', join(folder, 'c.spk'), '--reset', 'hard']);
    expect([hard.code, hard.stderr.split('\n')[0]]).toEqual([1, 'error[learn/trained-with-another-reset] for --reset: the network was trained with the soft reset: with hard it would be another network']);
    const calibrated = await runHere(['compile', join(folder, 'net.snn'), '--calibrate', 'mnist:x', '--rates', 'r.json']);
    expect([calibrated.code, calibrated.stderr]).toEqual([1, ['--calibrate', '--rates'].map((option) => [
      `error[learn/privacy-void] for ${option}: ${option} would read data again: the certificate of this network covers its training and nothing else, so it would no longer hold`,
      '  hint: leave the option out: thresholds were trained, no data are needed\n'].join('\n')).join('')]);
    expect(await runHere(['compile', join(folder, 'net.snn'), '--encrypt', '--code', 'rate'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--code, --encrypt: a trained network is compiled as it was trained') });
  }), 60_000);

  it('a certificate that claims less than its own figures give is refused', () => inFolder(async (folder) => {
    await runHere(words(folder, DP.replace('--epochs 3', '--epochs 1')));
    const file = readFileSync(join(folder, 'net.snn'));
    const body = Buffer.from(file.subarray(0, -32).toString('latin1').replace(/"epsilon":7/, '"epsilon":1'), 'latin1');
    writeFileSync(join(folder, 'net.snn'), Buffer.concat([body, createHash('sha256').update(body).digest()]));
    const { code, stderr } = await runHere(['compile', join(folder, 'net.snn'), '-o', join(folder, 'b.spk')]);
    expect(stderr).toContain('error[learn/certificate-wrong] in ');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/: the certificate claims epsilon 1\.9\d+, but its own rate, noise and steps give 7\.9\d+ at delta 0\.0001\n {2}hint: somebody has changed/)]);
  }));

  it('stops when the budget is spent', () => inFolder(async (folder) => {
    const { code, stdout, stderr } = await runHere(words(folder, '--dp --epsilon 8 --delta 1e-4 --expected-batch 200 --epochs 3 --noise 0.6 --json'));
    expect(code).toBe(0);
    const { steps, asked, certificate } = JSON.parse(stdout) as { steps: number; asked: number; certificate: { epsilon: number; phases: { steps: number }[] } };
    expect([asked, certificate.phases[0].steps]).toEqual([15, steps]);
    expect(steps).toBeLessThan(15);
    expect(certificate.epsilon).toBeLessThanOrEqual(8);
    expect(tightEpsilon([{ rate: 0.2, noise: 0.6, steps: steps + 1 }], 1e-4).epsilon).toBeGreaterThan(8);
    expect(stderr).toContain(`private training: ${steps} steps (of 15: then the budget is spent) at rate 0.2`);
    expect(stderr.trim().split('\n').pop()).toMatch(new RegExp(`^budget spent after ${Number((steps / 5).toPrecision(2))} of 3 epochs {2}step ${steps}/${steps} {2}epsilon 7\\.\\d{3} `));
    // within the first epoch
    const short = await runHere(words(folder, '--dp --epsilon 8 --delta 1e-4 --expected-batch 20 --epochs 1 --noise 0.45 --learning-rate 0.001'));
    expect([short.code, short.stderr]).toEqual([0, expect.stringMatching(/of 50: then the budget[^\n]*\nbudget spent after 0\.\d+ of 1 epoch {2}step \d+\/\d+ {2}epsilon 7\.\d{3} [^\n]*\n$/)]);
  }));

  it('ends on the last epoch where its steps cover a little more or less', () => inFolder(async (folder) => {
    const { code, stderr } = await runHere(words(folder, DP.replace('200', '300').replace('--epochs 3', '--epochs 2'))); // 6.7 steps are 7
    expect([code, stderr.match(/^epoch \d\/\d {2}step \d\/\d/gm)]).toEqual([0, ['epoch 1/2  step 4/7', 'epoch 2/2  step 7/7']]);
    const { stderr: fewer } = await runHere(words(folder, DP.replace('200', '700').replace('--epochs 3', '--epochs 1'))); // 1.4 steps are 1
    expect(fewer.match(/^epoch \d\/\d {2}step \d\/\d/gm)).toEqual(['epoch 1/1  step 1/1']);
  }));

  it('refuses what cannot be private, before it works', () => inFolder(async (folder) => {
    const refused = async (more: string): Promise<string> => {
      const { code, stderr } = await runHere(words(folder, more));
      expect(code).toBe(1);
      return stderr.split('\n')[0];
    };
    expect(await refused('--dp --epsilon 8 --delta 1e-3 --expected-batch 200')).toContain('error[audit/delta-too-large] for --delta: a delta of 0.001 is 1/1000 or more');
    expect(await refused('--dp --epsilon 1 --delta 1e-4 --expected-batch 200 --phase 0.2,0.6,10')).toContain('error[audit/budget-spent] for --phase: the phases given have spent the budget');
    expect(await refused('--dp --epsilon 1 --delta 1e-4 --expected-batch 200 --noise 3 --phase 0.2,0.6,10')).toContain('error[audit/budget-spent] for --phase');
    expect(await refused('--dp --epsilon 0.1 --delta 1e-4 --expected-batch 200 --noise 0.5')).toContain('error[learn/no-step-in-budget] for --noise: not one step fits into epsilon 0.1 at delta 0.0001: the first alone has epsilon ');
    expect(await refused(DP.replace('200', '1001'))).toContain('error[learn/batch-too-large] for --expected-batch: an expected batch of 1001 is more than the 1000 examples');
    expect(await refused(`${DP} --phase 1,2`)).toContain('audit/phase-unreadable');
    expect(existsSync(join(folder, 'net.snn'))).toBe(false);
  }));

  it('usage errors', () => inFolder(async (folder) => {
    const said = async (more: string): Promise<string> => {
      const { code, stderr } = await runHere(words(folder, more));
      expect(code).toBe(2);
      return stderr.split('\n')[0];
    };
    expect(await said('--clip 1 --epsilon 3')).toBe('error: --epsilon, --clip without --dp: nothing would be protected');
    expect(await said('--dp --epsilon 3')).toBe('error: --dp needs a budget: --epsilon and --delta');
    expect(await said(`${DP} --views 3`)).toBe('error: --views without --shift or --mirror: all views would be the same');
    expect(await said(`${DP} --batch 3`)).toContain("option '--batch <n>' cannot be used with option");
  }));
});

describe('train without --dp', () => {
  it('has the same bytes for any worker count, more accuracy and no certificate', () => inFolder(async (folder) => {
    const run = async (workers: number): Promise<{ readonly out: string; readonly file: Buffer }> => {
      const { code, stdout, stderr } = await runHere([...words(folder, `--epochs 4 --batch 20 --test ${SAMPLES.mnist}`), '--workers', String(workers)]);
      expect(code).toBe(0);
      expect(stderr).toMatch(/^epoch 1\/4 .* loss /);
      return { out: stdout, file: readFileSync(join(folder, 'net.snn')) };
    };
    const [one, two] = [await run(1), await run(2)];
    expect(one.file.equals(two.file)).toBe(true);
    expect(one.out).toContain('no certificate: the training was not private');
    expect(Number(/accuracy +([\d.]+) %/.exec(one.out)![1])).toBeGreaterThan(60);
    expect((await runHere(['compile', join(folder, 'net.snn'), '-o', join(folder, 'b.spk'), '--calibrate', 'mnist:x'])).stderr).toContain('error: --calibrate: a trained network is compiled as it was trained');
  }), 60_000);
});

it('Ctrl-C ends a private run; its checkpoint goes on where it was', () => inFolder(async (folder) => {
  const job = [...words(folder, DP), '--checkpoint', join(folder, 'c')];
  let sent = false;
  const { code } = await runCli(job, (child, heard) => { if (!sent && heard.includes('epoch 2/3')) sent = child.kill('SIGINT'); });
  expect([code, existsSync(join(folder, 'net.snn'))]).toEqual([130, false]);
  const { code: again, stderr } = await runCli(job);
  expect(again).toBe(0);
  expect(stderr).not.toContain('epoch 1/3');
  expect(readTrainedNetwork(readFileSync(join(folder, 'net.snn')), 'net.snn').training.steps).toBe(15);
}), 60_000);
