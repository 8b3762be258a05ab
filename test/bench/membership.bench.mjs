// A membership audit of a Fashion-MNIST network of about 100,000 parameters with four references: minutes by the clock and of
// processor time, what the attacks find on spiking network, program and float network (members and non-members: the first
// and the second 10,000 training images), and whether the figures depend on the number of workers.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditMembership } from '../../dist/audit/membership/audit-membership.js';
import { annReferences } from '../../dist/audit/membership/ann-references.js';
import { programReferences, spikingReferences } from '../../dist/audit/membership/reference-kinds.js';
import { normalisedImages } from '../../dist/program/normalised-images.js';
import { compileTrained } from '../../dist/compile-trained.js';
import { loadDataset } from '../../dist/data/load-dataset.js';
import { applyParameters } from '../../dist/learn/apply.js';
import { buildNetwork } from '../../dist/learn/build-network.js';
import { readBackGraph } from '../../dist/learn/distance.js';
import { ADAM } from '../../dist/learn/optimiser.js';
import { readArchitecture } from '../../dist/learn/read-architecture.js';
import { asCore, lower } from '../../dist/lower/lower.js';
import { createKernels } from '../../dist/kernels/kernels.js';
import { Reporter } from '../../dist/diagnostics.js';
import { attackName } from '../../dist/report/attack-names.js';
import { loadTarget } from '../../dist/target/load-target.js';

const architecture = readArchitecture(readFileSync(new URL('../../models/architectures/fashion-100k.json', import.meta.url), 'utf8'), 'fashion-100k');
const schedule = { kind: 'cosine', floor: 0.02 };
const SPIKING = { epochs: 15, batch: 64, rate: 0.02, optimiser: ADAM, schedule };
const ANN = { epochs: 15, batch: 64, rate: 0.001, optimiser: ADAM, schedule };
const SUBJECT_SEED = 0;

export const cases = (options) => [
  { measure: 'audit membership, fashion-100k, 4 references, 10,000 members and 10,000 non-members: minutes', run: () => audits(options) },
  { measure: 'membership figures on 1 and on 2 workers', run: () => sameFigures(options) },
];

/** Images from `first` on; null where the data set is not there. */
function images(folder, first, count) {
  if (!existsSync(`${folder}/fashion-mnist`)) return null;
  const data = loadDataset(`fashion-mnist:${folder}/fashion-mnist#train:${first}-${first + count - 1}`);
  return { count, images: normalisedImages(architecture.normalisation, data), labels: data.labels };
}

async function audits({ quick, data, workers, progress }) {
  const count = quick ? 400 : 10_000;
  const [members, nonMembers] = [images(data, 0, count), images(data, count, count)];
  if (members === null) return { value: null, unit: 'min', bar: { atMost: 40 }, note: 'the data set is not there' };
  const [spiking, ann] = [SPIKING, ANN].map((t) => (quick ? { ...t, epochs: 1 } : t));
  const keep = mkdtempSync(join(tmpdir(), 'membership-'));
  const rows = [];
  try {
    const kind = spikingReferences({ architecture, certificate: null }, spiking);
    progress?.('training the subject');
    const parameters = await kind.train(members, { seed: SUBJECT_SEED, workers });
    const network = applyParameters(buildNetwork(architecture, SUBJECT_SEED), parameters);
    const training = { data: 'bench', dataSha256: '0'.repeat(64), examples: count, steps: 1, certificate: null };
    const { program } = await compileTrained({ architecture, seed: SUBJECT_SEED, training, network }, 'bench', { target: loadTarget('loihi2'), sha256: '0'.repeat(64) });
    const graph = annReferences(asCore(lower(readBackGraph(network), { report: new Reporter(), kernels: createKernels() })), ann);
    progress?.('training the float network');
    const float = graph.subjectOf(await graph.train(members, { seed: SUBJECT_SEED, workers }));
    const subjects = [
      { name: 'spiking network', subject: { kind: 'spiking', network }, references: { kind, count: 4, folder: join(keep, 'spiking') } },
      { name: 'its program for loihi2', subject: { kind: 'program', program }, references: { kind: programReferences({ architecture, certificate: null }, spiking, program), count: 4, folder: join(keep, 'spiking') } },
      { name: 'float network of the same architecture', subject: float, references: { kind: graph, count: 4, folder: join(keep, 'float') } },
    ];
    for (const { name, subject, references } of subjects) {
      const [began, before] = [performance.now(), process.cpuUsage()];
      const audit = await auditMembership({ subject, members, nonMembers, training: null, references, seed: 1, workers, chances: 8, delta: 1e-5, onStep: (k, step, steps) => progress?.(`${name}: reference ${k + 1}, step ${step} of ${steps}`) });
      const { user, system } = process.cpuUsage(before);
      const minutes = (performance.now() - began) / 60000;
      if (rows.length === 0) rows.push({ value: minutes, unit: 'min', bar: { atMost: 40 }, note: `${((user + system) / 6e7).toFixed(1)} min of processor time, ${workers} workers, subject not counted; ${spiking.epochs} epochs each` });
      rows.push({ measure: `AUC of RMIA, ${name}`, value: of(audit, 'rmia').area, unit: 'ratio', bar: null, note: figures(audit), details: audit.attacks.map(({ id, area, areaInterval, rates }) => ({ id, area, areaInterval, rates })) });
    }
    return rows;
  } finally {
    rmSync(keep, { recursive: true, force: true });
  }
}

const of = (audit, id) => audit.attacks.find((a) => a.id === id);
const interval = ({ low, high }, factor, digits) => `${(factor * low).toFixed(digits)} to ${(factor * high).toFixed(digits)}`;

function figures(audit) {
  const { area, areaInterval, rates: [{ truePositiveRate, interval: rate }] } = of(audit, 'rmia');
  const best = of(audit, audit.strongest);
  return [
    `${area.toFixed(3)}, 95 % interval ${interval(areaInterval, 1, 3)}`,
    truePositiveRate === null ? 'TPR at 1 % FPR not resolvable' : `TPR at 1 % FPR ${(100 * truePositiveRate).toFixed(2)} % (${interval(rate, 100, 2)})`,
    `loss alone ${of(audit, 'loss').area.toFixed(3)}`, `strongest ${attackName(audit.strongest)} ${best.area.toFixed(3)}`,
    `accuracy ${(100 * audit.accuracy.members).toFixed(1)} % of members, ${(100 * audit.accuracy.nonMembers).toFixed(1)} % of the others`,
  ].join('; ');
}

async function sameFigures({ data }) {
  const [members, nonMembers] = [images(data, 0, 400), images(data, 400, 400)];
  if (members === null) return { value: null, unit: '', bar: { text: 'equal', met: false }, note: 'the data set is not there' };
  const kind = spikingReferences({ architecture, certificate: null }, { ...SPIKING, epochs: 2 });
  const subject = kind.subjectOf(await kind.train(members, { seed: SUBJECT_SEED, workers: 1 }));
  const [one, two] = await Promise.all([1, 2].map((workers) => auditMembership({ subject, members, nonMembers, training: null, references: { kind, count: 2 }, seed: 1, workers, chances: 1, delta: 1e-5 })));
  const equal = JSON.stringify(one) === JSON.stringify(two);
  return { value: null, unit: '', bar: { text: equal ? 'equal' : 'differ', met: equal }, note: `${one.attacks.length} attacks on 800 images, 2 references: AUC of RMIA ${of(one, 'rmia').area} and ${of(two, 'rmia').area}` };
}
