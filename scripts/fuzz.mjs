// Throws broken ONNX files at the importer: `npm run fuzz`. Mutants of every model in the tree and of small
// crafted files; each must give a diagnostic of the catalogue or a right import, within two seconds of
// processor time, within four times the file plus 256 MB, and without reading outside the model's folder.
//   npm run fuzz                               100,000 mutants
//   npm run fuzz -- --count 5000 --seed 3      fewer, others
//   npm run fuzz -- --only 4711                one of them, with what became of it
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const child = fileURLToPath(new URL('../test/fuzz/fuzz-child.mjs', import.meta.url));
/** Wall seconds without a word after which a worker counts as hung; a busy machine may stall it for a while. */
const HUNG_SECONDS = 30;
/** Loading the library and making the good files. */
const START_SECONDS = 180;

const flags = readFlags();
const began = performance.now();
const seconds = () => (performance.now() - began) / 1000;
let done = 0;
let shown = 0;

function readFlags() {
  try {
    const { values } = parseArgs({ options: { count: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' }, first: { type: 'string', default: '0' }, workers: { type: 'string', default: String(availableParallelism()) }, minutes: { type: 'string' }, only: { type: 'string' }, save: { type: 'string' } } });
    const numbers = Object.fromEntries(Object.entries(values).filter(([key]) => key !== 'save').map(([key, value]) => [key, Number(value)]));
    for (const [key, value] of Object.entries(numbers)) if (!(value >= 0)) throw new Error(`--${key} takes a number`);
    return { ...numbers, save: values.save };
  } catch (error) {
    console.error(`${error.message}\nusage: npm run fuzz -- [--count N] [--seed S] [--first I] [--workers W] [--minutes M] [--only I [--save FILE]]`);
    process.exit(2);
  }
}

/** Runs a range in a process of its own; goes on behind a mutant that killed or hung it. */
async function work({ first, end, step }) {
  const total = { done: 0, refused: 0, imported: 0, compiled: 0, codes: {}, faults: [] };
  for (let from = first; from < end;) {
    const { found, stopped } = await once({ seed: flags.seed, first: from, end, step });
    if (found !== undefined) add(total, found);
    if (stopped === undefined || timeIsUp()) break;
    total.faults.push(stopped);
    total.done += 1 + (stopped.index - from) / step;
    from = stopped.index + step;
  }
  return total;
}

const timeIsUp = () => flags.minutes !== undefined && seconds() > 60 * flags.minutes;

function once(range) {
  return new Promise((resolve) => {
    const worker = fork(child, { stdio: ['ignore', 'inherit', 'pipe', 'ipc'], execArgv: ['--max-old-space-size=2048'] });
    let at = { index: range.first, source: '?' };
    let heard = performance.now();
    let stderr = '';
    let found;
    let hung = false;
    worker.stderr.on('data', (text) => { stderr = `${stderr}${text}`.slice(-2000); });
    worker.on('message', (message) => {
      heard = performance.now();
      if (message.found !== undefined) found = message.found;
      else { at = { index: message.start, source: message.source }; done++; progress(); }
    });
    const watch = setInterval(() => { if (performance.now() - heard > 1000 * (at.source === '?' ? START_SECONDS : HUNG_SECONDS)) { hung = true; worker.kill('SIGKILL'); } }, 1000);
    worker.on('exit', (code, signal) => {
      clearInterval(watch);
      const what = hung ? `it hung for ${HUNG_SECONDS} s` : `the process ended with ${signal ?? code}: ${stderr}`;
      resolve(found === undefined ? { stopped: { ...at, what } } : { found });
    });
    worker.send(range);
  });
}

function add(total, found) {
  for (const key of ['done', 'refused', 'imported', 'compiled']) total[key] += found[key];
  for (const [code, count] of Object.entries(found.codes)) total.codes[code] = (total.codes[code] ?? 0) + count;
  total.faults.push(...found.faults);
}

function progress() {
  if (seconds() - shown < (process.stderr.isTTY ? 0.2 : 15)) return;
  shown = seconds();
  const text = `${done} mutants, ${(done / shown).toFixed(0)} a second`;
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
}

async function fuzz() {
  const chunk = 500;
  const total = { done: 0, refused: 0, imported: 0, compiled: 0, codes: {}, faults: [] };
  const { first, count } = flags;
  let next = first;
  await Promise.all(Array.from({ length: Math.max(1, flags.workers) }, async () => {
    while (next < first + count && !timeIsUp()) {
      const range = { first: next, end: Math.min(next + chunk, first + count), step: 1 };
      next = range.end;
      const found = await work(range);
      for (const fault of found.faults) console.log(`\nmutant ${fault.index} of seed ${flags.seed}, made from ${fault.source}: ${fault.what}`);
      add(total, found);
    }
  }));
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  console.log(`${total.done} mutants of seed ${flags.seed} in ${seconds().toFixed(0)} s: ${total.refused} refused with a diagnostic, ${total.imported} imported, ${total.compiled} compiled, ${total.faults.length} faults`);
  console.log(Object.entries(total.codes).sort((a, b) => b[1] - a[1]).map(([code, times]) => `  ${code} ${times}`).join('\n'));
  process.exitCode = total.faults.length === 0 ? 0 : 1;
}

/** One mutant again: what becomes of it, and its bytes if they are to be saved. */
async function again() {
  const { mutantOf } = await import('../test/fuzz/run-mutants.mjs');
  const { seeds } = await import('../test/fuzz/seeds.mjs');
  const random = await import('../dist/random.js');
  const { source, bytes, compile } = mutantOf({ random }, seeds(), flags.seed, flags.only);
  console.log(`mutant ${flags.only} of seed ${flags.seed}: ${bytes.length} bytes made from ${source.name}${compile ? ', to be compiled' : ''}`);
  if (flags.save !== undefined) writeFileSync(flags.save, bytes);
  const found = await work({ first: flags.only, end: flags.only + 1, step: 1 });
  console.log(JSON.stringify(found, null, 2));
}

if (flags.only === undefined) await fuzz();
else await again();
