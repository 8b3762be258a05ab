/** Programs for the tests, made by the real mapping from hand-made networks. */
import { Reporter } from '../../src/diagnostics.js';
import { linksOf } from '../../src/map/reach.js';
import { liveTaps } from '../../src/map/weight-census.js';
import { partition } from '../../src/map/partition.js';
import { place } from '../../src/map/place.js';
import { route } from '../../src/map/route.js';
import type { Program } from '../../src/program/program.js';
import type { IntegerInput, IntegerNetwork } from '../../src/quantise/integer-network.js';
import { loadTarget } from '../../src/target/load-target.js';
import type { Target } from '../../src/target/schema.js';
import { chain, conv, dense } from '../map/random-network.js';

export function programOf(network: IntegerNetwork, target: Target = loadTarget('loihi1')): Program {
  const channels = network.imageShape[0];
  return {
    ...route(place(partition(network, target, new Reporter()), { seed: 3 })),
    provenance: { tool: 'spikeveil 0.0.0-test', modelSha256: 'ab'.repeat(32), modelName: 'toy', seed: 3, calibration: 'none', privateData: false },
    normalisation: { scale: 255, mean: Array.from({ length: channels }, () => 0.5), std: Array.from({ length: channels }, () => 0.25) },
    source: { layers: [{ name: 'conv1', macs: 2 ** 40, parameters: 30, inputs: 4, outputs: 5 }], parameters: 30 },
    classes: [],
  };
}

/** The program as its file can hold it: weights that no spike can reach, because the map is smaller than the filter, are in no core. */
export function asStored(program: Program): Program {
  const links = linksOf(program.network);
  const projections = program.network.projections.map((p, i) => {
    const [rows, columns] = [liveTaps(links[i], 0), liveTaps(links[i], 1)];
    const perTap = p.weight.length / (p.window.kernel[0] * p.window.kernel[1]);
    return { ...p, weight: p.weight.map((w, j) => {
      const tap = Math.floor(j / perTap);
      return rows.includes(Math.floor(tap / p.window.kernel[1])) && columns.includes(tap % p.window.kernel[1]) ? w : 0;
    }) };
  });
  return { ...program, network: { ...program.network, projections } };
}

/** A convolution and a dense layer on 2x5x5 images, with the input code asked for. */
export function sampleProgram(code: IntegerInput['code'] = 'poisson'): Program {
  const base = chain([2, 5, 5], [conv(3, 3, { stride: 2, pad: 1 }), { ...dense(4, [3, 3, 3]), delay: 1 }], { neuron: { model: 'lif', reset: 'hard', leak: 0.875 } });
  const [first] = base.populations;
  const format = { mantissaMax: 4095, exponentMax: 7 };
  const layer = { target: first.id, weight: Float32Array.from({ length: 4 }, (_, i) => i / 3), bias: Float32Array.of(0.1, -0.2), window: conv(2, 1).window, groups: 1, pool: [1, 1] as const, scale: Float64Array.of(Math.PI, 1 / 3) };
  const inputs: Readonly<Record<IntegerInput['code'], IntegerInput>> = {
    bias: { code: 'bias', layers: [layer], format },
    rate: { code: 'rate', population: first.id, scale: 6400.5, format },
    poisson: { code: 'poisson', population: first.id, full: 2.5 },
  };
  const populations = code === 'poisson' ? base.populations : base.populations.map((p, i) => (i === 0 ? { ...p, neuron: base.populations[1].neuron } : p));
  return programOf({ ...base, populations, input: inputs[code] });
}
