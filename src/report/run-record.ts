/**
 * Puts everything known about one run into one plain record: the program in summary, what it scored,
 * what it cost and one raster. The record is what the run file holds and what the page shows.
 */
import { describeBackend, OWN_KERNELS, type BackendIdentity } from '../backend/dense-backend.js';
import type { EnergyReport } from '../energy/energy-report.js';
import type { Program } from '../program/program.js';
import type { Trace } from '../simulate/trace.js';
import { thresholdsOf, type IntegerPopulation } from '../quantise/integer-network.js';
import { fires, neuronCount } from '../spiking/network.js';
import { mappingReport, type MappingReport } from './mapping-report.js';
import { RUN_FORMAT, RUN_VERSION, type RunCore, type RunLayer, type RunRecord } from './run-schema.js';
import { thinRaster } from './thin-raster.js';

export interface RunSource {
  readonly program: Program;
  readonly trace: Trace;
  readonly energy: EnergyReport;
  readonly dataset: { readonly name: string; readonly labels: ArrayLike<number> };
  /** Fractions of 1; null where the ANN was not run on these samples. */
  readonly annAccuracy: number | null;
  readonly agreement: number | null;
  /** Who computed the ANN; the own kernels by default. */
  readonly annBackend?: BackendIdentity | null;
  /** Of the program's file. */
  readonly programSha256?: string;
  /** Seed of the simulation (input spikes). */
  readonly seed: number;
  /** Version of this tool. */
  readonly tool: string;
}

const RASTER_SPIKES = 6000;

/** The record of one run. Throws an Error where trace, program and labels do not belong together. */
export function buildRunRecord(source: RunSource): RunRecord {
  const { program, trace, energy, dataset } = source;
  const { network, target, provenance } = program;
  if (dataset.labels.length !== trace.samples) throw new Error(`${dataset.labels.length} labels for a trace of ${trace.samples} samples`);
  const byStep = accuracyByStep(trace, dataset.labels);
  const annBackend = source.annBackend ?? OWN_KERNELS;
  return {
    format: RUN_FORMAT, version: RUN_VERSION, tool: source.tool,
    model: {
      name: provenance.modelName, sha256: provenance.modelSha256, parameters: program.source.parameters, macs: energy.macs,
      image: [...network.imageShape], classes: [...program.classes],
    },
    compilation: {
      tool: provenance.tool, seed: provenance.seed, calibration: provenance.calibration, privateData: provenance.privateData,
      input: network.input.code, timesteps: network.timesteps,
      target: {
        name: target.name, title: target.title, meshWidth: target.mesh.width, meshHeight: target.mesh.height,
        coresPerRouter: target.mesh.coresPerRouter, boardColumns: target.board.columns,
      },
      ...(source.programSha256 === undefined ? {} : { programSha256: source.programSha256 }),
      chipsUsed: program.chipsUsed, coresUsed: program.coresUsed, mapping: mappingOf(program, trace), ...(provenance.training === undefined ? {} : { training: provenance.training as NonNullable<RunRecord['compilation']['training']> }),
    },
    layers: network.populations.map((p) => layerOf(p, source)),
    cores: coresOf(program, trace),
    data: { name: dataset.name, samples: trace.samples },
    accuracy: {
      correct: Math.round((byStep[byStep.length - 1] as number) * trace.samples), byStep, ann: source.annAccuracy, agreement: source.agreement,
      ...(annBackend.name === 'own' ? {} : { annBackend: describeBackend(annBackend) }),
    },
    simulation: simulationOf(source),
    energy,
    raster: trace.raster === null ? null : thinRaster(trace.raster, network.populations.length, RASTER_SPIKES),
  };
}

/** The mapping under the mean spikes of this run. */
function mappingOf(program: Program, trace: Trace): MappingReport {
  const neurons = new Map(program.network.populations.map((p) => [p.id, neuronCount(p.shape)]));
  const traffic = new Map(trace.populations.map(({ id, spikes }) => [id, spikes / trace.samples / (neurons.get(id) ?? 1)]));
  return mappingReport(program, { traffic, rates: 'measured' });
}

/** Fraction of samples whose label leads after each step. */
function accuracyByStep(trace: Trace, labels: ArrayLike<number>): readonly number[] {
  const correct = new Array<number>(trace.timesteps).fill(0);
  for (let sample = 0; sample < trace.samples; sample++) {
    for (let t = 0; t < trace.timesteps; t++) if (trace.predictions[sample * trace.timesteps + t] === labels[sample]) correct[t]++;
  }
  return correct.map((n) => n / trace.samples);
}

function layerOf(population: IntegerPopulation, { program, trace, energy }: RunSource): RunLayer {
  const { network } = program;
  const into = network.projections.filter((p) => p.target === population.id);
  const hosted = network.input.code === 'bias' ? network.input.layers.filter((l) => l.target === population.id) : [];
  const counters = trace.populations.find((p) => p.id === population.id);
  const operations = new Map(trace.projections.map((p) => [p.id, p.synapticOps]));
  const neurons = neuronCount(population.shape);
  const mean = (sum: number | undefined): number => (sum ?? 0) / trace.samples;
  const { neuron } = population;
  const spiking = fires(neuron);
  const thresholds = Array.from(thresholdsOf(population), (t, c) => t / population.scale[c]);
  return {
    name: population.id, shape: [...population.shape], neuron: neuron.model, reset: spiking ? neuron.reset : null,
    ...(neuron.model === 'signed-if' ? { retract: neuron.retract, retractions: mean(counters?.retractions) } : {}), neurons,
    cores: program.cores.filter((c) => c.slice.population === population.id).length,
    weights: [...into, ...hosted].reduce((sum, p) => sum + p.weight.length, 0),
    memoryBits: program.cores.reduce((sum, c) => sum + (c.slice.population === population.id ? c.use.synapticBits : 0), 0),
    onHost: hosted.length > 0,
    threshold: population.threshold,
    thresholdRange: spiking ? [smallest(thresholds), largest(thresholds)] : null,
    weightError: into.length === 0 ? null : largest(into.map((p) => p.weightError)),
    spikes: mean(counters?.spikes),
    rate: mean(counters?.spikes) / (neurons * trace.timesteps),
    synapticOps: mean(into.reduce((sum, p) => sum + (operations.get(p.id) ?? 0), 0)),
    activeUpdates: mean(counters?.activeUpdates), inactiveUpdates: mean(counters?.inactiveUpdates), saturations: mean(counters?.saturations),
    joules: energy.populations.find((p) => p.id === population.id)?.joules ?? 0,
  };
}

const largest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), -Infinity);
const smallest = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);

function coresOf(program: Program, trace: Trace): readonly RunCore[] {
  const layers = new Map(program.network.populations.map((p, i) => [p.id, i]));
  const mean = (sum: number | undefined): number => (sum ?? 0) / trace.samples;
  return program.cores.map((core, i): RunCore => {
    const place = program.places[i];
    const counters = trace.cores[i];
    return {
      layer: layers.get(core.slice.population) ?? 0, chip: place.chip, x: place.x, y: place.y, port: place.port, ...core.use,
      spikes: mean(counters?.spikes), messagesIn: mean(counters?.messagesIn), messagesOut: mean(counters?.messagesOut), synapticOps: mean(counters?.synapticOps),
      busySeconds: trace.time === null ? null : mean(trace.time.coreSeconds[i]),
    };
  });
}

function simulationOf({ trace, seed, energy }: RunSource): RunRecord['simulation'] {
  const { mesh, samples, time } = trace;
  return {
    seed, timing: trace.timing, stepsPerInference: trace.stepsPerInference,
    spikes: trace.populations.reduce((sum, p) => sum + p.spikes, 0) / samples, synapticOps: energy.synapticOps,
    messages: mesh.messages / samples, hopsX: mesh.hopsX / samples, hopsY: mesh.hopsY / samples,
    chipCrossings: mesh.chipCrossings / samples, withinTile: mesh.withinTile / samples,
    heaviestLinkMessages: mesh.heaviestLink === null ? null : mesh.heaviestLink.messages / samples,
    time: time === null ? null : { profile: time.profile, secondsPerInference: time.secondsPerInference, ...(time.pipelineSeconds === null ? {} : { pipelineSeconds: time.pipelineSeconds }), bottleneck: time.bottleneck },
  };
}
