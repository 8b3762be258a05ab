/** Reads the records that one page is made from, of runs and audits in any order, each told by what it calls itself. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { NamedRun } from './comparison.js';
import { auditFindings, isAudit } from './audit-findings.js';
import type { Picture } from './comparison-page.js';
import { isSparsityRecord, type SparsityRecord } from '../audit/records/sparsity.js';
import type { Finding } from './findings.js';
import { parseJson, readJsonText } from './read-json.js';
import { checkRunRecord } from './read-run.js';

export interface RecordFile {
  /** What the page calls the run; null: as the record does. */
  readonly name: string | null;
  readonly path: string;
}

export interface Records {
  readonly runs: readonly NamedRun[];
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
  readonly pictures: readonly Picture[];
  readonly sparsity: readonly SparsityRecord[];
}

const NONE: Records = { runs: [], findings: [], notes: [], pictures: [], sparsity: [] };

/** Throws a CompileError with `report/...` diagnostics for the first file that cannot be read. */
export function readRecords(files: readonly RecordFile[]): Records {
  const read = files.map(({ name, path }): Records => {
    const value = parseJson(readJsonText(path), path);
    if (isSparsityRecord(value)) return { ...NONE, sparsity: [value] };
    if (isAudit(value)) {
      const { picture, ...found } = auditFindings(value, path);
      return { ...NONE, ...found, pictures: picture === undefined ? [] : readPicture(picture, path) };
    }
    const record = checkRunRecord(value, path);
    return { ...NONE, runs: [{ name, record }] };
  });
  return {
    runs: read.flatMap((r) => r.runs), findings: read.flatMap((r) => r.findings), notes: read.flatMap((r) => r.notes), pictures: read.flatMap((r) => r.pictures), sparsity: read.flatMap((r) => r.sparsity),
  };
}

const MOST_PICTURE_BYTES = 8 * 2 ** 20;
const PNG = [0x89, 0x50, 0x4e, 0x47];

/** The drawing beside a record, if it is still there and is one; never a file elsewhere. */
function readPicture({ file, caption }: { readonly file: string; readonly caption: string }, recordPath: string): Picture[] {
  const path = join(dirname(recordPath), basename(file));
  if (!existsSync(path) || !statSync(path).isFile() || statSync(path).size > MOST_PICTURE_BYTES) return [];
  const png = readFileSync(path);
  return PNG.every((byte, i) => png[i] === byte) ? [{ caption, png }] : [];
}
