/**
 * Finds the engine that the user chose for the dense work. TensorFlow is an optional peer of this package:
 * it is looked for only when it is asked for, and before any work it has to show that its native
 * library is there and multiplies. What is wrong with it becomes a diagnostic, or with `auto` a notice.
 */
import util from 'node:util';
import { fail, type Reporter } from '../diagnostics.js';
import type { DenseBackend } from './dense-backend.js';
import { tensorFlowBackend } from './tensorflow.js';
import { missingFunctions, type TensorFlow } from './tensorflow-namespace.js';

export const backendChoices = ['own', 'tensorflow', 'auto'] as const;
/** `own`: the kernels of this package. `auto`: TensorFlow where it works, otherwise the own kernels. */
export type BackendChoice = (typeof backendChoices)[number];

const PACKAGE = '@tensorflow/tfjs-node';

/**
 * The chosen backend; undefined stands for the own kernels. Throws `backend/not-installed` and
 * `backend/unusable`; with `auto` it reports the warning `backend/fell-back` instead. `load` imports the package.
 */
export async function openBackend(choice: BackendChoice, report: Reporter, load: () => Promise<unknown> = loadPackage): Promise<DenseBackend | undefined> {
  if (choice === 'own') return undefined;
  const opened = await tryTensorFlow(load);
  if (opened.kind === 'works') return opened.backend;
  const where = { kind: 'option', option: '--backend' } as const;
  if (choice === 'tensorflow') return opened.kind === 'missing' ? fail('backend/not-installed', where, {}) : fail('backend/unusable', where, { reason: opened.reason });
  report.report('backend/fell-back', where, { reason: opened.kind === 'missing' ? null : opened.reason });
  return undefined;
}

type Opened =
  | { readonly kind: 'works'; readonly backend: DenseBackend }
  | { readonly kind: 'missing' }
  | { readonly kind: 'broken'; readonly reason: string };

async function tryTensorFlow(load: () => Promise<unknown>): Promise<Opened> {
  try {
    const tf = namespaceOf(await load());
    await tf.ready();
    // a TensorFlow.js whose engine does not start goes on in plain JavaScript, hundreds of times slower
    if (tf.getBackend() !== 'tensorflow') return { kind: 'broken', reason: `its engine is "${tf.getBackend()}", not the native library` };
    const backend = tensorFlowBackend(tf);
    const product = backend.multiply(Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8), { rows: 2, depth: 2, columns: 2 });
    if (product.join() !== '19,22,43,50') return { kind: 'broken', reason: `a product of two matrices gave ${product.join(', ')} instead of 19, 22, 43, 50` };
    return { kind: 'works', backend };
  } catch (error) {
    if (isMissing(error)) return { kind: 'missing' };
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'broken', reason: message.split('\n')[0].trim() };
  }
}

/** A CommonJS package comes as the default of its module. */
function namespaceOf(module: unknown): TensorFlow {
  const whole = (module as { readonly default?: unknown }).default ?? module ?? {};
  const missing = missingFunctions(whole as object);
  if (missing.length > 0) throw new Error(`it has no function ${missing.join(', ')}`);
  return whole as TensorFlow;
}

/** The package itself was not found; a file that it misses in itself is another matter. */
const isMissing = (error: unknown): boolean =>
  error instanceof Error && /^(ERR_)?MODULE_NOT_FOUND$/.test((error as NodeJS.ErrnoException).code ?? '') && error.message.includes(`'${PACKAGE}'`);

async function loadPackage(): Promise<unknown> {
  bringBackOldUtilities();
  return import(PACKAGE as string) as Promise<unknown>; // as string: its types are not installed either
}

/** tfjs-node 4.22 calls these functions of Node's `util`, which later versions of Node have no longer. */
function bringBackOldUtilities(): void {
  const functions = util as unknown as Record<string, unknown>;
  functions['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  functions['isArray'] ??= Array.isArray;
}
