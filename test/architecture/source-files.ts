// The source files as the architecture tests read them.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

export interface SourceFile {
  /** Relative to the root, with forward slashes: `src/map/place.ts`. */
  readonly path: string;
  readonly text: string;
  /** `map`, or the name of a file that stands in `src/` itself. */
  readonly room: string;
  /** Files of this project that it imports, as `src/...` paths. */
  readonly imports: readonly string[];
}

const walk = (folder: string): string[] => readdirSync(folder, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? walk(join(folder, e.name)) : [join(folder, e.name)]));

export const sourceFiles: readonly SourceFile[] = walk('src')
  .map((p) => p.replaceAll('\\', '/'))
  .filter((p) => p.endsWith('.ts') && !p.endsWith('.d.ts'))
  .map((path) => {
    const text = readFileSync(path, 'utf8');
    const named = [...text.matchAll(/(?:from|import\(|^import)\s*\(?'(\.[^']+)'/gm)].map((m) => m[1]);
    const imports = named.map((n) => posix.join(posix.dirname(path), n).replace(/\.js$/, '.ts'));
    return { path, text, room: roomOf(path), imports };
  });

/** Source files that tests import: a reference that a kernel is compared with is used there alone. */
export const testImports: readonly string[] = walk('test').filter((p) => p.endsWith('.ts')).flatMap((path) =>
  [...readFileSync(path, 'utf8').matchAll(/'((?:\.\.\/)+src\/[^']+)\.js'/g)].map((m) => `${m[1].replace(/^(\.\.\/)+/, '')}.ts`));

/** `src/map/place.ts` is in the room `map`; `src/random.ts` is a room of its own. */
export function roomOf(path: string): string {
  const parts = path.split('/');
  return parts.length === 2 ? parts[1] : dirname(parts.slice(1).join('/')).split('/')[0];
}

/** The text without comments and string contents, line numbers kept. */
export function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, (found) => found.replace(/[^\n]/g, ' '));
}
