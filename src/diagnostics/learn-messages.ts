/** The part of the message catalogue that belongs to learning through time. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });

export interface Ends { readonly classes: number; readonly shape: readonly number[] }

const DIVERGED = {
  loss: (step: number) => `the loss of step ${step} is not a finite number`,
  weights: (step: number) => `the weights after step ${step} are not finite numbers`,
  range: (step: number) => `the weights after step ${step} differ too much in size for the target's integers`,
};

const NORMALISATION = {
  batch: (kind: string) => `${kind} is refused: it mixes the images of a batch, so no image has a gradient of its own that could be clipped, and its statistics would be read from the private data without noise`,
  sample: (kind: string) => `${kind} is refused: it divides by statistics of the image at hand in every time step, which no weight or threshold of a program can hold (privacy would allow it, the chip does not)`,
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
  'learn/data-changed': error(
    (p: { was: string; is: string }) => `the data set has changed since the checkpoint was written: its SHA-256 was ${p.was.slice(0, 12)}, now it is ${p.is.slice(0, 12)}`,
    () => 'give the data set of that job; the steps spent on the old one protect nobody in the new one, so start with another checkpoint file',
  ),
  'learn/architecture-unreadable': error(
    (p: { reason: string }) => `the architecture is not JSON: ${p.reason}`,
    () => 'models/architectures holds examples',
  ),
  'learn/architecture-wrong': error(
    (p: { problem: string }) => p.problem,
    () => 'models/architectures holds examples; every key is described in architecture.schema.json there',
  ),
  'learn/normalisation-layer': error(
    (p: { kind: string }) => NORMALISATION[p.kind === 'batch-norm' ? 'batch' : 'sample'](p.kind),
    () => 'leave the layer out; a smaller learning rate, average pools and thresholds that learn (trainThresholds) take its place',
  ),
  'learn/not-a-trained-network': error(
    () => 'this is not a trained network',
    () => 'give a file that `spikeveil train -o` wrote',
  ),
  'learn/trained-network-damaged': error(
    (p: { reason: string }) => `the trained network cannot be used: ${p.reason}`,
    () => 'copy the file again, or train again',
  ),
  'learn/certificate-wrong': error(
    (p: { claimed: number; found: number; delta: number }) => `the certificate claims epsilon ${p.claimed}, but its own rate, noise and steps give ${p.found} at delta ${p.delta}`,
    () => 'somebody has changed the certificate; ask whoever trained the network',
  ),
  'learn/privacy-void': error(
    (p: { option: string }) => `${p.option} would read data again: the certificate of this network covers its training and nothing else, so it would no longer hold`,
    () => 'leave the option out: thresholds were trained, no data are needed',
  ),
  'learn/trained-with-another-reset': error(
    (p: { trained: string; reset: string }) => `the network was trained with the ${p.trained} reset: with ${p.reset} it would be another network`,
    () => 'leave --reset out, or train an architecture with that reset',
  ),
  'learn/no-step-in-budget': error(
    (p: { epsilon: number; delta: number; first: number }) => `not one step fits into epsilon ${p.epsilon} at delta ${p.delta}: the first alone has epsilon ${p.first}`,
    () => 'take more --noise, a smaller --expected-batch or a larger --epsilon; without --noise the noise is chosen for the budget',
  ),
  'learn/batch-too-large': error(
    (p: { expected: number; examples: number }) => `an expected batch of ${p.expected} is more than the ${p.examples} examples`,
    () => 'take a smaller --expected-batch',
  ),
  'learn/checkpoint-not-written': error(
    (p: { reason: string }) => `the checkpoint cannot be written: ${p.reason}; the checkpoint before it is untouched`,
    () => 'free some space, or name a file in a folder that you may write in',
  ),
} as const;
