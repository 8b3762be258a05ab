/**
 * Variants side by side: a panel a figure, a row a variant, a dot with its interval. On a wide page the
 * panels stand beside each other, on a phone below each other. Leakage panels show what guessing gives.
 */
import type { Plot } from './draw-plot.js';
import { ink } from './draw-plot.js';
import { strongest, type Variant } from './comparison.js';
import type { FindingKind } from './findings.js';
import { shorten } from './plots.js';
import { formatJoules, formatPercent } from './quantities.js';

interface Dot { readonly row: number; readonly value: number; readonly low: number; readonly high: number; readonly text: string }

interface Panel {
  readonly title: string;
  readonly dots: readonly Dot[];
  /** Ends of the axis; energies stand as logarithms. */
  readonly domain: readonly [number, number];
  readonly ends: readonly [string, string];
  /** A dashed line: what guessing gives. */
  readonly floor: number | null;
  readonly colour: string;
}

/** Null where no figure has two variants or more to compare. */
export function comparisonPlot(variants: readonly Variant[], width: number): Plot | null {
  const panels = [accuracyPanel(variants), energyPanel(variants), leakPanel(variants, 'membership', 'Membership'), leakPanel(variants, 'classes', 'Classes')].filter((p) => p.dots.length > 0);
  if (panels.length === 0 || variants.length < 2) return null;
  const beside = width > 500;
  const left = beside ? 200 : 122;
  const [ROW, HEAD, GAP] = [24, 40, 40];
  const across = beside ? panels.length : 1;
  const own = Math.floor((width - left - 24 - GAP * (across - 1)) / across) - (beside ? 0 : 40);
  const tall = HEAD + variants.length * ROW + 18;
  const place = (p: number): { readonly x: number; readonly y: number } => (beside ? { x: p * (own + GAP), y: 0 } : { x: 0, y: p * tall });
  const marks = panels.map((panel, p) => panelMarks(panel, { ...place(p), own, rowTop: place(p).y + HEAD, row: ROW, rows: variants.length }));
  const names = (beside ? [0] : panels.map((_, p) => p * tall)).flatMap((top) => variants.map((v, i) => ({ x: -12, y: top + HEAD + (i + 0.5) * ROW, text: shorten(v.name, beside ? 31 : 17) })));
  const all = <T>(pick: (m: PanelMarks) => readonly T[]): readonly T[] => marks.flatMap(pick);
  const at = { x: { field: 'x', type: 'quantitative', scale: null }, y: { field: 'y', type: 'quantitative', scale: null } };
  const colour = { field: 'colour', type: 'nominal', scale: null, legend: null };
  const text = { field: 'text', type: 'nominal' };
  return {
    width: width - left - 24, height: beside ? tall : tall * panels.length, padding: { left, right: 24, top: 4, bottom: 4 },
    layer: [
      { data: { values: all((m) => m.lines) }, mark: { type: 'rule', color: ink.line }, encoding: { ...at, x2: { field: 'x2' }, y2: { field: 'y2' } } },
      { data: { values: all((m) => m.floors) }, mark: { type: 'rule', color: ink.soft, strokeDash: [3, 3] }, encoding: { ...at, y2: { field: 'y2' } } },
      { data: { values: all((m) => m.intervals) }, mark: { type: 'rule', strokeWidth: 2 }, encoding: { ...at, x2: { field: 'x2' }, color: colour } },
      { data: { values: all((m) => m.dots) }, mark: { type: 'point', filled: true, size: 55, opacity: 1 }, encoding: { ...at, color: colour } },
      { data: { values: all((m) => m.values) }, mark: { type: 'text', align: 'left', dx: 7, baseline: 'bottom', dy: 0, color: ink.text, fontSize: 10 }, encoding: { ...at, text } },
      { data: { values: all((m) => m.titles) }, mark: { type: 'text', align: 'left', baseline: 'top', color: ink.text, fontWeight: 'bold' }, encoding: { ...at, text } },
      { data: { values: all((m) => m.ends) }, mark: { type: 'text', align: 'left', baseline: 'top', color: ink.soft, fontSize: 10 }, encoding: { ...at, text } },
      { data: { values: names }, mark: { type: 'text', align: 'right', color: ink.text }, encoding: { ...at, text } },
    ],
  };
}

type Mark = Readonly<Record<string, number | string>>;
type PanelMarks = Readonly<Record<'lines' | 'floors' | 'intervals' | 'dots' | 'values' | 'titles' | 'ends', readonly Mark[]>>;

function panelMarks({ title, dots, domain: [low, high], ends, floor, colour }: Panel, box: { readonly x: number; readonly y: number; readonly own: number; readonly rowTop: number; readonly row: number; readonly rows: number }): PanelMarks {
  const scale = (value: number): number => box.x + (Math.min(high, Math.max(low, value)) - low) / (high - low || 1) * box.own;
  const middle = (row: number): number => box.rowTop + (row + 0.5) * box.row;
  const bottom = box.rowTop + box.rows * box.row;
  return {
    lines: [{ x: box.x, x2: box.x + box.own, y: bottom, y2: bottom }, ...Array.from({ length: box.rows }, (_, i) => ({ x: box.x, x2: box.x + box.own, y: middle(i), y2: middle(i) }))],
    floors: floor === null ? [] : [{ x: scale(floor), y: box.rowTop - 2, y2: bottom }],
    intervals: dots.map((d) => ({ x: scale(d.low), x2: scale(d.high), y: middle(d.row), colour })),
    dots: dots.map((d) => ({ x: scale(d.value), y: middle(d.row), colour })),
    values: dots.map((d) => ({ x: Math.min(scale(d.value), box.x + box.own - 20), y: middle(d.row) - 2, text: d.text })),
    titles: [{ x: box.x, y: box.y + 4, text: title }],
    ends: [{ x: box.x, y: box.y + 20, text: `${ends[0]} to ${ends[1]}` }],
  };
}

function accuracyPanel(variants: readonly Variant[]): Panel {
  const dots = variants.flatMap(({ accuracy: a }, row): Dot[] => (a === null ? [] : [{ row, value: a.value, low: a.interval[0], high: a.interval[1], text: formatPercent(a.value) }]));
  const low = Math.floor(Math.min(1, ...dots.map((d) => d.low)) * 20) / 20;
  return { title: 'Accuracy', dots, domain: [low, 1], ends: [formatPercent(low, 0), '100 %'], floor: null, colour: ink.spiking };
}

function energyPanel(variants: readonly Variant[]): Panel {
  const dots = variants.flatMap(({ cost }, row): Dot[] => {
    if (cost === null || cost.joules <= 0) return [];
    const value = Math.log10(cost.joules);
    return [{ row, value, low: value, high: value, text: formatJoules(cost.joules) }];
  });
  const [low, high] = [Math.floor(Math.min(...dots.map((d) => d.value))), Math.ceil(Math.max(...dots.map((d) => d.value)))];
  return { title: 'Energy an inference', dots, domain: [low, Math.max(high, low + 1)], ends: dots.length === 0 ? ['', ''] : [formatJoules(10 ** low), `${formatJoules(10 ** Math.max(high, low + 1))}, logarithmic`], floor: null, colour: ink.spiking };
}

function leakPanel(variants: readonly Variant[], kind: FindingKind, title: string): Panel {
  const found = variants.flatMap((v, row) => { const f = strongest(v, kind); return f === null ? [] : [{ row, f }]; });
  const dots = found.map(({ row, f }): Dot => ({ row, value: f.value, low: f.interval?.[0] ?? f.value, high: f.interval?.[1] ?? f.value, text: f.ceiling === 1 && kind === 'classes' ? formatPercent(f.value) : f.value.toFixed(3) }));
  const floors = found.map(({ f }) => f.floor);
  const low = Math.min(...floors, ...dots.map((d) => d.low));
  const bottom = Number.isFinite(low) ? Math.floor(low * 10) / 10 : 0;
  const top = Math.min(1, Math.max(bottom + 0.2, Math.ceil(Math.max(...dots.map((d) => d.high), 0) * 10) / 10));
  return { title, dots, domain: [bottom, top], ends: [bottom.toFixed(1), `${top.toFixed(1)}; dashed: guessing`], floor: floors.length === 0 ? null : Math.max(...floors), colour: ink.other };
}
