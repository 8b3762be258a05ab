/** Reads the records that one page is made from, of runs and audits in any order, each told by what it calls itself. */
import type { NamedRun } from './comparison.js';
import { auditFindings, isAudit } from './audit-findings.js';
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
}

/** Throws a CompileError with `report/...` diagnostics for the first file that cannot be read. */
export function readRecords(files: readonly RecordFile[]): Records {
  const read = files.map(({ name, path }): Records => {
    const value = parseJson(readJsonText(path), path);
    if (isAudit(value)) return { runs: [], ...auditFindings(value, path) };
    const record = checkRunRecord(value, path);
    return { runs: [{ name, record }], findings: [], notes: [] };
  });
  return { runs: read.flatMap((r) => r.runs), findings: read.flatMap((r) => r.findings), notes: read.flatMap((r) => r.notes) };
}
