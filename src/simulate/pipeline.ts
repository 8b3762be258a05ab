/**
 * How long the chip takes, step by step. In chip step s population p does its local step s - depth;
 * outside its window of T steps it is not updated and costs nothing. A core generates (updates its
 * neurons, spikes, sends) while it processes what arrives, so
 *
 *   generation = inactive * neuronInactive + active * neuronActive + spikes * spike + messagesOut * axonOut
 *   processing = messagesIn * axonIn + synapticOps * synapticOp of the projection's format
 *   core       = max over cores of max(generation, processing)
 *   link       = max over links of messages * hop
 *   step       = max(core, link) + longest route in use + barrier
 *
 * Signed neurons, their messages and what those read may take longer: the profile's second state and
 * payload are added. A part of a fan-in generates the sums of a step's spikes in the next chip step: with payloads, and
 * read as one dense weight each. A spike is sent and processed at its target in the step that emitted it. Contention beyond the
 * busiest link is not modelled. Constants are the profile's; those that are unpublished count as 0
 * and are named.
 */
import { isPart } from '../map/fan-in-parts.js';
import { neuronsIn, linksOf, type Link } from '../map/reach.js';
import { synapseFormat } from '../map/synapse-format.js';
import type { Program } from '../program/program.js';
import { fires, isSigned } from '../spiking/network.js';
import type { Profile } from '../target/schema.js';
import type { CountingPlan, Term } from './counting-plan.js';
import type { LatencyParts } from './trace.js';
import type { MeshUse } from './mesh-links.js';
import { meshUse } from './mesh-links.js';

/** Time of some samples; nanoseconds of simulated time. */
export interface PipelineTotals {
  readonly nanoseconds: number;
  /** What they are made of. */
  readonly parts: LatencyParts;
  readonly bottleneck: { readonly core: number; readonly link: number; readonly barrier: number };
  /** Busy time of each core. */
  readonly cores: Float64Array;
}

export type Bottleneck = keyof PipelineTotals['bottleneck'];

/** One sample step by step, for whoever wants more than the totals. */
export interface StepTimes {
  /** [chip step]: the whole step, its barrier included. */
  readonly nanoseconds: Float64Array;
  /** [chip step] */
  readonly bottlenecks: readonly Bottleneck[];
  /** [chip step][core]: how long the core was busy. */
  readonly busy: Float64Array;
}

export interface PipelineModel {
  /** T + the deepest population's depth. */
  readonly steps: number;
  /** Times one sample from the counts of the plan's regions, [region][T]; `onSteps` gets the same step by step. */
  readonly time: (counts: Int32Array, onSteps?: (steps: StepTimes) => void) => PipelineTotals;
}

/** Chip steps of one inference: the last population starts at its depth and runs for T steps. */
export const chipSteps = ({ network }: Pick<Program, 'network'>): number =>
  network.timesteps + network.populations.reduce((most, p) => Math.max(most, p.depth), 0);

/** Latencies of the profile that are not published and that this program would use. */
export function unpublishedLatencies(program: Program, profile: Profile): string[] {
  const used = new Set<string>(['neuronInactive', 'neuronActive', 'spike', 'axonOut', 'axonIn']);
  if (program.network.populations.some(isSigned)) for (const name of SIGNED_LATENCIES) used.add(name);
  if (program.network.projections.some((p) => p.inParts === true)) for (const name of ['gradedMessage', 'gradedSynapticOp', 'synapticOpDense']) used.add(name);
  for (const link of linksOf(program.network)) used.add(formatLatency(link, program));
  for (const r of program.routes) {
    if (r.hopsX > 0) used.add('hopX');
    if (r.hopsY > 0) used.add('hopY');
    if (r.chipCrossings > 0) used.add('chipCrossing');
    if (r.hopsX + r.hopsY === 0) used.add('withinTile');
  }
  const barrier = profile.latency.barrier.some((entry) => entry.nanoseconds === null) ? ['barrier'] : [];
  const known = new Map(Object.entries(profile.latency).flatMap(([name, c]) => (typeof c === 'object' && 'value' in c ? [[name, c.value] as const] : [])));
  return [...[...new Set([...known.keys(), ...SIGNED_LATENCIES])].filter((name) => used.has(name) && (known.get(name) ?? null) === null), ...barrier];
}

/** False where nobody publishes how long anything takes: a time made of such constants would be zero. */
export const publishesLatency = ({ latency }: Profile): boolean =>
  Object.values(latency).some((c) => typeof c === 'object' && 'value' in c && c.value !== null) || latency.barrier.some((entry) => (entry.nanoseconds ?? 0) > 0);

/** Only signed neurons and fan-ins in parts need these, and a profile may leave them out. */
const SIGNED_LATENCIES = ['gradedMessage', 'gradedSynapticOp', 'secondState'] as const;

const FORMAT_LATENCIES = { dense: 'synapticOpDense', sparse: 'synapticOpSparse', shared: 'synapticOpShared' } as const;
const formatLatency = (link: Link, { target }: Program): (typeof FORMAT_LATENCIES)[keyof typeof FORMAT_LATENCIES] => FORMAT_LATENCIES[synapseFormat(link, target)];

/** Barrier of a step, nanoseconds: linear between the profile's entries, constant beyond them. */
export function barrierNanoseconds(table: Profile['latency']['barrier'], tiles: number): number {
  const entries = [...table].sort((a, b) => a.tiles - b.tiles);
  const above = entries.findIndex((e) => e.tiles >= tiles);
  const last = entries.length - 1;
  const [low, high] = [entries[above < 0 ? last : Math.max(0, above - 1)], entries[above < 0 ? last : above]];
  const [from, to] = [low.nanoseconds ?? 0, high.nanoseconds ?? 0]; // unpublished: counts as 0
  return low.tiles === high.tiles ? from : from + (to - from) * (tiles - low.tiles) / (high.tiles - low.tiles);
}

/** Messages that arrive. */
interface RouteCost {
  readonly to: number;
  /** Chip step of the source's first local step. */
  readonly depth: number;
  readonly messages: number;
  readonly synapticOps: readonly Term[];
  /** Nanoseconds of one synaptic operation, and of one message from end to end. */
  readonly operation: number;
  readonly travel: number;
}

/** Messages that leave. */
interface FlowCost {
  readonly from: number;
  readonly depth: number;
  readonly messages: number;
  /** Nanoseconds of one message leaving its core. */
  readonly axonOut: number;
  readonly links: readonly number[];
}

interface CoreCost {
  readonly spikes: number;
  readonly active: number;
  readonly depth: number;
  /** Neurons that are updated in each step, and nanoseconds of an update with input. */
  readonly updates: number;
  readonly activeUpdate: number;
  /** Compartments a neuron. */
  readonly compartments: number;
  /** Nanoseconds a spike, where the reset of a neuron is a message to itself: leaving the core, and entering it with the one weight that it reads. */
  readonly resetOut: number;
  readonly resetIn: number;
}

export function createPipeline(program: Program, plan: CountingPlan, profile: Profile): PipelineModel {
  const ns = latencies(profile);
  const mesh = meshUse(program, plan.flows);
  const { routes, flows } = messageCosts(program, plan, { ns, mesh });
  const cores = coreCosts(program, plan, ns);
  const linkHop = mesh.links.map((l) => (l.from[1] === l.to[1] ? ns.hopX : ns.hopY) + (l.crossesChips ? ns.chipCrossing : 0));
  const barrier = barrierNanoseconds(profile.latency.barrier, new Set(program.places.map((p) => `${p.x},${p.y}`)).size);
  const steps = chipSteps(program);
  const T = program.network.timesteps;
  const generation = new Float64Array(cores.length * steps);
  const processing = new Float64Array(cores.length * steps);
  const links = new Float64Array(mesh.links.length * steps);
  const travel = new Float64Array(steps);
  const fill = (counts: Int32Array): void => {
    for (const buffer of [generation, processing, links, travel]) buffer.fill(0);
    cores.forEach((core, i) => {
      for (let t = 0; t < T; t++) {
        const active = counts[core.active * T + t];
        generation[i * steps + core.depth + t] = core.compartments * (active * core.activeUpdate + (core.updates - active) * ns.neuronInactive) + counts[core.spikes * T + t] * (ns.spike + core.resetOut);
        processing[i * steps + core.depth + t] += counts[core.spikes * T + t] * core.resetIn;
      }
    });
    for (const route of routes) {
      for (let t = 0; t < T; t++) {
        const messages = counts[route.messages * T + t];
        if (messages === 0) continue;
        const s = route.depth + t;
        let operations = 0;
        for (const term of route.synapticOps) operations += term.times * counts[term.region * T + t];
        processing[route.to * steps + s] += messages * ns.axonIn + operations * route.operation;
        if (route.travel > travel[s]) travel[s] = route.travel;
      }
    }
    for (const flow of flows) {
      for (let t = 0; t < T; t++) {
        const messages = counts[flow.messages * T + t];
        if (messages === 0) continue;
        const s = flow.depth + t;
        generation[flow.from * steps + s] += messages * flow.axonOut;
        for (const link of flow.links) links[link * steps + s] += messages;
      }
    }
  };
  const time = (counts: Int32Array, onSteps?: (steps: StepTimes) => void): PipelineTotals => {
    fill(counts);
    const busy = new Float64Array(cores.length);
    const bottleneck = { core: 0, link: 0, barrier: 0 };
    const each = { nanoseconds: new Float64Array(steps), bottlenecks: [] as Bottleneck[], busy: new Float64Array(steps * cores.length) };
    const parts = { core: 0, link: 0, travel: 0, barrier: 0 };
    let total = 0;
    for (let s = 0; s < steps; s++) {
      let core = 0;
      for (let i = 0; i < cores.length; i++) {
        const took = Math.max(generation[i * steps + s], processing[i * steps + s]);
        busy[i] += took;
        each.busy[s * cores.length + i] = took;
        core = Math.max(core, took);
      }
      let link = 0;
      for (let i = 0; i < linkHop.length; i++) link = Math.max(link, links[i * steps + s] * linkHop[i]);
      each.nanoseconds[s] = Math.max(core, link) + travel[s] + barrier;
      each.bottlenecks.push(barrier >= Math.max(core, link) ? 'barrier' : core >= link ? 'core' : 'link');
      total += each.nanoseconds[s];
      parts[core >= link ? 'core' : 'link'] += Math.max(core, link);
      parts.travel += travel[s];
      parts.barrier += barrier;
      bottleneck[each.bottlenecks[s]]++;
    }
    onSteps?.(each);
    return { nanoseconds: total, parts, bottleneck, cores: busy };
  };
  return { steps, time };
}

type Latencies = ReturnType<typeof latencies>;

/** The profile's latencies, unpublished ones as 0. */
function latencies({ latency }: Profile) {
  const value = (c: { readonly value: number | null } | undefined): number => c?.value ?? 0;
  return {
    synapticOpDense: value(latency.synapticOpDense), synapticOpSparse: value(latency.synapticOpSparse), synapticOpShared: value(latency.synapticOpShared),
    neuronInactive: value(latency.neuronInactive), neuronActive: value(latency.neuronActive), spike: value(latency.spike),
    axonOut: value(latency.axonOut), axonIn: value(latency.axonIn),
    hopX: value(latency.hopX), hopY: value(latency.hopY), withinTile: value(latency.withinTile), chipCrossing: value(latency.chipCrossing),
    gradedMessage: value(latency.gradedMessage), gradedSynapticOp: value(latency.gradedSynapticOp), secondState: value(latency.secondState),
  };
}

function messageCosts(program: Program, plan: CountingPlan, { ns, mesh }: { readonly ns: Latencies; readonly mesh: MeshUse }): { readonly routes: RouteCost[]; readonly flows: FlowCost[] } {
  const sources = new Map(program.network.populations.map((p) => [p.id, isSigned(p)]));
  const sums = { operation: ns.synapticOpDense + ns.gradedSynapticOp, axonOut: ns.axonOut + ns.gradedMessage };
  const projections = linksOf(program.network).map((link) => {
    const signed = sources.get(link.projection.source)!;
    return { operation: ns[formatLatency(link, program)] + (signed ? ns.gradedSynapticOp : 0), axonOut: ns.axonOut + (signed ? ns.gradedMessage : 0) };
  });
  const routes = program.routes.map((route, i): RouteCost => {
    const { depth, ...terms } = plan.routes[i];
    const { operation } = terms.sums ? sums : projections[route.projection];
    const travel = route.hopsX + route.hopsY === 0 ? ns.withinTile : route.hopsX * ns.hopX + route.hopsY * ns.hopY + route.chipCrossings * ns.chipCrossing;
    return { to: route.to, depth, operation, travel, messages: terms.messages, synapticOps: terms.synapticOps };
  });
  const flows = plan.flows.map((flow, i): FlowCost => {
    const { axonOut } = flow.sums ? sums : projections[flow.projection];
    return { from: flow.from, depth: flow.depth, axonOut, messages: flow.messages, links: mesh.flows[i] };
  });
  return { routes, flows };
}

function coreCosts(program: Program, plan: CountingPlan, ns: Latencies): CoreCost[] {
  const populations = new Map(program.network.populations.map((p) => [p.id, p]));
  return program.cores.map(({ slice }, i) => {
    if (isPart(slice)) return { ...plan.cores[i], activeUpdate: ns.neuronActive, updates: neuronsIn(slice), compartments: 1, resetOut: 0, resetIn: 0 };
    const { neuron } = populations.get(slice.population)!;
    const activeUpdate = ns.neuronActive + (isSigned({ neuron }) ? ns.secondState : 0);
    const two = fires(neuron) && neuron.reset === 'soft-two-compartment';
    return { ...plan.cores[i], activeUpdate, updates: neuron.model === 'relay' ? 0 : neuronsIn(slice), compartments: two ? 2 : 1, resetOut: two ? ns.axonOut : 0, resetIn: two ? ns.axonIn + ns.synapticOpDense : 0 };
  });
}
