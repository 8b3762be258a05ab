/**
 * Runs the stages of the compiler one after another: times each, verifies its result, collects its
 * warnings, and tells an observer, which may print the stage's representation. Part of the entrance
 * hall: the only place of the compiler that looks at a clock.
 */
import { Reporter, type Diagnostic } from './diagnostics.js';

export interface PassRecord {
  readonly name: string;
  readonly milliseconds: number;
}

export interface PassObserver {
  /** Called after each pass; `text` prints the representation that left it. */
  readonly onPass: (name: string, text: () => string, milliseconds: number) => void;
}

/** One stage: what it does, what its result must satisfy, how the result is printed. */
export interface Stage<R> {
  readonly run: (report: Reporter) => R | Promise<R>;
  readonly verify?: (result: R) => void;
  readonly text?: (result: R) => string;
}

export class Pipeline {
  readonly passes: PassRecord[] = [];
  readonly warnings: Diagnostic[] = [];
  readonly #observer: PassObserver;

  constructor(observer: PassObserver) { this.#observer = observer; }

  /** Runs a stage. Throws its problems together; a failed verification is a bug and throws a plain Error. */
  async step<R>(name: string, stage: Stage<R>): Promise<R> {
    const report = new Reporter();
    const start = performance.now();
    const result = await stage.run(report);
    report.finish();
    this.warnings.push(...report.warnings);
    stage.verify?.(result);
    const milliseconds = performance.now() - start;
    await new Promise((resolve) => setImmediate(resolve)); // lets Ctrl-C and progress in
    this.passes.push({ name, milliseconds });
    this.#observer.onPass(name, () => stage.text?.(result) ?? '', milliseconds);
    return result;
  }
}
