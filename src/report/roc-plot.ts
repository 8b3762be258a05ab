/**
 * The curves of a membership audit on two logarithmic axes: at the left end, where hardly anybody is accused wrongly, an attack
 * says most about single images. Beside them the line of guessing, the cap that a certificate implies, and the false
 * positive rate below which there are too few non-members to state anything.
 */
import { capFromEpsilon } from '../audit/bounds/true-positive-cap.js';
import { LEAST_FALSE_ALARMS } from '../audit/membership/roc.js';
import type { MembershipRecord } from '../audit/records/membership.js';
import { attackName } from './attack-names.js';
import type { Plot } from './draw-plot.js';
import { ink } from './draw-plot.js';

/** At most four can be told apart; the record has the others. */
const SHOWN = ['rmia', 'lira-online-fixed', 'lira-offline-fixed', 'loss'] as const;
const COLOURS = [ink.spiking, ink.other, ink.text, ink.soft] as const;

export function rocPlot({ attacks, certificate, settings }: MembershipRecord): Plot {
  const { count } = settings.nonMembers;
  const low = 10 ** Math.floor(-Math.log10(Math.max(count, settings.members.count)));
  const shown = SHOWN.flatMap((id, k) => attacks.filter((a) => a.id === id).map((a) => ({ ...a, colour: COLOURS[k] })));
  const axis = (field: string, title: string): object => ({ field, type: 'quantitative', title, scale: { type: 'log', domain: [low, 1], nice: false, clamp: true }, axis: { format: '~%', grid: true, values: Array.from({ length: Math.round(-Math.log10(low)) + 1 }, (_, k) => low * 10 ** k) } });
  const [x, y] = [axis('x', 'false positive rate'), axis('y', 'true positive rate')];
  const line = (values: readonly object[], mark: object): object => ({ data: { values }, mark: { type: 'line', clip: true, ...mark }, encoding: { x, y, order: { value: null } } });
  const rates = Array.from({ length: 81 }, (_, k) => low ** (1 - k / 80));
  const cap = certificate === null ? [] : rates.map((rate) => ({ x: rate, y: capFromEpsilon(certificate.epsilon, certificate.delta, rate) }));
  const resolvable = LEAST_FALSE_ALARMS / count;
  const key = [...shown.map((a) => ({ name: attackName(a.id), colour: a.colour as string })), ...(cap.length === 0 ? [] : [{ name: 'most by the certificate', colour: ink.other as string }])];
  return {
    width: 440, height: 440, padding: { left: 78, right: 20, top: 16, bottom: 48 },
    layer: [
      line([{ x: low, y: low }, { x: 1, y: 1 }], { color: ink.line, strokeDash: [4, 3] }),
      ...(resolvable < 1 ? [{ data: { values: [{ x: resolvable, name: `${LEAST_FALSE_ALARMS} false alarms` }] }, mark: { type: 'rule', color: ink.line }, encoding: { x } }] : []),
      ...(cap.length === 0 ? [] : [line(cap, { color: ink.other, strokeDash: [2, 3], strokeWidth: 1.5 })]),
      ...shown.map((a) => line(a.curve.map(([fpr, tpr]) => ({ x: fpr, y: tpr })), { color: a.colour, strokeWidth: 1.6 })),
      ...key.map(({ name, colour }, i) => ({ data: { values: [{ name }] }, mark: { type: 'text', align: 'left', color: colour, fontWeight: 'bold' }, encoding: { x: { value: 12 }, y: { value: 12 + 15 * i }, text: { field: 'name' } } })),
      ...(resolvable < 1 ? [{ data: { values: [{ x: resolvable, name: `${LEAST_FALSE_ALARMS} false alarms` }] }, mark: { type: 'text', align: 'left', dx: 4, color: ink.soft }, encoding: { x, y: { value: 432 }, text: { field: 'name' } } }] : []),
    ],
  };
}
