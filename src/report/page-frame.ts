/** What every page has around it: head, style, no script, nothing fetched; and a plot in two widths with its caption. */
import { drawPlot, type Plot } from './draw-plot.js';
import { html, trusted, type Markup } from './html.js';
import { pageStyle } from './page-style.js';

/** Widths of plots, in pixels: all of the page, half of it, a phone. */
export const WIDE = 930;
export const HALF = 448;
export const NARROW = 336;

/** A whole document. */
export const page = (title: string, body: Markup, tool: string): string => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(pageStyle)}</style>
</head>
<body>
<main>
${body}
<footer>Written by Spikeveil ${tool}.</footer>
</main>
</body>
</html>
`.markup;

/** A plot in two widths, of which the style shows one, with its caption. Nothing to draw leaves the caption. */
export async function figure(name: string, width: number, plot: (width: number) => Plot | null, caption: Markup): Promise<Markup> {
  const draw = async (at: number): Promise<Markup | null> => {
    const drawn = plot(at);
    return drawn === null ? null : trusted(await drawPlot(drawn));
  };
  const [wide, narrow] = [await draw(width), await draw(NARROW)];
  if (wide === null || narrow === null) return html`<figure data-plot="${name}"><figcaption>${caption}</figcaption></figure>`;
  return html`<figure data-plot="${name}"><div class="wide">${wide}</div><div class="narrow">${narrow}</div><figcaption>${caption}</figcaption></figure>`;
}
