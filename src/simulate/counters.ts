/**
 * From the totals of the counted regions to the counters of a trace. Everything here is a sum of exact
 * integers, so the order of samples and workers cannot show.
 */
import { isPart } from '../map/fan-in-parts.js';
import type { Routed } from '../map/mapping.js';
import { neuronsIn } from '../map/reach.js';
import { neuronCount } from '../spiking/network.js';
import type { CountingPlan, Term } from './counting-plan.js';
import { meshUse } from './mesh-links.js';
import type { CoreCounters, MeshCounters, PopulationCounters, ProjectionCounters } from './trace.js';

export interface Totals {
  readonly samples: number;
  /** Per region of the plan: its sum over all samples and steps. */
  readonly regions: Float64Array;
  /** Per population: neuron-steps in which v was clipped. */
  readonly saturations: Float64Array;
}

export interface Counters {
  readonly populations: readonly PopulationCounters[];
  readonly projections: readonly ProjectionCounters[];
  readonly cores: readonly CoreCounters[];
  readonly mesh: MeshCounters;
}

export function countersOf(program: Routed, plan: CountingPlan, totals: Totals): Counters {
  const value = (terms: readonly Term[]): number => terms.reduce((sum, t) => sum + t.times * totals.regions[t.region], 0);
  const messages = plan.routes.map((r) => totals.regions[r.messages]);
  const synapticOps = plan.routes.map((r) => value(r.synapticOps));
  const relays = new Set(program.network.populations.flatMap((p) => (p.neuron.model === 'relay' ? [p.id] : [])));
  const cores = program.cores.map(({ slice }, i) => {
    const updates = relays.has(slice.population) ? 0 : neuronsIn(slice) * program.network.timesteps * totals.samples;
    const activeUpdates = totals.regions[plan.cores[i].active];
    return { spikes: totals.regions[plan.cores[i].spikes], messagesOut: 0, messagesIn: 0, synapticOps: 0, activeUpdates, inactiveUpdates: updates - activeUpdates };
  });
  const projections = program.network.projections.map((p) => ({ id: p.id, synapticOps: 0, ...(p.inParts === true ? { sums: 0 } : {}) }));
  program.routes.forEach((route, i) => {
    cores[route.to].messagesIn += messages[i];
    cores[route.to].synapticOps += synapticOps[i];
    const projection = projections[route.projection];
    if (plan.routes[i].sums) projection.sums = (projection.sums ?? 0) + messages[i];
    else projection.synapticOps += synapticOps[i];
  });
  for (const flow of plan.flows) cores[flow.from].messagesOut += totals.regions[flow.messages];
  return { populations: populationCounters(program, plan, totals), projections, cores, mesh: meshCounters(program, plan, totals) };
}

function populationCounters(program: Routed, plan: CountingPlan, totals: Totals): PopulationCounters[] {
  return program.network.populations.map((population, index) => {
    let spikes = 0;
    let retractions = 0;
    let activeUpdates = 0;
    program.cores.forEach((core, i) => {
      if (core.slice.population !== population.id || isPart(core.slice)) return;
      const own = plan.cores[i];
      spikes += totals.regions[own.spikes];
      if (own.retractions !== null) retractions += totals.regions[own.retractions];
      activeUpdates += totals.regions[own.active];
    });
    const updates = population.neuron.model === 'relay' ? 0 : neuronCount(population.shape) * program.network.timesteps * totals.samples;
    return { id: population.id, spikes, retractions, activeUpdates, inactiveUpdates: updates - activeUpdates, saturations: totals.saturations[index] };
  });
}

/** The program may stand elsewhere on the mesh than when the plan was made. */
export function meshCounters(program: Routed, { flows }: CountingPlan, { regions }: Pick<Totals, 'regions'>): MeshCounters {
  const { links, flows: ways } = meshUse(program, flows);
  const load = new Float64Array(links.length);
  const mesh = { messages: 0, hopsX: 0, hopsY: 0, chipCrossings: 0, withinTile: 0 };
  flows.forEach((flow, i) => {
    const messages = regions[flow.messages];
    mesh.messages += messages;
    for (const link of ways[i]) load[link] += messages;
    if (flow.routes.some((r) => program.routes[r].hopsX + program.routes[r].hopsY === 0)) mesh.withinTile += messages;
  });
  let heaviest = -1;
  links.forEach(({ from, to, crossesChips }, i) => {
    if (from[1] === to[1]) mesh.hopsX += load[i];
    else mesh.hopsY += load[i];
    if (crossesChips) mesh.chipCrossings += load[i];
    if (load[i] > 0 && (heaviest < 0 || load[i] > load[heaviest])) heaviest = i;
  });
  return { ...mesh, heaviestLink: heaviest < 0 ? null : { messages: load[heaviest], from: links[heaviest].from, to: links[heaviest].to } };
}
