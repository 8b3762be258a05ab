/**
 * Runs a list of independent jobs over worker threads. A task is a module that exports
 * `start(init)`, which prepares a thread once and returns the function that does one job (or promises to). Jobs are
 * handed out as workers fall idle, results come back in job order, so the number of workers never
 * changes a result. With one worker the jobs run in this thread.
 */
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

/** What a task module exports. */
export interface TaskModule<Init, Job, Result> {
  readonly start: (init: Init) => (job: Job) => Result | Promise<Result>;
}

export interface PoolOptions<Result = unknown> {
  readonly workers: number;
  /** Even a single worker gets a thread of its own: for jobs so long that signals and progress could not wait. */
  readonly apart?: boolean;
  /** Called in the main thread after each finished job. */
  readonly onDone?: (done: number, total: number) => void;
  /** Called in the main thread with each result as it comes, in whatever order; what it returns is kept in its place. */
  readonly keep?: (result: Result, index: number) => Result;
  /** Abort ends all workers; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Runs `jobs` with the task module at `moduleUrl`; `init` and jobs are structured-cloned (SharedArrayBuffers are shared). */
export async function runJobs<Init, Job, Result>(
  moduleUrl: URL, init: Init, jobs: readonly Job[], options: PoolOptions<Result>,
): Promise<Result[]> {
  const count = Math.min(Math.max(1, options.workers), jobs.length);
  if (jobs.length === 0) return [];
  return count === 1 && options.apart !== true ? runHere(moduleUrl, init, jobs, options) : runInWorkers(moduleUrl, init, jobs, { ...options, workers: count });
}

async function runHere<Init, Job, Result>(moduleUrl: URL, init: Init, jobs: readonly Job[], options: PoolOptions<Result>): Promise<Result[]> {
  const task = await import(builtModule(moduleUrl).href) as TaskModule<Init, Job, Result>;
  return runInline(task.start(init), jobs, options);
}

/** Does the jobs one after another in this thread, where `work` may hold what cannot go to another one. */
export async function runInline<Job, Result>(work: (job: Job) => Result | Promise<Result>, jobs: readonly Job[], options: Pick<PoolOptions<Result>, 'onDone' | 'signal' | 'keep'>): Promise<Result[]> {
  const results: Result[] = [];
  for (const job of jobs) {
    options.signal?.throwIfAborted();
    const result = await work(job);
    results.push(options.keep?.(result, results.length) ?? result);
    options.onDone?.(results.length, jobs.length);
    await new Promise((resolve) => setImmediate(resolve)); // lets signals and progress in
  }
  return results;
}

export type Answer<Result> = { readonly index: number; readonly result: Result } | { readonly error: unknown };

function runInWorkers<Init, Job, Result>(moduleUrl: URL, init: Init, jobs: readonly Job[], options: PoolOptions<Result>): Promise<Result[]> {
  return new Promise((resolve, reject) => {
    const results = new Array<Result>(jobs.length);
    const workers: Worker[] = [];
    let next = 0;
    let done = 0;
    const stop = (settle: () => void): void => {
      options.signal?.removeEventListener('abort', onAbort);
      void Promise.all(workers.map((w) => w.terminate())).then(settle, settle);
    };
    const onAbort = (): void => stop(() => reject(options.signal?.reason as Error));
    if (options.signal?.aborted === true) { reject(options.signal.reason as Error); return; }
    options.signal?.addEventListener('abort', onAbort);
    const hand = (worker: Worker): void => {
      if (next < jobs.length) { worker.postMessage({ index: next, job: jobs[next] }); next++; }
    };
    for (let i = 0; i < options.workers; i++) {
      const worker = new Worker(builtModule(new URL('./worker-pool.js', import.meta.url)), { workerData: { task: builtModule(moduleUrl).href, init } });
      workers.push(worker);
      worker.on('message', (answer: Answer<Result>) => {
        if ('error' in answer) { stop(() => reject(answer.error as Error)); return; }
        try {
          results[answer.index] = options.keep?.(answer.result, answer.index) ?? answer.result;
        } catch (error) {
          stop(() => reject(error as Error));
          return;
        }
        done++;
        options.onDone?.(done, jobs.length);
        if (done === jobs.length) stop(() => resolve(results));
        else hand(worker);
      });
      worker.on('error', (error) => stop(() => reject(error)));
      hand(worker);
    }
  });
}

/** Worker threads need built JavaScript: maps a source module (under a test runner) to its file in dist. */
export function builtModule(url: URL): URL {
  return new URL(url.href.replace(/\/src\/((?:[^/]+\/)*[^/]+)\.[jt]s$/, '/dist/$1.js'));
}

interface WorkerStart { readonly task: string; readonly init: unknown }

async function serve(port: NonNullable<typeof parentPort>, { task, init }: WorkerStart): Promise<void> {
  const module = await import(task) as TaskModule<unknown, unknown, unknown>;
  let work: ((job: unknown) => unknown) | undefined;
  port.on('message', ({ index, job }: { index: number; job: unknown }) => void answer(index, job));
  async function answer(index: number, job: unknown): Promise<void> {
    try {
      work ??= module.start(init);
      port.postMessage({ index, result: await work(job) });
    } catch (error) {
      port.postMessage({ error });
    }
  }
}

if (!isMainThread && parentPort !== null && isWorkerStart(workerData)) void serve(parentPort, workerData);

function isWorkerStart(data: unknown): data is WorkerStart {
  return typeof data === 'object' && data !== null && 'task' in data && 'init' in data;
}
