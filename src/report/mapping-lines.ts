/** A mapping report in words, for the terminal and the page: how full, how much traffic, what is heaviest. */
import type { MappingReport, UsedResource } from './mapping-report.js';
import { formatCount, formatPercent } from './quantities.js';

const RESOURCES = { compartments: 'compartments', memory: 'memory', inAxons: 'axons in', outAxons: 'axons out' } as const satisfies Record<UsedResource, string>;
const SPIKES = { estimated: 'with the estimated spikes', measured: 'with the measured spikes', even: 'with one spike of every neuron' } as const satisfies Record<MappingReport['rates'], string>;

/** Names and values for the terminal and the page. */
export function mappingLines(report: MappingReport): readonly (readonly [string, string])[] {
  const { utilisation: shares, heaviestLink: link, heaviestCore: core, hops, linearHops, randomHops } = report;
  const filled = (Object.keys(RESOURCES) as UsedResource[]).flatMap((name) => {
    const share = shares[name];
    return share === null ? [] : [`${RESOURCES[name]} ${formatPercent(share.mean, 0)} (most ${formatPercent(share.most, 0)})`];
  });
  const beside = (other: number): string => {
    const share = formatPercent(Math.abs(1 - hops / other), 0);
    return share === '0 %' ? 'as many as in' : `${share} ${hops < other ? 'under' : 'above'}`;
  };
  const heaviest = [
    ...(link === null ? [] : [`link (${link.from.join(',')}) to (${link.to.join(',')}) with ${formatCount(link.messages)} messages`]),
    ...(core === null ? [] : [`core ${core.core} (${core.layer}) with ${formatCount(core.synapticOps)} synaptic operations`]),
  ];
  return [
    ['filled', filled.length === 0 ? 'the target has no limits' : filled.join(', ')],
    ['traffic', linearHops === 0 || randomHops === 0 ? hops === 0 ? 'no message leaves its router' : `${formatCount(hops)} message hops an inference` : `${formatCount(hops)} message hops an inference ${SPIKES[report.rates]}: ${beside(linearHops)} a linear placement, ${beside(randomHops)} a random one`],
    ...(heaviest.length === 0 ? [] : [['heaviest', heaviest.join('; ')] as const]),
  ];
}
