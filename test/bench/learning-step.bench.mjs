// One training step of a spiking VGG on one thread (learning-step-child.mjs says which), with the WASM kernels and with
// the native ones where they are built: processor seconds, the best of some steps, since other work on the machine
// hurts wall time more. Beside them what the dense products of the step would take at the speed of the WASM SGEMM in
// the same run, and PyTorch in the same run where python3 has it. The bars in seconds are a published figure over
// 1.3 and 3: PyTorch's fastest hand-written loop, 1.76 s on one thread of a quiet AMD Zen 4, of another run.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { kernelBuild } from '../../dist/kernels/kernels.js';

const PUBLISHED = 1.76;
const NETWORK = 'VGG 64-64-A-128-A-256-10, T = 10, batch 32, one thread';
const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const run = promisify(execFile);
const child = async (build, quick) => JSON.parse((await run(process.execPath, [file('learning-step-child.mjs'), build, quick ? '1' : '6'])).stdout);
const said = (values) => values.map((x) => x.toFixed(2)).join(', ');

async function torchSeconds() {
  try {
    return JSON.parse((await run('python3', [file('torch-training-step.py')], { env: { ...process.env, OMP_NUM_THREADS: '1' }, timeout: 180_000 })).stdout);
  } catch (error) {
    return /ModuleNotFoundError/.test(error.stderr ?? '') ? 'python3 has no PyTorch on this machine' : 'PyTorch cannot run on this machine';
  }
}

async function rowsOf(name, build, { quick, factor, torch }) {
  const measure = `training step, ${name}, ${NETWORK}`;
  const bar = { atMost: Number((PUBLISHED / factor).toFixed(2)) };
  if (build === null) return [{ measure, value: null, unit: 's', bar, note: 'the native kernels are not built: npm run build:native' }];
  const { seconds, peak, rates, support, denseSeconds } = await child(build, quick);
  const peer = await torch;
  return [
    { measure, value: seconds, unit: 's', bar, note: `${build}; spike rates ${said(rates)}; surrogate support ${said(support)}; published PyTorch 1.76 s is ${(PUBLISHED / seconds).toFixed(2)} times that, on another machine` },
    { measure: `${measure}, of its dense products at the speed of SGEMM in the same run`, value: seconds / denseSeconds, unit: 'ratio', bar: null, note: `${denseSeconds.toFixed(2)} s of WASM SGEMM` },
    typeof peer === 'string'
      ? { measure: `${measure}, PyTorch over it in the same run`, value: null, unit: 'times', bar: { atLeast: factor }, note: peer }
      : { measure: `${measure}, PyTorch over it in the same run`, value: peer.seconds / seconds, unit: 'times', bar: { atLeast: factor }, note: `PyTorch ${peer.version} ${peer.seconds.toFixed(2)} s, spike rates ${said(peer.rates)}` },
    { measure: `${measure}, peak memory`, value: peak, unit: 'B', bar: { atMost: 3e8 }, note: 'of the whole process, Node included' },
  ];
}

export const cases = ({ quick }) => {
  let torch;
  const peer = () => (torch ??= torchSeconds());
  return [
    { measure: 'training step, WASM', run: async () => rowsOf('WASM kernels', kernelBuild('wasm'), { quick, factor: 1.3, torch: peer() }) },
    { measure: 'training step, native', run: async () => rowsOf('native kernels', kernelBuild('native'), { quick, factor: 3, torch: peer() }) },
  ];
};
