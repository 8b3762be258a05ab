/**
 * Checks an integer network as it comes out of a file: names that exist, lengths that match shapes,
 * numbers in their ranges. Weights are not looked at: they come out of the synaptic memory, in the number
 * that the shapes ask for. Whatever passes can be simulated without looking again. Findings are sentences;
 * none means valid.
 */
import { windowOutput } from '../graph/graph.js';
import type { Window } from '../graph/graph.js';
import { fires, neuronCount } from '../spiking/network.js';
import type { MapShape, Neuron, PopulationId } from '../spiking/network.js';
import type { IntegerHostLayer, IntegerInput, IntegerNetwork, IntegerPopulation, IntegerProjection } from '../quantise/integer-network.js';

/** Neurons of a whole network: five hundred times a VGG16. Bounds what a small file can make the tool allocate. */
const MOST_NEURONS = 2 ** 27;
const MOST_STEPS = 2 ** 20;
const INT32 = 2 ** 31 - 1;

type Say = (problem: string) => void;

export function networkProblems(network: IntegerNetwork): string[] {
  const problems: string[] = [];
  const say: Say = (problem) => { problems.push(problem); };
  if (!isShape(network.imageShape)) say('the image has no proper shape');
  if (!within(network.timesteps, 1, MOST_STEPS)) say(`${network.timesteps} time steps`);
  const byId = new Map<PopulationId, IntegerPopulation>();
  for (const p of network.populations) {
    if (byId.has(p.id)) say(`two populations are called "${p.id}"`);
    byId.set(p.id, p);
    checkPopulation(p, (problem) => say(`population "${p.id}" ${problem}`));
  }
  if (problems.length > 0) return problems; // what follows computes with shapes
  const neurons = network.populations.reduce((sum, p) => sum + neuronCount(p.shape), 0);
  if (neurons > MOST_NEURONS) say(`${neurons} neurons, the most is ${MOST_NEURONS}`);
  const ids = new Set<string>();
  for (const p of network.projections) {
    if (ids.has(p.id)) say(`two projections are called "${p.id}"`);
    ids.add(p.id);
    checkProjection(p, byId, (problem) => say(`projection "${p.id}" ${problem}`));
  }
  for (const p of network.populations) {
    checkSum(p, network, say);
    if (p.neuron.model === 'relay' && !(network.input.code === 'poisson' && network.input.population === p.id)) say(`population "${p.id}" relays spikes that no image sends`);
  }
  if (byId.get(network.output)?.neuron.model !== 'integrator') say(`the output "${network.output}" is not an integrator of the network`);
  checkInput(network.input, network.imageShape, byId, say);
  return problems;
}

const within = (n: number, low: number, high: number): boolean => Number.isInteger(n) && n >= low && n <= high;
const isShape = (shape: readonly number[]): boolean => shape.length === 3 && shape.every((n) => within(n, 1, MOST_NEURONS)) && shape.reduce((a, b) => a * b, 1) <= MOST_NEURONS;
const finite = (values: Float64Array | Float32Array): boolean => values.every(Number.isFinite);

function checkPopulation(p: IntegerPopulation, say: Say): void {
  if (p.id === '') say('has no name');
  if (!isShape(p.shape)) { say('has no proper shape'); return; }
  if (p.bias.length !== p.shape[0]) say(`has ${p.bias.length} biases for ${p.shape[0]} channels`);
  if (p.scale.length !== p.shape[0] || !finite(p.scale)) say(`needs ${p.shape[0]} finite scales`);
  if (p.neuron.model === 'lif' && !(p.neuron.leak > 0 && p.neuron.leak <= 1)) say(`has the leak ${p.neuron.leak}`);
  if (p.neuron.model === 'signed-if' && !(p.neuron.retract >= 0 && p.neuron.retract <= 1 && p.decay === 0)) say(`takes spikes back below -${p.neuron.retract} thresholds with the decay ${p.decay}`);
  if (p.neuron.model === 'cuba') checkCurrent(p, p.neuron, say);
  if (!within(p.decay, 0, 4096)) say(`has the decay ${p.decay}`);
  if (!within(p.limit, 1, INT32)) say(`has the limit ${p.limit}`);
  if (p.thresholdExponent.length !== p.shape[0]) say(`has ${p.thresholdExponent.length} threshold exponents for ${p.shape[0]} channels`);
  const gain = 2 ** p.thresholdExponent.reduce((a, b) => Math.max(a, b), 0);
  if (p.thresholds !== undefined) checkThresholds(p, p.thresholds, say);
  if (!within(p.threshold * gain, 0, p.limit)) say(`has the threshold ${p.threshold} with the limit ${p.limit}`);
  if (!within(p.initial * gain, -p.limit, p.limit)) say(`starts at ${p.initial} with the limit ${p.limit}`);
  if (!p.bias.every((b) => Math.abs(b) <= p.limit)) say(`has a bias beyond its limit ${p.limit}`);
  if (!within(p.depth, 0, MOST_STEPS)) say(`has the depth ${p.depth}`);
}

/** A threshold a channel: the largest stands in `threshold`. Two compartments take it away by one weight and an exponent. */
function checkThresholds({ shape, threshold, thresholdExponent, neuron }: IntegerPopulation, thresholds: Int32Array, say: Say): void {
  if (thresholds.length !== shape[0]) say(`has ${thresholds.length} thresholds for ${shape[0]} channels`);
  if (!fires(neuron) || neuron.reset === 'soft-two-compartment') say('has a threshold a channel, which its neurons do not take');
  if (thresholds.some((t) => t < 1) || Math.max(...thresholds) !== threshold || thresholdExponent.some((e) => e !== 0)) say(`has thresholds that its largest, ${threshold}, does not stand for`);
}

/** A current that lasts, and a wait after spikes. */
function checkCurrent({ currentDecay, refractory }: IntegerPopulation, { leak, currentLeak }: Extract<Neuron, { model: 'cuba' }>, say: Say): void {
  if (!(leak > 0 && leak <= 1 && currentLeak >= 0 && currentLeak < 1)) say(`has the leak ${leak} and keeps ${currentLeak} of its current`);
  if (!within(currentDecay ?? NaN, 1, 4096)) say(`has the current decay ${currentDecay}`);
  if (!within(refractory ?? NaN, 1, MOST_STEPS)) say(`waits ${refractory} steps after a spike`);
}

function checkProjection(p: IntegerProjection, byId: ReadonlyMap<PopulationId, IntegerPopulation>, say: Say): void {
  const source = byId.get(p.source);
  const target = byId.get(p.target);
  if (source === undefined) say(`comes from an unknown population "${p.source}"`);
  if (target === undefined) say(`goes to an unknown population "${p.target}"`);
  if (source === undefined || target === undefined) return;
  checkFilter({ ...p, weights: null }, source.shape, target.shape, say);
  if (target.depth <= source.depth) say(`goes from depth ${source.depth} to depth ${target.depth}`);
  else if (p.delay !== target.depth - source.depth - 1) say(`has the delay ${p.delay} between depth ${source.depth} and depth ${target.depth}`);
  if (!within(p.shift, 0, 16)) say(`has the shift ${p.shift}`);
  if (!within(p.bound, 0, 32767)) say(`has the accumulator bound ${p.bound}`);
  if (!Number.isFinite(p.weightError)) say('has a weight error that is not a number');
}

/** A step is added up in 32 bits before v (and u, where a current lasts) is clipped. */
function checkSum({ id, limit, bias, neuron }: IntegerPopulation, { projections, input }: IntegerNetwork, say: Say): void {
  const arriving = projections.reduce((sum, p) => (p.target === id ? sum + p.bound * 2 ** p.shift : sum), 0);
  const driven = input.code === 'bias' ? input.layers.some((l) => l.target === id) : input.code === 'rate' && input.population === id;
  const constant = bias.reduce((most, b) => Math.max(most, Math.abs(b)), 0) + (driven && input.code !== 'poisson' ? input.format.mantissaMax * 2 ** input.format.exponentMax : 0);
  const most = limit + (neuron.model === 'cuba' ? Math.max(arriving, limit + constant) : arriving + constant);
  if (most > INT32) say(`population "${id}" can reach ${most} in a step, beyond 32 bits`);
}

interface Filter { readonly window: Window; readonly groups: number; readonly pool: readonly number[]; readonly weights: number | null }

/** Source positions times taps along one axis: bounds what finding out who reaches whom can take. */
const MOST_TAPS = 2 ** 24;

/** A filter's geometry, and its number of weights where it has them at hand, against the shapes at both ends. Pooling may leave a last, smaller cell or drop it. */
function checkFilter({ window, groups, pool, weights }: Filter, source: MapShape, target: MapShape, say: Say): void {
  const { kernel, stride, dilation, pads } = window;
  const pairs = [kernel, stride, dilation, pool];
  if (!pairs.every((pair) => pair.length === 2 && pair.every((n) => within(n, 1, 65536))) || pads.length !== 4 || !pads.every((n) => within(n, -65536, 65536))) {
    say('has no proper window');
    return;
  }
  if (!within(groups, 1, source[0]) || source[0] % groups !== 0 || target[0] % groups !== 0) { say(`has ${groups} groups for ${source[0]} to ${target[0]} channels`); return; }
  if (Math.max(kernel[0] * source[1], kernel[1] * source[2]) > MOST_TAPS) { say(`has a filter of ${kernel[0]}x${kernel[1]} over a map of ${source[1]}x${source[2]}`); return; }
  const wanted = kernel[0] * kernel[1] * (source[0] / groups) * target[0];
  if (weights !== null && weights !== wanted) say(`has ${weights} weights, its shapes ask for ${wanted}`);
  const fits = [Math.ceil, Math.floor].some((round) => {
    const [rows, columns] = windowOutput(window, round(source[1] / pool[0]), round(source[2] / pool[1]));
    return rows === target[1] && columns === target[2];
  });
  if (!fits) say(`does not lead from a map of ${source[1]}x${source[2]} to one of ${target[1]}x${target[2]}`);
}

function checkInput(input: IntegerInput, image: MapShape, byId: ReadonlyMap<PopulationId, IntegerPopulation>, say: Say): void {
  if (input.code !== 'poisson' && !(within(input.format.mantissaMax, 1, INT32) && within(input.format.exponentMax, 0, 31))) say('the bias format has no proper widths');
  switch (input.code) {
    case 'bias': input.layers.forEach((layer, i) => checkHostLayer(layer, image, byId, (problem) => say(`host layer ${i} ${problem}`))); break;
    case 'rate': case 'poisson': {
      const full = input.code === 'rate' ? input.scale : input.full;
      if (!(full > 0 && Number.isFinite(full))) say(`the input code has the scale ${full}`);
      const shape = byId.get(input.population)?.shape;
      if (byId.get(input.population)?.neuron.model === 'signed-if') say(`the image enters the signed population "${input.population}"`);
      if (shape === undefined) say(`the image enters an unknown population "${input.population}"`);
      else if (shape[1] !== image[1] || shape[2] !== image[2] || shape[0] % image[0] !== 0) say(`an image of ${image.join('x')} does not enter a population of ${shape.join('x')}`);
    }
  }
}

function checkHostLayer(layer: IntegerHostLayer, image: MapShape, byId: ReadonlyMap<PopulationId, IntegerPopulation>, say: Say): void {
  const target = byId.get(layer.target);
  if (target === undefined) { say(`goes to an unknown population "${layer.target}"`); return; }
  checkFilter({ ...layer, weights: layer.weight.length }, image, target.shape, say);
  const channels = target.shape[0];
  if (layer.bias.length !== channels || layer.scale.length !== channels) say(`has ${layer.bias.length} biases and ${layer.scale.length} scales for ${channels} channels`);
  if (!finite(layer.weight) || !finite(layer.bias) || !finite(layer.scale)) say('has a number that is not finite');
}
