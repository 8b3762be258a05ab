/** What an audit costs while it runs and afterwards: the line that says how far its trainings are, and its clock and processor time. */
import { notice, status } from './output.js';

export interface AuditCost {
  readonly wallSeconds: number;
  readonly processorSeconds: number;
  readonly workers: number;
}

/** Starts the clocks; what it returns reads them. */
export function startCost(workers: number): () => AuditCost {
  const [wall, processor] = [performance.now(), processorSeconds()];
  return () => ({ wallSeconds: (performance.now() - wall) / 1000, processorSeconds: processorSeconds() - processor, workers });
}

const processorSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Called with each step of each training, from 0: a passing line on a terminal, otherwise a line for each that is done. `what` is trained. */
export function trainingProgress(what: string): (training: number, trainings: number, step: number, steps: number) => void {
  const began = performance.now();
  let first: number | null = null;
  return (training, trainings, step, steps) => {
    const done = training * steps + step;
    first ??= done - 1;
    const left = ((performance.now() - began) / 1000 / (done - first)) * (trainings * steps - done);
    status(`training ${what} ${training + 1} of ${trainings}: step ${step} of ${steps}, ${Math.ceil(left / 60)} min left`);
    if (step === steps && !process.stderr.isTTY) notice(`${what} ${training + 1} of ${trainings} is trained`);
  };
}
