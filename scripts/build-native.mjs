// Builds the optional native addon from native/binding.gyp and the C sources of the kernels, with the node-gyp
// that npm ships and the C compiler of the system (GCC or Clang; MSVC lacks the vector extensions). Node's
// headers are taken from beside the running Node if they are there; otherwise node-gyp fetches them.
import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../native', import.meta.url));
const prefix = resolve(dirname(realpathSync(process.execPath)), '..');
const places = [
  process.env.npm_config_node_gyp,
  ...[process.env.npm_execpath].filter((p) => p !== undefined).map((p) => resolve(dirname(p), '../node_modules/node-gyp/bin/node-gyp.js')),
  resolve(prefix, 'lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js'),
];
const gyp = places.find((p) => p !== undefined && existsSync(p));
if (gyp === undefined) {
  console.error('node-gyp was not found: it comes with npm, so run this as `npm run build:native`');
  process.exit(1);
}
const headers = existsSync(resolve(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
try {
  execFileSync(process.execPath, [gyp, 'rebuild', `--directory=${folder}`, '--loglevel=warn', ...headers], { stdio: 'inherit' });
} catch {
  console.error('\nThe native kernels could not be built. They need python3, make and a C compiler (GCC or Clang).\nSpikeveil works without them: the WASM kernels give the same bytes.');
  process.exit(1);
}
console.log('built native/build/Release/spikeveil_kernels.node');
