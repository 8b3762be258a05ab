/** Small aligned tables for the terminal: plain characters that read as well in a file or a pipe. */
import { formatCount } from '../report/quantities.js';

export interface Column {
  readonly head: string;
  /** Numbers stand right; words left (the default). */
  readonly align?: 'left' | 'right';
}

/** Two blanks between columns, a heading when any column has one, no blanks at the line ends. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const heads = columns.map((c) => c.head);
  const lines = heads.some((h) => h !== '') ? [heads, ...rows] : rows;
  const widths = columns.map((_, i) => Math.max(0, ...lines.map((l) => l[i].length)));
  const pad = (text: string, i: number): string => (columns[i].align === 'right' ? text.padStart(widths[i]) : text.padEnd(widths[i]));
  return lines.map((l) => l.map(pad).join('  ').trimEnd()).join('\n');
}

/** `3 chips`, `1 chip`. */
export const plural = (count: number, noun: string): string => `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;

/** Names and values, one a line; a long value goes on below itself. */
export function pairs(rows: readonly (readonly [string, string])[]): string {
  const indent = ' '.repeat(2 + Math.max(...rows.map(([name]) => name.length)));
  return rows.map(([name, value]) => `${name.padEnd(indent.length)}${wrap(value, indent)}`).join('\n');
}

/** Breaks a paragraph into lines of at most 80 characters that stand `indent` from the left; the first is not indented. */
export function wrap(text: string, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const next = line === '' ? word : `${line} ${word}`;
    if (next.length + indent.length > 80 && line !== '') {
      lines.push(line);
      line = word;
    } else line = next;
  }
  return [...lines, line].join(`\n${indent}`);
}
