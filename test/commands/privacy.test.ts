// `spikeveil privacy`: figures that agree with the library and the reference, and every refusal word for word.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { vectors } from '../audit/vectors.js';
import { runHere } from './run-cli.js';

const run = async (words: string) => runHere(['privacy', ...words.split(' ')]);

describe('privacy epsilon', () => {
  it('--json: epsilon, both Renyi figures with their conversions, what the claim rests on', async () => {
    const { code, stdout, stderr } = await run('epsilon --rate 256/60000 --noise 1.1 --steps 3515 --delta 1e-5 --json');
    expect([code, stderr]).toEqual([0, '']);
    const answer = JSON.parse(stdout) as { epsilon: number; renyi: Record<string, { epsilon: number; order: number; conversion: string }> };
    const wanted = vectors.vectors[0];
    expect(answer.epsilon / wanted.eps_pld).toBeCloseTo(1, 3);
    expect(answer.renyi.improved).toEqual({ epsilon: expect.closeTo(wanted.eps_rdp_improved, 9), order: 12, conversion: expect.stringContaining('Balle et al. 2020') });
    expect(answer.renyi.classic).toEqual({ epsilon: expect.closeTo(wanted.eps_rdp_classic, 9), order: 12, conversion: expect.stringContaining('Mironov 2017') });
    expect(answer).toMatchObject({ delta: 1e-5, bound: 'upper', adjacency: 'add or remove one record', sampling: 'Poisson', phases: [{ rate: 256 / 60000, noise: 1.1, steps: 3515 }] });
  });

  it('phases and the cap on attacks as text', async () => {
    const { code, stdout } = await run('epsilon --rate 1 --noise 10 --steps 50 --phase 1,10,50 --delta 1e-5 --fpr 0.01');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^epsilon {15}4\.377\d\d at delta 0\.00001\n/);
    expect(stdout).toContain('50 steps at rate 1, noise 10; 50 steps at rate 1, noise 10\n');
    expect(stdout).toMatch(/attack at 1\.00 % FPR {2}finds at most 9\.2\d\d % of the members/); // Phi(1 + Phi^-1(0.01)) = 9.236 %
  });

  it('one without phases is a usage error', async () => {
    for (const words of ['epsilon --delta 1e-5', 'epsilon --rate 0.1 --steps 3 --delta 1e-5', 'epsilon --rate 0.1 --phase 0.1,1,1 --delta 1e-5']) {
      const { code, stderr } = await run(words);
      expect(code).toBe(2);
      expect(stderr).toContain('error: --rate, --noise and --steps belong together; or give --phase alone');
      expect(stderr).toContain('(`spikeveil privacy epsilon --help` lists what can be written)');
    }
    expect((await run('epsilon --rate 0.1 --noise 1 --steps 3')).code).toBe(2);
    expect((await run('frobnicate')).code).toBe(2);
  });
});

describe('privacy sigma', () => {
  it('--json: a noise whose epsilon keeps the budget', async () => {
    const { code, stdout } = await run('sigma --epsilon 3 --rate 256/60000 --steps 3515 --delta 1e-5 --json');
    expect(code).toBe(0);
    const { noise, epsilon } = JSON.parse(stdout) as { noise: number; epsilon: number };
    expect(noise).toBeCloseTo(0.7282, 4);
    expect(epsilon).toBeLessThanOrEqual(3);
    const back = JSON.parse((await run(`epsilon --rate 256/60000 --noise ${noise} --steps 3515 --delta 1e-5 --json`)).stdout) as { epsilon: number };
    expect(back.epsilon).toBe(epsilon);
  });
});

it('the README shows what the commands print', async () => {
  const [, shown] = /## Privacy accounting[\s\S]*?```\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8'))!;
  const examples = shown.split(/^\$ spikeveil privacy /m).slice(1);
  expect(examples.length).toBe(2);
  for (const example of examples) {
    const [words, ...printed] = example.split('\n');
    expect((await run(words)).stdout.trim()).toBe(printed.join('\n').trim());
  }
});

describe('values that no mechanism has', () => {
  it('are refused together: rate, noise, steps, delta, phase, false positive rate', async () => {
    const { code, stdout, stderr } = await run('epsilon --rate 1.5 --noise 0 --steps 2.5 --delta 2 --phase 0.1,1 --fpr 2');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe([
      'error[audit/phase-unreadable] for --phase: "0.1,1" is not a phase',
      '  hint: write rate, noise multiplier and steps with commas between them, for example 256/60000,1.1,3515',
      'error[audit/rate-outside] for --rate: a sampling rate is above 0 and at most 1, found 1.5',
      '  hint: it is the expected batch size over the number of examples, for example 256/60000',
      'error[audit/noise-not-positive] for --noise: a noise multiplier is a number above 0, found 0',
      '  hint: it is the standard deviation of the noise on the sum of gradients over the clipping norm; without noise no epsilon is finite',
      'error[audit/steps-not-whole] for --steps: the number of steps is a whole number from 1 to 1000000000, found 2.5',
      '  hint: count every step, those with an empty batch too: epochs times examples over the expected batch size, rounded up',
      'error[audit/delta-outside] for --delta: delta is at least 1e-100 and below 1, found 2',
      '  hint: take less than one over the number of examples, for example 1e-5 for 60,000',
      'error[audit/false-positive-rate-outside] for --fpr: a false positive rate is from 0 to 1, found 2',
      '  hint: attacks are usually read at 0.01 and 0.001',
      '',
    ].join('\n'));
  });

  const alone: readonly (readonly [string, string])[] = [
    ['epsilon --rate 0.01 --noise 1 --steps 10 --delta 1e-3 --examples 1000', 'error[audit/delta-too-large] for --delta: a delta of 0.001 is 1/1000 or more: it would allow that a whole example is given away\n  hint: take a delta below 0.00100, better a tenth of it\n'],
    ['epsilon --rate 0.01 --noise 1 --steps 10 --delta 1e-3 --examples 0', 'error[audit/examples-not-whole] for --examples: the number of examples is a whole number of at least 1, found 0\n  hint: count the examples of the private training set\n'],
    ['epsilon --rate 0.01 --noise 0.001 --steps 10 --delta 1e-3', 'error[audit/noise-too-small] for --noise: a noise multiplier of 0.001 protects nothing: those under 0.01 are not accounted for\n  hint: useful multipliers lie between 0.4 and 10\n'],
    ['epsilon --phase 2,1,10 --delta 1e-3', 'error[audit/rate-outside] for --phase: a sampling rate is above 0 and at most 1, found 2\n  hint: it is the expected batch size over the number of examples, for example 256/60000\n'],
    ['sigma --epsilon -1 --rate 0.01 --steps 10 --delta 1e-3', 'error[audit/epsilon-not-positive] for --epsilon: a target epsilon is a number above 0, found -1\n  hint: budgets between 0.5 and 10 are usual\n'],
    ['sigma --epsilon x --rate ten --steps 10 --delta 1e-3', 'error[audit/rate-outside] for --rate: a sampling rate is above 0 and at most 1, found NaN\n  hint: it is the expected batch size over the number of examples, for example 256/60000\nerror[audit/epsilon-not-positive] for --epsilon: a target epsilon is a number above 0, found NaN\n  hint: budgets between 0.5 and 10 are usual\n'],
  ];
  it.each(alone)('%s', async (words, text) => expect(await run(words)).toEqual({ code: 1, stdout: '', stderr: text }));

  it('a delta just under 1/N is taken', async () => {
    expect((await run('epsilon --rate 0.01 --noise 1 --steps 10 --delta 0.00099 --examples 1000')).code).toBe(0);
  });
});
