#!/usr/bin/env node
/** The entry point of the `spikeveil` command: arguments in, exit code out. `commands/main.ts` does the rest. */
import { listen } from './commands/listen.js';
import { main } from './commands/main.js';

listen();
process.exitCode = await main(process.argv.slice(2));
