// What the native addon is built from: every C source of learning and simulation, the entries that these define, and files that a package carries.
import { readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';

const binding = readFileSync('native/binding.gyp', 'utf8');
const sources = readdirSync('src/kernels/c').filter((n) => /^(learning-.*|spiking.*)\.c$/.test(n));

it('binding.gyp names every source of these kernels', () => {
  expect([...binding.matchAll(/'\.\.\/src\/kernels\/c\/([\w-]+\.c)'/g)].map((m) => m[1]).sort()).toEqual(sources.sort());
});

it('entries.h lists every entry with its number of arguments', () => {
  const defined = sources.flatMap((n) => [...readFileSync(`src/kernels/c/${n}`, 'utf8').matchAll(/^ENTRY\((\w+), ([^)]*)\)/gm)].map((m) => `${m[1]} ${m[2].split(',').length}`));
  const listed = [...readFileSync('native/entries.h', 'utf8').matchAll(/E\(variant, (\w+), (\d)\)/g)].map((m) => `${m[1]} ${m[2]}`);
  expect(listed.sort()).toEqual(defined.sort());
});

it('the package carries what the build reads', () => {
  const { files } = JSON.parse(readFileSync('package.json', 'utf8')) as { files: readonly string[] };
  expect(files).toEqual(expect.arrayContaining(['native/*.*', 'src/kernels/c', 'scripts/build-native.mjs']));
});
