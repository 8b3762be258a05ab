/** What `audit classes` says on a terminal: a table of attacks for each subject, its verdict, and the subjects side by side. */
import type { ClassesRecord } from '../audit/records/classes.js';
import { pairs, table, wrap } from './table.js';

type EstimateRecord = ClassesRecord['attacks'][number]['loss'];
type FiguresRecord = ClassesRecord['ceiling'];

export function classesText(records: readonly ClassesRecord[]): string {
  const [first] = records;
  const { settings } = first;
  return [
    pairs([
      ['suite', `${first.suite}, ${settings.images} images an attack (${settings.perClass} a class), ${settings.seeds} seed${settings.seeds === 1 ? '' : 's'}, ${settings.steps} steps, ${settings.restarts} restart${settings.restarts === 1 ? '' : 's'}`],
      ['evaluators', `${settings.evaluators}, right on ${first.evaluatorAccuracies.map(percent).join(', ')} of ${settings.realImages.reference} real images`],
      ['real images', `${settings.data.name}: ${settings.realImages.training} to learn from, ${settings.realImages.reference} to compare with, ${settings.realImages.ceiling} for the ceiling`],
      ['members', settings.members === null ? 'not given (--members): whether single images show was not asked' : settings.members.name],
      ...(first.cost === null ? [] : [['cost', `${first.cost.wallSeconds.toFixed(0)} s, ${first.cost.processorSeconds.toFixed(0)} s of processor time on ${first.cost.workers} thread${first.cost.workers === 1 ? '' : 's'}`] as const]),
    ]),
    ...records.map(subjectText),
    ...(records.length < 2 ? [] : [sideBySide(records)]),
    wrap('leakage: success over what random images and an untrained network reach, 0, up to that of real images, 1. success: taken for the wanted class by more than half of the evaluators. Intervals: 95 %, over the seeds of the attack; they say nothing of other trainings of the subject.'),
  ].join('\n\n');
}

function subjectText(record: ClassesRecord): string {
  const { subject, floor, ceiling, attacks, skipped, checks } = record;
  const row = (name: string, f: FiguresRecord, rest: readonly string[]): readonly string[] => [
    name, share(f.success), ...rest, percent(f.confidence.mean), distance(f.kernel), distance(f.frechet), percent(f.thief.mean), distance(f.diversity), distance(f.memberGap),
  ];
  const sorted = [...attacks].sort((a, b) => b.leakage.success.mean - a.leakage.success.mean);
  const rows = [
    row('floor: random images', floor.random, ['', '']), row('floor: untrained network', floor.untrained, ['', '']),
    ...sorted.map((a) => row(a.name, a.figures, [interval(a.leakage.success), `${a.worstClass.class}: ${percent(a.worstClass.success)}`])),
    row('ceiling: real images', ceiling, ['', '']),
  ];
  return [
    `${subject.name} (${KINDS[subject.kind]}; right on ${percent(record.accuracy)}, its weights read as an ANN on ${percent(record.asAnnAccuracy)})`,
    table([{ head: 'images' }, { head: 'success', align: 'right' }, { head: 'leakage', align: 'right' }, { head: 'worst class', align: 'right' }, ...['conf.', 'kernel', 'Frechet', 'thief', 'diversity', 'gap'].map((head) => ({ head, align: 'right' as const }))], rows),
    ...reasons(skipped),
    ...checks.map((c) => wrap(`check: ${c.check}: ${c.passed ? 'yes' : 'NO'}; ${c.explanation}`)),
    wrap(`verdict: ${record.verdict}`),
  ].join('\n');
}

const KINDS: Readonly<Record<ClassesRecord['subject']['kind'], string>> = { ann: 'ANN', spiking: 'spiking network', program: 'program' };

/** One line a reason. */
function reasons(skipped: ClassesRecord['skipped']): string[] {
  const all = [...new Set(skipped.map((s) => s.reason))];
  return all.map((reason) => wrap(`not made: ${[...new Set(skipped.filter((s) => s.reason === reason).map((s) => s.name[0]))].join(', ')} (${reason})`));
}

function sideBySide(records: readonly ClassesRecord[]): string {
  const rows = records.map((r) => {
    const top = r.attacks.find((a) => a.name === r.strongest)!;
    return [r.subject.name, percent(r.accuracy), percent(r.asAnnAccuracy), r.strongest, interval(top.leakage.success), interval(top.leakage.thief), `${top.worstClass.class}: ${percent(top.worstClass.success)}`];
  });
  return table([{ head: 'subject' }, { head: 'accuracy', align: 'right' }, { head: 'as ANN', align: 'right' }, { head: 'strongest attack' }, { head: 'leakage', align: 'right' }, { head: 'by thief', align: 'right' }, { head: 'worst class', align: 'right' }], rows);
}

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
const share = (e: EstimateRecord): string => percent(e.mean);
const interval = (e: EstimateRecord): string => (e.interval === null ? `${e.mean.toFixed(2)} (no interval)` : `${e.mean.toFixed(2)} [${e.interval.map((v) => v.toFixed(2)).join(', ')}]`);
const distance = (e: EstimateRecord | null): string => (e === null ? '-' : e.mean.toFixed(2));
