/** The version of this tool, read from its package file. */
import { readFileSync } from 'node:fs';

export const toolVersion = (): string =>
  (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { readonly version: string }).version;
