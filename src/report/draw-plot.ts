/**
 * Draws one vega-lite specification as an SVG string, without a browser. Colours are CSS variables of
 * the page, so that one drawing serves light, dark and paper. The library is loaded on first use.
 */
import type { TopLevelSpec } from 'vega-lite';

/** The page's colours, by role. */
export const ink = {
  text: 'var(--text)', soft: 'var(--soft)', line: 'var(--line)', spiking: 'var(--spiking)', other: 'var(--other)', cell: 'var(--cell)',
} as const;

/** A drawing with all lengths given in advance: headless, the library cannot measure text. */
export interface Plot {
  /** The layers of the specification; each brings its own data. */
  readonly layer: readonly object[];
  readonly width: number;
  readonly height: number;
  readonly padding: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
}

const config = {
  aria: false,
  view: { stroke: null },
  axis: { labelColor: ink.soft, titleColor: ink.soft, gridColor: ink.line, domainColor: ink.line, tickColor: ink.line, labelFontSize: 11, titleFontSize: 11, titleFontWeight: 'normal', labelLimit: 2000, titleLimit: 2000, titlePadding: 8 },
  text: { color: ink.text, fontSize: 11, limit: 0 },
} as const;

/** The SVG of a plot. The same plot gives the same text. */
export async function drawPlot(plot: Plot): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const spec = {
    autosize: { type: 'none' }, background: null, config,
    layer: plot.layer, width: plot.width, height: plot.height, padding: plot.padding,
  } as unknown as TopLevelSpec;
  const view = new vega.View(vega.parse(vegaLite.compile(spec).spec), { renderer: 'none', logLevel: vega.Error });
  try {
    return tidy(await view.toSVG());
  } finally {
    view.finalize();
  }
}

/** Fewer digits, no fonts of its own (it inherits the page's), hidden from readers that get the caption instead. */
function tidy(svg: string): string {
  return svg
    .replace(/ font-family="[^"]*"/g, '')
    .replace(/ pointer-events="none"/g, '')
    .replace(/<path class="(?:background|foreground)" aria-hidden="true"[^>]*\/>/g, '')
    .replace(/<path class="(?:background|foreground)" aria-hidden="true"[^>]*><\/path>/g, '')
    .replace(/="[^"]*\d\.\d{3,}[^"]*"/g, (attribute) => attribute.replace(/\d+\.\d{3,}/g, (n) => String(Number(Number(n).toFixed(2)))))
    .replace('<svg ', '<svg aria-hidden="true" ');
}
