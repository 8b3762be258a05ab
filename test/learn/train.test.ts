// Learning learns, gives the same bytes for any worker count and after any interruption, and says what is wrong.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CompileError } from '../../src/diagnostics.js';
import { readParameters } from '../../src/learn/parameters.js';
import { referenceBptt } from '../../src/learn/reference-bptt.js';
import { train, trainSettings, type TrainOptions, type TrainingProgress } from '../../src/learn/train.js';
import { roundedNetwork } from '../../src/quantise/rounded-network.js';
import { verifySpikingNetwork } from '../../src/spiking/verify-network.js';
import { readTarget } from '../simulate/build-program.js';
import { smallLesson } from './small-lesson.js';

const { network, set } = smallLesson(40);
const folder = mkdtempSync(join(tmpdir(), 'learn-'));
afterAll(() => rmSync(folder, { recursive: true }));
const base: TrainOptions = { epochs: 3, seed: 4, workers: 1, batch: 20, rate: 0.02 };
const learn = async (options: Partial<TrainOptions> = {}): Promise<Float32Array> => readParameters((await train(network, set, { ...base, ...options })).network);

async function message(options: Partial<TrainOptions>, changes: { network?: object; set?: object } = {}): Promise<string> {
  try {
    await train({ ...network, ...changes.network }, { ...set, ...changes.set }, { ...base, ...options });
  } catch (error) {
    expect(error).toBeInstanceOf(CompileError);
    return (error as Error).message.replaceAll(folder, 'FOLDER');
  }
  throw new Error('it learned');
}

describe('learning', () => {
  for (const optimiser of [{ kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, { kind: 'sgd', momentum: 0.9 }] as const) {
    it(`lowers the loss with ${optimiser.kind}`, async () => {
      const seen: TrainingProgress[] = [];
      const { network: learned } = await train(network, set, { ...base, optimiser, rate: optimiser.kind === 'adam' ? 0.02 : 0.15, epochs: 12, onStep: (p) => seen.push(p) });
      expect(seen.map((p) => p.step)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
      expect(seen[23].loss).toBeLessThan((optimiser.kind === 'adam' ? 0.6 : 0.85) * seen[0].loss);
      expect(seen[23].agreement).toBeGreaterThan(seen[0].agreement);
      expect(seen[23].rate).toBeLessThan(seen[0].rate);
      verifySpikingNetwork(learned);
    });
  }

  it('lowers the loss of signed neurons, which take spikes back on the way', async () => {
    const signed = { ...network, populations: network.populations.map((p) => ('reset' in p.neuron ? { ...p, neuron: { model: 'signed-if', reset: 'soft', retract: 0.25 } as const } : p)) };
    const seen: TrainingProgress[] = [];
    const { network: learned } = await train(signed, set, { ...base, optimiser: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, rate: 0.02, epochs: 12, onStep: (p) => seen.push(p) });
    expect(seen[23].loss).toBeLessThan(0.6 * seen[0].loss);
    expect(learned.populations.map((p) => p.neuron)).toEqual(signed.populations.map((p) => p.neuron));
    const spikes = referenceBptt(learned, Float64Array.from(readParameters(learned)), { image: set.images.slice(0, 36), target: set.targets.slice(0, 4), teacher: set.teacher.slice(0, 4) },
      { surrogate: { shape: 'boxcar', width: 0.25 }, loss: { distillation: 0.5, temperature: 2 }, time: 'exact', ratePenalty: 0, smooth: false }).spikes;
    expect(spikes.flat().some((s) => s.includes(-1))).toBe(true);
  });

  it('changes only what it may', async () => {
    const after = await train(network, set, { ...base, learn: ['threshold'] });
    expect(after.network.projections.map((p) => p.weight)).toEqual(network.projections.map((p) => p.weight));
    expect(after.network.populations[0].threshold).not.toEqual(network.populations[0].threshold);
  });

  it('spikes less under a rate penalty', async () => {
    const last: number[] = [];
    for (const ratePenalty of [0, 3]) {
      let operations = 0;
      await learn({ epochs: 12, ratePenalty, onStep: (p) => { operations = p.operations; } });
      last.push(operations);
    }
    expect(last[1]).toBeLessThan(0.7 * last[0]);
  });

  it('moves further from the start when distance is rewarded', async () => {
    const start = readParameters(network);
    const far = (after: Float32Array): number => after.reduce((sum, x, i) => sum + (x - start[i]) ** 2, 0);
    expect(far(await learn({ distance: 200, epochs: 6 }))).toBeGreaterThan(1.2 * far(await learn({ epochs: 6 })));
  });

  it('sees the target\'s rounding and keeps its own numbers', async () => {
    const target = readTarget('loihi2');
    const rounded = await learn({ round: (n) => roundedNetwork(n, target) });
    expect(rounded).not.toEqual(await learn());
    expect(rounded.every(Number.isFinite)).toBe(true);
  });

  it('tells the first step and the last, also where another process made the first or all', async () => {
    const whole = await train(network, set, base);
    expect([whole.first.step, whole.last.step, whole.first.images]).toEqual([1, 6, 20]);
    const checkpoint = { path: join(folder, 'course.ckpt'), everySteps: 2 };
    const abort = new AbortController();
    await expect(learn({ checkpoint, signal: abort.signal, onStep: (p) => { if (p.step === 4) abort.abort(new Error('stopped')); } })).rejects.toThrow('stopped');
    expect(await train(network, set, { ...base, checkpoint })).toEqual(whole);
    let steps = 0;
    expect(await train(network, set, { ...base, checkpoint, onStep: () => { steps++; } })).toEqual(whole);
    expect(steps).toBe(0);
  });

  it('writes its settings out', () => {
    expect(trainSettings({ epochs: 3, seed: 4, workers: 2, rate: 0.02, onStep: () => {}, round: (n) => n })).toEqual({
      epochs: 3, seed: 4, rate: 0.02, batch: 32, distance: 0, ratePenalty: 0, time: 'exact', rounding: true,
      loss: { distillation: 0.5, temperature: 2 }, surrogate: { shape: 'boxcar', width: 0.25 }, schedule: { kind: 'cosine', floor: 0.02 },
      optimiser: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, learn: ['weight', 'host', 'bias', 'threshold', 'leak'],
    });
  });

  it('decays by steps', async () => {
    const rates: number[] = [];
    await learn({ schedule: { kind: 'step', every: 1, factor: 0.5 }, onStep: (p) => rates.push(p.rate) });
    expect(rates).toEqual([0.02, 0.02, 0.01, 0.01, 0.005, 0.005]);
  });
});

describe('equal bytes', () => {
  it('for any number of workers', async () => {
    const [one, two, three] = [await learn(), await learn({ workers: 2 }), await learn({ workers: 3 })];
    expect(two).toEqual(one);
    expect(three).toEqual(one);
  });

  it('after being stopped at any step', async () => {
    const whole = await learn();
    for (const stopAfter of [1, 2, 3, 5]) {
      const checkpoint = { path: join(folder, `stop${stopAfter}.ckpt`), everySteps: 2 };
      const abort = new AbortController();
      const stopped = learn({ checkpoint, signal: abort.signal, onStep: (p) => { if (p.step === stopAfter) abort.abort(new Error('stopped')); } });
      await expect(stopped).rejects.toThrow('stopped');
      let first = 0;
      const resumed = await learn({ checkpoint, onStep: (p) => { first ||= p.step; } });
      expect(first).toBe(stopAfter < 3 ? 1 : stopAfter < 5 ? 3 : 5);
      expect(resumed).toEqual(whole);
    }
    expect(readdirSync(folder).filter((f) => f.endsWith('.tmp'))).toEqual([]);
  });
});

describe('what is wrong', () => {
  const path = join(folder, 'job.ckpt');
  const checkpoint = { path, everySteps: 1 };
  it('diverging: learn/diverged, and the last good checkpoint stays', async () => {
    const text = await message({ epochs: 4, schedule: { kind: 'step', every: 1, factor: 1e16 }, checkpoint: { path: join(folder, 'diverged.ckpt'), everySteps: 1 } });
    expect(text).toMatch(/^error\[learn\/diverged\]: learning diverged: the loss of step \d+ is not a finite number \(learning rate 0\.0200\); FOLDER\/diverged\.ckpt keeps the last good checkpoint, of step \d+\n {2}hint: choose a smaller learning rate and another checkpoint file: a checkpoint goes on with its own settings only$/);
    const [, loss, kept] = /the loss of step (\d+) .* of step (\d+)/.exec(text)!.map(Number);
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(loss);
    const header = readFileSync(join(folder, 'diverged.ckpt'), 'latin1').split('\n')[0];
    expect(JSON.parse(header)).toMatchObject({ step: kept });
  });

  it('diverging before the first checkpoint, and weights that the target cannot hold: learn/diverged', async () => {
    const target = readTarget('loihi2');
    const path = join(folder, 'never.ckpt');
    const text = await message({ rate: 1e20, round: (n) => roundedNetwork(n, target), checkpoint: { path, everySteps: 10 } });
    expect(text).toBe("error[learn/diverged]: learning diverged: the weights after step 1 differ too much in size for the target's integers (learning rate 1.00e+20); no checkpoint had been written yet\n  hint: choose a smaller learning rate");
    expect(existsSync(path)).toBe(false);
    expect(await message({ rate: 1e38, optimiser: { kind: 'sgd', momentum: 0.9 } })).toMatch(/^error\[learn\/diverged\]: learning diverged: the (weights after|loss of) step [12] (are|is) not .*finite numbers? \(learning rate 1\.00e\+38\)\n {2}hint: choose a smaller learning rate$/);
  });

  it('a damaged checkpoint: learn/checkpoint-damaged', async () => {
    await learn({ checkpoint });
    const whole = readFileSync(path);
    truncateSync(path, whole.length - 7);
    expect(await message({ checkpoint })).toBe(`error[learn/checkpoint-damaged] in FOLDER/job.ckpt: the checkpoint cannot be used: it has ${readParameters(network).length * 12 - 7} of ${readParameters(network).length * 12} bytes of numbers\n  hint: delete the file to start again from the beginning`);
    whole[whole.length - 3] ^= 1;
    writeFileSync(path, whole);
    expect(await message({ checkpoint })).toContain('its numbers do not match their SHA-256');
    writeFileSync(path, 'something else');
    expect(await message({ checkpoint })).toContain('it does not begin like a checkpoint');
    rmSync(path);
  });

  it('a checkpoint of other settings: learn/checkpoint-of-another-job', async () => {
    await learn({ checkpoint });
    expect(await message({ checkpoint, seed: 5 })).toBe('error[learn/checkpoint-of-another-job] in FOLDER/job.ckpt: the checkpoint was written by another job: its network, images or settings differ\n  hint: give the settings of that job, or another checkpoint file');
  });

  it('a checkpoint that cannot be written: learn/checkpoint-not-written', async () => {
    expect(await message({ checkpoint: { path: join(folder, 'missing', 'a.ckpt'), everySteps: 1 } })).toBe('error[learn/checkpoint-not-written] in FOLDER/missing/a.ckpt: the checkpoint cannot be written: the folder is not there (ENOENT); the checkpoint before it is untouched\n  hint: free some space, or name a file in a folder that you may write in');
  });

  it('neurons that it does not know: learn/lasting-currents', async () => {
    const cuba = { model: 'cuba', reset: 'soft', leak: 1, currentLeak: 0.5, refractory: 1 } as const;
    const populations = network.populations.map((p) => (p.neuron.model === 'integrator' ? p : { ...p, neuron: cuba }));
    expect(await message({}, { network: { populations } })).toBe('error[learn/lasting-currents]: learning knows no neurons with a current that lasts or that wait after a spike\n  hint: leave --current-decay and --refractory out, or compile without --encrypt');
  });

  it('images, classes, steps and settings that do not fit: learn/images-differ, learn/classes-differ, learn/no-timesteps, learn/bad-setting', async () => {
    expect(await message({ batch: 2.5 })).toBe('error[learn/bad-setting]: the batch is 2.5, but must be a whole number above 0\n  hint: leave it out for the default');
    const text = await message({ rate: -1 }, {
      network: { timesteps: 0 },
      set: { images: new Float32Array(80), teacher: new Float32Array(7) },
    });
    const classes = set.targets.length / set.count;
    expect(text).toBe([
      'error[learn/no-timesteps]: learning needs at least one time step, T is 0\n  hint: choose --timesteps 4 or more',
      `error[learn/images-differ]: the images to learn from are 40 of 2 numbers each, the network takes ${network.imageShape.join(' x ')} = ${set.images.length / 40}\n  hint: make the images from the same model`,
      `error[learn/classes-differ]: the scores of the teacher hold 7 numbers for 40 images, the network tells ${classes} classes apart: ${classes * 40} are needed\n  hint: use targets and a teacher with the classes of this network`,
      'error[learn/bad-setting]: the learning rate is -1, but must be a number above 0\n  hint: leave it out for the default',
    ].join('\n'));
  });
});
