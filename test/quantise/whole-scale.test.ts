// Whole weights of quantised models in the integers of a chip: stored as they are where they fit, with thresholds that carry their steps.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { Reporter } from '../../src/diagnostics.js';
import { randomStream, uniform } from '../../src/random.js';
import { initialsOf, thresholdsOf } from '../../src/quantise/integer-network.js';
import { quantise } from '../../src/quantise/quantise.js';
import { verifyIntegerNetwork } from '../../src/quantise/verify-integer.js';
import type { Lost, SpikingNetwork } from '../../src/spiking/network.js';
import { loadTarget } from '../../src/target/load-target.js';
import type { Target } from '../../src/target/schema.js';
import { chipName, chips, filterOrder, singleLayer, type SingleLayer } from './networks.js';

interface WholeLayer extends Omit<SingleLayer, 'weight'> { readonly whole: readonly number[]; readonly steps: readonly number[] }

/** A layer of whole numbers times a step a channel. */
function wholeLayer({ whole, steps, ...rest }: WholeLayer): SpikingNetwork {
  const perOutput = whole.length / rest.outputs;
  const network = singleLayer({ ...rest, weight: Float32Array.from(whole, (w, i) => w * steps[Math.floor(i / perOutput)]) });
  return { ...network, projections: network.projections.map((p) => ({ ...p, whole: { steps: Float64Array.from(steps) } })) };
}

function quantised(network: SpikingNetwork, target: Target) {
  const report = new Reporter();
  const result = quantise(network, target, report);
  report.finish();
  verifyIntegerNetwork(result, target);
  return { result, stored: [...filterOrder(result.projections[0], result.populations[1])], warnings: report.warnings.map((w) => `${w.code}: ${w.message}`) };
}

const draw = (count: number, seed: number, most: number): number[] => Array.from(uniform(randomStream(seed), count), (v) => Math.round((2 * v - 1) * most) + 0);

describe.each(chips.map((chip) => [chipName(chip), ...chip] as const))('on %s', (_name, target, reset) => {
  const neuron = typeof reset === 'number' ? ({ model: 'signed-if', reset: 'soft', retract: reset } as const) : ({ model: 'if', reset } as const);
  it('whole weights are stored as they are, and thresholds mean what they meant', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 9999 }), fc.constantFrom(1, 3, 7, 64, 127), (seed, most) => {
      const whole = draw(3 * 60, seed, most);
      const step = 0.001 + uniform(randomStream(seed), 1)[0] * 0.01;
      const { result, stored, warnings } = quantised(wholeLayer({ whole, outputs: 3, steps: [step, step, step], neuron, threshold: new Float32Array(3).fill(60 * step * most / 8) }), target);
      expect([stored, warnings]).toEqual([whole, []]);
      const [, p] = result.populations;
      expect(result.projections[0].weightError).toBe(0);
      for (const [c, t] of thresholdsOf(p).entries()) {
        expect(t / p.scale[c] / (60 * step * most / 8)).toBeCloseTo(1, reset === 'soft-two-compartment' ? 1.79 : 2.9);
        expect(Math.abs(2 ** result.projections[0].shift / (p.scale[c] * step) - 1)).toBeLessThan(1e-5);
      }
    }), { seed: 5, numRuns: 20 });
  });
});

describe('a step a channel', () => {
  const whole = draw(4 * 50, 9, 127);
  const steps = [0.01, 0.013, 0.017, 0.0111];
  const layer = { whole, outputs: 4, steps, neuron: { model: 'if', reset: 'hard' } as const, threshold: Float32Array.of(3, 3, 3, 3) };
  it.each(['loihi1', 'loihi2', 'virtual'])('goes into the thresholds on %s', (name) => {
    const { result, stored, warnings } = quantised(wholeLayer(layer), loadTarget(name));
    expect([stored, warnings]).toEqual([whole, []]);
    const [, p] = result.populations;
    const thresholds = thresholdsOf(p);
    expect(p.threshold).toBe(Math.max(...thresholds));
    steps.forEach((step, c) => expect(thresholds[c] / thresholds[0]).toBeCloseTo(steps[0] / step, 2));
    expect([...initialsOf({ ...p, initial: p.threshold / 2 })]).toEqual([...thresholds].map((t) => Math.round(t / 2)));
  });
  it('is rounded at the output, whose classes are compared as they are', () => {
    const { neuron: _, ...output } = layer;
    expect(quantised(wholeLayer(output), loadTarget('loihi2')).warnings).toMatchInlineSnapshot(`
      [
        "quantise/weights-rounded: the weights of this quantised model from "in" are not kept as the whole numbers of the file: their scales differ between the classes, whose sums are compared as they are. Rounded again they are off by 0.51 % (root mean square)",
      ]
    `);
    const one = quantised(wholeLayer({ ...output, steps: [0.01, 0.01, 0.01, 0.01] }), loadTarget('loihi2'));
    expect([one.stored, one.warnings]).toEqual([whole, []]);
  });
});

describe('what the target cannot hold is rounded, with the reason and the error', () => {
  const whole = draw(200, 11, 127);
  const layer = { whole, outputs: 2, steps: [0.01, 0.01], neuron: { model: 'if', reset: 'soft' } as const, threshold: Float32Array.of(3, 3) };
  const loihi2 = loadTarget('loihi2');
  const warned = (network: SpikingNetwork, target = loihi2): readonly string[] => {
    const { stored, warnings } = quantised(network, target);
    expect(stored).not.toEqual(whole);
    return warnings;
  };
  it('a sum of 16 bits', () => {
    const heavy = { ...layer, whole: new Array<number>(640).fill(127).map((v, i) => (i % 7 === 0 ? -1 : v)) };
    expect(warned(wholeLayer(heavy))).toMatchInlineSnapshot(`
      [
        "quantise/weights-rounded: the weights of this quantised model from "in" are not kept as the whole numbers of the file: if every input spiked in one step they would add up to 34798, and a sum holds 32767. Rounded again they are off by 0.39 % (root mean square)",
      ]
    `);
  });
  it('a bias above its register', () => {
    const network = wholeLayer(layer);
    expect(warned({ ...network, populations: network.populations.map((p, i) => (i === 1 ? { ...p, bias: Float32Array.of(3000, 0) } : p)) })).toMatchInlineSnapshot(`
      [
        "quantise/weights-rounded: the weights of this quantised model from "in" are not kept as the whole numbers of the file: a threshold, a bias, or the sum of one step would leave the registers of loihi2. Rounded again they are off by 0.65 % (root mean square)",
      ]
    `);
  });
  it('thresholds by the dozen', () => {
    const many = { ...layer, outputs: 10, steps: Array.from({ length: 10 }, (_, c) => 0.01 + c / 1000), threshold: new Float32Array(10).fill(3), neuron: { model: 'if', reset: 'hard' } as const };
    expect(warned(wholeLayer(many), loadTarget('loihi1'))).toMatchInlineSnapshot(`
      [
        "quantise/weights-rounded: the weights of this quantised model from "in" are not kept as the whole numbers of the file: their 10 scales ask for as many thresholds, a core of loihi1 has 8. Rounded again they are off by 0.47 % (root mean square)",
      ]
    `);
    expect(warned(wholeLayer({ ...many, neuron: { model: 'if', reset: 'soft-two-compartment' } }), loadTarget('loihi1'))).toMatchInlineSnapshot(`
      [
        "quantise/weights-rounded: the weights of this quantised model from "in" are not kept as the whole numbers of the file: their scales ask for a threshold a channel, and two compartments take away one. Rounded again they are off by 0.51 % (root mean square)",
      ]
    `);
  });
  it('and so is what was lost before', () => {
    const losses: readonly Lost[] = [{ why: 'not-whole' }, { why: 'joined' }, { why: 'weight-width', count: 200, allowed: 127 }, { why: 'beside' }, { why: 'source-thresholds' }, { why: 'learned' }];
    const network = wholeLayer(layer);
    expect(losses.map((lost) => {
      const report = new Reporter();
      quantise({ ...network, projections: network.projections.map((p) => ({ ...p, whole: { lost } })) }, loihi2, report);
      return report.warnings.map((w) => `${w.message.replace(/^.*file: (.*)\. Rounded.*$/, '$1')}: ${w.hint}`);
    }).flat()).toMatchInlineSnapshot(`
      [
        "in the file they are real numbers or of more than 8 bits: quantise the weights of this layer to at most 8 bits, symmetrically",
        "the lowering joined them with a norm, a pool, a scale of their inputs or another filter: export the model with its batch norms folded before it is quantised, or leave the layer as it is and measure the accuracy",
        "they reach 200, a weight of loihi2 127: quantise the weights symmetrically (zero point 0, -127 to 127), and leave --weight-bits out",
        "a larger filter into the same neurons sets the scale: one filter a sum can be kept: no change of the model is needed, measure the accuracy",
        "the channels of the source have thresholds of their own, which go into the weights: compile without --search",
        "learning changed them: compile without --encrypt",
      ]
    `);
  });
});
