// Measures every row of the bench and writes bench-results/bench.json as the rows come, so that an
// interrupted bench keeps what it has. Figures are not tests: a missed bar is printed, not an error.
//   npm run bench                      all, about half an hour on two cores; dp-training (six trainings) and membership (ten) on top
//   npm run bench -- --only compile    one file of test/bench/, the other results stay
//   npm run bench -- --quick           tiny samples, to try the bench itself; writes bench-quick.json
//   npm run bench -- --data DIR        full test sets (default ../shared/data); without them the sample in models/
//   npm run bench -- --readme          no measuring: writes the results into README.md
// A module of test/bench/ exports `cases(options)`, a list of { measure, run } whose `run` gives
// { value, unit, bar, note, details }, or `run(options)`, which gives finished rows. A bar is null,
// { atMost }, { atLeast } or { text, met }; a value is null where something to measure is missing.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { benchText, withBench } from './bench-table.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = resolve(root, 'test/bench');
const ORDER = ['models', 'compile', 'placement', 'sgemm', 'simulate', 'cycle', 'accuracy', 'few-steps', 'reset'];
const names = readdirSync(folder).filter((n) => n.endsWith('.bench.mjs')).map((n) => n.replace('.bench.mjs', ''))
  .sort((a, b) => (ORDER.indexOf(a) + 99) % 99 - (ORDER.indexOf(b) + 99) % 99);

const flags = readFlags();
let lastShown = 0;
const output = resolve(root, 'bench-results', flags.quick ? 'bench-quick.json' : 'bench.json');
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), memoryBytes: totalmem(), node: process.versions.node, platform: `${process.platform} ${process.arch}` };

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false }, readme: { type: 'boolean', default: false },
        only: { type: 'string' }, data: { type: 'string', default: resolve(root, '../shared/data') },
      },
    });
    if (values.only !== undefined && !names.includes(values.only)) throw new Error(`there is no bench "${values.only}"; there are ${names.join(', ')}`);
    return values;
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

/** Rows measured before on this machine, without those that are measured again now. */
function keptRows(again) {
  if (!existsSync(output)) return [];
  const before = JSON.parse(readFileSync(output, 'utf8'));
  const same = JSON.stringify(before.machine) === JSON.stringify(machine);
  return same ? before.rows.filter((r) => names.includes(r.bench) && !again.includes(r.bench)) : [];
}

async function measure() {
  const wanted = flags.only === undefined ? names : [flags.only];
  const rows = keptRows(wanted);
  const options = { quick: flags.quick, data: resolve(flags.data), workers: availableParallelism(), progress };
  for (const bench of wanted) {
    console.log(`\n${bench}`);
    for await (const row of rowsOf(bench, options)) {
      rows.push({ bench, date: new Date().toISOString(), ...row });
      save(rows);
      progress('');
      console.log(benchText([row]).split('\n').at(-1) + (row.note ? `\n    ${row.note}` : ''));
    }
  }
  console.log(`\n${benchText(rows.toSorted((a, b) => names.indexOf(a.bench) - names.indexOf(b.bench)))}\n\nwrote ${output}`);
}

/** The rows of one module, each as soon as it is there. What fails gives a row that says so. */
async function* rowsOf(bench, options) {
  const module = await import(pathToFileURL(resolve(folder, `${bench}.bench.mjs`)).href);
  const cases = module.cases?.(options) ?? [{ measure: bench, run: () => module.run(options) }];
  for (const { measure, run } of cases) {
    const began = performance.now();
    progress(measure);
    try {
      const found = await run();
      for (const row of Array.isArray(found) ? found : [found]) yield { measure, ...finished(row), seconds: (performance.now() - began) / 1000 };
    } catch (error) {
      yield { measure, value: null, unit: '', bar: { text: 'runs', met: false }, note: `failed: ${(error.stderr || error.message).trim().split('\n').slice(0, 3).join(' ')}` };
    }
  }
}

/** A bare number as a bar is a lower bound. */
function finished({ bar, note, why, ratioTo, ...row }) {
  const said = note ?? why ?? ratioTo;
  return { ...row, bar: typeof bar === 'number' ? { atLeast: bar } : bar, ...(said === undefined ? {} : { note: said }) };
}

function save(rows) {
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(`${output}.tmp`, `${JSON.stringify({ format: 'spikeveil-bench', date: new Date().toISOString(), machine, rows }, null, 2)}\n`);
  renameSync(`${output}.tmp`, output);
}

/** Where the work is: one line that is written over on a terminal, now and then a line otherwise. */
function progress(text) {
  const now = performance.now();
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text.slice(0, 100)}`);
  else if (text !== '' && now - lastShown > 15_000) process.stderr.write(`  ${text}\n`);
  else return;
  lastShown = now;
}

function writeReadme() {
  if (!existsSync(output)) {
    console.error(`${output} is not there: run \`npm run bench\` first`);
    process.exit(1);
  }
  const path = resolve(root, 'README.md');
  const results = JSON.parse(readFileSync(output, 'utf8'));
  const rows = results.rows.toSorted((a, b) => names.indexOf(a.bench) - names.indexOf(b.bench));
  writeFileSync(path, withBench(readFileSync(path, 'utf8'), { ...results, rows }));
  console.log(`wrote the bench of ${results.date.slice(0, 10)} into README.md`);
}

if (flags.readme) writeReadme();
else await measure();
