// Judges a range of mutants, one after the other, and counts what became of them.
import { drawsFrom, mutate } from './mutate.mjs';
import { pickSeed, seeds } from './seeds.mjs';
import { createJudge, makeFolder } from './judge.mjs';

/** Mutant `index` of `seed`: its bytes, the file it came from, and whether it is to go through the whole compiler. */
export function mutantOf(api, list, seed, index) {
  const draws = drawsFrom(api.random, seed, index);
  const source = pickSeed(list, draws);
  const bytes = mutate(source.bytes, draws, source.model);
  return { source, bytes, compile: bytes.length < 100_000 && draws.chance(0.02) };
}

/**
 * Runs mutants `first`, `first + step`, ... below `end`. `onDone` is called after each with what has been
 * counted; before each, `onStart` with its number. Gives { counts, faults }.
 */
export async function runMutants(api, { seed, first, end, step = 1, onStart = () => undefined, onDone = () => undefined }) {
  const list = seeds();
  const { folder, remove } = makeFolder();
  const { judge, undo } = createJudge(api, folder);
  const found = { done: 0, refused: 0, imported: 0, compiled: 0, codes: {}, faults: [] };
  try {
    for (let index = first; index < end; index += step) {
      const { source, bytes, compile } = mutantOf(api, list, seed, index);
      onStart(index, source.name);
      const verdict = await judge(bytes, { compile });
      found.done++;
      if (verdict.kind === 'fault') found.faults.push({ index, source: source.name, what: verdict.what });
      else found[verdict.kind]++;
      if (verdict.kind === 'refused') for (const code of new Set(verdict.codes)) found.codes[code] = (found.codes[code] ?? 0) + 1;
      onDone(found);
    }
  } finally {
    undo();
    remove();
  }
  return found;
}
