/**
 * A pool that serves many small batches of jobs: the threads start once, load their task once, and stay
 * until `close`. Results come back in job order, so the number of workers never changes a result. With
 * one worker the jobs run in this thread. `worker-pool.ts` is the pool for a single long batch.
 */
import { Worker } from 'node:worker_threads';
import { builtModule, type Answer, type TaskModule } from './worker-pool.js';

export interface LastingPool<Job, Result> {
  /** Runs one batch; only one at a time. */
  readonly run: (jobs: readonly Job[]) => Promise<Result[]>;
  readonly close: () => Promise<void>;
}

/** Starts the threads; `init` is structured-cloned (SharedArrayBuffers are shared). */
export async function openPool<Init, Job, Result>(moduleUrl: URL, init: Init, workers: number): Promise<LastingPool<Job, Result>> {
  if (workers > 1) return threadPool(moduleUrl, init, workers);
  const work = (await import(builtModule(moduleUrl).href) as TaskModule<Init, Job, Result>).start(init);
  return {
    run: async (jobs) => {
      const results: Result[] = [];
      for (const job of jobs) {
        results.push(await work(job));
        await new Promise((resolve) => setImmediate(resolve)); // lets signals and progress in
      }
      return results;
    },
    close: () => Promise.resolve(),
  };
}

interface Batch<Job, Result> {
  readonly jobs: readonly Job[];
  readonly results: Result[];
  next: number;
  done: number;
  readonly resolve: (results: Result[]) => void;
  readonly reject: (error: Error) => void;
}

function threadPool<Init, Job, Result>(moduleUrl: URL, init: Init, count: number): LastingPool<Job, Result> {
  const served = builtModule(new URL('./worker-pool.js', import.meta.url));
  let batch: Batch<Job, Result> | null = null;
  const fail = (error: Error): void => {
    batch?.reject(error);
    batch = null;
  };
  const hand = (worker: Worker): void => {
    if (batch === null || batch.next >= batch.jobs.length) return;
    worker.postMessage({ index: batch.next, job: batch.jobs[batch.next] });
    batch.next++;
  };
  const workers = Array.from({ length: count }, () => {
    const worker = new Worker(served, { workerData: { task: builtModule(moduleUrl).href, init } });
    worker.on('error', fail);
    worker.on('message', (answer: Answer<Result>) => {
      if (batch === null) return;
      if ('error' in answer) { fail(answer.error as Error); return; }
      batch.results[answer.index] = answer.result;
      batch.done++;
      if (batch.done < batch.jobs.length) { hand(worker); return; }
      batch.resolve(batch.results);
      batch = null;
    });
    return worker;
  });
  return {
    run: (jobs) => new Promise((resolve, reject) => {
      if (jobs.length === 0) { resolve([]); return; }
      batch = { jobs, results: new Array<Result>(jobs.length), next: 0, done: 0, resolve, reject };
      workers.forEach(hand);
    }),
    close: async () => { await Promise.all(workers.map((w) => w.terminate())); },
  };
}
