/** The tables of the page: layers, the energy bill, baselines with ratios, and what the run was. */
import { trainingLines } from '../learn/training-record.js';
import { html, type Markup } from './html.js';
import { number, table, type TableRow } from './page-table.js';
import { mappingLines } from './mapping-lines.js';
import { formatCount, formatJoules, formatPercent, formatRatio, formatSeconds, formatSi } from './quantities.js';
import type { RunLayer, RunRecord } from './run-schema.js';

const shareOf = (part: number, whole: number): string => (whole > 0 ? formatPercent(part / whole) : '');

function threshold(layer: RunLayer): string {
  if (layer.thresholdRange === null) return '';
  const [low, high] = layer.thresholdRange.map((t) => formatRatio(t));
  return low === high ? `${low ?? ''}` : `${low ?? ''}–${high ?? ''}`;
}

/** One row a layer, then what belongs to no layer, then the total. */
export function layerTable(record: RunRecord): Markup {
  const { layers, energy } = record;
  const total = energy.perInference.totalJoules;
  const inLayers = layers.reduce((sum, l) => sum + l.joules, 0);
  const sum = (pick: (l: RunLayer) => number): string => formatCount(layers.reduce((s, l) => s + pick(l), 0));
  const saturates = layers.some((l) => l.saturations > 0);
  const clipped = (cell: string): readonly string[] => (saturates ? [cell] : []);
  const signed = layers.some((l) => l.retractions !== undefined);
  const taken = (cell: string): readonly string[] => (signed ? [cell] : []);
  const stored = layers.some((l) => l.memoryBits !== undefined);
  const memory = (cell: string): readonly string[] => (stored ? [cell] : []);
  const bytes = (bits: number): string => formatSi(bits / 8, 'B');
  const rows: readonly TableRow[] = [
    ...layers.map((layer, i) => ({
      head: `${i + 1}  ${layer.name}`,
      cells: [
        layer.shape.join('×'), formatCount(layer.neurons), String(layer.cores), ...memory(bytes(layer.memoryBits ?? 0)), threshold(layer),
        layer.neuron === 'integrator' ? '' : formatPercent(layer.rate, 2), ...taken(layer.retractions === undefined ? '' : formatPercent(layer.spikes > 0 ? layer.retractions / layer.spikes : 0, 2)), layer.onHost && layer.synapticOps === 0 ? 'on host' : formatCount(layer.synapticOps),
        layer.weightError === null ? '' : formatPercent(layer.weightError, 2), formatJoules(layer.joules), shareOf(layer.joules, total), ...clipped(formatCount(layer.saturations)),
      ],
    })),
    { head: 'Mesh, host and static power', cells: ['', '', '', ...memory(''), '', '', ...taken(''), '', '', formatJoules(Math.max(0, total - inLayers)), shareOf(Math.max(0, total - inLayers), total), ...clipped('')] },
    { head: 'Total', total: true, cells: ['', sum((l) => l.neurons), sum((l) => l.cores), ...memory(bytes(layers.reduce((s, l) => s + (l.memoryBits ?? 0), 0))), '', '', ...taken(''), sum((l) => l.synapticOps), '', formatJoules(total), shareOf(total, total), ...clipped(sum((l) => l.saturations))] },
  ];
  return table('Layers', 'Layer', [
    { title: 'Shape', kind: 'number' }, number('Neurons'), number('Cores'), ...(stored ? [number('Memory')] : []), number('Threshold'), number('Rate'), ...(signed ? [number('Taken back')] : []), number('Synaptic ops'),
    number('Weight error'), number('Energy'), number('Share'), ...(saturates ? [number('Clipped')] : []),
  ], rows);
}

/** Sources and notes as sentences, each once. */
function sentences(parts: readonly (string | undefined)[]): string {
  const said = parts.flatMap((part) => (part === undefined || part === '' ? [] : [part.trim().replace(/\.$/, '')]));
  return said.map((part) => `${part.charAt(0).toUpperCase()}${part.slice(1)}.`).join(' ');
}

/** Count, constant, source of every line. The last row is the sum of those above it. */
export function energyTable(record: RunRecord): Markup {
  const { lines, totalJoules, beside } = record.energy.perInference;
  type Line = (typeof lines)[number];
  const constant = (line: Line): string => {
    if (line.unitPicojoules === null) return line.key === 'static' && record.energy.latencySeconds === null ? 'no latency' : 'unpublished';
    return line.key === 'static' ? formatSi(line.unitPicojoules * 1e-12, 'W') : `${formatRatio(line.unitPicojoules)} pJ`;
  };
  const count = (line: Line): string => (line.key === 'static' ? `${record.compilation.chipsUsed} × ${formatSeconds(record.energy.latencySeconds ?? 0)}` : formatCount(line.count));
  const note = (line: Line): string | undefined => (line.unitPicojoules === null ? line.note?.replace(/^not counted: unpublished; /, '') : line.note);
  return table('Energy by line', 'Line', [number('Count'), number('Constant'), number('Energy'), number('Share'), { title: 'Source and note', kind: 'why' }], [
    ...lines.map((line) => ({
      head: line.name,
      cells: [count(line), constant(line), formatJoules(line.joules), shareOf(line.joules, totalJoules), sentences([line.source, note(line)])],
    })),
    { head: 'Total', total: true, cells: ['', '', formatJoules(totalJoules), shareOf(totalJoules, totalJoules), ''] },
    ...(beside ?? []).filter((l) => l.joules > 0).map((l) => ({ head: l.name, cells: ['', '', formatJoules(l.joules), '', sentences([l.source, l.note])] })),
  ]);
}

/** The busiest core of each count, and what the latency is made of: why the chip takes as long as it does. */
export function loadTable(record: RunRecord): Markup {
  const { coreMaxima = [], latency } = record.energy;
  const most = coreMaxima.length === 0 ? '' : table('Busiest cores', 'Count', [number('All cores'), number('Busiest core'), number('Core'), number('Times the mean')],
    coreMaxima.map((m) => {
      const amount = m.key === 'busy-seconds' ? formatSeconds : formatCount;
      return { head: m.name, cells: [amount(m.total), amount(m.most), String(m.core), formatRatio(m.imbalance)] };
    }));
  if (latency === undefined || latency === null) return html`${most}`;
  const { core, link, travel, barrier } = latency.parts;
  const parts = [['Busiest core of each step', core], ['Busiest link, where it takes longer', link], ['Longest route', travel], ['Barrier', barrier]] as const;
  return html`${most}${table('Latency', 'Part of the latency', [number('Time'), number('Share')], [
    ...parts.map(([head, seconds]) => ({ head, cells: [formatSeconds(seconds), shareOf(seconds, latency.seconds)] })),
    { head: 'Latency of one inference', total: true, cells: [formatSeconds(latency.seconds), shareOf(latency.seconds, latency.seconds)] },
    { head: 'Inferences a second, one after the other', cells: [formatRatio(latency.aloneRate), ''] },
    { head: 'The same overlapped, at most', cells: [formatRatio(latency.overlappedRate), ''] },
  ])}`;
}

/** The baselines, each with what it counts; then the quotients. */
export function baselineTable(record: RunRecord): Markup {
  const { baselines, perInference } = record.energy;
  return table('Baselines', 'Baseline', [number('Count'), number('Per operation'), number('Energy'), number('/ this program'), { title: 'Source and note', kind: 'why' }],
    baselines.map((b) => ({
      head: b.name,
      cells: [formatCount(b.count), `${formatRatio(b.unitPicojoules)} pJ`, formatJoules(b.joules), perInference.totalJoules > 0 ? formatRatio(b.joules / perInference.totalJoules) : '', sentences([b.source, b.note])],
    })));
}

/** Synaptic operations per MAC of this run against the values at which both sides cost the same. */
export function breakEvenTable(record: RunRecord): Markup {
  const { breakEven, sopsPerMac } = record.energy;
  return table('Break-even', 'Break-even', [number('MAC'), number('Synaptic op'), number('SynOps per MAC'), number('This run'), { title: 'Verdict', kind: 'text' }],
    breakEven.map((b) => ({
      head: b.name,
      cells: [
        `${formatRatio(b.macPicojoules)} pJ`, `${formatRatio(b.synapticOpPicojoules)} pJ`, formatRatio(b.sopsPerMac), sopsPerMac === null ? '' : formatRatio(sopsPerMac),
        sopsPerMac === null ? '' : sopsPerMac < b.sopsPerMac ? 'below: fewer joules' : 'above: more joules',
      ],
    })));
}

/** How full the cores are and what the placement saves; run files of older versions do not say. */
export function mappingTable({ compilation: { mapping } }: RunRecord): Markup {
  if (mapping === undefined) return html``;
  const rows = [['Cores', `${formatCount(mapping.cores)} on ${formatCount(mapping.chips)} ${mapping.chips === 1 ? 'chip' : 'chips'}, lower bound ${formatCount(mapping.leastCores)}`] as const, ...mappingLines(mapping)];
  return table('Mapping', 'What', [{ title: 'Value', kind: 'break' }], rows.map(([head, value]) => ({ head: `${head.charAt(0).toUpperCase()}${head.slice(1)}`, cells: [value] })));
}

type Timed = Exclude<RunRecord['simulation']['time'], null>;

/** How far pipeline timing is off, where cycle timing ran too. */
const comparison = ({ pipelineSeconds, secondsPerInference }: Timed): string =>
  (pipelineSeconds === undefined ? '' : `; pipeline timing of the same images: ${formatSeconds(pipelineSeconds)}, ${formatRatio(pipelineSeconds / secondsPerInference)} times this`);

/** Where the program and the run came from. */
export function provenanceTable(record: RunRecord): Markup {
  const { model, compilation, simulation, data } = record;
  const retract = record.layers.find((l) => l.retract !== undefined)?.retract;
  const rows: readonly (readonly [string, string])[] = [
    ['Model', model.name],
    ['SHA-256 of the model', model.sha256],
    ['Network', `${formatCount(model.parameters)} parameters, ${formatCount(model.macs)} MACs, image ${model.image.join(' × ')}`],
    ['Target', `${compilation.target.title} (${compilation.target.name})`],
    ['Energy profile', `${record.energy.profile.title} (${record.energy.profile.name})${record.energy.profile.voltage === null ? '' : `, ${record.energy.profile.voltage} V`}${record.energy.profile.estimate ? ', an estimate' : ''}`],
    ['Calibration', compilation.calibration],
    ['Private data read', compilation.training !== undefined ? 'yes, for training' : compilation.privateData ? 'yes, during compilation' : 'none'],
    ...(compilation.training === undefined ? [] : trainingLines(compilation.training).map(([name, value]) => [name[0].toUpperCase() + name.slice(1), value] as const)),
    ['Input code', compilation.input],
    ...(retract === undefined ? [] : [['Spikes', `signed: a neuron takes an earlier spike back below ${retract === 0 ? 'zero' : `−${retract} thresholds`}`] as const]),
    ['Time steps', `${compilation.timesteps} per image, ${simulation.stepsPerInference} chip steps with the pipeline's depth`],
    ['Data', `${data.name}, ${formatCount(data.samples)} images`],
    ['Timing', simulation.time === null ? 'functional: no latency' : `${simulation.timing}, profile ${simulation.time.profile}; steps bound by core ${formatCount(simulation.time.bottleneck.core)}, by link ${formatCount(simulation.time.bottleneck.link)}, by barrier ${formatCount(simulation.time.bottleneck.barrier)}${comparison(simulation.time)}`],
    ['Messages', `${formatCount(simulation.messages)} per inference: ${formatCount(simulation.withinTile)} within a router, ${formatCount(simulation.hopsX)} hops in X, ${formatCount(simulation.hopsY)} in Y, ${formatCount(simulation.chipCrossings)} chip crossings${simulation.heaviestLinkMessages === null ? '' : `; ${formatCount(simulation.heaviestLinkMessages)} on the busiest link`}`],
    ['Seeds', `compile ${compilation.seed}, simulation ${simulation.seed}`],
    ['Tool', `compiled by ${compilation.tool}, simulated by ${record.tool}`],
  ];
  return table('Provenance', 'What', [{ title: 'Value', kind: 'break' }], rows.map(([head, value]) => ({ head, cells: [value] })));
}
