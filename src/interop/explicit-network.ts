/**
 * A program for one image as a plain list of neurons and synapses, the way simulators take networks
 * that know no shared weights. Everything runs on one clock that starts at step 1; a spike of step k is
 * taken in at step k + 1 + delay. Chip step s is step s + 2 here: the first step is left to helper
 * neurons, which put v where the program starts it.
 *
 *   start   one neuron a core; its only spike arrives in the first step of the population's window and
 *           brings each neuron what is missing between the v it has drifted to by its bias and v(0)
 *   drive   one neuron a core, for neurons that would spike on their bias alone before their window
 *           begins; they have no bias, and this one brings it in each of the T steps
 *
 * Values are in mantissa units: state units / 64.
 */
import { fail, Reporter } from '../diagnostics.js';
import { initialsOf, thresholdsOf, type Program } from '../program/program.js';
import { fires, neuronCount } from '../spiking/network.js';

type IntegerPopulation = Program['network']['populations'][number];
type IntegerProjection = Program['network']['projections'][number];

/** State units in one mantissa unit. */
export const UNIT = 64;

/** How the synapses of a projection are stored; one price each. */
export type StoredFormat = 'dense' | 'sparse' | 'shared';

export interface Storage {
  readonly format: StoredFormat;
  /** Zero weights are not stored: a spike does not read them. */
  readonly skipsZeros: boolean;
}

/** One image at the doors of the network. */
export interface Stimulus {
  /** Per population: constant current of each neuron in every step, state units; empty for relays. */
  readonly drive: readonly Int32Array[];
  /** Per population: spikes of each step; null where it is no relay. */
  readonly spikes: readonly (readonly Int8Array[] | null)[];
  /** Per projection. */
  readonly storage: readonly Storage[];
}

/** Neurons that share their equation. Arrays have one entry a neuron. */
export interface ExplicitGroup {
  readonly name: string;
  readonly soma: 'lif' | 'input';
  /** A spike is sent where v > threshold. */
  readonly threshold: Float64Array;
  readonly bias: Float64Array;
  readonly reset: 'soft' | 'hard' | 'none';
  /** v is multiplied by this first, and rounded towards zero to whole 1/64. */
  readonly leak: number;
  /** Spike trains of an input group, from step 1 on; null for others. */
  readonly spikes: readonly Uint8Array[] | null;
  /** Format of the synapses that end here. */
  readonly format: StoredFormat;
  /** Index of the core of each neuron, in the program's order. */
  readonly core: Int32Array;
}

export interface ExplicitSynapse {
  readonly source: number;
  readonly target: number;
  readonly weight: number;
}

/** All synapses of one projection or helper; made when they are asked for. */
export interface SynapseBundle {
  /** Indices of groups. */
  readonly source: number;
  readonly target: number;
  readonly delay: number;
  readonly count: number;
  readonly synapses: () => Iterable<ExplicitSynapse>;
}

export interface ExplicitNetwork {
  readonly groups: readonly ExplicitGroup[];
  readonly bundles: readonly SynapseBundle[];
  /** Steps to run: then the output population has taken in all T steps. */
  readonly steps: number;
  /** Synapses that the program has too. */
  readonly synapses: number;
  /** Synapses of helper neurons, and the synaptic operations and messages that they cause. */
  readonly helpers: { readonly synapses: number; readonly operations: number; readonly messages: number };
}

/** Throws `interop/unsupported-neurons` where SANA-FE's neurons have other dynamics, `interop/fan-in-in-parts` where sums travel between cores. */
export function explicitNetwork(program: Program, stimulus: Stimulus): ExplicitNetwork {
  const { network } = program;
  const report = new Reporter();
  for (const p of network.populations) {
    const lacks = missingDynamics(p);
    if (lacks !== null) report.report('interop/unsupported-neurons', { kind: 'nowhere' }, { population: p.id, lacks });
    if (network.projections.some((q) => q.target === p.id && q.inParts === true)) report.report('interop/fan-in-in-parts', { kind: 'nowhere' }, { population: p.id });
  }
  report.finish();
  const index = new Map(network.populations.map((p, i) => [p.id, i]));
  const plans = network.populations.map((p, i) => planPopulation(p, stimulus.drive[i]));
  const groups = network.populations.map((p, i) => groupOf(program, p, { index: i, plan: plans[i], stimulus }));
  const bundles = network.projections.map((p, i) => bundleOf(program, p, { source: index.get(p.source)!, target: index.get(p.target)!, skipsZeros: stimulus.storage[i].skipsZeros }));
  const helpers = plans.flatMap((plan, target) => helpersOf(program, plan, target));
  let at = groups.length;
  const helperBundles = helpers.map(({ bundle }) => ({ ...bundle, source: at++ }));
  const steps = network.timesteps + Math.max(...network.populations.map((p) => p.depth)) + 1;
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return {
    groups: [...groups, ...helpers.map((h) => h.group)], bundles: [...bundles, ...helperBundles], steps,
    synapses: sum(bundles.map((b) => b.count)),
    helpers: {
      synapses: sum(helperBundles.map((b) => b.count)),
      operations: sum(helpers.map((h) => h.bundle.count * h.spikes)), messages: sum(helpers.map((h) => h.cores * h.spikes)),
    },
  };
}

/** What these neurons do and SANA-FE's do not, or null. */
function missingDynamics({ neuron, decay }: IntegerPopulation): string | null {
  switch (neuron.model) {
    case 'signed-if': return 'spikes of -1';
    case 'cuba': return 'synaptic current that is rounded in every step';
    case 'if': case 'lif': return neuron.reset === 'soft-two-compartment' && decay > 0 ? 'reset that comes one step late, after the leak' : null;
    case 'integrator': case 'relay': return null;
  }
}

/** What the neurons of a population need before their window begins. */
interface PopulationPlan {
  readonly population: IntegerPopulation;
  readonly bias: Float64Array;
  /** What `start` brings, and what `drive` brings in each step. */
  readonly start: Float64Array;
  readonly drive: Float64Array;
}

function planPopulation(population: IntegerPopulation, drive: Int32Array): PopulationPlan {
  const count = neuronCount(population.shape);
  const plan: PopulationPlan = { population, bias: new Float64Array(count), start: new Float64Array(count), drive: new Float64Array(count) };
  if (population.neuron.model === 'relay') return plan;
  if (drive.length !== count) throw new RangeError(`internal: ${drive.length} currents for the ${count} neurons of ${population.id}`);
  const pixels = population.shape[1] * population.shape[2];
  const [thresholds, initials] = [thresholdsOf(population), initialsOf(population)];
  for (let i = 0; i < count; i++) {
    const channel = Math.floor(i / pixels);
    const wanted = decayed(initials[channel], population.decay);
    const drifted = drift(population, drive[i], thresholds[channel]);
    if (drifted === null) plan.drive[i] = drive[i];
    else plan.bias[i] = drive[i];
    plan.start[i] = wanted - decayed(drifted ?? 0, population.decay);
  }
  return plan;
}

/** v after the steps before the window, from 0 by the bias alone; null where it would spike on the way. */
function drift({ neuron, decay, depth }: IntegerPopulation, bias: number, threshold: number): number | null {
  let v = 0;
  for (let step = 0; step <= depth; step++) {
    v = decayed(v, decay) + bias;
    if (fires(neuron) && v > threshold) return null;
  }
  return v;
}

/** sgn(v) * ((|v| * (4096 - d)) >> 12) */
const decayed = (v: number, decay: number): number => Math.sign(v) * Math.floor((Math.abs(v) * (4096 - decay)) / 4096);

/** A potential that no neuron reaches: the output layer only integrates. */
const OUT_OF_REACH = 2 ** 30;

function groupOf(program: Program, population: IntegerPopulation, { index, plan, stimulus }: { readonly index: number; readonly plan: PopulationPlan; readonly stimulus: Stimulus }): ExplicitGroup {
  const { neuron, shape, decay } = population;
  const thresholds = thresholdsOf(population);
  const count = neuronCount(shape);
  const pixels = shape[1] * shape[2];
  const relay = neuron.model === 'relay';
  const trains = stimulus.spikes[index];
  if (relay && trains === null) throw new RangeError(`internal: no spikes for ${population.id}`);
  const into = program.network.projections.findIndex((p) => p.target === population.id);
  return {
    name: `p${index}`, soma: relay ? 'input' : 'lif',
    threshold: Float64Array.from({ length: count }, (_, i) => (fires(neuron) ? thresholds[Math.floor(i / pixels)] / UNIT : OUT_OF_REACH)),
    bias: plan.bias.map((b) => b / UNIT),
    reset: !fires(neuron) ? 'none' : neuron.reset === 'hard' ? 'hard' : 'soft', leak: (4096 - decay) / 4096,
    // step 1 comes before chip step 0
    spikes: relay ? Array.from({ length: count }, (_, i) => Uint8Array.of(0, ...trains!.map((step) => step[i]))) : null,
    format: into < 0 ? 'dense' : stimulus.storage[into].format,
    core: coresOf(program, population),
  };
}

/** The core of every neuron of a population. */
function coresOf({ cores }: Program, { id, shape: [, height, width], shape }: IntegerPopulation): Int32Array {
  const owner = new Int32Array(neuronCount(shape)).fill(-1);
  cores.forEach(({ slice }, core) => {
    if (slice.population !== id) return;
    for (let c = slice.channels[0]; c < slice.channels[1]; c++) for (let y = slice.rows[0]; y < slice.rows[1]; y++) {
      owner.fill(core, (c * height + y) * width + slice.columns[0], (c * height + y) * width + slice.columns[1]);
    }
  });
  if (owner.includes(-1)) throw new Error(`internal: a neuron of ${id} is on no core`);
  return owner;
}

interface Helper { readonly group: ExplicitGroup; readonly bundle: Omit<SynapseBundle, 'source'>; readonly spikes: number; readonly cores: number }

function helpersOf(program: Program, { population, start, drive }: PopulationPlan, target: number): Helper[] {
  const { depth } = population;
  const { timesteps } = program.network;
  const core = coresOf(program, population);
  return ([['start', start, 1], ['drive', drive, timesteps]] as const).flatMap(([kind, currents, spikes]): Helper[] => {
    const needed = [...new Set([...core].filter((_, i) => currents[i] !== 0))];
    if (needed.length === 0) return [];
    const train = Uint8Array.from({ length: depth + spikes }, (_, step) => (step >= depth ? 1 : 0));
    const number = new Map(needed.map((c, i) => [c, i]));
    const nothing = new Float64Array(needed.length);
    return [{
      group: { name: `${kind}${target}`, soma: 'input', threshold: nothing, bias: nothing, reset: 'none', leak: 1, spikes: needed.map(() => train), format: 'dense', core: Int32Array.from(needed) },
      bundle: {
        target, delay: 0, count: currents.reduce((sum, c) => sum + (c === 0 ? 0 : 1), 0),
        *synapses() { for (let i = 0; i < currents.length; i++) if (currents[i] !== 0) yield { source: number.get(core[i])!, target: i, weight: currents[i] / UNIT }; },
      },
      spikes, cores: needed.length,
    }];
  });
}

function bundleOf({ network }: Program, projection: IntegerProjection, { source, target, skipsZeros }: { readonly source: number; readonly target: number; readonly skipsZeros: boolean }): SynapseBundle {
  const ends = { from: network.populations[source].shape, to: network.populations[target].shape };
  const [rows, columns] = ([0, 1] as const).map((axis) => tapsOf(projection, axis, ends));
  const all = (): Iterable<ExplicitSynapse> => synapsesOf(projection, ends, { rows, columns });
  const total = rows.length * columns.length * (ends.from[0] / projection.groups) * ends.to[0];
  if (!skipsZeros) return { source, target, delay: projection.delay, count: total, synapses: all };
  let count = 0;
  for (const s of all()) if (s.weight !== 0) count++;
  return { source, target, delay: projection.delay, count, *synapses() { for (const s of all()) if (s.weight !== 0) yield s; } };
}

type Shape = readonly [channels: number, height: number, width: number];
interface Ends { readonly from: Shape; readonly to: Shape }
/** Source position `place` reaches target position `reached` through `tap`. */
interface Tap { readonly place: number; readonly tap: number; readonly reached: number }

/** All pairs of positions that one axis joins, by source position. */
function tapsOf({ window, pool }: IntegerProjection, axis: 0 | 1, { from, to }: Ends): readonly Tap[] {
  const found: Tap[] = [];
  for (let place = 0; place < from[1 + axis]; place++) for (let tap = 0; tap < window.kernel[axis]; tap++) {
    const reached = (Math.floor(place / pool[axis]) - tap * window.dilation[axis] + window.pads[axis]) / window.stride[axis];
    if (Number.isInteger(reached) && reached >= 0 && reached < to[1 + axis]) found.push({ place, tap, reached });
  }
  return found;
}

function* synapsesOf({ groups, weight, window, shift }: IntegerProjection, { from, to }: Ends, { rows, columns }: { readonly rows: readonly Tap[]; readonly columns: readonly Tap[] }): Iterable<ExplicitSynapse> {
  const inputs = from[0] / groups;
  const outputs = to[0] / groups;
  const unit = 2 ** shift / UNIT;
  for (let channel = 0; channel < from[0]; channel++) for (const row of rows) for (const column of columns) {
    const source = (channel * from[1] + row.place) * from[2] + column.place;
    const first = ((row.tap * window.kernel[1] + column.tap) * from[0] + channel) * outputs;
    for (let o = 0; o < outputs; o++) {
      const output = Math.floor(channel / inputs) * outputs + o;
      yield { source, target: (output * to[1] + row.reached) * to[2] + column.reached, weight: weight[first + o] * unit };
    }
  }
}

/** The most synapses that are written without being told to. */
export const MOST_SYNAPSES = 5_000_000;

/** Throws `interop/too-many-synapses`. */
export function checkSize({ synapses }: ExplicitNetwork): void {
  if (synapses > MOST_SYNAPSES) fail('interop/too-many-synapses', { kind: 'nowhere' }, { synapses, most: MOST_SYNAPSES });
}
