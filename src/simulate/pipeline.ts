/**
 * How long the chip takes, step by step. In chip step s population p does its local step s - depth;
 * outside its window of T steps it is not updated and costs nothing. A core generates (updates its
 * neurons, spikes, sends) while it processes what arrives, so
 *
 *   generation = inactive * neuronInactive + active * neuronActive + spikes * spike + messagesOut * axonOut
 *   processing = messagesIn * axonIn + synapticOps * synapticOp of the projection's format
 *   core       = max over cores of max(generation, processing)
 *   link       = max over links of messages * time that one keeps the link
 *   done       = max(core, link + longest route in use, when the last core is done with messages that wait)
 *   step       = done + barrier
 *
 * The last has what sums leave out: a core waits for its first message, a sender for room, and messages for
 * those before them. A coarse run of the mesh gives it (`coarse-mesh.ts`), or where too little is known of the
 * routers a model with endless queues (`queue-model.ts`). Signed neurons, their messages and what those read may take longer:
 * the profile's second state and payload are added. A spike is sent and processed at its target in the step that
 * emitted it. Constants are the profile's; those that are unpublished count as 0 and are named.
 */
import type { Kernels } from '../kernels/kernels.js';
import { fitsKernel } from '../kernels/mesh.js';
import type { SpikeBuffers } from '../kernels/spiking-layer.js';
import { isPart } from '../map/fan-in-parts.js';
import type { Route } from '../map/mapping.js';
import { neuronsIn, linksOf } from '../map/reach.js';
import type { Program } from '../program/program.js';
import { fires, isSigned } from '../spiking/network.js';
import type { Profile, Target } from '../target/schema.js';
import { createCoarseMesh } from './coarse-mesh.js';
import type { CountingPlan, Term } from './counting-plan.js';
import { barrierNanoseconds, formatLatency, latencies, type Latencies } from './latencies.js';
import type { LatencyParts } from './trace.js';
import type { MeshLink, MeshUse } from './mesh-links.js';
import { meshUse } from './mesh-links.js';
import { createQueueModel } from './queue-model.js';
import { haveOwnPorts, inCycles, meshOf, routerOf } from './routers.js';
import { senderOf, type Sender } from './traffic.js';

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

export interface PipelineSource {
  readonly program: Program;
  readonly plan: CountingPlan;
  readonly profile: Profile;
  /** Masks of the sample to be timed, in the memory of the kernels. */
  readonly buffers: readonly SpikeBuffers[];
  readonly kernels: Kernels;
  /** By core: masks of the sums that parts of a fan-in send. */
  readonly parts?: ReadonlyMap<number, SpikeBuffers> | undefined;
}

export function createPipeline(source: PipelineSource): PipelineModel {
  const { program, plan, profile } = source;
  const ns = latencies(profile);
  const mesh = meshUse(program, plan.flows);
  const finish = finishOf(source, ns);
  const { routes, flows } = messageCosts(program, plan, { ns, mesh });
  const cores = coreCosts(program, plan, ns);
  const linkHold = mesh.links.map((l) => linkNanoseconds(program.target, l, ns));
  const barrier = barrierNanoseconds(profile.latency.barrier, new Set(program.places.map((p) => `${p.x},${p.y}`)).size);
  const steps = chipSteps(program);
  const T = program.network.timesteps;
  const generation = new Float64Array(cores.length * steps);
  const processing = new Float64Array(cores.length * steps);
  const links = new Float64Array(mesh.links.length * steps);
  const travel = new Float64Array(steps);
  const sent = new Float64Array(steps);
  const fill = (counts: Int32Array): void => {
    for (const buffer of [generation, processing, links, travel, sent]) buffer.fill(0);
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
        sent[s] += messages;
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
      for (let i = 0; i < linkHold.length; i++) link = Math.max(link, links[i * steps + s] * linkHold[i]);
      const done = Math.max(core, link + travel[s], finish(s, sent[s]));
      const underWay = Math.min(travel[s], done - core);
      each.nanoseconds[s] = done + barrier;
      each.bottlenecks.push(bottleneckOf({ core, wait: done - core - underWay, travel: underWay }, barrier));
      total += each.nanoseconds[s];
      parts.core += core;
      parts.travel += underWay;
      parts.link += done - core - underWay;
      parts.barrier += barrier;
      bottleneck[each.bottlenecks[s]]++;
    }
    onSteps?.(each);
    return { nanoseconds: total, parts, bottleneck, cores: busy };
  };
  return { steps, time };
}

/** What a step's time is owed to: the barrier where it is longer than all else; then the busiest core, or the waits for messages where these are longer. */
export const bottleneckOf = ({ core, wait, travel }: { readonly core: number; readonly wait: number; readonly travel: number }, barrier: number): Bottleneck =>
  (barrier >= core + wait + travel ? 'barrier' : core >= wait ? 'core' : 'link');

/** Nanoseconds that one message keeps a link from others: what is known of the routers, or else a whole hop. */
function linkNanoseconds({ router }: Target, { from, to, crossesChips }: MeshLink, ns: Latencies): number {
  const cycles = (crossesChips ? router?.chipLinkCycles : null) ?? router?.linkCycles ?? null;
  if (router === undefined || cycles === null || router.clockNanoseconds === null) return (from[1] === to[1] ? ns.hopX : ns.hopY) + (crossesChips ? ns.chipCrossing : 0);
  return cycles * router.clockNanoseconds / (router.networks ?? 1);
}

const travelNanoseconds = ({ hopsX, hopsY, chipCrossings }: Route, ns: Latencies): number =>
  (hopsX + hopsY === 0 ? ns.withinTile : hopsX * ns.hopX + hopsY * ns.hopY + chipCrossings * ns.chipCrossing);

/** When the last core is done with chip step s, in which so many messages are sent; nanoseconds. */
type Finish = (step: number, messages: number) => number;

/** By the mesh where enough is known of the routers and messages go to one core each; else with endless queues. */
function finishOf({ program, plan, buffers, kernels, parts }: PipelineSource, ns: Latencies): Finish {
  const { routes, cores, network: { timesteps }, target } = program;
  const multicast = target.capabilities.multicast === true;
  const sendersIn = (times: Latencies): Sender[] => cores.map((_, core) => senderOf(core, { program, plan, times, buffers, parts }));
  const router = routerOf(target);
  if (!('missing' in router) && !multicast && haveOwnPorts(program)) {
    const clock = router.clockNanoseconds;
    const mesh = meshOf(program, router, ns);
    if (fitsKernel(mesh)) {
      const run = createCoarseMesh({ kernels, mesh, timesteps, senders: sendersIn(inCycles(ns, clock)), interval: 1 / router.networks });
      return (step, messages) => clock * run(step, messages);
    }
  }
  const travel = new Map(routes.map((r) => [r.from * cores.length + r.to, travelNanoseconds(r, ns)]));
  return createQueueModel({
    senders: sendersIn(ns), timesteps, memory: kernels.memory, travel: (from, to) => travel.get(from * cores.length + to) ?? ns.withinTile,
    interval: multicast ? 0 : (target.router?.clockNanoseconds ?? 0) / (target.router?.networks ?? 1),
  });
}

function messageCosts(program: Program, plan: CountingPlan, { ns, mesh }: { readonly ns: Latencies; readonly mesh: MeshUse }): { readonly routes: RouteCost[]; readonly flows: FlowCost[] } {
  const sources = new Map(program.network.populations.map((p) => [p.id, isSigned(p)]));
  const sums = { operation: ns.synapticOpDense + ns.gradedSynapticOp, axonOut: ns.axonOut + ns.gradedMessage };
  const projections = linksOf(program.network).map((link) => {
    const signed = sources.get(link.projection.source)!;
    return { operation: ns[formatLatency(link, program)] + (signed ? ns.gradedSynapticOp : 0), axonOut: ns.axonOut + (signed ? ns.gradedMessage : 0) };
  });
  const routes = program.routes.map((route, i): RouteCost => {
    const { depth, sums: summed, messages, synapticOps } = plan.routes[i];
    const { operation } = summed ? sums : projections[route.projection];
    return { to: route.to, depth, operation, travel: travelNanoseconds(route, ns), messages, synapticOps };
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
