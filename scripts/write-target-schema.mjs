// Writes targets/target.schema.json from the TypeBox schema, by way of the build in dist/.
import { writeFileSync } from 'node:fs';
import { build } from './build.mjs';

build();
const { printTargetSchema } = await import(new URL('../dist/target/load-target.js', import.meta.url).href);
writeFileSync(new URL('../targets/target.schema.json', import.meta.url), printTargetSchema());
