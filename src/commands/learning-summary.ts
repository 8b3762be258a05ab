/**
 * What `compile --encrypt` prints about learning: how far the weights moved, what the network answers
 * before and after, and in plain words how readable the weights stay. The word encryption stands
 * nowhere without this measurement.
 */
import type { AnswersTable, LearningReport, Rates } from '../report/learning-report.js';
import { formatPercent } from '../report/quantities.js';
import { pairs, plural, table, wrap, type Column } from './table.js';

export function learningSummary(report: LearningReport): string {
  const { recipe, settings, kernels, steps, first, last, heldOut, data, verdict } = report;
  const verdictLine = `temporal encryption, measured: ${verdict}`;
  return [
    pairs([
      ['learned through time', `${recipe}, ${plural(settings.epochs, 'epoch')}, ${plural(steps, 'step')}`],
      ['loss', `${first.loss.toPrecision(3)} in the first step, ${last.loss.toPrecision(3)} in the last`],
      ['synaptic operations', `${last.operations.toFixed(2)} per multiply-accumulate of the ANN (last step)`],
      ['kernels', kernels],
    ]),
    movedTable(report),
    `${wrap(`same answer as the ANN, ${heldOut.images}, not learned from`)}\n${answers(heldOut, (r) => r.agreement)}`,
    ...(data === null ? [] : [`${wrap(`accuracy, ${plural(data.count, 'image')} of ${data.images}`)}\n${answers(data, (r) => r.accuracy ?? 0)}`]),
    ...(settings.distance > 0 && report.withoutDistance === null ? [wrap('--compare learns once more without --distance and shows what the distance costs')] : []),
    wrap(verdictLine),
  ].join('\n\n');
}

/** Per layer, against the weights of the converted ANN. */
function movedTable({ distances, withoutDistance }: LearningReport): string {
  const columns: readonly Column[] = [{ head: 'layer' }, { head: 'cosine', align: 'right' }, { head: 'moved', align: 'right' }];
  const more: readonly Column[] = withoutDistance === null ? [] : [{ head: 'cosine, without', align: 'right' }, { head: 'moved, without', align: 'right' }];
  const room = 80 - [...columns.slice(1), ...more].reduce((sum, c) => sum + 2 + Math.max(c.head.length, '1000.0 %'.length), 0);
  return table([...columns, ...more], distances.map((d, i) => [d, ...(withoutDistance === null ? [] : [withoutDistance.distances[i]])]
    .reduce<string[]>((row, { cosine, relative }) => [...row, cosine.toFixed(3), formatPercent(relative)], [shortened(d.layer, room)])));
}

/** Both ends of a name say more than its middle. */
function shortened(name: string, room: number): string {
  const tail = Math.floor((room - 2) / 2);
  return name.length <= room ? name : `${name.slice(0, room - 2 - tail)}..${name.slice(-tail)}`;
}

/** A row a network: the spiking one at each T, and the ReLU network that its weights spell. The ANN is one of the latter kind. */
function answers({ timesteps, stages, annAccuracy }: AnswersTable, figure: (r: Rates) => number): string {
  const heads = [...timesteps.map((t) => `T = ${t}`), 'read back as a ReLU network'];
  return table([{ head: '' }, ...heads.map((head): Column => ({ head, align: 'right' }))], [
    ...(annAccuracy === null ? [] : [['the ANN', ...timesteps.map(() => ''), formatPercent(annAccuracy)]]),
    ...stages.map((s) => [s.network, ...s.spiking, s.readBack].map((r) => (typeof r === 'string' ? r : formatPercent(figure(r))))),
  ]);
}
