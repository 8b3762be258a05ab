/** Measures the membership leakage of a file: reads subject and images, trains references like the subject, attacks, and fills the record. */
import type { MembershipAudit } from '../audit/membership/audit-membership.js';
import type { ReferenceKind, ReferenceTraining } from '../audit/membership/reference-kinds.js';
import type { MembershipHead, MembershipRecord } from '../audit/records/membership.js';
import type { Dataset } from '../data/dataset.js';
import type { LabelledImages } from '../learn/private-task.js';
import { toolVersion } from '../tool-version.js';
import { startCost, trainingProgress } from './audit-cost.js';
import type { AuditSubject } from './audit-subject.js';
import { modelReading } from './compile-notes.js';
import type { MembershipFlags } from './membership-options.js';
import { status, warn } from './output.js';

export interface MeasuredMembership { readonly audit: MembershipAudit; readonly record: MembershipRecord }

/** Throws a CompileError for whatever the files and images are at fault for. */
export async function measureMembership(path: string, flags: MembershipFlags): Promise<MeasuredMembership> {
  const [{ loadAuditSubject, fitToSubject, checkTrainingData }, { loadDataset }, { normalisedImages }, { auditMembership }, { membershipRecord }] = await Promise.all([
    import('./audit-subject.js'), import('../data/load-dataset.js'), import('../program/normalised-images.js'), import('../audit/membership/audit-membership.js'), import('../audit/records/membership.js')]);
  const cost = startCost(flags.workers);
  const reading = modelReading(flags);
  const asked = loadAuditSubject(path, reading);
  warn(asked.warnings);
  const members = fitToSubject(asked, loadDataset(flags.members, '--members'), '--members');
  const nonMembers = fitToSubject(asked, loadDataset(flags.nonMembers, '--non-members'), '--non-members');
  checkTrainingData(asked, members, '--members');
  const images = (data: Dataset): LabelledImages => ({ count: data.count, images: normalisedImages(asked.normalisation, data), labels: data.labels });
  const training = flags.references === 0 ? null : trainingOf(asked, flags, (await import('../learn/optimiser.js')).ADAM);
  const kind = training === null ? null : await referenceKind(path, asked, { flags, training });
  const delta = flags.delta ?? asked.training?.certificate?.delta ?? 1e-5;
  const trained = new Set<number>();
  const shown = trainingProgress('reference');
  try {
    const audit = await auditMembership({
      subject: asked.subject, members: images(members), nonMembers: images(nonMembers), training: asked.training,
      references: kind === null ? null : { kind, count: flags.references, ...(flags.keep === undefined ? {} : { folder: flags.keep }) },
      seed: flags.seed, workers: flags.workers, chances: flags.poissonSeeds, delta,
      onStep: (k, step, steps) => { trained.add(k); shown(k, flags.references, step, steps); }, onAsked: (done, total) => status(`asking networks: ${(100 * done / total).toFixed(0)} %`),
    });
    status('');
    const spent = { ...cost(), referencesTrained: trained.size };
    return { audit, record: membershipRecord(audit, headOf(asked, flags, { members, nonMembers, training, delta, cost: spent, poolSha256: audit.poolSha256 })) };
  } finally {
    status('');
  }
}

interface HeadSource {
  readonly members: Dataset;
  readonly nonMembers: Dataset;
  readonly training: ReferenceTraining | null;
  readonly delta: number;
  readonly cost: MembershipRecord['cost'];
  readonly poolSha256: string;
}

function headOf({ name, subject, sha256, training: own }: AuditSubject, flags: MembershipFlags, { members, nonMembers, training, delta, cost, poolSha256 }: HeadSource): MembershipHead {
  const part = ({ name: of, count }: Dataset): { name: string; count: number } => ({ name: of, count });
  const certificate = own?.certificate ?? null;
  return {
    tool: toolVersion(), subject: { name, kind: subject.kind, sha256 }, cost, certificate: certificate === null ? null : { epsilon: certificate.epsilon, delta: certificate.delta },
    settings: {
      seed: flags.seed, chances: flags.poissonSeeds, delta, members: part(members), nonMembers: part(nonMembers), poolSha256, references: flags.references,
      training: training === null ? null : { epochs: training.epochs, batch: training.batch, rate: training.rate, optimiser: training.optimiser.kind, schedule: training.schedule.kind },
    },
  };
}

const BATCH = 64;
const EPOCHS = 20;

/** As the subject was trained, as far as its record says. */
function trainingOf({ training, subject }: AuditSubject, flags: MembershipFlags, adam: ReferenceTraining['optimiser']): ReferenceTraining {
  const certificate = training?.certificate ?? null;
  const batch = flags.batch ?? certificate?.expectedBatch ?? BATCH;
  const recorded = training === null ? EPOCHS : Math.max(1, Math.round((training.steps * (certificate === null ? Math.min(BATCH, training.examples) : certificate.expectedBatch)) / training.examples));
  return {
    epochs: flags.epochs ?? recorded, batch, rate: flags.learningRate ?? (subject.kind !== 'ann' && training !== null ? 0.02 : 0.001),
    optimiser: flags.optimiser === 'adam' ? adam : { kind: 'sgd', momentum: 0.9 }, schedule: flags.schedule === 'cosine' ? { kind: 'cosine', floor: 0.02 } : { kind: 'constant' },
  };
}

/** References are made as the subject was: from its architecture, or from the float network that it was converted from. */
async function referenceKind(path: string, { file }: AuditSubject, { flags, training }: { readonly flags: MembershipFlags; readonly training: ReferenceTraining }): Promise<ReferenceKind> {
  const [{ spikingReferences, programReferences }, { annReferences, convertedReferences }, { lower }, { createKernels }, { Reporter }, { programSource, loadAuditSubject }] = await Promise.all([
    import('../audit/membership/reference-kinds.js'), import('../audit/membership/ann-references.js'), import('../lower/lower.js'), import('../kernels/kernels.js'), import('../diagnostics.js'), import('./audit-subject.js')]);
  const lowered = (graph: Parameters<typeof lower>[0]): ReturnType<typeof lower> => lower(graph, { report: new Reporter(), kernels: createKernels() });
  switch (file.kind) {
    case 'ann': return annReferences(lowered(file.graph), training);
    case 'spiking': return spikingReferences({ architecture: file.trained.architecture, certificate: file.trained.training.certificate }, training);
    case 'program': {
      const source = programSource(path, file.program, flags.source);
      const { file: made } = loadAuditSubject(source.path, source.reading);
      switch (made.kind) {
        case 'ann': return convertedReferences(lowered(made.graph), training, file.program);
        case 'spiking': return programReferences({ architecture: made.trained.architecture, certificate: made.trained.training.certificate }, training, file.program);
        case 'program': throw new Error('internal: a program is compiled from no program');
      }
    }
  }
}
