// Writes the JSON schemas of target files, model cards and architectures from their TypeBox sources, by way of the build in dist/, and the
// digests of the built-in targets, which are held against the schema first.
import { readFileSync, writeFileSync } from 'node:fs';
import { build } from './build.mjs';

build();
const { printTargetSchema } = await import(new URL('../dist/target/schema.js', import.meta.url).href);
const { printModelCardSchema } = await import(new URL('../dist/onnx/model-card-schema.js', import.meta.url).href);
const { printArchitectureSchema } = await import(new URL('../dist/learn/architecture-schema.js', import.meta.url).href);
writeFileSync(new URL('../models/architectures/architecture.schema.json', import.meta.url), printArchitectureSchema());
writeFileSync(new URL('../targets/target.schema.json', import.meta.url), printTargetSchema());
writeFileSync(new URL('../src/onnx/model-card.schema.json', import.meta.url), printModelCardSchema());

const { checkChip, listTargets, targetDigest } = await import(new URL('../dist/target/load-target.js', import.meta.url).href);
const digests = listTargets().map((name) => {
  const text = readFileSync(new URL(`../targets/${name}.json`, import.meta.url), 'utf8');
  checkChip(JSON.parse(text), name);
  return targetDigest(printTargetSchema(), text);
});
writeFileSync(new URL('../src/target/checked-targets.json', import.meta.url), `${JSON.stringify(digests, null, 2)}\n`);
