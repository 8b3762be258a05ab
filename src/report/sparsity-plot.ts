/**
 * Attack strength against accuracy, a point a network: pruned ones beside the dense ones of the same seeds, finished and stopped
 * early. Where both clouds lie at the same height for the same accuracy, sparsity bought no privacy that stopping early
 * would not have.
 */
import type { SparsityRecord } from '../audit/records/sparsity.js';
import { attackName } from './attack-names.js';
import type { Plot } from './draw-plot.js';
import { ink } from './draw-plot.js';

const NAMES = { dense: 'dense, finished', stopped: 'dense, stopped early', pruned: 'pruned' } as const;
const COLOURS = { dense: ink.text, stopped: ink.soft, pruned: ink.other } as const;
const SHAPES = { dense: 'diamond', stopped: 'circle', pruned: 'square' } as const;

export function sparsityPlot({ points, attack, levels }: SparsityRecord, width: number): Plot {
  const values = points.map((p) => ({
    x: p.testAccuracy, y: p.areas.find((a) => a.attack === attack)!.area, kind: p.kind, colour: COLOURS[p.kind], shape: SHAPES[p.kind],
  }));
  const ends = (of: readonly number[], step: number): [number, number] => [Math.max(0, Math.floor(Math.min(...of) / step - 0.1) * step), Math.min(1, Math.ceil(Math.max(...of) / step + 0.1) * step)];
  const x = { field: 'x', type: 'quantitative', title: 'accuracy on the test images', scale: { domain: ends(values.map((v) => v.x), 0.02), nice: false, zero: false }, axis: { format: '.0%', grid: false, tickCount: 6 } };
  const y = { field: 'y', type: 'quantitative', title: `area under the curve of ${attackName(attack)}`, scale: { domain: ends([...values.map((v) => v.y), 0.5], 0.02), nice: false, zero: false }, axis: { format: '.2f', grid: true, tickCount: 6 } };
  // the mean of each sparsity, by its name
  const names = levels.map(({ pruned }) => ({ x: pruned.testAccuracy.mean, y: pruned.areas.find((a) => a.attack === attack)!.area.mean, name: `${(100 * pruned.sparsity.mean).toFixed(0)} %` }));
  const key = (Object.keys(NAMES) as (keyof typeof NAMES)[]).filter((kind) => values.some((v) => v.kind === kind));
  return {
    width: width - 76, height: Math.min(360, Math.round(width * 0.62)), padding: { left: 60, right: 16, top: 12, bottom: 44 },
    layer: [
      { data: { values: [{ y: 0.5 }] }, mark: { type: 'rule', color: ink.line, strokeDash: [4, 3] }, encoding: { y } },
      { data: { values }, mark: { type: 'point', filled: true, size: 42, opacity: 0.8 }, encoding: { x, y, color: { field: 'colour', type: 'nominal', scale: null, legend: null }, shape: { field: 'shape', type: 'nominal', scale: null, legend: null } } },
      { data: { values: names }, mark: { type: 'text', align: 'right', dx: -9, fontWeight: 'bold', color: ink.other }, encoding: { x, y, text: { field: 'name' } } },
      ...key.map((kind, i) => ({ data: { values: [{ name: NAMES[kind] }] }, mark: { type: 'text', align: 'left', color: COLOURS[kind], fontWeight: 'bold' }, encoding: { x: { value: 10 }, y: { value: 10 + 15 * i }, text: { field: 'name' } } })),
    ],
  };
}
