/**
 * The cores on the mesh, chip by chip, coloured by load: each chip is a block of router columns and
 * rows, each router a small square of cores. The load is busy time where the run was timed, otherwise
 * synaptic operations, as a share of the busiest core's.
 */
import { ink, type Plot } from './draw-plot.js';
import type { RunCore, RunRecord } from './run-schema.js';

/** Chips beyond this are left out of the drawing; the caption says so. */
export const MOST_CHIPS = 16;
/** Pixels of a core's side where there is room. */
const LARGEST_CELL = 22;

/** What a core's colour stands for. */
export interface Load {
  readonly of: (core: RunCore) => number;
  readonly what: 'busy time' | 'synaptic operations';
  readonly most: number;
}

export function coreLoad(record: RunRecord): Load {
  const timed = record.simulation.time !== null;
  const of = (core: RunCore): number => (timed ? core.busySeconds ?? 0 : core.synapticOps);
  return { of, what: timed ? 'busy time' : 'synaptic operations', most: record.cores.reduce((most, core) => Math.max(most, of(core)), 0) };
}

/** The chips in use, ascending, as far as they are drawn. */
export const drawnChips = (record: RunRecord): readonly number[] => [...new Set(record.cores.map((c) => c.chip))].sort((a, b) => a - b).slice(0, MOST_CHIPS);

export function meshPlot(record: RunRecord, width: number): Plot | null {
  const chips = drawnChips(record);
  if (chips.length === 0) return null;
  const { meshWidth, meshHeight, coresPerRouter } = record.compilation.target;
  const side = Math.ceil(Math.sqrt(coresPerRouter));
  const cells = { x: meshWidth * side, y: meshHeight * Math.ceil(coresPerRouter / side) };
  const perRow = Math.min(chips.length, width < 400 ? 2 : 4);
  const rows = Math.ceil(chips.length / perRow);
  const across = perRow * cells.x * 1.08 - cells.x * 0.08;
  const pixels = Math.min((width - 2) / across, LARGEST_CELL);
  const gap = { x: cells.x * 0.08, y: 24 / pixels };
  const origin = (index: number) => ({ x: (index % perRow) * (cells.x + gap.x), y: Math.floor(index / perRow) * (cells.y + gap.y) + gap.y });
  const extent = { x: across, y: rows * (cells.y + gap.y) };
  const x = { field: 'x', type: 'quantitative', axis: null, scale: { domain: [0, extent.x], nice: false, zero: false } };
  const y = { field: 'y', type: 'quantitative', axis: null, scale: { domain: [0, extent.y], nice: false, zero: false, reverse: true } };
  const blocks = chips.map((chip, i) => ({ ...origin(i), x2: origin(i).x + cells.x, y2: origin(i).y + cells.y, name: `chip ${chip}` }));
  return {
    width: extent.x * pixels, height: extent.y * pixels, padding: { left: 1, right: 1, top: 1, bottom: 1 },
    layer: [
      { data: { values: blocks }, mark: { type: 'rect', color: ink.cell }, encoding: { x, y, x2: { field: 'x2' }, y2: { field: 'y2' } } },
      { data: { values: blocks }, mark: { type: 'text', align: 'left', baseline: 'bottom', dy: -4, color: ink.soft }, encoding: { x, y, text: { field: 'name' } } },
      {
        data: { values: coreCells(record, chips, origin, side) }, mark: { type: 'rect', color: ink.spiking },
        encoding: { x, y, x2: { field: 'x2' }, y2: { field: 'y2' }, opacity: { field: 'load', type: 'quantitative', scale: { domain: [0, 1], range: [0.16, 1] }, legend: null } },
      },
    ],
  };
}

function coreCells(record: RunRecord, chips: readonly number[], origin: (index: number) => { readonly x: number; readonly y: number }, side: number): readonly object[] {
  const { meshWidth, meshHeight } = record.compilation.target;
  const load = coreLoad(record);
  const block = new Map(chips.map((chip, i) => [chip, i]));
  return record.cores.flatMap((core) => {
    const index = block.get(core.chip);
    if (index === undefined) return [];
    const from = origin(index);
    const x = from.x + (core.x % meshWidth) * side + (core.port % side);
    const y = from.y + (core.y % meshHeight) * side + Math.floor(core.port / side);
    return [{ x: x + 0.06, x2: x + 0.94, y: y + 0.06, y2: y + 0.94, load: load.most === 0 ? 0 : Math.round((load.of(core) / load.most) * 100) / 100 }];
  });
}
