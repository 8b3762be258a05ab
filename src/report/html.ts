/**
 * A template tag that writes HTML and escapes everything put into it, because names of models and
 * layers come from files of strangers. Only what the tag itself made goes through unescaped.
 */
export interface Markup { readonly markup: string }

type Part = string | number | Markup | readonly Markup[] | null;

const NAMES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text that means itself in HTML, in attributes too. Control characters become a visible box. */
export const escapeText = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd').replace(/[&<>"']/g, (c) => NAMES[c] as string);

/** Marks a string as HTML already: only for what this program drew itself. */
export const trusted = (markup: string): Markup => ({ markup });

export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return trusted(texts.map((text, i) => (i === 0 ? text : write(parts[i - 1] as Part) + text)).join(''));
}

/** A number and its unit stay on one line. */
const keepUnits = (text: string): string => text.replace(/(\d) (?=(?:%|[pnµm]?[JsWV]|[kMG])(?![\w]))/g, '$1\u00a0');

function write(part: Part): string {
  if (part === null) return '';
  if (typeof part === 'string') return escapeText(keepUnits(part));
  if (typeof part === 'number') return String(part);
  return 'markup' in part ? part.markup : part.map((p) => p.markup).join('');
}
