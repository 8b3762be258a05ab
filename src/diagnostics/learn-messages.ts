/** The part of the message catalogue that belongs to learning through time. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });

export const learnMessages = {
  'learn/no-timesteps': error(
    (p: { timesteps: number }) => `learning needs at least one time step, T is ${p.timesteps}`,
    () => 'choose --timesteps 4 or more',
  ),
  'learn/poisson-code': error(
    () => 'the Poisson code draws new spikes in every run: there is no gradient to learn from',
    () => 'choose --code bias or --code rate',
  ),
  'learn/signed-spikes': error(
    () => 'learning through time does not know signed spikes yet',
    () => 'leave --spikes out, or compile without learning',
  ),
  'learn/images-differ': error(
    (p: { numbers: number; count: number; shape: readonly number[] }) => `the images to learn from are ${p.count} of ${p.count === 0 ? 0 : p.numbers / p.count} numbers each, the network takes ${p.shape.join(' x ')} = ${p.shape.reduce((a, b) => a * b, 1)}`,
    () => 'make the images from the same model',
  ),
  'learn/classes-differ': error(
    (p: { what: string; numbers: number; classes: number; count: number }) => `the ${p.what} hold ${p.numbers} numbers for ${p.count} images, the network tells ${p.classes} classes apart: ${p.classes * p.count} are needed`,
    () => 'use targets and a teacher with the classes of this network',
  ),
  'learn/bad-setting': error(
    (p: { name: string; value: number; wanted: string }) => `${p.name} is ${p.value}, but must be ${p.wanted}`,
    () => 'leave it out for the default',
  ),
  'learn/no-native-kernels': error(
    () => 'the native kernels are not built for this machine',
    () => 'build them with `npm run build:native`, or leave --kernels out: the WASM kernels give the same bytes',
  ),
  'learn/diverged': error(
    (p: { step: number; rate: number; checkpoint: string | null }) => `learning diverged: the loss of step ${p.step} is not a finite number (learning rate ${p.rate.toPrecision(3)})${p.checkpoint === null ? '' : `; the last good state is kept in ${p.checkpoint}`}`,
    () => 'choose a smaller learning rate',
  ),
  'learn/checkpoint-damaged': error(
    (p: { reason: string }) => `the checkpoint cannot be used: ${p.reason}`,
    () => 'delete the file to start again from the beginning',
  ),
  'learn/checkpoint-of-another-job': error(
    () => 'the checkpoint was written by another job: its network, images or settings differ',
    () => 'give the settings of that job, or another checkpoint file',
  ),
  'learn/checkpoint-not-written': error(
    (p: { reason: string }) => `the checkpoint cannot be written: ${p.reason}; the checkpoint before it is untouched`,
    () => 'free some space, or name a file in a folder that you may write in',
  ),
} as const;
