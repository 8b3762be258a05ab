// Reads a program file and lists its cores: which slice of which population each one holds, where it
// sits on the mesh, and how much of the core it fills.
//   node examples/list-cores.mjs PROGRAM
import { readFileSync } from 'node:fs';
import { CompileError, readProgram } from 'spikeveil';

const [path] = process.argv.slice(2);
if (path === undefined) {
  console.error('usage: node examples/list-cores.mjs PROGRAM');
  process.exit(2);
}

try {
  const program = readProgram(readFileSync(path), path);
  const { neurons, synapticMemoryBits } = program.target.core;
  const share = (used, most) => (most === null ? 'no limit' : `${((100 * used) / most).toFixed(1)} %`);
  console.log(`${program.provenance.modelName} for ${program.target.name}: ${program.coresUsed} cores on ${program.chipsUsed} chip(s)`);
  program.cores.forEach(({ slice, use }, i) => {
    const { chip, x, y, port } = program.places[i];
    const box = [slice.channels, slice.rows, slice.columns].map(([from, to]) => `${from}..${to}`).join(' x ');
    console.log(`core ${i}: chip ${chip}, router ${x},${y}, port ${port}: ${slice.population} [${box}], neurons ${share(use.neurons, neurons)}, synaptic memory ${share(use.synapticBits, synapticMemoryBits)}`);
  });
} catch (error) {
  if (!(error instanceof CompileError)) throw error;
  console.error(error.message); // says what is wrong with the file and what to do
  process.exit(1);
}
