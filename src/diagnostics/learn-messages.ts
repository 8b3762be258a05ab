/** The part of the message catalogue that belongs to learning through time. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });

export interface Ends { readonly classes: number; readonly shape: readonly number[] }

const DIVERGED = {
  loss: (step: number) => `the loss of step ${step} is not a finite number`,
  weights: (step: number) => `the weights after step ${step} are not finite numbers`,
  range: (step: number) => `the weights after step ${step} differ too much in size for the target's integers`,
};

export const learnMessages = {
  'learn/lost-agreement': {
    severity: 'warning',
    message: (p: { timesteps: number; before: number; after: number }) => `learning has lost answers: at T = ${p.timesteps} the network answers as the ANN does on ${(100 * p.after).toFixed(1)} % of images that it did not learn from, before it was ${(100 * p.before).toFixed(1)} %`,
    hint: () => 'choose more --learning-images or --epochs, a smaller --learning-rate, or compile without --encrypt',
  },
  'learn/no-timesteps': error(
    (p: { timesteps: number }) => `learning needs at least one time step, T is ${p.timesteps}`,
    () => 'choose --timesteps 4 or more',
  ),
  'learn/poisson-code': error(
    () => 'the Poisson code draws new spikes in every run: there is no gradient to learn from',
    () => 'choose --code bias or --code rate',
  ),
  'learn/lasting-currents': error(
    () => 'learning knows no neurons with a current that lasts or that wait after a spike',
    () => 'leave --current-decay and --refractory out, or compile without --encrypt',
  ),
  'learn/images-differ': error(
    (p: { numbers: number; count: number; shape: readonly number[] }) => `the images to learn from are ${p.count} of ${p.count === 0 ? 0 : p.numbers / p.count} numbers each, the network takes ${p.shape.join(' x ')} = ${p.shape.reduce((a, b) => a * b, 1)}`,
    () => 'make the images from the same model',
  ),
  'learn/classes-differ': error(
    (p: { what: string; numbers: number; classes: number; count: number }) => `the ${p.what} hold ${p.numbers} numbers for ${p.count} images, the network tells ${p.classes} classes apart: ${p.classes * p.count} are needed`,
    () => 'use targets and a teacher with the classes of this network',
  ),
  'learn/other-teacher': error(
    (p: { teacher: Ends; network: Ends }) => `the teacher tells ${p.teacher.classes} classes apart on images of ${p.teacher.shape.join(' x ')}, the network ${p.network.classes} on ${p.network.shape.join(' x ')}`,
    () => 'take a teacher with the classes and the image shape of this network',
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
    (p: { step: number; what: keyof typeof DIVERGED; rate: number; checkpoint: { readonly path: string; readonly step: number | null } | null }) => `learning diverged: ${DIVERGED[p.what](p.step)} (learning rate ${p.rate.toPrecision(3)})${p.checkpoint === null ? '' : p.checkpoint.step === null ? '; no checkpoint had been written yet' : `; ${p.checkpoint.path} keeps the last good checkpoint, of step ${p.checkpoint.step}`}`,
    (p) => `choose a smaller learning rate${p.checkpoint === null || p.checkpoint.step === null ? '' : ' and another checkpoint file: a checkpoint goes on with its own settings only'}`,
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
