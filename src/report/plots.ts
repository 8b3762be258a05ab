/**
 * The plots of the page, as vega-lite layers: accuracy over time steps, rates, energy, raster. Text from
 * the record only ever enters as data values, never as an expression or a field name.
 */
import type { Plot } from './draw-plot.js';
import { ink } from './draw-plot.js';
import { formatJoules, formatPercent } from './quantities.js';
import type { RunRecord } from './run-schema.js';
import { wilsonInterval } from './wilson-interval.js';

/** Axis labels as the rest of the page writes per cent. */
const PERCENT = "format(datum.value * 100, '~g') + ' %'";

/** The end of a name is what tells layers apart. */
export const shorten = (name: string, most: number): string => (name.length > most ? `…${name.slice(1 - most)}` : name);

/** A layer by its number in the table of layers and the end of its name. */
const rowName = (name: string, index: number, most: number): string => `${index + 1} ${shorten(name, most)}`;

/** Accuracy after each step, the ANN's as a dashed line, the 95 % interval at the last step. */
export function accuracyPlot(record: RunRecord, width: number): Plot {
  const { byStep, ann, correct } = record.accuracy;
  const values = byStep.map((accuracy, i) => ({ step: i + 1, accuracy }));
  const [low, high] = wilsonInterval(correct, record.data.samples);
  const last = byStep.length;
  const x = { field: 'step', type: 'quantitative', title: 'time step', scale: { domain: [1, Math.max(2, last)], nice: false }, axis: { grid: false, tickMinStep: 1, format: 'd', tickCount: 6 } };
  const y = { field: 'accuracy', type: 'quantitative', scale: { domain: [0, 1] }, axis: { title: null, labelExpr: PERCENT, tickCount: 5 } };
  return {
    width: width - 66, height: 210, padding: { left: 52, right: 14, top: 20, bottom: 40 },
    layer: [
      ...(ann === null ? [] : [
        { data: { values: [{ accuracy: ann }] }, mark: { type: 'rule', strokeDash: [5, 4], color: ink.other, strokeWidth: 1.5 }, encoding: { y } },
        { data: { values: [{ accuracy: ann, step: last, text: `ANN ${formatPercent(ann)}` }] }, mark: { type: 'text', align: 'right', baseline: 'bottom', dy: -5, color: ink.other }, encoding: { x, y, text: { field: 'text' } } },
      ]),
      { data: { values }, mark: { type: 'line', color: ink.spiking, strokeWidth: 2, interpolate: 'linear' }, encoding: { x, y } },
      { data: { values: [{ step: last, low, high }] }, mark: { type: 'rule', color: ink.spiking, strokeWidth: 1.5 }, encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } } },
      { data: { values: values.slice(-1) }, mark: { type: 'point', filled: true, size: 40, color: ink.spiking, opacity: 1 }, encoding: { x, y } },
    ],
  };
}

/** Spikes per neuron and step of every layer that spikes. */
export function ratePlot(record: RunRecord, width: number): Plot {
  const left = width < 400 ? 118 : 150;
  const rows = record.layers.flatMap((layer, i) => (layer.neuron === 'integrator' ? [] : [{ key: i, name: rowName(layer.name, i, width < 400 ? 13 : 18), rate: layer.rate, text: formatPercent(layer.rate) }]));
  const top = Math.max(1e-6, ...rows.map((r) => r.rate));
  const y = { field: 'key', type: 'ordinal', sort: null, axis: null, scale: { paddingInner: 0.35, paddingOuter: 0.2 } };
  const x = { field: 'rate', type: 'quantitative', title: 'spikes per neuron and step', scale: { domain: [0, top], nice: false }, axis: { labelExpr: PERCENT, tickCount: 4, grid: true } };
  return {
    width: width - left - 52, height: Math.max(40, rows.length * 18), padding: { left, right: 52, top: 6, bottom: 40 },
    layer: [
      { data: { values: rows }, mark: { type: 'bar', color: ink.spiking }, encoding: { y, x } },
      { data: { values: rows }, mark: { type: 'text', align: 'left', dx: 5, color: ink.soft }, encoding: { y, x, text: { field: 'text' } } },
      { data: { values: rows }, mark: { type: 'text', align: 'right', color: ink.text }, encoding: { y, x: { value: -8 }, text: { field: 'name' } } },
    ],
  };
}

interface EnergyRow { readonly key: number; readonly name: string; readonly joules: number; readonly text: string; readonly colour: string; readonly weight: string }

function energyRows(record: RunRecord): readonly EnergyRow[] {
  const { perInference, baselines } = record.energy;
  const lines = perInference.lines.filter((l) => l.joules > 0);
  const groups = [
    { name: 'This program', colour: ink.spiking, bars: [...lines, { name: 'Total', joules: perInference.totalJoules }] },
    { name: 'ANN by operation count', colour: ink.other, bars: baselines.filter((b) => b.network === 'ann') },
    { name: 'SNN by operation count', colour: ink.soft, bars: baselines.filter((b) => b.network === 'snn') },
  ];
  const rows = groups.flatMap(({ name, colour, bars }) => [
    { name, joules: 0, text: '', colour: ink.text, weight: 'bold' },
    ...bars.map((b) => ({ name: b.name, joules: b.joules, text: formatJoules(b.joules), colour: b.name === 'Total' ? ink.text : colour, weight: 'normal' })),
  ]);
  return rows.map((row, key) => ({ key, ...row }));
}

/** Every line of the bill beside every baseline, on one logarithmic axis. On a phone the names stand above the bars. */
export function energyPlot(record: RunRecord, width: number): Plot {
  const rows = energyRows(record);
  const bars = rows.filter((r) => r.joules > 0);
  const exponents = bars.map((r) => Math.log10(r.joules));
  const from = Math.floor(Math.min(...exponents, 0) - 0.3);
  const to = Math.max(from + 1, Math.ceil(Math.max(...exponents, from + 1)));
  const phone = width < 400;
  const every = Math.ceil((to - from) / (phone ? 4 : 8));
  const values = Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i)).filter((_, i) => i % every === 0);
  const row = phone ? 31 : 18;
  const left = phone ? 8 : 184;
  const y = { field: 'key', type: 'ordinal', sort: null, axis: null, scale: { domain: rows.map((r) => r.key), paddingInner: phone ? 0.64 : 0.35, paddingOuter: phone ? 0.5 : 0.2 } };
  const x = { field: 'joules', type: 'quantitative', title: 'joules per inference, logarithmic', scale: { type: 'log', domain: [10 ** from, 10 ** to], nice: false }, axis: { format: '~s', values, grid: true, labelFlush: phone } };
  const names = (weight: string): object => (phone ? { align: 'left', dy: weight === 'bold' ? 2 : -13 } : { align: 'right', dx: -8 });
  return {
    width: width - left - 58, height: rows.length * row, padding: { left, right: 58, top: phone ? 8 : 4, bottom: 40 },
    layer: [
      { data: { values: bars }, mark: { type: 'bar' }, encoding: { y, x, x2: { datum: 10 ** from }, color: { field: 'colour', type: 'nominal', scale: null, legend: null } } },
      { data: { values: bars }, mark: { type: 'text', align: 'left', dx: 5, color: ink.soft }, encoding: { y, x, text: { field: 'text' } } },
      ...(['normal', 'bold'] as const).map((weight) => ({
        data: { values: rows.filter((r) => r.weight === weight) }, mark: { type: 'text', color: ink.text, fontWeight: weight, ...names(weight) }, encoding: { y, x: { value: 0 }, text: { field: 'name' } },
      })),
    ],
  };
}

/** One dash a spike: x is the step, each layer has a band, drawn as one broken line so that the page stays small. Spikes of -1 are dark and stand right of the others. */
export function rasterPlot(record: RunRecord, width: number): Plot | null {
  const { raster, layers, compilation } = record;
  if (raster === null || raster.layer.length === 0) return null;
  const shown = [...new Set(raster.layer)].sort((a, b) => a - b);
  const band = new Map(shown.map((layer, i) => [layer, i]));
  const height = Math.max(shown.length * 16, Math.min(420, shown.length * 44));
  const left = width < 400 ? 92 : 150;
  const pixelsPerStep = (width - left - 12) / (compilation.timesteps + 1);
  const half = Math.min(0.36, 4 / pixelsPerStep);
  const right = raster.sign === undefined ? half : 0;
  const centre = (i: number): number => (band.get(raster.layer[i]) ?? 0) + 0.08 + 0.84 * ((raster.neuron[i] + 0.5) / layers[raster.layer[i]].neurons);
  const taken = (i: number): boolean => raster.sign?.[i] === -1;
  const strokes = [0, 1].map((parity) => raster.layer.flatMap((layer, i) => {
    if ((band.get(layer) ?? 0) % 2 !== parity || taken(i)) return [];
    const [step, y] = [raster.step[i] + 1, centre(i)];
    return [{ step: step - half, y }, { step: step + right, y }, { step, y: null }];
  }));
  const back = raster.layer.flatMap((_, i) => {
    if (!taken(i)) return [];
    const [step, y] = [raster.step[i] + 1, centre(i)];
    return [{ step, y }, { step: step + half, y }, { step, y: null }];
  });
  const y = { field: 'y', type: 'quantitative', axis: null, scale: { domain: [0, shown.length], reverse: true, nice: false, zero: false } };
  const x = { field: 'step', type: 'quantitative', title: 'time step', scale: { domain: [0, compilation.timesteps + 1], nice: false, zero: false }, axis: { grid: false, tickMinStep: 1, format: 'd', tickCount: width < 400 ? 5 : 12 } };
  return {
    width: width - left - 12, height, padding: { left, right: 12, top: 6, bottom: 40 },
    layer: [
      { data: { values: shown.map((_, i) => ({ y: i })) }, mark: { type: 'rule', color: ink.line }, encoding: { y } },
      ...[...strokes, ...(back.length === 0 ? [] : [back])].map((values, i) => (
        { data: { values }, mark: { type: 'line', invalid: 'break-paths-filter-domains', color: [ink.spiking, ink.other, ink.text][i], strokeWidth: 1.3, strokeCap: 'butt' }, encoding: { x, y, order: { value: null } } })),
      { data: { values: shown.map((layer, i) => ({ y: i + 0.5, name: rowName(layers[layer].name, layer, width < 400 ? 9 : 18) })) }, mark: { type: 'text', align: 'right', color: ink.text }, encoding: { y, x: { value: -8 }, text: { field: 'name' } } },
    ],
  };
}
