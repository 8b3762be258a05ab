// The table of steps and cores adds up to the counters of the trace, column by column, and to its time.
import { describe, expect, it } from 'vitest';
import type { SampleSteps, StepCounter } from '../../src/simulate/step-counters.js';
import { STEP_COUNTERS, stepTableHead, stepTableRows } from '../../src/simulate/step-counters.js';
import { simulate } from '../../src/simulate/simulate.js';
import { neuronCount } from '../../src/spiking/network.js';
import { buildProgram, readTarget } from './build-program.js';
import { randomNetwork, signedNetwork } from './random-network.js';

const COUNT = 6;
const runOf = async (made: ReturnType<typeof randomNetwork>, workers: number, timing: 'functional' | 'pipeline' = 'pipeline') => {
  const { network } = made;
  const loihi2 = readTarget('loihi2');
  const target = { ...loihi2, capabilities: { ...loihi2.capabilities, multicast: timing === 'pipeline' } };
  const program = buildProgram(network, { parts: [2, 2, 1], target });
  const size = neuronCount(network.imageShape);
  const images = Uint8Array.from({ length: COUNT * size }, (_, i) => (i * 37 + (i >> 3) * 11) % 256);
  const all: SampleSteps[] = [];
  let text = stepTableHead(timing === 'pipeline');
  const trace = await simulate(program, { images, count: COUNT, shape: network.imageShape }, {
    timing, seed: 4, workers, observer: { onSteps: (steps) => { all.push(steps); text += stepTableRows(program, steps); } },
  });
  return { program, trace, all, text };
};

describe('counters by step and core', () => {
  for (const [name, made] of [['binary spikes', randomNetwork(24)], ['a Poisson input', randomNetwork(33)], ['signed spikes', signedNetwork(26)]] as const) {
    it(`add up to those of the trace (${name})`, async () => {
      const { program, trace, all } = await runOf(made, 1);
      const width = program.cores.length;
      const total = (counter: StepCounter, core: number): number => all.reduce((sum, { counters }) => sum + counters[counter].filter((_, i) => i % width === core).reduce((a, b) => a + b, 0), 0);
      trace.cores.forEach(({ ...counters }, core) => {
        const { retractions, ...sums } = Object.fromEntries(STEP_COUNTERS.map((c) => [c, total(c, core)])) as Record<StepCounter, number>;
        expect(sums, `core ${core}`).toEqual(counters);
        expect(retractions).toBeLessThanOrEqual(sums.spikes);
      });
      for (const p of trace.populations) {
        const cores = program.cores.flatMap(({ slice }, i) => (slice.population === p.id ? [i] : []));
        const sum = (counter: StepCounter): number => cores.reduce((n, core) => n + total(counter, core), 0);
        expect({ id: p.id, spikes: sum('spikes'), retractions: sum('retractions'), activeUpdates: sum('activeUpdates'), inactiveUpdates: sum('inactiveUpdates'), saturations: p.saturations }).toEqual(p);
      }
      expect(trace.populations.reduce((n, p) => n + p.spikes, 0)).toBeGreaterThan(100);
      if (name === 'signed spikes') expect(trace.populations.reduce((n, p) => n + p.retractions, 0)).toBeGreaterThan(10);
      const time = trace.time!;
      expect(all.reduce((sum, s) => sum + s.time!.nanoseconds.reduce((a, b) => a + b, 0), 0) * 1e-9 / COUNT).toBeCloseTo(time.secondsPerInference, 12);
      time.coreSeconds.forEach((seconds, core) => expect(all.reduce((sum, s) => sum + s.time!.busy.filter((_, i) => i % width === core).reduce((a, b) => a + b, 0), 0) * 1e-9).toBeCloseTo(seconds, 12));
      const named = all.flatMap((s) => s.time!.bottlenecks);
      for (const [part, steps] of Object.entries(time.bottleneck)) expect(named.filter((b) => b === part).length, part).toBe(steps);
    });
  }

  it('put each local step at its depth', async () => {
    const { program, all } = await runOf(randomNetwork(24), 1, 'functional');
    const width = program.cores.length;
    const { inactiveUpdates, activeUpdates } = all[0].counters;
    program.cores.forEach(({ slice }, core) => {
      const { depth, neuron } = program.network.populations.find((p) => p.id === slice.population)!;
      if (neuron.model === 'relay') return;
      const updated = Array.from({ length: inactiveUpdates.length / width }, (_, s) => inactiveUpdates[s * width + core] + activeUpdates[s * width + core] > 0);
      expect(updated.indexOf(true)).toBe(depth);
      expect(updated.lastIndexOf(true)).toBe(depth + program.network.timesteps - 1);
    });
  });

  it('print the same table for any number of workers', async () => {
    const [one, two] = [await runOf(randomNetwork(24), 1), await runOf(randomNetwork(24), 2)];
    expect(two.text).toBe(one.text);
    const lines = one.text.split('\n');
    expect(lines[0]).toBe('sample,step,core,layer,spikes,retractions,active_updates,inactive_updates,messages_in,messages_out,synaptic_ops,busy_ns,step_ns,bottleneck');
    expect(lines.length).toBe(2 + COUNT * one.trace.stepsPerInference * one.program.cores.length);
    expect(lines[1]).toMatch(/^0,0,0,first,\d+,0,\d+,\d+,0,\d+,0,[\d.]+,[\d.]+,(core|link|barrier)$/);
    const untimed = (await runOf(randomNetwork(24), 1, 'functional')).text.split('\n');
    const shared = (table: readonly string[]): string[] => table.map((l) => l.split(',').slice(0, 9).join(',')); // without multicast, more messages leave
    expect(shared(untimed)).toEqual(shared(lines));
  });
});
