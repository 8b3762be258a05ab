/**
 * The lines of the energy bill: one line an event class, count times constant. Every constant comes
 * from the target's profile with its source; an unpublished constant is null, adds nothing and says so.
 */
import type { Program } from '../program/program.js';
import type { Trace } from '../simulate/trace.js';
import type { Constant, Profile } from '../target/schema.js';
import { hostEvents, type PopulationEvents } from './event-counts.js';

export type LineKey =
  | 'synops-dense' | 'synops-sparse' | 'synops-shared' | 'reset-ops' | 'neuron-active' | 'neuron-inactive' | 'spikes'
  | 'axon-out' | 'axon-in' | 'graded-messages' | 'graded-ops' | 'second-state' | 'within-tile' | 'hops-x' | 'hops-y' | 'chip-crossings'
  | 'host-injection' | 'host-macs' | 'readout' | 'reset' | 'barrier' | 'static' | 'static-cores';

export interface EnergyLine {
  readonly key: LineKey;
  readonly name: string;
  /** What one count is, for example "weight read" or "chip-second". */
  readonly counted: string;
  /** Per inference: the mean over the trace's samples. */
  readonly count: number;
  /** Null where no figure is published. */
  readonly unitPicojoules: number | null;
  /** count * unitPicojoules * 1e-12; 0 where the constant is null. */
  readonly joules: number;
  readonly source: string;
  readonly note?: string;
}

export const unpublished = 'not counted: unpublished';

/** For constants that a profile may leave out. */
const absent: Constant = { value: null, unit: 'pJ', source: 'the profile gives none' };

interface LineRequest {
  readonly key: LineKey;
  readonly name: string;
  readonly counted: string;
  readonly count: number;
  readonly note?: string | undefined;
}

function line(request: LineRequest, constant: Constant): EnergyLine {
  const { note: reason, ...rest } = request;
  const notes = [constant.value === null ? unpublished : undefined, reason, constant.note].filter((n) => n !== undefined);
  return {
    ...rest,
    unitPicojoules: constant.value,
    joules: constant.value === null ? 0 : rest.count * constant.value * 1e-12,
    source: constant.source,
    ...(notes.length > 0 ? { note: notes.join('; ') } : {}),
  };
}

/** Energy of one population's cores per inference, joules: synaptic operations into it, updates, spikes and its messages. */
export function populationJoules(events: PopulationEvents, samples: number, profile: Profile): number {
  return coreLines([events], samples, profile).reduce((sum, l) => sum + l.joules, 0);
}

/** The lines that belong to cores: everything that one population can be charged with. */
export function coreLines(populations: readonly PopulationEvents[], samples: number, profile: Profile): readonly EnergyLine[] {
  const perInference = (pick: (p: PopulationEvents) => number): number => populations.reduce((sum, p) => sum + pick(p), 0) / samples;
  const e = profile.energy;
  return [
    line({ key: 'synops-dense', name: 'Synaptic operations, dense', counted: 'weight read', count: perInference((p) => p.synapticOps.dense), note: 'zero weights in the row are read too' }, e.synapticOpDense),
    line({ key: 'synops-sparse', name: 'Synaptic operations, sparse', counted: 'weight read', count: perInference((p) => p.synapticOps.sparse), note: 'pruned weights are not stored and not read' }, e.synapticOpSparse),
    line({ key: 'synops-shared', name: 'Synaptic operations, shared', counted: 'weight read', count: perInference((p) => p.synapticOps.shared), note: 'convolutions whose weights a core stores once; zeros of dense segments are read too' }, e.synapticOpShared),
    line({ key: 'reset-ops', name: 'Reset synapses', counted: 'weight read', count: perInference((p) => p.resetOps), note: 'one a spike where the soft reset is built from two compartments; dense' }, e.synapticOpDense),
    line({ key: 'neuron-active', name: 'Neuron updates, active', counted: 'compartment and step', count: perInference((p) => p.activeUpdates) }, e.neuronActive),
    line({ key: 'neuron-inactive', name: 'Neuron updates, inactive', counted: 'compartment and step', count: perInference((p) => p.inactiveUpdates) }, e.neuronInactive),
    line({ key: 'spikes', name: 'Spikes', counted: 'spike', count: perInference((p) => p.spikes) }, e.spike),
    line({ key: 'axon-out', name: 'Messages out of cores', counted: 'message', count: perInference((p) => p.messagesOut) }, e.axonOut),
    line({ key: 'axon-in', name: 'Messages into cores', counted: 'message', count: perInference((p) => p.messagesIn) }, e.axonIn),
    ...gradedLines(perInference, e),
  ];
}

/** What signed neurons and fan-ins in parts cost beyond others. A program without them has no such lines. */
function gradedLines(perInference: (pick: (p: PopulationEvents) => number) => number, e: Profile['energy']): readonly EnergyLine[] {
  return [
    line({ key: 'graded-messages', name: 'Payloads of messages', counted: 'message', count: perInference((p) => p.gradedMessages), note: 'the sign of a spike, or the sum of a part of a fan-in' }, e.gradedMessage ?? absent),
    line({ key: 'graded-ops', name: 'Payloads of synaptic operations', counted: 'weight read', count: perInference((p) => p.gradedOps), note: 'the weight times the sign, or a sum added where it arrives' }, e.gradedSynapticOp ?? absent),
    line({ key: 'second-state', name: 'Counts of signed neurons', counted: 'neuron and step', count: perInference((p) => p.countedUpdates), note: 'a second state variable' }, e.secondState ?? absent),
  ].filter((l) => l.count > 0);
}

/** The lines of mesh, host and barrier. */
export function sharedLines(program: Program, trace: Trace, profile: Profile): readonly EnergyLine[] {
  const { mesh, samples } = trace;
  const host = hostEvents(program, trace);
  const e = profile.energy;
  return [
    line({ key: 'within-tile', name: 'Messages within a router', counted: 'message', count: mesh.withinTile / samples }, e.withinTile),
    line({ key: 'hops-x', name: 'Router hops, X', counted: 'hop', count: mesh.hopsX / samples }, e.hopX),
    line({ key: 'hops-y', name: 'Router hops, Y', counted: 'hop', count: mesh.hopsY / samples }, e.hopY),
    line({ key: 'chip-crossings', name: 'Chip crossings', counted: 'message', count: mesh.chipCrossings / samples }, e.chipCrossing),
    line({ key: 'host-injection', name: 'Input written by the host', counted: 'value', count: host.injections }, e.hostInjection),
    line({ key: 'host-macs', name: 'First layer on the host', counted: 'MAC', count: host.macs, note: 'once per inference' }, e.hostMac),
    line({ key: 'readout', name: 'Readout', counted: 'value', count: host.readouts }, e.readout),
    line({ key: 'reset', name: 'State reset between inferences', counted: 'chip', count: program.chipsUsed }, e.reset ?? absent),
    line({ key: 'barrier', name: 'Barrier', counted: 'core and step', count: program.coresUsed * trace.stepsPerInference }, e.barrier),
  ];
}

/** Static power over a time: of whole chips, or of the used cores alone if the others could be switched off. */
export interface Powered {
  readonly chips: number;
  readonly cores: number;
  /** Simulated seconds of one inference; null with functional timing. */
  readonly seconds: number | null;
}

/** Static power of the powered chips over the latency; nothing without a latency. This is the one in the total. */
export const staticLine = ({ chips, seconds }: Powered, profile: Profile): EnergyLine =>
  powerLine({ key: 'static', name: 'Static power', counted: 'chip-second', count: chips }, seconds, profile.power.staticPerChip);

/** The same if only the used cores were powered: beside the total, not in it. */
export const staticCoresLine = ({ cores, seconds }: Powered, profile: Profile): EnergyLine =>
  powerLine({ key: 'static-cores', name: 'Static power, used cores alone', counted: 'core-second', count: cores, note: 'not in the total, which has the powered chips' }, seconds, profile.power.staticPerCore);

function powerLine(request: LineRequest, seconds: number | null, constant: Constant): EnergyLine {
  const { note, ...rest } = request;
  const count = request.count * (seconds ?? 0);
  const picowatts = seconds === null || constant.value === null ? null : constant.value * 1e9;
  const why = seconds === null ? 'not counted: functional timing gives no latency' : constant.value === null ? unpublished : undefined;
  const notes = [why, note, constant.note].filter((n) => n !== undefined);
  return {
    ...rest, count, unitPicojoules: picowatts, joules: picowatts === null ? 0 : count * picowatts * 1e-12, source: constant.source,
    ...(notes.length > 0 ? { note: notes.join('; ') } : {}),
  };
}
