/**
 * What a command says, and where. Results go to stdout; notices, warnings and progress to stderr, so
 * that stdout holds nothing but the result. With `--json` the result is one JSON value.
 */
import { Presets, SingleBar } from 'cli-progress';
import { formatDiagnostic, type Diagnostic } from '../diagnostics.js';

/** A line of the result. */
export const say = (text: string): void => { process.stdout.write(`${text}\n`); };

/** A line beside the result. */
export const notice = (text: string): void => { process.stderr.write(`${text}\n`); };

export const sayJson = (value: unknown): void => say(JSON.stringify(value, null, 2));

export function warn(warnings: readonly Diagnostic[]): void {
  for (const warning of warnings) notice(formatDiagnostic(warning));
}

export interface Progress {
  readonly onDone: (done: number, total: number) => void;
  readonly stop: () => void;
}

/** A bar with the time left on stderr; nothing at all when stderr is not a terminal. */
export function progress(title: string): Progress {
  if (!process.stderr.isTTY) return { onDone: () => {}, stop: () => {} };
  const bar = new SingleBar({ format: `${title} [{bar}] {percentage} %, {eta_formatted} left`, stream: process.stderr, clearOnComplete: true, barsize: 30 }, Presets.legacy);
  let started = false;
  return {
    onDone: (done, total) => {
      if (!started) bar.start(total, 0);
      started = true;
      bar.update(done);
    },
    stop: () => { if (started) bar.stop(); },
  };
}

/** A passing line on stderr while something works, gone when it is replaced by ''; nothing when stderr is not a terminal. */
export function status(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
