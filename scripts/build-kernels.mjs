// Compiles src/kernels/c/*.c into src/kernels/kernels.wasm (SIMD128, shared memory) with the clang
// that the devDependency @yowasp/clang ships as WebAssembly: no system compiler is needed. The same
// sources give the same bytes; `--check` compares with the committed file instead of writing it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { runClang } from '@yowasp/clang';

const folder = new URL('../src/kernels/c/', import.meta.url);
const output = new URL('../src/kernels/kernels.wasm', import.meta.url);
const names = readdirSync(folder).filter((n) => /\.[ch]$/.test(n)).sort();
const files = Object.fromEntries(names.map((n) => [n, readFileSync(new URL(n, folder))]));
const flags = [
  '--target=wasm32', '-O3', '-std=c17', '-Wall', '-Werror', '-msimd128', '-mbulk-memory', '-matomics',
  '-ffp-contract=off', '-fno-math-errno', '-nostdlib', '-fvisibility=hidden',
  '-Wl,--no-entry', '-Wl,--export-dynamic', '-Wl,--export=__heap_base', '-Wl,-z,stack-size=262144', '-Wl,--strip-all',
  '-Wl,--import-memory,--shared-memory,--max-memory=2147483648,--initial-memory=1048576',
];
let log = '';
const stderr = (bytes) => { if (bytes) log += new TextDecoder().decode(bytes); };
try {
  const tree = await runClang(['clang', ...flags, ...names.filter((n) => n.endsWith('.c')), '-o', 'kernels.wasm'], files, { stderr });
  const built = Buffer.from(tree['kernels.wasm']);
  if (process.argv.includes('--check')) {
    if (!built.equals(readFileSync(output))) throw new Error('src/kernels/kernels.wasm differs from a rebuild: run `npm run build:kernels` and commit it');
    console.log(`kernels.wasm: rebuild gives the same ${built.length} bytes`);
  } else {
    writeFileSync(output, built);
    console.log(`kernels.wasm: ${built.length} bytes`);
  }
} catch (error) {
  console.error(log || String(error.stack ?? error));
  process.exit(1);
}
