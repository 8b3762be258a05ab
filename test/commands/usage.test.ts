// A command that is not understood ends with code 2, one sentence and where to read on; help and version with 0.
import { readFileSync } from 'node:fs';
import { listTargets } from '../../src/target/load-target.js';
import { describe, expect, it } from 'vitest';
import { runCli, runHere } from './run-cli.js';

const wrong: readonly (readonly [words: string, sentence: string])[] = [
  ['transmogrify', "error: unknown command 'transmogrify'"],
  ['compile', "error: missing required argument 'model'"],
  ['compile a.onnx b.onnx', 'error: too many arguments'],
  ['compile a.onnx --frobnicate', "error: unknown option '--frobnicate'"],
  ['compile a.onnx --reset sideways', 'Allowed choices are soft, hard, soft-two-compartment.'],
  ['compile a.onnx --timesteps 0', 'A whole number from 1 to 4096 is wanted.'],
  ['compile a.onnx --timesteps 3.5', 'A whole number from 1 to 4096 is wanted.'],
  ['compile a.onnx --encrypt --timesteps 1.5', 'A whole number from 1 to 4096 is wanted.'],
  ['compile a.onnx --encrypt --timesteps -4', 'A whole number from 1 to 4096 is wanted.'],
  ['compile a.onnx --encrypt --learning-rate 0', 'A number above 0 is wanted.'],
  ['compile a.onnx --encrypt --distillation 1.5', 'A number from 0 to 1 is wanted.'],
  ['compile a.onnx --encrypt --surrogate sigmoid', 'Allowed choices are boxcar, triangle, arctangent, fast-sigmoid.'],
  ['compile a.onnx --epochs 3 --data x --online', 'error: --epochs, --online, --data without --encrypt: nothing would be learned'],
  ['compile a.onnx --encrypt --online --truncate 2', "cannot be used with option '--online'"],
  ['compile a.onnx --encrypt --compare', 'error: --compare without --distance: there is nothing to compare with'],
  ['compile a.onnx --encrypt --limit 5', 'error: --limit without --data: there is nothing to take a part of'],
  ['compile a.onnx --weight-bits eight', 'A whole number from 2 to 8 is wanted.'],
  ['compile a.onnx --spikes ternary', 'Allowed choices are binary, signed.'],
  ['compile a.onnx --spikes signed --retract 1.5', 'A number from 0 to 1 is wanted.'],
  ['compile a.onnx --retract 0.5', 'error: --retract without --spikes signed: no spike would be taken back'],
  ['compile a.onnx --mean 0.5,,0.5', 'Numbers with commas between them are wanted'],
  ['compile a.onnx --scale -1', 'A number above 0 is wanted.'],
  ['compile a.onnx --card c.json --layout NCHW', "cannot be used with option '--layout <axes>'"],
  ['compile a.onnx --backend torch', 'Allowed choices are own, tensorflow, auto.'],
  ['simulate a.spk --data x --backend cuda', 'Allowed choices are own, tensorflow, auto.'],
  ['synthesise a.onnx -o b --backend', 'argument missing'],
  ['compile a.onnx --seed', 'argument missing'],
  ['compile a.onnx --workers 0', 'A whole number from 1 to 256 is wanted.'],
  ['train a.json --data x', "error: required option '-o, --out <file>' not specified"],
  ['train a.json --data x -o n.snn --dp', 'error: --dp needs a budget: --epsilon and --delta'],
  ['train a.json --data x -o n.snn --dp --epsilon 0 --delta 1e-5', 'A number above 0 is wanted.'],
  ['train a.json --data x -o n.snn --noise 1', 'error: --noise without --dp: nothing would be protected'],
  ['simulate a.spk', "error: required option '--data <spec>' not specified"],
  ['simulate a.spk --data x --workers 0', 'A whole number from 1 to 256 is wanted.'],
  ['simulate a.spk --data x --probe conv1', 'LAYER:NEURONS is wanted, for example conv1:0-31 or conv1:0/all/all.'],
  ['simulate a.spk --data x --probe conv1:9-4', 'LAYER:NEURONS is wanted'],
  ['simulate a.spk --data x --probe conv1:all', 'error: --probe without --probe-out: the arrays have nowhere to go'],
  ['simulate a.spk --data x --probe-out d', 'error: --probe-out without --probe: there is nothing to record'],
  ['simulate a.spk --data x --snapshot s', 'error: --snapshot without --at-step: the step that it is taken before is wanted'],
  ['simulate a.spk --data x --at-step 3 --sample 1', 'error: --at-step, --sample without --snapshot: there is nothing to take'],
  ['replay s a.spk --steps 0', 'A whole number from 1 to 1000000 is wanted.'],
  ['replay s a.spk --probe a:1', 'error: --probe without --probe-out'],
  ['simulate a.spk --data x --timing exact', 'Allowed choices are functional, pipeline, cycle.'],
];

describe('usage errors', () => {
  it.each(wrong)('%s', async (words, sentence) => {
    const { code, stdout, stderr } = await runHere(words.split(' '));
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/--help` lists what can be written/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('no command at all: the help, on stderr', async () => {
    const { code, stdout, stderr } = await runHere([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: spikeveil');
  });
});

describe('help', () => {
  it('--version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each(['', 'compile', 'fit', 'simulate', 'energy', 'report', 'targets', 'synthesise', 'replay'])('%s --help has an example and fits 80 columns', async (verb) => {
    const { code, stdout } = await runHere([...(verb === '' ? [] : [verb]), '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples?:\n {2}\$ spikeveil /);
    const prose = stdout.split('\n').filter((line) => !line.includes('$ spikeveil'));
    expect(prose.filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('targets', () => {
  it('lists the chips', async () => {
    const { code, stdout } = await runHere(['targets']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^target +compile +a core +cores +chip\nloihi1 +yes +1,024 +128 /);
    expect(stdout).toMatch(/\nspinnaker2 +yes +250 +152 [^]*\nakida-akd1000 +no +unknown +unknown [^]*\nxylo +no +1,000 +1 /);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it.each(listTargets())('%s fits 80 columns and names what is unknown', async (name) => {
    const { code, stdout } = await runHere(['targets', name]);
    const file = JSON.parse(readFileSync(`targets/${name}.json`, 'utf8')) as { compile: { reasons: string[] }; profiles: unknown[] };
    expect([code, stdout.split('\n').filter((line) => line.length > 80)]).toEqual([0, []]);
    expect(stdout.includes('why not:')).toBe(file.compile.reasons.length > 0);
    expect(stdout).toContain(file.profiles.length > 0 ? 'unpublished, counted as 0:' : 'unknown of a neuron');
  });

  it('--json gives the target file as it was read', async () => {
    const { stdout } = await runHere(['targets', 'loihi1', '--json']);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync('targets/loihi1.json', 'utf8')));
  });

  it('an unknown name: code 1, and with --json the diagnostic on stdout as well', async () => {
    const { code, stdout, stderr } = await runHere(['targets', 'loihi3', '--json']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error\[target\/not-found\]/);
    expect((JSON.parse(stdout) as { diagnostics: { code: string }[] }).diagnostics.map((d) => d.code)).toEqual(['target/not-found']);
  });
});
