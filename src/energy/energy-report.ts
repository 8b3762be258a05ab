/**
 * What one inference costs: the counters of a trace times the constants of one profile of the target,
 * line by line, with the baselines beside it. A pure function. The total is the sum of the lines;
 * a constant that nobody published is null, adds nothing and is named in the notes.
 */
import type { Program } from '../program/program.js';
import { isSigned, type PopulationId } from '../spiking/network.js';
import type { Trace } from '../simulate/trace.js';
import { unpublishedLatencies } from '../simulate/latencies.js';
import type { Profile, Target } from '../target/schema.js';
import { fail } from '../diagnostics.js';
import { baselines, breakEven, ratios, type Baseline, type BreakEven, type Ratio } from './baselines.js';
import { coreMaxima, type CoreMaximum } from './core-maxima.js';
import { coreLines, populationJoules, sharedLines, staticCoresLine, staticLine, unpublished, type EnergyLine } from './energy-lines.js';
import { populationEvents, type PopulationEvents } from './event-counts.js';
import { latencyReport, type LatencyReport } from './latency-report.js';

export interface EnergyReport {
  readonly profile: {
    readonly name: string;
    readonly title: string;
    /** True where the constants are not of this chip or are extrapolated. */
    readonly estimate: boolean;
    readonly voltage: number | null;
    readonly errorEnvelope: string;
  };
  readonly perInference: {
    readonly lines: readonly EnergyLine[];
    readonly dynamicJoules: number;
    /** Of the powered chips over the latency; 0 with functional timing. */
    readonly staticJoules: number;
    readonly totalJoules: number;
    /** Static energy if only the used cores were powered; null where the latency or the constant is unknown. Not in the total. */
    readonly staticUsedCoresJoules: number | null;
    /** Lines that are shown beside the total and are not in it. */
    readonly beside: readonly EnergyLine[];
  };
  /** The same events and the same latency under every profile of the target, this one included. */
  readonly byProfile: readonly ProfileTotals[];
  /** The busiest core of each count beside the total. */
  readonly coreMaxima: readonly CoreMaximum[];
  /** Null with functional timing. */
  readonly latency: LatencyReport | null;
  /** Energy of each population's cores per inference, joules; mesh, host, barrier and static power are not among them. */
  readonly populations: readonly { readonly id: PopulationId; readonly joules: number }[];
  /** Simulated seconds of one inference; null with functional timing. */
  readonly latencySeconds: number | null;
  readonly baselines: readonly Baseline[];
  readonly ratios: readonly Ratio[];
  /** MACs of one inference of the source network. */
  readonly macs: number;
  readonly synapticOps: number;
  /** Synaptic operations per MAC of the source network; null where it has none. */
  readonly sopsPerMac: number | null;
  readonly breakEven: readonly BreakEven[];
  readonly notes: readonly string[];
}

/** What one profile makes of the events. */
export interface ProfileTotals {
  readonly name: string;
  readonly dynamicJoules: number;
  /** Of the powered chips over the latency of the report. */
  readonly staticJoules: number;
  readonly totalJoules: number;
}

/** Finds a profile by name; without a name, the target's first. Throws `report/unknown-profile`. */
export function chooseProfile(target: Target, name: string | undefined): Profile {
  if (name === undefined) return target.profiles[0] as Profile;
  const found = target.profiles.find((p) => p.name === name);
  return found ?? fail('report/unknown-profile', { kind: 'option', option: '--profile' }, { name, target: target.name, known: target.profiles.map((p) => p.name) });
}

/**
 * Energy per inference, joules: means over the trace's samples. Latency, and with it static energy,
 * exists only with pipeline and cycle timing. Throws `report/unknown-profile`.
 */
export function energyReport(program: Program, trace: Trace, options: { readonly profile?: string } = {}): EnergyReport {
  const profile = chooseProfile(program.target, options.profile);
  const events = populationEvents(program, trace);
  const latencySeconds = trace.time?.secondsPerInference ?? null;
  const dynamicLines = (of: Profile): readonly EnergyLine[] => [...coreLines(events, trace.samples, of), ...sharedLines(program, trace, of)];
  const dynamic = dynamicLines(profile);
  const powered = { chips: program.chipsUsed, cores: program.coresUsed, seconds: latencySeconds };
  const standing = staticLine(powered, profile);
  const cores = staticCoresLine(powered, profile);
  const dynamicJoules = dynamic.reduce((sum, l) => sum + l.joules, 0);
  const totalJoules = dynamicJoules + standing.joules;

  const opsLines = dynamic.filter((l) => l.key.startsWith('synops-'));
  const synapticOps = opsLines.reduce((sum, l) => sum + l.count, 0);
  const opsJoules = opsLines.reduce((sum, l) => sum + l.joules, 0);
  const macs = program.source.layers.reduce((sum, l) => sum + l.macs, 0);
  const updates = (of: readonly PopulationEvents[]): number => of.reduce((sum, p) => sum + p.activeUpdates + p.inactiveUpdates, 0) / trace.samples;
  const signed = new Set(program.network.populations.filter(isSigned).map((p) => p.id));
  const outputs = program.source.layers.reduce((sum, l) => sum + l.outputs, 0);
  const work = { macs, outputs, synapticOps, neuronUpdates: updates(events), signedUpdates: updates(events.filter((p) => signed.has(p.id))) };
  const beside = baselines(program, work, trace.timesteps);
  return {
    profile: { name: profile.name, title: profile.title, estimate: profile.estimate, voltage: profile.voltage, errorEnvelope: profile.errorEnvelope },
    perInference: {
      lines: [...dynamic, standing], dynamicJoules, staticJoules: standing.joules, totalJoules,
      staticUsedCoresJoules: cores.unitPicojoules === null ? null : cores.joules,
      beside: [cores],
    },
    byProfile: program.target.profiles.map((p) => totals(p.name, dynamicLines(p), staticLine(powered, p))),
    coreMaxima: coreMaxima(program, trace),
    latency: latencyReport(trace),
    populations: events.map((p) => ({ id: p.id, joules: populationJoules(p, trace.samples, profile) })),
    latencySeconds,
    baselines: beside,
    ratios: ratios(beside, totalJoules),
    macs,
    synapticOps,
    sopsPerMac: macs > 0 ? synapticOps / macs : null,
    breakEven: breakEven(synapticOps > 0 ? (opsJoules * 1e12) / synapticOps : null),
    notes: notes(profile, { program, trace }, [...dynamic, standing]),
  };
}

function totals(name: string, dynamic: readonly EnergyLine[], standing: EnergyLine): ProfileTotals {
  const dynamicJoules = dynamic.reduce((sum, l) => sum + l.joules, 0);
  return { name, dynamicJoules, staticJoules: standing.joules, totalJoules: dynamicJoules + standing.joules };
}

/** axonOut to "axon out". */
const inWords = (name: string): string => name.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`);

function notes(profile: Profile, { program, trace }: { readonly program: Program; readonly trace: Trace }, lines: readonly EnergyLine[]): readonly string[] {
  const missing = lines.filter((l) => l.unitPicojoules === null && l.note?.startsWith(unpublished) === true && l.count > 0);
  const timed = trace.time;
  const timedBy = program.target.profiles.find((p) => p.name === timed?.profile);
  const untimed = timedBy === undefined ? [] : unpublishedLatencies(program, timedBy);
  return [
    profile.estimate ? `The profile ${profile.name} is an estimate: its constants are not published measurements of this chip.` : `The constants are those of the profile ${profile.name}.`,
    ...(profile.errorEnvelope === '' ? [] : [`Error of the model: ${profile.errorEnvelope}`]),
    ...(missing.length === 0 ? [] : [`${unpublished[0]?.toUpperCase()}${unpublished.slice(1)}: ${missing.map((l) => l.name.toLowerCase()).join(', ')}. The true energy is higher by these.`]),
    ...(timed === null ? ['Functional timing gives no latency, so static power is not counted. Simulate with pipeline timing for both.'] : []),
    ...(timed === null ? [] : ['Static power is charged for the whole latency of one inference on its own; inferences that overlap would share it.']),
    ...(timed === null || timed.pipelineSeconds === null ? [] : [`The latency is that of cycle timing; pipeline timing of the same images gives ${(timed.pipelineSeconds / timed.secondsPerInference).toPrecision(3)} times that.`]),
    ...(untimed.length === 0 ? [] : [`The latency leaves out, because unpublished: ${untimed.map(inWords).join(', ')}.`]),
    ...(timed !== null && timed.profile !== profile.name ? [`The latency was timed with the profile ${timed.profile}, the energy is priced with ${profile.name}.`] : []),
    'Every synaptic operation is charged once, zeros of dense segments included; every neuron is charged in every step, with or without input.',
    'A synaptic operation reads a weight and adds it to a buffered sum; the membrane potential is read and written once an update, in the price of the update.',
    'The total is dynamic energy and the static energy of the powered chips; that of the used cores alone is shown beside it.',
    'The baselines by operation count leave out memory, control and static power; only those with memory put both networks under one memory model.',
  ];
}
