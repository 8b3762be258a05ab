// What must hold for each mutant: a catalogued diagnostic or a right import, within time and memory, with
// nothing opened outside the model's folder and nothing left behind in the prototypes. `api` is the
// library, from src/ in the tests and from dist/ in `npm run fuzz`.
import { execFileSync } from 'node:child_process';
import fs, { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';

/** Seconds of processor time that a mutant may take. */
export const MOST_SECONDS = 2;
/** Bytes that a mutant may take beside four times its own. */
export const MOST_BYTES = 256 * 2 ** 20;

/** A folder with a model's side file, a link out of it, a pipe, and beside it what must not be read. */
export function makeFolder() {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'fuzz-')));
  const folder = join(root, 'model');
  mkdirSync(join(folder, 'deeper'), { recursive: true });
  const bytes = new Uint8Array(Float32Array.from({ length: 4096 }, (_, i) => ((i % 17) - 8) / 64).buffer);
  for (const path of ['inside.bin', join('deeper', 'inside.bin')]) writeFileSync(join(folder, path), bytes);
  writeFileSync(join(root, 'secret.bin'), bytes);
  symlinkSync(join(root, 'secret.bin'), join(folder, 'link.bin'));
  symlinkSync(root, join(folder, 'linked'));
  try { execFileSync('mkfifo', [join(folder, 'pipe')]); } catch { /* not everywhere */ }
  return { folder, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** Records what is opened while `judge` runs. Gives the judge and what undoes the recording. */
export function createJudge(api, folder) {
  const opened = [];
  const real = { openSync: fs.openSync, readFileSync: fs.readFileSync };
  let watching = false;
  for (const name of ['openSync', 'readFileSync']) {
    fs[name] = (path, ...rest) => { if (watching && typeof path === 'string') opened.push(path); return real[name](path, ...rest); };
  }
  syncBuiltinESMExports();
  const prototypes = [Object.prototype, Array.prototype, Map.prototype].map((p) => [p, Reflect.ownKeys(p).length]);

  async function judge(bytes, { compile = false } = {}) {
    opened.length = 0;
    const before = process.memoryUsage().rss;
    const start = process.cpuUsage();
    watching = true;
    let verdict;
    try {
      verdict = await outcome(api, bytes, { folder, compile });
    } finally {
      watching = false;
    }
    const { user, system } = process.cpuUsage(start);
    const took = verdict.kind === 'refused' || verdict.kind === 'imported' ? (user + system) / 1e6 : 0;
    const grown = process.memoryUsage().rss - before;
    if (took > MOST_SECONDS) return fault(`it took ${took.toFixed(2)} s of processor time`);
    if (grown > 4 * bytes.length + MOST_BYTES) return fault(`it left ${(grown / 2 ** 20).toFixed(0)} MB more than before`);
    for (const [p, keys] of prototypes) if (Reflect.ownKeys(p).length !== keys) return fault('a prototype was changed');
    const outside = opened.find((path) => !/\.(proto|wasm|json)$/.test(path) && !path.startsWith(folder + sep));
    return outside === undefined ? verdict : fault(`it opened ${outside}`);
  }
  const undo = () => { Object.assign(fs, real); syncBuiltinESMExports(); };
  return { judge, undo };
}

const fault = (what) => ({ kind: 'fault', what });

async function outcome(api, bytes, { folder, compile }) {
  try {
    const report = new api.Reporter();
    const model = api.importOnnxBytes(bytes, { name: 'mutant.onnx', folder, report });
    const wrong = wrongGraph(api, model);
    if (wrong !== undefined) return fault(wrong);
    return compile ? await compileMutant(api, bytes, folder) : { kind: 'imported' };
  } catch (error) {
    return refusal(api, error);
  }
}

/** A diagnostic of the catalogue, or a fault. */
function refusal(api, error) {
  if (!(error instanceof api.CompileError)) return fault(`${error?.stack ?? error}`);
  const unknown = error.diagnostics.find((d) => !Object.hasOwn(api.catalogue, d.code) || d.message === '' || d.hint === '');
  if (unknown !== undefined) return fault(`no diagnostic of the catalogue: ${unknown.code}`);
  if (/[^\P{Cc}\n]/u.test(error.message)) return fault('a control character reached the message');
  return { kind: 'refused', codes: error.diagnostics.map((d) => d.code) };
}

/** A graph that passes its verifier, with finite numbers only. */
function wrongGraph(api, { graph }) {
  api.verifyGraph(graph);
  for (const node of graph.nodes) {
    for (const [field, value] of Object.entries(node)) {
      const list = ArrayBuffer.isView(value) ? value : typeof value === 'number' ? [value] : [];
      for (const v of list) if (Number.isNaN(v) || (!Number.isFinite(v) && field !== 'cap')) return `node "${node.id}" has ${v} in ${field}`;
    }
  }
  return undefined;
}

/** Through the whole compiler: what comes out has been read back and holds integers. */
async function compileMutant(api, bytes, folder) {
  const path = join(folder, 'mutant.onnx');
  fs.writeFileSync(path, bytes);
  try {
    const { program } = await api.compileModel(path, { target: api.target, timesteps: 4, normalisation: { scale: 255, mean: [0.5], std: [0.25] }, placementEffort: 0 });
    const lists = [...program.network.populations.flatMap((p) => [p.scale, p.bias]), ...program.network.projections.map((p) => [p.weightError])];
    for (const list of lists) for (const v of list) if (!Number.isFinite(v)) return fault(`the program holds ${v}`);
    return { kind: 'compiled' };
  } catch (error) {
    return refusal(api, error);
  }
}
