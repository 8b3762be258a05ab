/**
 * The TensorFlow.js engines that the contract is tested on: the one in plain JavaScript always, the
 * native one where `@tensorflow/tfjs-node` is installed and works.
 */
import { createRequire } from 'node:module';
import type { DenseBackend } from '../../src/backend/dense-backend.js';
import { openBackend } from '../../src/backend/open-backend.js';
import { tensorFlowBackend } from '../../src/backend/tensorflow.js';
import type { TensorFlow } from '../../src/backend/tensorflow-namespace.js';
import { Reporter } from '../../src/diagnostics.js';

export interface Engine {
  readonly name: string;
  readonly backend: DenseBackend;
  /** Tensors that are alive. */
  readonly tensors: () => number;
}

const load = createRequire(import.meta.url);

interface Core extends TensorFlow {
  env(): { set(flag: string, value: boolean): void };
  setBackend(name: string): Promise<boolean>;
}

const core = load('@tensorflow/tfjs-core') as Core;
load('@tensorflow/tfjs-backend-cpu');
core.env().set('IS_TEST', true); // no advertisement on stderr
await core.setBackend('cpu');
export const javascript: TensorFlow = core;

/** What the native library refuses and the JavaScript does not: unequal strides of one filter a channel, and gradients through padding or dilation. */
function refuse(strides: readonly number[], { pad, dilations = [1, 1] }: Readonly<Record<string, unknown>>): void {
  if (strides[0] !== strides[1]) throw new Error('only equal strides are supported');
  if (pad !== 'valid' || String(dilations) !== '1,1') throw new Error('only plain gradients are supported');
}

const strict: TensorFlow = {
  ...javascript,
  depthwiseConv2d: (x, filter, strides, pad) => {
    refuse(strides, { pad });
    return javascript.depthwiseConv2d(x, filter, strides, pad);
  },
  engine: () => ({
    runKernel: (name, inputs, attributes) => {
      refuse(name.startsWith('Depthwise') ? attributes['strides'] as number[] : [1, 1], attributes);
      return javascript.engine().runKernel(name, inputs, attributes);
    },
  }),
};
const inJavaScript: Engine = { name: 'TensorFlow.js in plain JavaScript', backend: tensorFlowBackend(strict), tensors: () => javascript.memory().numTensors };

async function nativeEngine(): Promise<Engine[]> {
  const report = new Reporter();
  const native = (): TensorFlow => load('@tensorflow/tfjs-node') as TensorFlow;
  const backend = await openBackend('auto', report, () => Promise.resolve().then(native));
  if (backend !== undefined) return [{ name: 'tfjs-node', backend, tensors: () => native().memory().numTensors }];
  console.log(`the contract is tested in plain JavaScript only: ${report.warnings[0].message.replace(/^.*?: /, '')}`);
  return [];
}

export const engines: readonly Engine[] = [inJavaScript, ...await nativeEngine()];
