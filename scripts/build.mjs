// Builds dist/ when it is stale: TypeScript, then the files that travel beside the code (the WASM
// kernels, the protobuf schemas, the schema of model cards, the digests of checked targets). Staleness is judged by a hash of the sources.
// The new dist/ is made beside the old one and takes its place when it is whole.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const walk = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? walk(join(folder, e.name)) : [join(folder, e.name)]));

export function build() {
  const sources = walk(join(root, 'src')).sort();
  const hash = createHash('sha256');
  for (const file of [...sources, join(root, 'tsconfig.json'), join(root, 'package-lock.json')]) hash.update(relative(root, file)).update('\0').update(readFileSync(file));
  const digest = hash.digest('hex');
  const dist = join(root, 'dist');
  if (existsSync(join(dist, '.stamp')) && readFileSync(join(dist, '.stamp'), 'utf8') === digest) return false;
  const fresh = join(root, `dist.${process.pid}.tmp`);
  try {
    execFileSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', root, '--outDir', fresh], { stdio: 'inherit' });
  } catch {
    rmSync(fresh, { recursive: true, force: true });
    process.exit(1);
  }
  for (const file of sources.filter((f) => /\.(wasm|proto|json)$/.test(f))) {
    const to = join(fresh, relative(join(root, 'src'), file));
    mkdirSync(dirname(to), { recursive: true });
    cpSync(file, to);
  }
  writeFileSync(join(fresh, '.stamp'), digest);
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(build() ? 'built dist/' : 'dist/ is up to date');
