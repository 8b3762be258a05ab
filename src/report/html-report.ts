/**
 * The report: one self-contained HTML page from one run record. It needs no network and no script, it
 * reads on a phone, on paper, in light and dark. Plots are SVG drawn here; every text is escaped.
 */
import { html, type Markup } from './html.js';
import { coreLoad, drawnChips, meshPlot } from './mesh-plot.js';
import { baselineTable, breakEvenTable, energyTable, layerTable, loadTable, mappingTable, provenanceTable } from './page-tables.js';
import { figure, HALF, page, WIDE } from './page-frame.js';
import { accuracyPlot, energyPlot, rasterPlot, ratePlot } from './plots.js';
import { formatCount, formatJoules, formatPercent, formatRatio, formatSeconds } from './quantities.js';
import type { RunRecord } from './run-schema.js';
import { wilsonInterval } from './wilson-interval.js';

/** The page as one string of HTML. The same record gives the same bytes. */
export async function renderReport(record: RunRecord): Promise<string> {
  const title = `${record.model.name} on ${record.compilation.target.title}`;
  const accuracy = await figure('accuracy', HALF, (width) => accuracyPlot(record, width), accuracyCaption(record));
  const rates = await figure('rates', HALF, (width) => ratePlot(record, width), html`Numbers as in the table of layers. The output layer integrates and does not spike.`);
  const energy = await figure('energy', WIDE, (width) => energyPlot(record, width), html`Lines without a published constant are not drawn. The axis is logarithmic: bars show orders of magnitude, not shares.`);
  const mesh = await figure('mesh', WIDE, (width) => meshPlot(record, width), meshCaption(record));
  const raster = await figure('raster', WIDE, (width) => rasterPlot(record, width), rasterCaption(record));
  return page(title, html`<header>
<h1>${title}</h1>
<p class="lead">${leadSentence(record)}</p>
${headline(record)}
</header>
<div class="pair">
<section id="accuracy"><h2>Accuracy over time steps</h2>${accuracy}</section>
<section id="rates"><h2>Firing rate by layer</h2>${rates}</section>
</div>
<section id="energy"><h2>Energy of one inference</h2>${energySentence(record)}${energy}${energyTable(record)}</section>
<section id="baselines"><h2>Beside the ANN</h2>${ratioSentence(record)}${baselineTable(record)}${breakEvenTable(record)}</section>
<section id="layers"><h2>Layers</h2>${layerTable(record)}</section>
<section id="mesh"><h2>Cores on the mesh</h2>${mesh}${mappingTable(record)}${loadTable(record)}</section>
<section id="raster"><h2>Spikes of one inference</h2>${raster}</section>
<section id="notes"><h2>What was measured, and how</h2>${notes(record)}${provenanceTable(record)}</section>`, record.tool);
}

const inputWords = { bias: 'the host computes the first layer and injects it as bias currents', rate: 'images enter as rates of input neurons', poisson: 'images enter as Poisson spike trains' } as const;

const leadSentence = ({ data, compilation }: RunRecord): string =>
  `${formatCount(data.samples)} images of ${data.name}, ${compilation.timesteps} time steps each; ${inputWords[compilation.input]}.`;

const interval = (successes: number, trials: number): string => {
  const [low, high] = wilsonInterval(successes, trials);
  return `${(low * 100).toFixed(1)} to ${formatPercent(high)}`;
};

function gap(difference: number): string {
  const points = Math.abs(difference * 100).toFixed(1);
  return points === '0.0' ? 'as accurate as the program' : `${points} points ${difference > 0 ? 'above' : 'below'} the program`;
}

function headline(record: RunRecord): Markup {
  const { accuracy, data, energy, simulation, compilation, layers } = record;
  const measured = accuracy.correct / data.samples;
  const { perInference, profile, latencySeconds } = energy;
  const neurons = layers.reduce((sum, l) => sum + l.neurons, 0);
  const spiking = layers.reduce((sum, l) => sum + (l.neuron === 'integrator' ? 0 : l.neurons), 0);
  const taken = layers.reduce((sum, l) => sum + (l.retractions ?? 0), 0);
  const facts: readonly (readonly [string, string, string])[] = [
    ['Accuracy', formatPercent(measured), `95 % interval ${interval(accuracy.correct, data.samples)}`],
    accuracy.ann === null
      ? ['The ANN', 'not run', 'its accuracy on these images is unknown']
      : ['The ANN', formatPercent(accuracy.ann), `${gap(accuracy.ann - measured)}${accuracy.agreement === null ? '' : `; same class on ${formatPercent(accuracy.agreement)}`}${accuracy.annBackend === undefined ? '' : `; computed by ${accuracy.annBackend}`}; 95 % interval ${interval(Math.round(accuracy.ann * data.samples), data.samples)}`],
    ['Energy per inference', formatJoules(perInference.totalJoules), `${formatJoules(perInference.dynamicJoules)} dynamic, ${latencySeconds === null ? 'static power not counted' : `${formatJoules(perInference.staticJoules)} static`}; profile ${profile.name}${profile.estimate ? ', an estimate' : ''}`],
    ['Latency', latencySeconds === null ? 'not timed' : formatSeconds(latencySeconds), latencySeconds === null ? 'functional timing' : `${formatCount(simulation.stepsPerInference)} steps of ${formatSeconds(latencySeconds / simulation.stepsPerInference)} on average`],
    ['Cores', formatCount(compilation.coresUsed), `on ${compilation.chipsUsed} ${compilation.chipsUsed === 1 ? 'chip' : 'chips'}, ${formatCount(neurons)} neurons`],
    ['Spikes per inference', formatCount(simulation.spikes), `${formatRatio(spiking === 0 ? 0 : simulation.spikes / spiking)} per neuron; ${formatCount(simulation.synapticOps)} synaptic operations${taken > 0 ? `; ${formatCount(taken)} take an earlier one back` : ''}`],
  ];
  return html`<dl class="facts">${facts.map(([name, figureText, detail]) => html`<div><dt>${name}</dt><dd class="figure">${figureText}</dd><dd class="detail">${detail}</dd></div>
`)}</dl>`;
}

function accuracyCaption({ accuracy, data }: RunRecord): Markup {
  const last = accuracy.byStep[accuracy.byStep.length - 1] ?? 0;
  return html`After the last step ${formatPercent(last)} of ${formatCount(data.samples)} images${accuracy.ann === null ? '' : `; dashed: the ANN, ${formatPercent(accuracy.ann)}`}. The bar at the end is the 95 % Wilson interval.`;
}

function meshCaption(record: RunRecord): Markup {
  const load = coreLoad(record);
  const count = record.cores.length;
  if (count === 0) return html`The program has no cores.`;
  const unit = load.what === 'busy time' ? formatSeconds : formatCount;
  const average = record.cores.reduce((sum, c) => sum + load.of(c), 0) / count;
  const left = record.compilation.chipsUsed - drawnChips(record).length;
  return html`One square a core. Load is ${load.what} per inference: none<span class="scale"></span>${unit(load.most)}, the busiest core; the mean is ${unit(average)}, so the busiest carries ${formatRatio(average > 0 ? load.most / average : 0)} times the mean.${left > 0 ? ` ${left} more chips are not drawn.` : ''}`;
}

function rasterCaption({ raster }: RunRecord): Markup {
  if (raster === null) return html`No raster was recorded.`;
  if (raster.layer.length === 0) return html`No neuron spiked in image ${raster.sample}.`;
  const thinned = raster.every.flatMap((every, i) => (every > 1 ? [`one in ${every} of layer ${i + 1}`] : []));
  return html`Image ${raster.sample}, ${formatCount(raster.layer.length)} spikes drawn of ${new Set(raster.layer).size} layers; each band is one layer, its first neuron at the top.${raster.sign === undefined ? '' : ' A dark dash is a spike of −1, which takes an earlier one back.'}${thinned.length === 0 ? '' : ` Only some neurons are drawn, with all their spikes: ${thinned.join(', ')}.`}`;
}

function energySentence({ energy }: RunRecord): Markup {
  const { profile, perInference } = energy;
  const variant = perInference.staticUsedCoresJoules === null ? '' : ` If only the used cores were powered, static energy would be ${formatJoules(perInference.staticUsedCoresJoules)} instead of ${formatJoules(perInference.staticJoules)}.`;
  return html`<p>${formatJoules(perInference.totalJoules)} by the profile “${profile.title}”${profile.estimate ? ', which is an estimate' : ''}.${variant}</p>`;
}

function ratioSentence({ energy }: RunRecord): Markup {
  const ratio = (key: string): number | null => energy.ratios.find((r) => r.key === key)?.value ?? null;
  const convention = ratio('convention');
  const memory = ratio('memory');
  const whole = ratio('ann-int32');
  const sentences = [
    energy.sopsPerMac === null ? '' : `${formatRatio(energy.sopsPerMac)} synaptic operations per MAC of the source network.`,
    convention === null ? '' : `Counted as in the published 55x, additions at 0.1 pJ against MACs at 3.2 pJ and nothing else, the ratio of ANN to SNN is ${formatRatio(convention)}.`,
    memory === null ? '' : `With one memory model for both and the ANN quantised to as many bits as the spikes carry, it is ${formatRatio(memory)}.`,
    whole === null ? '' : `Against the whole bill above, the same int32 MACs give ${formatRatio(whole)}. Above 1 the spiking side needs less.`,
  ];
  return html`<p>${sentences.filter((s) => s !== '').join(' ')}</p>`;
}

function notes(record: RunRecord): Markup {
  const { data, compilation, energy } = record;
  const [low, high] = wilsonInterval(record.accuracy.correct, data.samples);
  const list = [
    `Accuracy was measured on ${formatCount(data.samples)} images of ${data.name}, by the integer program as it would run on the chip; with so many images the true value lies between ${formatPercent(low)} and ${formatPercent(high)} with 95 % confidence.`,
    `Thresholds were chosen on: ${compilation.calibration}. ${compilation.training !== undefined ? 'The network was trained from scratch; its certificate stands under provenance.' : compilation.privateData ? 'Data of the user were read during compilation.' : 'No data of the user were read during compilation.'}`,
    ...energy.notes,
  ];
  return html`<ul>${list.map((note) => html`<li>${note}</li>
`)}</ul>`;
}
