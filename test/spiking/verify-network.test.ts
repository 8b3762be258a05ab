// Every check of verifySpikingNetwork, each with a network that is wrong in this one way.
import { expect, it } from 'vitest';
import { populationId, type HostLayer, type Population, type Projection, type SpikingNetwork } from '../../src/spiking/network.js';
import { verifySpikingNetwork } from '../../src/spiking/verify-network.js';
import { converted, pooled, unitThresholds } from './core-graphs.js';

const graph = pooled(1);
/** relu1 [3, 8, 8] -> relu2 [3, 4, 4] by a filter and by pooling alone; relu2 -> dense1 [4, 1, 1]. */
const good = converted(graph, { thresholds: unitThresholds(graph) });

const withPopulation = (index: number, change: Partial<Population>): SpikingNetwork =>
  ({ ...good, populations: good.populations.map((p, i) => (i === index ? { ...p, ...change } : p)) });
const withProjection = (change: Partial<Projection>): SpikingNetwork =>
  ({ ...good, projections: good.projections.map((p, i) => (i === 0 ? { ...p, ...change } : p)) });
const withHost = (change: Partial<HostLayer>): SpikingNetwork => {
  if (good.input.code !== 'bias') throw new Error('expected the bias code');
  return { ...good, input: { code: 'bias', layers: good.input.layers.map((l) => ({ ...l, ...change })) } };
};
const [filter] = good.projections;
const reordered = [good.populations[2], good.populations[0], good.populations[1]];
const broken = (weight: Float32Array): Float32Array => weight.map((w, i) => (i === 3 ? NaN : w));

it('accepts the networks that conversion makes', () => {
  expect(() => verifySpikingNetwork(good)).not.toThrow();
});

it.each<readonly [string, SpikingNetwork, string]>([
  ['names that are taken', withPopulation(1, { id: good.populations[0].id }), 'two populations share a name'],
  ['an output that spikes', withPopulation(2, { neuron: { model: 'if', reset: 'soft' } }), 'the output is not an integrator'],
  ['an output that is missing', { ...good, output: populationId('gone') }, 'the output is not an integrator'],
  ['an output that is not last', { ...good, populations: reordered }, 'the output is not the last population'],
  ['no time steps', { ...good, timesteps: 0 }, 'T is 0'],
  ['half a time step', { ...good, timesteps: 2.5 }, 'T is 2.5'],
  ['a shape of zero', withPopulation(0, { shape: [3, 0, 8] }), 'relu1 has shape [3, 0, 8]'],
  ['a threshold too few', withPopulation(0, { threshold: new Float32Array(2).fill(1) }), 'relu1: thresholds or biases do not match its channels'],
  ['a bias too many', withPopulation(1, { bias: new Float32Array(4) }), 'relu2: thresholds or biases do not match its channels'],
  ['a threshold of zero', withPopulation(0, { threshold: Float32Array.of(1, 0, 1) }), 'relu1 has a threshold that is not positive'],
  ['an infinite threshold', withPopulation(0, { threshold: Float32Array.of(1, Infinity, 1) }), 'relu1 has a threshold that is not positive'],
  ['a bias that is no number', withPopulation(0, { bias: Float32Array.of(0, NaN, 0) }), 'relu1 has a bias that is not finite'],
  ['a leak that grows', withPopulation(0, { neuron: { model: 'lif', reset: 'soft', leak: 1.1 } }), 'relu1 has a leak outside (0, 1]'],
  ['a leak of everything', withPopulation(0, { neuron: { model: 'lif', reset: 'soft', leak: 0 } }), 'relu1 has a leak outside (0, 1]'],
  ['spikes taken back above zero', withPopulation(0, { neuron: { model: 'signed-if', reset: 'soft', retract: -0.1 } }), 'relu1 takes spikes back outside 0 to 1 thresholds'],
  ['spikes taken back at no number', withPopulation(0, { neuron: { model: 'signed-if', reset: 'soft', retract: NaN } }), 'relu1 takes spikes back outside 0 to 1 thresholds'],
  ['a signed input population', { ...withPopulation(0, { neuron: { model: 'signed-if', reset: 'soft', retract: 0 } }), input: { code: 'rate', population: good.populations[0].id } }, 'the input population sends signed spikes'],
  ['a source that is missing', withProjection({ source: populationId('gone') }), 'relu2<-relu1 joins unknown populations'],
  ['a target that is missing', withProjection({ target: populationId('gone') }), 'relu2<-relu1 joins unknown populations'],
  ['a delay that does not align', withProjection({ delay: 1 }), 'relu2<-relu1: a delay of 1 does not align depth 0 with 1'],
  ['a spike from the future', withPopulation(0, { depth: 1 }), 'relu2<-relu1: a delay of 0 does not align depth 1 with 1'],
  ['pooling that cuts a cell', withProjection({ pool: [3, 2] }), 'relu2<-relu1: pooling does not divide the map'],
  ['a window of another size', withProjection({ window: { ...filter.window, pads: [0, 0, 0, 0] } }), 'relu2<-relu1: gives 2 x 2, its target is 4 x 4'],
  ['groups that cut a channel', withProjection({ groups: 2 }), 'relu2<-relu1: groups do not divide the channels'],
  ['a weight too few', withProjection({ weight: filter.weight.subarray(1) }), 'relu2<-relu1: 80 weights'],
  ['a weight that is no number', withProjection({ weight: broken(filter.weight) }), 'relu2<-relu1: a weight is not finite'],
  ['a host layer without a population', withHost({ target: populationId('gone') }), 'a host layer has no population'],
  ['a host layer of another size', withHost({ weight: new Float32Array(5) }), 'host layer of relu1: 5 weights'],
])('refuses %s', (_what, network, message) => {
  expect(() => verifySpikingNetwork(network)).toThrow(message);
});
