// Writes the JSON schemas of target files, model cards and architectures from their TypeBox sources, by way of the build in dist/.
import { writeFileSync } from 'node:fs';
import { build } from './build.mjs';

build();
const { printTargetSchema } = await import(new URL('../dist/target/schema.js', import.meta.url).href);
const { printModelCardSchema } = await import(new URL('../dist/onnx/model-card-schema.js', import.meta.url).href);
const { printArchitectureSchema } = await import(new URL('../dist/learn/architecture-schema.js', import.meta.url).href);
writeFileSync(new URL('../models/architectures/architecture.schema.json', import.meta.url), printArchitectureSchema());
writeFileSync(new URL('../targets/target.schema.json', import.meta.url), printTargetSchema());
writeFileSync(new URL('../src/onnx/model-card.schema.json', import.meta.url), printModelCardSchema());
