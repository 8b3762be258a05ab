// A whole simulation: the same trace for any number of workers, bytes normalised, refusals. Worker
// threads run the built code in dist/.
import { describe, expect, it } from 'vitest';
import { CompileError } from '../../src/diagnostics.js';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import { simulate } from '../../src/simulate/simulate.js';
import type { Trace } from '../../src/simulate/trace.js';
import { buildProgram } from './build-program.js';
import { randomNetwork } from './random-network.js';

const { network } = randomNetwork(24);
const program = buildProgram(network, { parts: [2, 2, 1] });
const size = network.imageShape[0] * network.imageShape[1] * network.imageShape[2];
const COUNT = 11;
const bytes = Uint8Array.from({ length: COUNT * size }, (_, i) => (i * 37 + (i >> 3) * 11) % 256);
const data = { images: bytes, count: COUNT, shape: network.imageShape };
const reproducible = ({ wallSeconds: _, workers: __, ...trace }: Trace): Omit<Trace, 'wallSeconds' | 'workers'> => trace;

describe('simulate', () => {
  it('gives the same trace with one worker and with two', async () => {
    const options = { timing: 'pipeline', seed: 4, raster: 5 } as const;
    const progress: string[] = [];
    const one = await simulate(program, data, { ...options, workers: 1, onProgress: (done, total) => progress.push(`${done}/${total}`) });
    const two = await simulate(program, data, { ...options, workers: 2 });
    expect(reproducible(two)).toEqual(reproducible(one));
    expect([one.workers, two.workers]).toEqual([1, 2]);
    expect(progress).toEqual(['4/11', '8/11', '11/11']);
    expect(one.raster!.sample).toBe(5);
    expect(one.populations[1].spikes).toBeGreaterThan(0);
    expect(one.time!.secondsPerInference).toBeGreaterThan(0);
  });

  it('normalises bytes and takes floats as they are', async () => {
    const floats = Float32Array.from(bytes, (b) => (b / 255 - 0.5) / 0.25);
    const options = { timing: 'functional', seed: 4, workers: 1 } as const;
    const trace = await simulate(program, data, options);
    expect(reproducible(await simulate(program, { ...data, images: floats }, options))).toEqual(reproducible(trace));
    expect(trace.time).toBeNull();
    for (const sample of [0, 10]) {
      const expected = evaluateInteger(network, floats.slice(sample * size, (sample + 1) * size), { seed: 4, sample });
      expect(trace.predictions.slice(sample * network.timesteps, (sample + 1) * network.timesteps)).toEqual(expected.predictions);
      expect(trace.scores.slice(sample * expected.scores.length, (sample + 1) * expected.scores.length)).toEqual(expected.scores);
    }
  });

  it('runs only the first samples where a limit is given, with the same answers', async () => {
    const options = { timing: 'functional', seed: 4, workers: 1 } as const;
    const [whole, part] = [await simulate(program, data, options), await simulate(program, data, { ...options, limit: 3 })];
    expect(part.samples).toBe(3);
    expect(part.predictions).toEqual(whole.predictions.slice(0, 3 * network.timesteps));
  });

  it('stops when it is aborted', async () => {
    await expect(simulate(program, data, { timing: 'functional', seed: 4, workers: 1, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });

  it('refuses images of another shape and an unknown profile', async () => {
    const options = { timing: 'pipeline', seed: 4, workers: 1 } as const;
    const shape = [network.imageShape[0], network.imageShape[1], network.imageShape[2] + 1] as const;
    await expect(simulate(program, { ...data, shape }, options)).rejects.toThrow('run/data-shape');
    await expect(simulate(program, data, { ...options, profile: 'nobody' })).rejects.toThrow(CompileError);
    await expect(simulate(program, data, { ...options, profile: 'nobody' })).rejects.toThrow('report/unknown-profile');
  });
});
