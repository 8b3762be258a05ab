/**
 * Every message the tool can print to a user about a mistake, in one catalogue: a stable code, a
 * severity, a sentence and a hint. The catalogue is written in parts, one per room
 * (`diagnostics/*.ts`), and joined here. Stages collect all their problems in a `Reporter` and throw
 * one `CompileError` at their end; anything else that is thrown is a bug of ours.
 */
import { onnxMessages } from './diagnostics/onnx-messages.js';
import { lowerMessages } from './diagnostics/lower-messages.js';
import { synthesiseMessages } from './diagnostics/synthesise-messages.js';
import { spikingMessages } from './diagnostics/spiking-messages.js';
import { learnMessages } from './diagnostics/learn-messages.js';
import { mapMessages } from './diagnostics/map-messages.js';
import { programMessages } from './diagnostics/program-messages.js';
import { targetMessages } from './diagnostics/target-messages.js';
import { dataMessages } from './diagnostics/data-messages.js';
import { runMessages } from './diagnostics/run-messages.js';
import { auditMessages } from './diagnostics/audit-messages.js';
import { classLeakageMessages } from './diagnostics/class-leakage-messages.js';
import { membershipMessages } from './diagnostics/membership-messages.js';
import { pruneMessages } from './diagnostics/prune-messages.js';
import { observeMessages } from './diagnostics/observe-messages.js';
import { reportMessages } from './diagnostics/report-messages.js';
import { backendMessages } from './diagnostics/backend-messages.js';
import { interopMessages } from './diagnostics/interop-messages.js';

export const catalogue = {
  ...onnxMessages,
  ...lowerMessages,
  ...synthesiseMessages,
  ...spikingMessages,
  ...learnMessages,
  ...mapMessages,
  ...programMessages,
  ...targetMessages,
  ...dataMessages,
  ...runMessages,
  ...auditMessages,
  ...classLeakageMessages,
  ...membershipMessages,
  ...pruneMessages,
  ...observeMessages,
  ...reportMessages,
  ...backendMessages,
  ...interopMessages,
} as const;

type Catalogue = typeof catalogue;
/** The stable name of a message, for example `onnx/unsupported-op`. */
export type Code = keyof Catalogue;
/** What a message needs to be written out. */
export type Params<C extends Code> = Parameters<Catalogue[C]['message']>[0];
export type Severity = 'error' | 'warning';

/** Where a problem sits: a node of the network, a place in a file, an option, or nowhere in particular. */
export type Where =
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'file'; readonly path: string; readonly pointer?: string }
  | { readonly kind: 'option'; readonly option: string }
  | { readonly kind: 'nowhere' };

export interface Diagnostic {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly hint: string;
  readonly where: Where;
}

/** Writes one message of the catalogue out. */
export function diagnostic<C extends Code>(code: C, where: Where, params: Params<C>): Diagnostic {
  const entry = catalogue[code] as {
    readonly severity: Severity;
    message(p: Params<C>): string;
    hint(p: Params<C>): string;
  };
  return { code, severity: entry.severity, message: printable(entry.message(params)), hint: printable(entry.hint(params)), where };
}

/** Names out of files reach the user's terminal: without control characters, which could rewrite what it shows. */
const printable = (text: string): string => text.replace(/[^\P{Cc}\n]/gu, '?');

/** One diagnostic as text: `error[code] at place: message`, then the hint on a line of its own. */
export function formatDiagnostic(d: Diagnostic): string {
  return `${d.severity}[${d.code}]${formatPlace(d.where)}: ${d.message}\n  hint: ${d.hint}`;
}

function formatPlace(where: Where): string {
  switch (where.kind) {
    case 'node': return ` at node "${printable(where.node)}"`;
    case 'file': return ` in ${printable(where.path)}${where.pointer === undefined ? '' : ` (${where.pointer})`}`;
    case 'option': return ` for ${where.option}`;
    case 'nowhere': return '';
  }
}

/** Thrown once at the end of a stage with everything the user has to mend. Exit code 1, no stack. */
export class CompileError extends Error {
  override readonly name = 'CompileError';
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'));
    this.diagnostics = diagnostics;
  }
}

/** Throws a single diagnostic at once: for problems that leave nothing else to check. */
export function fail<C extends Code>(code: C, where: Where, params: Params<C>): never {
  throw new CompileError([diagnostic(code, where, params)]);
}

/** Collects a stage's diagnostics. Errors are thrown together by `finish`; warnings go to `warnings`. */
export class Reporter {
  readonly warnings: Diagnostic[] = [];
  readonly #errors: Diagnostic[] = [];

  report<C extends Code>(code: C, where: Where, params: Params<C>): void {
    const found = diagnostic(code, where, params);
    (found.severity === 'error' ? this.#errors : this.warnings).push(found);
  }

  get errors(): readonly Diagnostic[] { return this.#errors; }

  /** Throws everything reported so far, if any of it is an error. */
  finish(): void {
    if (this.#errors.length > 0) throw new CompileError(this.#errors.splice(0));
  }
}

/** For a place that types prove unreachable: reaching it is a bug of ours. */
export function unreachable(value: never): never {
  throw new Error(`internal: unhandled case ${JSON.stringify(value)}`);
}
