// tfjs-node as far as Spikeveil sees it, with the engine in plain JavaScript under the native one's name.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs-core');
const { MathBackendCPU } = require('@tensorflow/tfjs-backend-cpu');
tf.env().set('IS_TEST', true);
tf.copyRegisteredKernels('cpu', 'tensorflow');
tf.registerBackend('tensorflow', () => new MathBackendCPU());
await tf.setBackend('tensorflow');
export default { ...tf, version: { 'tfjs-node': '0.0.0' } };
