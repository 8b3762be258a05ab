/** Runs a sparsity audit on a file: reads the architecture and the images, trains and attacks the sweep, compiles its networks, and fills the record. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditSparsity, PREDICTORS, type ChipFigures, type SparsityAudit, type SparsityRequest } from '../audit/sparsity/audit-sparsity.js';
import { sparsityRecord, type SparsityHead, type SparsityRecord } from '../audit/records/sparsity.js';
import { compileTrained } from '../compile-trained.js';
import { compileModel } from '../compile.js';
import type { Dataset } from '../data/dataset.js';
import { fitDataset } from '../data/fit-dataset.js';
import { loadDataset } from '../data/load-dataset.js';
import { subset } from '../data/subset.js';
import { energyReport, chooseProfile } from '../energy/energy-report.js';
import { ADAM } from '../learn/optimiser.js';
import type { LabelledImages } from '../learn/private-task.js';
import type { LearnedNetwork } from '../learn/trainee.js';
import { writeOnnx } from '../onnx/write-onnx.js';
import { normalisedImages } from '../program/normalised-images.js';
import type { Program } from '../program/program.js';
import { publishesLatency } from '../simulate/latencies.js';
import { simulate } from '../simulate/simulate.js';
import { loadTarget } from '../target/load-target.js';
import { toolVersion } from '../tool-version.js';
import { startCost, trainingProgress } from './audit-cost.js';
import { loadAuditSubject, type AuditSubject } from './audit-subject.js';
import { modelReading } from './compile-notes.js';
import { status, warn } from './output.js';
import type { SparsityFlags } from './sparsity-options.js';
import { endsOf, traineeOf } from './trainee-source.js';

export interface MeasuredSparsity { readonly audit: SparsityAudit; readonly record: SparsityRecord }

/** Throws a CompileError for whatever the files and images are at fault for. */
export async function measureSparsity(path: string, flags: SparsityFlags): Promise<MeasuredSparsity> {
  const cost = startCost(flags.workers);
  const read = loadAuditSubject(path, modelReading(flags));
  warn(read.warnings);
  const trainee = traineeOf(read, path);
  const ends = endsOf(trainee);
  const [data, test] = [fitDataset(loadDataset(flags.data), ends), fitDataset(loadDataset(flags.test, '--test'), ends, '--test')];
  const labelled = (set: Dataset): LabelledImages => ({ count: set.count, images: normalisedImages(read.normalisation, set), labels: set.labels });
  const training = {
    epochs: flags.epochs, batch: flags.batch, rate: flags.learningRate ?? (trainee.kind === 'ann' ? 0.001 : 0.02),
    optimiser: flags.optimiser === 'adam' ? ADAM : { kind: 'sgd', momentum: 0.9 }, schedule: flags.schedule === 'cosine' ? { kind: 'cosine', floor: 0.02 } : { kind: 'constant' },
  } as const satisfies SparsityRequest['training'];
  const trained = new Set<number>();
  const shown = trainingProgress('network');
  try {
    const audit = await auditSparsity({
      trainee, pool: labelled(data), test: labelled(test), training, sparsities: flags.sparsities, seeds: flags.seeds, structure: flags.structure, scope: flags.scope, course: flags.course,
      rewindEpochs: flags.rewind === false ? null : flags.rewind, seed: flags.seed, workers: flags.workers, ...(flags.keep === undefined ? {} : { folder: flags.keep }),
      onChip: flags.chipImages === 0 ? null : chipOf(read, flags, subset(test, { limit: Math.min(flags.chipImages, test.count) })),
      onStep: (k, of, step, steps) => { trained.add(k); shown(k, of, step, steps); }, onAsked: (done, of) => status(`attacking: ${(100 * done / of).toFixed(0)} %`),
    });
    const spent = { ...cost(), trainings: trained.size };
    return { audit, record: sparsityRecord(audit, headOf(read, flags, { data, test, training, cost: spent, poolSha256: audit.poolSha256 })) };
  } finally {
    status('');
  }
}

interface HeadSource {
  readonly data: Dataset;
  readonly test: Dataset;
  readonly training: SparsityRequest['training'];
  readonly cost: SparsityRecord['cost'];
  readonly poolSha256: string;
}

function headOf({ name, file, sha256 }: AuditSubject, flags: SparsityFlags, { data, test, training, cost, poolSha256 }: HeadSource): SparsityHead {
  const part = ({ name: of, count }: Dataset): { name: string; count: number } => ({ name: of, count });
  return {
    tool: toolVersion(), subject: { name, kind: file.kind === 'ann' ? 'ann' : 'spiking', sha256 }, cost, predictors: PREDICTORS,
    settings: {
      seed: flags.seed, seeds: flags.seeds, data: part(data), test: part(test), poolSha256, structure: flags.structure, scope: flags.scope, course: flags.course, rewindEpochs: flags.rewind === false ? null : flags.rewind,
      training: { epochs: training.epochs, batch: training.batch, rate: training.rate, optimiser: training.optimiser.kind, schedule: training.schedule.kind },
      chip: flags.chipImages === 0 ? null : { target: loadTarget(flags.target).name, images: Math.min(flags.chipImages, test.count), timesteps: file.kind === 'spiking' ? file.trained.architecture.timesteps : timestepsOf(flags) },
    },
  };
}

const timestepsOf = ({ timesteps = 32 }: SparsityFlags): number => timesteps;

/** Compiles a network of the sweep as `compile` does by default, runs it, and prices the run. */
const chipOf = (read: AuditSubject, flags: SparsityFlags, images: Dataset) => async (network: LearnedNetwork): Promise<ChipFigures> => {
  const program = await programOf(network, read, flags);
  const profile = chooseProfile(program.target, undefined);
  const trace = await simulate(program, images, { timing: publishesLatency(profile) ? 'pipeline' : 'functional', profile: profile.name, seed: flags.seed, workers: flags.workers });
  const energy = energyReport(program, trace, { profile: profile.name });
  const { timesteps, samples, predictions } = trace;
  const right = images.labels.reduce((n, label, s) => n + (predictions[s * timesteps + timesteps - 1] === label ? 1 : 0), 0);
  return {
    accuracy: right / samples, weights: program.network.projections.reduce((n, p) => n + p.weight.reduce((m: number, w: number) => m + (w === 0 ? 0 : 1), 0), 0),
    memoryBits: program.cores.reduce((n, c) => n + c.use.synapticBits, 0), synapticOps: energy.synapticOps, joules: energy.perInference.totalJoules, cores: program.coresUsed,
  };
};

async function programOf(network: LearnedNetwork, { file, normalisation, sha256 }: AuditSubject, flags: SparsityFlags): Promise<Program> {
  const target = loadTarget(flags.target);
  if (network.kind === 'spiking') {
    if (file.kind !== 'spiking') throw new Error('internal: a spiking network from a file that is none');
    const { program } = await compileTrained({ ...file.trained, network: network.network, training: { ...file.trained.training, certificate: null } }, 'a network of the sweep', { target, sha256, seed: flags.seed });
    return program;
  }
  const folder = mkdtempSync(join(tmpdir(), 'spikeveil-'));
  try {
    const path = join(folder, 'model.onnx');
    writeFileSync(path, writeOnnx(network.graph, `spikeveil ${toolVersion()}`));
    return (await compileModel(path, { target, timesteps: timestepsOf(flags), normalisation, seed: flags.seed })).program;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
