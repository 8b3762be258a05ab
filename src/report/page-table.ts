/** A table of the page. */
import { html, type Markup } from './html.js';

export interface Column { readonly title: string; readonly kind: 'number' | 'text' | 'why' | 'break' }
export interface TableRow {
  readonly head: string;
  readonly cells: readonly string[];
  readonly total?: boolean;
}

const cssClass = { number: 'n', text: '', why: 'why', break: 'break' } as const;

/** A table in a box that scrolls sideways where the screen is narrow. The first column is the row's head. */
export function table(name: string, head: string, columns: readonly Column[], rows: readonly TableRow[]): Markup {
  return html`<div class="scroll" role="region" aria-label="${name}" tabindex="0"><table>
<thead><tr><th scope="col">${head}</th>${columns.map((c) => html`<th scope="col" class="${cssClass[c.kind]}">${c.title}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr class="${row.total === true ? 'total' : ''}"><th scope="row">${row.head}</th>${row.cells.map((cell, i) => html`<td class="${cssClass[columns[i]?.kind ?? 'text']}">${cell}</td>`)}</tr>
`)}</tbody></table></div>`;
}

/** A column of numbers. */
export const number = (title: string): Column => ({ title, kind: 'number' });
