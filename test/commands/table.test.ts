// Tables are aligned without blanks at the line ends; paragraphs stay within 80 columns.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pairs, table, wrap } from '../../src/commands/table.js';

it('aligns words left and numbers right', () => {
  expect(table([{ head: 'pass' }, { head: 'ms', align: 'right' }], [['import', '1.5'], ['fit', '200.0']])).toBe('pass       ms\nimport    1.5\nfit     200.0');
});

it('has no heading line when no column has a heading', () => {
  expect(pairs([['a', 'x'], ['longer', 'y']])).toBe('a       x\nlonger  y');
});

it('wraps at 80 columns and loses no word', () => {
  fc.assert(fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 60 }), (words) => {
    const lines = wrap(words.join(' '), '  ').split('\n');
    expect(lines.every((l) => l.length <= 80)).toBe(true);
    expect(lines.join(' ').split(/\s+/)).toEqual(words);
  }));
});
