/**
 * One image through a program on the reference evaluator, chip step by chip step: population p does its
 * local step t in chip step depth + t. Between two chip steps the whole state can be taken out as a
 * `Snapshot` and the run goes on from it later, with the same spikes and potentials as the run that it
 * was taken from. Far slower than the kernels, and the specification of what they do.
 */
import type { ObservedStep, PopulationRun } from '../quantise/evaluate-integer.js';
import { arrivingCurrent, checkDelays, constantCurrent, poissonStep, startNeurons, updateNeurons } from '../quantise/evaluate-integer.js';
import type { IntegerNetwork } from '../quantise/integer-network.js';
import type { Neuron, PopulationId } from '../spiking/network.js';
import type { StateRecord } from './probe-recorder.js';

/** The input of a run. */
export interface RunInput {
  /** Normalised, in C, H, W order. */
  readonly image: Float32Array;
  /** Seed of the Poisson code. */
  readonly seed: number;
  /** Place of the image in its run: each has its own Poisson stream. */
  readonly sample: number;
}

/** Neuron state that lasts from step to step, by its name in `PopulationRun`; each is [neurons]. */
export type StateArray = 'v' | 'u' | 'waiting' | 'sent';

/** What a neuron of this model keeps besides its last spike. */
export function stateArrays({ model }: Neuron): readonly StateArray[] {
  switch (model) {
    case 'if': case 'lif': case 'integrator': return ['v'];
    case 'signed-if': return ['v', 'sent'];
    case 'cuba': return ['v', 'u', 'waiting'];
    case 'relay': return [];
  }
}

/** One population between two chip steps. */
export interface PopulationState {
  /** Those of `stateArrays`. */
  readonly state: Readonly<Partial<Record<StateArray, Int32Array>>>;
  /** Local step of the first spikes that are kept. */
  readonly first: number;
  /** [local step - first][neurons]: those of the last step, and all that are still under way to a population that takes them in later. */
  readonly spikes: readonly Int8Array[];
}

/** All that a run needs to go on before chip step `step`. */
export interface Snapshot extends RunInput {
  readonly step: number;
  /** In the network's order. */
  readonly populations: readonly PopulationState[];
}

/** What one population did in a replayed step. The arrays are [neurons] in C, H, W order and copies. */
export interface ReplayedLayer {
  readonly layer: PopulationId;
  readonly localStep: number;
  /** 1, or -1 where a signed neuron takes a spike back. */
  readonly spikes: Int8Array;
  /** As of `StateRecord`; null for relays. */
  readonly state: StateRecord | null;
  /** Neurons that were updated with input, and those whose v was clipped. */
  readonly activeUpdates: number;
  readonly saturations: number;
}

export interface ReplayedStep {
  /** Chip step. */
  readonly step: number;
  /** Those populations whose window the step is in. */
  readonly layers: readonly ReplayedLayer[];
}

/** The state of a run before chip step `step`, from its beginning. */
export function takeSnapshot(network: IntegerNetwork, input: RunInput, step: number): Snapshot {
  checkDelays(network);
  const runs = network.populations.map((p) => startNeurons(p, constantCurrent(network, p, input.image)));
  for (let s = 0; s < step; s++) runStep(network, runs, { ...input, step: s });
  const populations = keptSpikes(network, step).map(({ first, count }, i): PopulationState => {
    const state = Object.fromEntries(stateArrays(network.populations[i].neuron).map((name) => [name, runs[i][name]]));
    return { state, first, spikes: runs[i].spikes.slice(first, first + count) };
  });
  return { ...input, step, populations };
}

/** Goes on from a snapshot for so many chip steps; the snapshot stays as it is. */
export function* replay(network: IntegerNetwork, snapshot: Snapshot, steps: number): Generator<ReplayedStep> {
  checkDelays(network);
  const runs = network.populations.map((population, i) => {
    const { state, first, spikes } = snapshot.populations[i];
    const run = startNeurons(population, constantCurrent(network, population, snapshot.image));
    for (const name of stateArrays(population.neuron)) run[name].set(state[name] ?? []);
    spikes.forEach((step, k) => { run.spikes[first + k] = step; });
    return run;
  });
  for (let step = snapshot.step; step < snapshot.step + steps; step++) {
    const before = runs.map(({ active, saturations }) => ({ active, saturations }));
    const layers: ReplayedLayer[] = [];
    runStep(network, runs, { ...snapshot, step }, ({ population, step: localStep, arrivals, state: run }) => layers.push({
      layer: run.population.id, localStep, spikes: run.spikes[localStep].slice(),
      state: arrivals === null ? null : { current: arrivals.current.map((a, i) => a + run.drive[i]), u: run.population.neuron.model === 'cuba' ? run.u.slice() : null, v: run.v.slice() },
      activeUpdates: run.active - before[population].active, saturations: run.saturations - before[population].saturations,
    }));
    yield { step, layers };
  }
}

/** One chip step: a local step of each population whose window it is in. */
function runStep(network: IntegerNetwork, runs: readonly PopulationRun[], at: RunInput & { readonly step: number }, observe?: (step: ObservedStep) => void): void {
  const synapticOps = network.projections.map(() => 0);
  runs.forEach((state, population) => {
    const step = at.step - state.population.depth;
    if (step < 0 || step >= network.timesteps) return;
    const relay = state.population.neuron.model === 'relay';
    const arrivals = relay ? null : arrivingCurrent(network, runs, { target: state.population, step, synapticOps });
    state.spikes[step] = arrivals === null ? poissonStep(network.input, at.image, { seed: at.seed, sample: at.sample, step }) : updateNeurons(state, arrivals);
    observe?.({ population, step, arrivals, state });
  });
}

/** Local steps whose spikes are state before chip step `step`, per population. */
export function keptSpikes({ populations, projections, timesteps }: IntegerNetwork, step: number): { readonly first: number; readonly count: number }[] {
  const done = new Map(populations.map((p) => [p.id, Math.min(timesteps, Math.max(0, step - p.depth))]));
  return populations.map(({ id }) => {
    const own = done.get(id)!;
    const waiting = projections.filter((p) => p.source === id).map((p) => done.get(p.target)!);
    const first = Math.max(0, Math.min(own - 1, ...waiting));
    return { first, count: own - first };
  });
}
