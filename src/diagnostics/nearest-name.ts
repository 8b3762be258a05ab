/**
 * "Did you mean": finds the known name that a misspelt one is closest to, by the number of letters
 * to insert, delete or replace.
 */

/** The closest of `known`, or null when none is within a third of the word's length (at least 2 edits). */
export function nearestName(word: string, known: readonly string[]): string | null {
  if (word.length > 100) return null;
  const most = Math.max(2, Math.floor(word.length / 3));
  let best: string | null = null;
  let least = most + 1;
  for (const name of known) {
    const edits = editDistance(word.toLowerCase(), name.toLowerCase());
    if (edits < least) { best = name; least = edits; }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row.push(Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    above = row;
  }
  return above[b.length];
}
