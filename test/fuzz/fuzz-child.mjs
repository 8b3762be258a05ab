// One worker of `npm run fuzz`: judges its share of the mutants with the library in dist/, and tells its
// parent before each mutant which it is, so that a hang can be named.
import { loadTarget } from '../../dist/target/load-target.js';
import { catalogue, CompileError, Reporter } from '../../dist/diagnostics.js';
import { verifyGraph } from '../../dist/graph/verify.js';
import { importOnnxBytes } from '../../dist/onnx/import-onnx.js';
import { compileModel } from '../../dist/compile.js';
import * as random from '../../dist/random.js';
import { runMutants } from './run-mutants.mjs';

const api = { catalogue, CompileError, Reporter, verifyGraph, importOnnxBytes, compileModel, random, target: loadTarget('loihi2') };

process.once('message', async ({ seed, first, end, step }) => {
  const found = await runMutants(api, { seed, first, end, step, onStart: (index, source) => process.send({ start: index, source }) });
  process.send({ found }, () => process.disconnect());
});
