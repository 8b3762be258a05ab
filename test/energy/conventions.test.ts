// The published 55x, taken apart by hand, and the same function on a simulated program.
import { describe, expect, it } from 'vitest';
import { conventionRatios, measuredWorkload, paperWorkload, type ConventionRatio } from '../../src/energy/conventions.js';
import { energyReport } from '../../src/energy/energy-report.js';
import { readTarget, smallProgram, smallTrace } from './small-program.js';

const loihi1 = readTarget('loihi1');
const value = (ratios: readonly ConventionRatio[], key: ConventionRatio['key']): number => ratios.find((r) => r.key === key)!.value!;

describe('VGG16 of the paper', () => {
  const macs = 315.33e6;
  const work = paperWorkload({ macs, neurons: 280_586, synapticOps: macs * 32 / 55, timesteps: 100 }, loihi1, loihi1.profiles[0]);
  const ratios = conventionRatios(work, loihi1);

  it('55 by the published convention, 8.8 by fp32', () => {
    expect(value(ratios, 'int32')).toBeCloseTo(55, 9);
    expect(value(ratios, 'fp32')).toBeCloseTo(55 * (4.6 / 0.9) / 32, 9);
    expect(work.synapticOps / macs).toBeCloseTo(0.582, 3);
  });

  it('6.6 mJ on Loihi without static power where the ANN is charged 1.009 mJ, and 0.7 mJ more with it', () => {
    expect(work.dynamicJoules * 1e3).toBeCloseTo(4.33 + 2.27, 2);
    expect(value(ratios, 'chip-dynamic')).toBeCloseTo(1.009 / 6.603, 3);
    // 275 cores on 3 chips, 183.5 M operations of 3.5 ns shared out evenly
    const latency = work.synapticOps / 275 * 3.5e-9;
    expect(work.staticJoules).toBeCloseTo(3 * 0.1044 * latency, 12);
    expect(value(ratios, 'chip-total')).toBeCloseTo(macs * 3.2e-12 / (work.dynamicJoules + work.staticJoules!), 9);
  });

  it('the quantised ANN of 7 bits under the same memory model, by hand', () => {
    const bit = 10 / 64;
    const ann = macs * (0.2 * (8 * 7) / 64 + 0.1 + 15 * bit) + 280_586 * 7 * bit;
    const snn = work.synapticOps * (0.1 + 40 * bit) + work.neuronUpdates * (0.1 + 48 * bit);
    expect(value(ratios, 'quantised-memory')).toBeCloseTo(ann / snn, 9);
    expect(value(ratios, 'quantised-chip')).toBeCloseTo(ann * 1e-12 / (work.dynamicJoules + work.staticJoules!), 9);
  });
});

describe('a simulated program', () => {
  it('has the ratios of its own report', () => {
    const report = energyReport(smallProgram(loihi1), smallTrace());
    const ratios = conventionRatios(measuredWorkload(smallProgram(loihi1), report), loihi1);
    const of = (key: string): number => report.ratios.find((r) => r.key === key)!.value!;
    expect(value(ratios, 'int32')).toBeCloseTo(of('convention'), 9);
    expect(value(ratios, 'chip-total')).toBeCloseTo(of('ann-int32'), 9);
    expect(value(ratios, 'quantised-memory')).toBeCloseTo(of('memory'), 9);
    expect(value(ratios, 'quantised-chip')).toBeCloseTo(of('ann-quantised-memory'), 9);
    expect(value(ratios, 'chip-dynamic')).toBeGreaterThan(value(ratios, 'chip-total'));
  });

  it('has no ratio with static power where there is no latency', () => {
    const program = smallProgram(loihi1);
    const report = energyReport(program, smallTrace({ timing: 'functional', time: null }));
    const ratios = conventionRatios(measuredWorkload(program, report), loihi1);
    expect(ratios.filter((r) => r.value === null).map((r) => r.key)).toEqual(['chip-total', 'quantised-chip']);
  });
});
