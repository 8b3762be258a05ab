/**
 * What every spiking network must satisfy, checked after it is built: names resolve, weights have the
 * size their window says, maps line up, delays align the paths in time, numbers are finite. A breach
 * is a bug of the stage before, so it throws a plain Error.
 */
import { windowOutput } from '../graph/graph.js';
import type { MapShape, Population, Projection, SpikingNetwork } from './network.js';

export function verifySpikingNetwork(network: SpikingNetwork): void {
  const populations = new Map(network.populations.map((p) => [p.id, p]));
  check(populations.size === network.populations.length, 'two populations share a name');
  const output = populations.get(network.output);
  check(output?.neuron.model === 'integrator', 'the output is not an integrator');
  check(network.populations[network.populations.length - 1] === output, 'the output is not the last population');
  check(Number.isInteger(network.timesteps) && network.timesteps > 0, `T is ${network.timesteps}`);
  for (const p of network.populations) verifyPopulation(p);
  const entry = network.input.code === 'bias' ? undefined : populations.get(network.input.population);
  check(entry?.neuron.model !== 'signed-if', 'the input population sends signed spikes');
  for (const p of network.projections) {
    const source = populations.get(p.source);
    const target = populations.get(p.target);
    if (source === undefined || target === undefined) throw new Error(`internal: ${p.id} joins unknown populations`);
    verifyProjection(p, source, target);
  }
  for (const layer of network.input.code === 'bias' ? network.input.layers : []) {
    const target = populations.get(layer.target);
    if (target === undefined) throw new Error('internal: a host layer has no population');
    verifyGeometry(`host layer of ${layer.target}`, layer, network.imageShape, target.shape);
  }
}

function verifyPopulation(p: Population): void {
  check(p.shape.every((n) => Number.isInteger(n) && n > 0), `${p.id} has shape [${p.shape.join(', ')}]`);
  check(p.threshold.length === p.shape[0] && p.bias.length === p.shape[0], `${p.id}: thresholds or biases do not match its channels`);
  check(p.threshold.every((t) => t > 0 && Number.isFinite(t)), `${p.id} has a threshold that is not positive`);
  check(p.bias.every(Number.isFinite), `${p.id} has a bias that is not finite`);
  check(p.neuron.model !== 'lif' || (p.neuron.leak > 0 && p.neuron.leak <= 1), `${p.id} has a leak outside (0, 1]`);
  if (p.neuron.model === 'cuba') {
    const { leak, currentLeak, refractory } = p.neuron;
    check(leak > 0 && leak <= 1 && currentLeak >= 0 && currentLeak < 1 && Number.isInteger(refractory) && refractory >= 1, `${p.id} has a leak outside 0 to 1 or waits ${refractory} steps`);
  }
  check(p.neuron.model !== 'signed-if' || (p.neuron.retract >= 0 && p.neuron.retract <= 1), `${p.id} takes spikes back outside 0 to 1 thresholds`);
}

function verifyProjection(p: Projection, source: Population, target: Population): void {
  check(p.delay === target.depth - source.depth - 1 && p.delay >= 0, `${p.id}: a delay of ${p.delay} does not align depth ${source.depth} with ${target.depth}`);
  verifyGeometry(p.id, p, source.shape, target.shape);
  if (p.whole !== undefined && 'steps' in p.whole) verifyWhole(p, p.whole.steps, target);
}

/** Float32 keeps a whole number of at most 127 times a few factors to well within this share of one. */
const WHOLE = 0.01;

function verifyWhole({ id, weight }: Projection, steps: Float64Array, { shape: [outputs] }: Population): void {
  check(steps.length === outputs && steps.every((s) => s > 0 && Number.isFinite(s)), `${id}: ${steps.length} steps for ${outputs} channels`);
  const perOutput = weight.length / outputs;
  const wrong = weight.some((w, i) => { const n = w / steps[Math.floor(i / perOutput)]; return Math.abs(n) > 127.5 || Math.abs(n - Math.round(n)) > WHOLE; });
  check(!wrong, `${id}: a weight is no whole multiple of its channel's step`);
}

type Geometry = Pick<Projection, 'weight' | 'window' | 'groups' | 'pool'>;

function verifyGeometry(name: string, g: Geometry, source: MapShape, target: MapShape): void {
  const [height, width] = [source[1] / g.pool[0], source[2] / g.pool[1]];
  check(Number.isInteger(height) && Number.isInteger(width), `${name}: pooling does not divide the map`);
  const [rows, columns] = windowOutput(g.window, height, width);
  check(rows === target[1] && columns === target[2], `${name}: gives ${rows} x ${columns}, its target is ${target[1]} x ${target[2]}`);
  check(source[0] % g.groups === 0 && target[0] % g.groups === 0, `${name}: groups do not divide the channels`);
  check(g.weight.length === (target[0] * source[0] * g.window.kernel[0] * g.window.kernel[1]) / g.groups, `${name}: ${g.weight.length} weights`);
  check(g.weight.every(Number.isFinite), `${name}: a weight is not finite`);
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`internal: spiking network: ${what}`);
}
