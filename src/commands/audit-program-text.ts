/** What `audit PROGRAM` prints and gives as JSON: each kind of leak with what is known of it, then what was not measured. */
import { FALSE_POSITIVE_RATES } from '../audit/membership/audit-membership.js';
import { capsFromMechanism } from '../audit/bounds/true-positive-cap.js';
import { trainingLines } from '../learn/training-record.js';
import { attackName } from '../report/attack-names.js';
import { formatCount, formatJoules, formatPercent, formatSeconds } from '../report/quantities.js';
import { wilsonInterval } from '../report/wilson-interval.js';
import type { ProgramAnswer } from './audit-program.js';
import { pairs, plural, wrap } from './table.js';

/** The answer as one JSON value. */
export function programAnswerJson({ program, sha256, run, membership, classes }: ProgramAnswer): object {
  const { provenance } = program;
  return {
    program: { name: provenance.modelName, sha256, modelSha256: provenance.modelSha256 },
    privateData: provenance.privateData, calibration: provenance.calibration, training: provenance.training ?? null, weights: weightsOf(program),
    run, membership, classes: classes?.record ?? null, notMeasured: missing({ program, sha256, run, membership, classes }),
  };
}

export function programAnswerText(answer: ProgramAnswer): string {
  const { program: { provenance: { modelName, modelSha256, calibration, privateData, training } }, sha256, program } = answer;
  const { stored, zero } = weightsOf(program);
  const left = missing(answer);
  return [
    pairs([
      ['program', `${modelName}, SHA-256 ${sha256.slice(0, 12)}, from a file with SHA-256 ${modelSha256.slice(0, 12)}`],
      ...(training === undefined ? [['thresholds', calibration], ['private data read', privateData ? 'yes, to choose thresholds' : 'none while compiling; what the ANN was trained on is not known here']] as const : trainingLines(training)),
      ...capLines(answer),
      ['weights', `${formatCount(stored)}, ${formatPercent(stored === 0 ? 0 : zero / stored)} of them zero; whoever holds the file can read them and use them as a float network's`],
      ...runLines(answer),
      ...membershipLines(answer),
      ...classesLines(answer),
    ]),
    ...(left.length === 0 ? [] : [left.map((l) => wrap(`not measured: ${l}`, '  ')).join('\n')]),
    wrap(conclusion(answer)),
  ].join('\n\n');
}

function weightsOf({ network: { projections } }: ProgramAnswer['program']): { readonly stored: number; readonly zero: number } {
  let [stored, zero] = [0, 0];
  for (const { weight } of projections) {
    stored += weight.length;
    for (let i = 0; i < weight.length; i++) if (weight[i] === 0) zero++;
  }
  return { stored, zero };
}

function capLines({ program: { provenance: { training } } }: ProgramAnswer): (readonly [string, string])[] {
  const certificate = training?.certificate ?? null;
  if (certificate === null) return [['proven', 'nothing: no certificate of differentially private training']];
  const caps = capsFromMechanism(certificate.phases, FALSE_POSITIVE_RATES);
  return [['proven', `the epsilon above was computed again from the phases of the certificate; no attack on membership finds more than ${FALSE_POSITIVE_RATES.map((f, i) => `${formatPercent(caps[i], 2)} of the members at ${formatPercent(f)} false alarms`).join(', or ')}, if the training ran as certified`]];
}

function runLines({ run }: ProgramAnswer): (readonly [string, string])[] {
  if (run === null) return [];
  const { accuracy, data, energy, compilation } = run;
  const [low, high] = wilsonInterval(accuracy.correct, data.samples);
  return [
    ['accuracy', `${formatPercent(accuracy.correct / data.samples, 2)} of ${formatCount(data.samples)} images of ${data.name} (95 % interval ${(100 * low).toFixed(2)} to ${(100 * high).toFixed(2)})${accuracy.ann === null ? '' : `; the ANN ${formatPercent(accuracy.ann, 2)}`}`],
    ['cost', `${formatJoules(energy.perInference.totalJoules)} an inference (profile ${energy.profile.name})${energy.latencySeconds === null ? '' : `, ${formatSeconds(energy.latencySeconds)}`}, ${plural(compilation.coresUsed, 'core')}`],
  ];
}

function membershipLines({ membership }: ProgramAnswer): (readonly [string, string])[] {
  if (membership === null) return [];
  const { attacks, strongest, detected, settings, references } = membership;
  const best = attacks.find((a) => a.id === strongest)!;
  const how = `${attacks.length} attacks, ${references === null ? 'without reference networks' : `${references.count} reference networks`}, ${formatCount(settings.members.count)} members, ${formatCount(settings.nonMembers.count)} others`;
  const area = `AUC ${best.area.toFixed(3)} (95 % interval ${best.areaInterval[0].toFixed(3)} to ${best.areaInterval[1].toFixed(3)})`;
  return [['membership', `${detected ? `${attackName(best.id)} tells members from others` : 'no attack told members from others'}; the strongest, ${attackName(best.id)}, reached ${area}. ${how}`]];
}

function classesLines({ classes }: ProgramAnswer): (readonly [string, string])[] {
  if (classes === null) return [];
  const { strongest, verdict, attacks, floor, ceiling, settings, asAnnAccuracy } = classes.record;
  const best = attacks.find((a) => a.name === strongest)!;
  const guessing = Math.max(floor.random.success.mean, floor.untrained.success.mean);
  return [
    ['classes', `${verdict}; the strongest, ${strongest}, drew images that networks which never saw the program took for the wanted class in ${formatPercent(best.figures.success.mean)} of cases (guessing ${formatPercent(guessing)}, real images ${formatPercent(ceiling.success.mean)}); ${plural(settings.images, 'image')} an attack, ${plural(settings.seeds, 'seed')}, short form`],
    ['read as an ANN', `its weights as a plain ReLU network are right on ${formatPercent(asAnnAccuracy)} of real images`],
  ];
}

/** What was not measured, and what would measure it. */
function missing({ run, membership, classes }: ProgramAnswer): string[] {
  return [
    ...(run === null ? ['accuracy and cost (--data SPEC)'] : []),
    ...(membership === null ? ['membership (--members SPEC --non-members SPEC)'] : membership.references === null ? ['membership by the stronger attacks, LiRA and RMIA (--references 4)'] : []),
    ...(classes === null ? ['classes (--classes with --data SPEC)'] : []),
  ];
}

function conclusion({ program: { provenance: { training } }, membership, classes }: ProgramAnswer): string {
  const certificate = training?.certificate ?? null;
  const attacked = membership === null && classes === null ? 'No attack was made.' : 'Attacks give lower bounds: others may find more.';
  return certificate === null
    ? `${attacked} Nothing bounds what an attacker can find from above.`
    : `${attacked} The certificate bounds what anybody can find about ${certificate.unit}; it says nothing about what the classes look like, which a useful classifier shows.`;
}
