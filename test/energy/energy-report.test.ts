import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { energyReport, type EnergyReport } from '../../src/energy/energy-report.js';
import { activationBits, quantisedMac } from '../../src/energy/operation-costs.js';
import type { LineKey } from '../../src/energy/energy-lines.js';
import { populationId } from '../../src/spiking/network.js';
import { CompileError, formatDiagnostic } from '../../src/diagnostics.js';
import { population, projection, readTarget, smallProgram, smallTrace } from './small-program.js';

const loihi1 = readTarget('loihi1');
const line = (report: EnergyReport, key: LineKey) => {
  const found = report.perInference.lines.find((l) => l.key === key);
  if (found === undefined) throw new Error(`no line ${key}`);
  return found;
};
const micro = (joules: number): number => joules * 1e6;

describe('a small program, by hand', () => {
  it('davies2018: counts per inference times the published constants', () => {
    const report = energyReport(smallProgram(loihi1), smallTrace(), { profile: 'davies2018' });
    const picojoules: Record<string, number> = {
      'synops-dense': 500 * 23.6, 'synops-shared': 3500 * 23.6, 'synops-sparse': 0,
      'neuron-active': 2858 * 81, 'neuron-inactive': 294 * 52, spikes: 0,
      'axon-out': 0, 'axon-in': 0, 'within-tile': 200 * 1.7, 'hops-x': 50 * 3, 'hops-y': 20 * 4, 'chip-crossings': 0,
      'host-injection': 0, 'host-macs': 6912 * 4.6, readout: 0, barrier: 0, reset: 5.94e6, // one chip
      static: 104.4e9 * 2e-5,
    };
    for (const [key, expected] of Object.entries(picojoules)) expect(line(report, key as LineKey).joules * 1e12, key).toBeCloseTo(expected, 6);
    expect(line(report, 'host-injection').count).toBe(256);
    expect(line(report, 'readout').count).toBe(10);
    expect(line(report, 'barrier').count).toBe(30);
    const total = Object.values(picojoules).reduce((a, b) => a + b, 0);
    expect(report.perInference.totalJoules * 1e12).toBeCloseTo(total, 3);
    expect(report.perInference.staticUsedCoresJoules).toBeCloseTo(0.816e-3 * 3 * 2e-5, 15);
    expect(report.perInference.beside).toMatchObject([{ key: 'static-cores', count: 3 * 2e-5, joules: report.perInference.staticUsedCoresJoules }]);
  });

  it('sanafe-nahuku: formats have their own price, and spikes and messages are charged', () => {
    const report = energyReport(smallProgram(loihi1), smallTrace(), { profile: 'sanafe-nahuku' });
    expect(line(report, 'synops-dense').joules * 1e12).toBeCloseTo(500 * 35.5, 6);
    expect(line(report, 'synops-shared').joules * 1e12).toBeCloseTo(3500 * 24, 6);
    expect(line(report, 'spikes').joules * 1e12).toBeCloseTo(250 * 69.3, 6);
    expect(line(report, 'axon-out').joules * 1e12).toBeCloseTo(250 * 111, 6);
    expect(line(report, 'hops-y').joules * 1e12).toBeCloseTo(20 * 4.2, 6);
    expect(report.notes.join('\n')).toContain('timed with the profile davies2018, the energy is priced with sanafe-nahuku');
  });

  it('a soft reset of two compartments pays for both, and for a synapse and a message a spike', () => {
    const plain = smallProgram(loihi1);
    const populations = plain.network.populations.map((p) => (p.id === 'conv2' ? { ...p, neuron: { model: 'if' as const, reset: 'soft-two-compartment' as const } } : p));
    const report = energyReport({ ...plain, network: { ...plain.network, populations } }, smallTrace(), { profile: 'sanafe-nahuku' });
    const before = energyReport(plain, smallTrace(), { profile: 'sanafe-nahuku' });
    expect(line(report, 'reset-ops').joules * 1e12).toBeCloseTo(50 * 35.5, 6);
    expect(line(report, 'neuron-active').count - line(before, 'neuron-active').count).toBe(750);
    expect(line(report, 'neuron-inactive').count - line(before, 'neuron-inactive').count).toBe(274);
    expect(line(report, 'axon-out').count - line(before, 'axon-out').count).toBe(50);
    expect(report.synapticOps).toBe(before.synapticOps);
  });

  it('signed neurons pay for payloads and for their counts, where someone has published what these take', () => {
    const target = readTarget('virtual');
    const [profile] = target.profiles;
    const price = (value: number) => ({ value, unit: 'pJ', source: 'test' });
    const priced = { ...target, profiles: [{ ...profile, energy: { ...profile.energy, gradedMessage: price(7), gradedSynapticOp: price(11), secondState: price(13) } }] };
    const signed = (chip: typeof target): ReturnType<typeof smallProgram> => {
      const plain = smallProgram(chip);
      return { ...plain, network: { ...plain.network, populations: plain.network.populations.map((p) => (p.id === 'conv2' ? { ...p, neuron: { model: 'signed-if' as const, reset: 'soft' as const, retract: 0 } } : p)) } };
    };
    const report = energyReport(signed(priced), smallTrace());
    expect(line(report, 'graded-messages')).toMatchObject({ count: 50 });
    expect(line(report, 'graded-messages').joules * 1e12).toBeCloseTo(50 * 7, 6);
    expect(line(report, 'graded-ops').joules * 1e12).toBeCloseTo(500 * 11, 6); // into the scores
    expect(line(report, 'second-state').joules * 1e12).toBeCloseTo(750 * 13, 6);
    expect(report.populations.map((p) => p.joules).reduce((a, b) => a + b, 0) * 1e12).toBeCloseTo(report.perInference.lines.filter((l) => /^(synops|neuron|spikes|graded|second)/.test(l.key)).reduce((sum, l) => sum + l.joules, 0) * 1e12, 6);
    // under the memory model of the baselines a count of up to T = 8 is 4 bits, read and written in each of 1024 updates
    const memory = (r: EnergyReport): number => r.baselines.find((b) => b.key === 'snn-memory')!.joules * 1e12;
    expect(memory(report) - memory(energyReport(smallProgram(target), smallTrace()))).toBeCloseTo(1024 * (0.1 + 8 * 10 / 64), 6);
    // unpublished on loihi2: nothing is added, and the lines are named
    const loihi2 = energyReport(signed(readTarget('loihi2')), smallTrace());
    expect(loihi2.perInference.totalJoules).toBe(energyReport(smallProgram(readTarget('loihi2')), smallTrace()).perInference.totalJoules);
    expect(loihi2.notes.find((n) => n.startsWith('Not counted: unpublished'))).toContain('payloads of messages, payloads of synaptic operations, counts of signed neurons');
    expect(energyReport(smallProgram(target), smallTrace()).perInference.lines.map((l) => l.key)).not.toContain('second-state');
  });

  it('without shared convolution every projection is dense', () => {
    const target = { ...loihi1, capabilities: { ...loihi1.capabilities, sharedConvolution: false } };
    const report = energyReport(smallProgram(target), smallTrace());
    expect(line(report, 'synops-dense').count).toBe(4000);
    expect(line(report, 'synops-shared').count).toBe(0);
  });
});

describe('the bill adds up', () => {
  it('the total is the sum of the lines, and each line is count times constant', () => {
    const counter = fc.integer({ min: 0, max: 1e9 });
    fc.assert(fc.property(counter, counter, counter, counter, fc.integer({ min: 1, max: 1000 }), (ops, active, spikes, hops, samples) => {
      const base = smallTrace();
      const trace = {
        ...base, samples, predictions: new Uint16Array(samples * 8),
        populations: base.populations.map((p) => ({ ...p, activeUpdates: active, spikes })),
        projections: base.projections.map((p) => ({ ...p, synapticOps: ops })),
        mesh: { ...base.mesh, hopsX: hops },
      };
      for (const profile of loihi1.profiles) {
        const { perInference, populations } = energyReport(smallProgram(loihi1), trace, { profile: profile.name });
        expect(perInference.totalJoules).toBe(perInference.lines.reduce((sum, l) => sum + l.joules, 0));
        expect(perInference.totalJoules).toBe(perInference.dynamicJoules + perInference.staticJoules);
        for (const l of perInference.lines) expect(l.joules).toBe(l.unitPicojoules === null ? 0 : l.count * l.unitPicojoules * 1e-12);
        const outside = perInference.lines.slice(9).reduce((sum, l) => sum + l.joules, 0);
        const inside = populations.reduce((sum, p) => sum + p.joules, 0);
        expect(Math.abs(inside + outside - perInference.totalJoules)).toBeLessThanOrEqual(1e-12 * perInference.totalJoules);
      }
    }), { numRuns: 50 });
  });

  it('an unpublished constant is null, adds nothing and is named', () => {
    const report = energyReport(smallProgram(loihi1), smallTrace(), { profile: 'davies2018' });
    expect(line(report, 'barrier')).toMatchObject({ unitPicojoules: null, joules: 0 });
    expect(line(report, 'barrier').note).toContain('not counted: unpublished');
    const note = report.notes.find((n) => n.startsWith('Not counted: unpublished'));
    expect(note).toContain('barrier');
    expect(note).toContain('messages out of cores');
    expect(note).not.toContain('chip crossings');
  });

  it('functional timing: no latency, no static energy, and a note that says so', () => {
    const report = energyReport(smallProgram(loihi1), smallTrace({ timing: 'functional', time: null }));
    expect(report.latencySeconds).toBeNull();
    expect(line(report, 'static')).toMatchObject({ joules: 0, unitPicojoules: null });
    expect(report.perInference.staticUsedCoresJoules).toBeNull();
    expect(report.notes.join('\n')).toContain('Functional timing gives no latency');
    expect(report.notes.join('\n')).not.toMatch(/unpublished: .*static power/);
  });

  it('injected input spikes of a Poisson code are those that were counted', () => {
    const program = smallProgram(loihi1);
    const poisson = { ...program, network: { ...program.network, input: { code: 'poisson' as const, population: populationId('conv1'), full: 1 } } };
    expect(line(energyReport(poisson, smallTrace()), 'host-injection').count).toBe(200);
    expect(line(energyReport(poisson, smallTrace()), 'host-macs').count).toBe(0);
  });

  it('marks the profile of loihi2 as an estimate', () => {
    const report = energyReport(smallProgram(readTarget('loihi2')), smallTrace());
    expect(report.profile.estimate).toBe(true);
    expect(report.notes[0]).toContain('is an estimate');
  });

  it('an unknown profile is refused with the names that exist', () => {
    try {
      energyReport(smallProgram(loihi1), smallTrace(), { profile: 'davis' });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CompileError);
      expect((error as CompileError).diagnostics.map(formatDiagnostic)).toEqual([
        'error[report/unknown-profile] for --profile: target loihi1 has no energy profile "davis"\n  hint: choose one of: davies2018, sanafe-nahuku',
      ]);
    }
  });
});

describe('published totals', () => {
  const single = (neurons: number, counts: { active: number; inactive: number; spikes: number; ops: number }, macs: number) => {
    const program = smallProgram(loihi1);
    const populations = [population('a', [neurons, 1, 1]), population('b', [1, 1, 1], { model: 'integrator' })];
    const network = { ...program.network, populations, projections: [projection('a', 'b', neurons, [1, 1])], output: populationId('b'), input: { code: 'poisson' as const, population: populationId('a'), full: 1 } };
    return {
      program: { ...program, network, cores: [], places: [], routes: [], chipsUsed: 3, coresUsed: 270, source: { layers: [{ name: 'a', macs, parameters: 0, inputs: 0, outputs: 0 }], parameters: 0 } },
      trace: smallTrace({
        samples: 1, cores: [], predictions: new Uint16Array(8),
        populations: [{ id: populationId('a'), spikes: counts.spikes, retractions: 0, activeUpdates: counts.active, inactiveUpdates: counts.inactive, saturations: 0 }],
        projections: [{ id: 'a->b', synapticOps: counts.ops }],
        mesh: { messages: 0, hopsX: 0, hopsY: 0, chipCrossings: 0, withinTile: 0, heaviestLink: null },
      }),
    };
  };

  it('the soma total that SANA-FE prints for 50 steps of DVS-gesture: 54.905 uJ', () => {
    const { program, trace } = single(18_678, { active: 287_505, inactive: 18_678 * 50 - 287_505, spikes: 12_681, ops: 0 }, 0);
    const report = energyReport(program, trace, { profile: 'sanafe-nahuku' });
    const soma = (['neuron-active', 'neuron-inactive', 'spikes'] as const).reduce((sum, key) => sum + line(report, key).joules, 0);
    expect(micro(soma)).toBeCloseTo(54.905, 3);
    expect(report.sopsPerMac).toBeNull();
  });

  it('and for 1000 steps: 1.31748 mJ', () => {
    const { program, trace } = single(18_678, { active: 15_552_561, inactive: 18_678_000 - 15_552_561, spikes: 364_088, ops: 0 }, 0);
    const report = energyReport(program, trace, { profile: 'sanafe-nahuku' });
    const soma = (['neuron-active', 'neuron-inactive', 'spikes'] as const).reduce((sum, key) => sum + line(report, key).joules, 0);
    expect(soma * 1e3).toBeCloseTo(1.31748, 5);
  });

  it('one step of VGG16 convolutions at 5 % rate with the constants of Davies: 370 + 14.4 uJ, and 64 uJ of leakage', () => {
    const { program, trace } = single(276_480, { active: 0, inactive: 276_480, spikes: 0, ops: 15.7e6 }, 313.2e6);
    const time = { profile: 'davies2018', secondsPerInference: 203e-6, pipelineSeconds: null, stepsPerInference: 1, parts: { core: 203e-6, link: 0, travel: 0, barrier: 0 }, bottleneck: { core: 1, link: 0, barrier: 0 }, coreSeconds: [], unpublished: [] };
    const report = energyReport(program, { ...trace, time }, { profile: 'davies2018' });
    expect(micro(line(report, 'synops-dense').joules)).toBeCloseTo(370.5, 1);
    expect(micro(line(report, 'neuron-inactive').joules)).toBeCloseTo(14.4, 1);
    expect(micro(report.perInference.staticJoules)).toBeCloseTo(63.6, 1);
  });

  it('the convention behind the published 55x: 183 M additions against 315.33 M MACs', () => {
    const { program, trace } = single(280_586, { active: 0, inactive: 0, spikes: 0, ops: 183e6 }, 315.33e6);
    const report = energyReport(program, trace, { profile: 'davies2018' });
    const baseline = (key: string): number => report.baselines.find((b) => b.key === key)?.joules ?? NaN;
    expect(baseline('ann-int32') * 1e3).toBeCloseTo(1.009, 3);
    expect(micro(baseline('snn-accumulate'))).toBeCloseTo(18.3, 6);
    expect(report.ratios.find((r) => r.key === 'convention')?.value).toBeCloseTo(55.14, 2);
    expect(report.sopsPerMac).toBeCloseTo(0.58, 2);
    expect(line(report, 'synops-dense').joules * 1e3).toBeCloseTo(4.319, 3);
    expect(report.ratios.find((r) => r.key === 'memory')?.value).toBeLessThan(1);
  });

  it('the break-even values of the literature: 0.136 and 0.195', () => {
    const [int32, float32] = energyReport(smallProgram(loihi1), smallTrace()).breakEven;
    expect(int32?.sopsPerMac).toBeCloseTo(0.136, 3);
    expect(float32?.sopsPerMac).toBeCloseTo(0.195, 3);
  });
});

describe('the other profiles of the target', () => {
  it('price the same events, as a report of their own would', () => {
    const report = energyReport(smallProgram(loihi1), smallTrace(), { profile: 'davies2018' });
    expect(report.byProfile.map((p) => p.name)).toEqual(['davies2018', 'sanafe-nahuku']);
    for (const { name, dynamicJoules, staticJoules, totalJoules } of report.byProfile) {
      expect(energyReport(smallProgram(loihi1), smallTrace(), { profile: name }).perInference).toMatchObject({ dynamicJoules, staticJoules, totalJoules });
    }
    expect(report.byProfile[0].totalJoules).not.toBe(report.byProfile[1].totalJoules);
  });
});

describe('what the totals hide', () => {
  it('the core with most of each count', () => {
    const { coreMaxima } = energyReport(smallProgram(loihi1), smallTrace());
    const of = (key: string) => coreMaxima.find((m) => m.key === key);
    expect(of('synaptic-ops')).toMatchObject({ total: 4000, most: 3500, core: 1 });
    expect(of('synaptic-ops')?.imbalance).toBeCloseTo(3500 * 3 / 4000, 12);
    expect(of('active-updates')).toMatchObject({ total: 2858, most: 2048, core: 0 });
    expect(of('messages-in')).toMatchObject({ total: 250, most: 200, core: 1 });
    expect(of('busy-seconds')?.most).toBeCloseTo(1e-5, 15);
    expect(energyReport(smallProgram(loihi1), smallTrace({ timing: 'functional', time: null })).coreMaxima.map((m) => m.key)).not.toContain('busy-seconds');
  });

  it('what the latency is made of, and throughput apart from it', () => {
    const { latency } = energyReport(smallProgram(loihi1), smallTrace());
    const { core, link, travel, barrier } = latency!.parts;
    expect(core + link + travel + barrier).toBeCloseTo(latency!.seconds, 15);
    expect(latency!.aloneRate).toBeCloseTo(1 / 2e-5, 6);
    // the busiest core works 2e-5 s in two inferences; eight of ten barriers belong to its window
    expect(latency!.overlappedRate).toBeCloseTo(1 / (1e-5 + 0.8 * 5e-6), 6);
    expect(energyReport(smallProgram(loihi1), smallTrace({ timing: 'functional', time: null })).latency).toBeNull();
  });
});

describe('the baselines', () => {
  it('ceil(log2(T + 1)) bits', () => {
    const expected: readonly (readonly [number, number])[] = [[1, 1], [2, 2], [3, 2], [4, 3], [7, 3], [8, 4], [16, 5], [32, 6], [63, 6], [64, 7], [128, 8], [255, 8]];
    for (const [timesteps, bits] of expected) expect(activationBits(timesteps), `T = ${timesteps}`).toBe(bits);
  });

  it('MAC energy grows with the product of the widths and keeps a 32-bit sum', () => {
    expect(quantisedMac(8, 8)).toBeCloseTo(0.3, 12);
    expect(quantisedMac(8, 4)).toBeCloseTo(0.2, 12);
    expect(quantisedMac(32, 32)).toBeCloseTo(3.3, 12);
  });

  it('one memory model for both networks, by hand', () => {
    const report = energyReport(smallProgram(loihi1), smallTrace());
    const bit = 10 / 64;
    const of = (key: string) => report.baselines.find((b) => b.key === key);
    expect(of('ann-fp32-memory')?.joules).toBeCloseTo((12_800 * (4.6 + 64 * bit) + 394 * 32 * bit) * 1e-12, 18);
    expect(of('ann-int8-memory')?.joules).toBeCloseTo((12_800 * (0.23 + 16 * bit) + 394 * 8 * bit) * 1e-12, 18);
    expect(of('ann-quantised-memory')?.joules).toBeCloseTo((12_800 * (0.2 * (8 * 4) / 64 + 0.1 + 12 * bit) + 394 * 4 * bit) * 1e-12, 18);
    expect(of('snn-memory')?.joules).toBeCloseTo((4000 * (0.1 + 40 * bit) + 3152 * (0.1 + 48 * bit)) * 1e-12, 18);
    for (const b of report.baselines) {
      expect(b.source.length).toBeGreaterThan(10);
      expect(b.joules).toBeCloseTo(b.count * b.unitPicojoules * 1e-12, 18);
      expect(b.joules).toBeCloseTo(b.parts.reduce((sum, p) => sum + p.count * p.unitPicojoules, 0) * 1e-12, 18);
    }
  });
});
