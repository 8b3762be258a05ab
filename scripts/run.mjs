// The one way in: `npm run demo`, `npm test`, `npm run bench`, `npm run fuzz`. Installs the pinned
// packages and builds when either is stale, then runs. Plain JavaScript, so that it works before the install.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [verb, ...rest] = process.argv.slice(2);
const commands = {
  build: [],
  test: [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...rest],
  demo: [join('scripts', 'demo.mjs'), ...rest],
  bench: [join('scripts', 'bench.mjs'), ...rest],
  fuzz: [join('scripts', 'fuzz.mjs'), ...rest],
};
if (!(verb in commands)) {
  console.error(`usage: node scripts/run.mjs ${Object.keys(commands).join('|')}`);
  process.exit(2);
}
if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`Spikeveil needs Node 20 or later; this is ${process.versions.node}.`);
  process.exit(1);
}
const digest = createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
const stamp = join(root, 'node_modules', '.spikeveil-install');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
  console.log('installing the pinned packages (npm ci) ...');
  const npm = process.env.npm_execpath ? [process.execPath, [process.env.npm_execpath]] : ['npm', []];
  const installed = spawnSync(npm[0], [...npm[1], 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root, stdio: 'inherit' });
  if (installed.status !== 0) process.exit(installed.status ?? 1);
  writeFileSync(stamp, digest);
}
const { build } = await import('./build.mjs');
if (build()) console.log('built dist/');
if (commands[verb].length > 0) {
  const run = spawnSync(process.execPath, commands[verb], { cwd: root, stdio: 'inherit' });
  process.exit(run.status ?? 1);
}
