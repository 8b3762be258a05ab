/** The part of the message catalogue that belongs to the rooms of conversion and quantisation. See ../diagnostics.ts. */
export interface LostWeights { readonly why: keyof typeof LOST_HINTS; readonly count?: number; readonly allowed?: number }

/** What would keep the whole weights of a quantised model. */
export const LOST_HINTS = {
  'not-whole': 'quantise the weights of this layer to at most 8 bits, symmetrically',
  'joined': 'export the model with its batch norms folded before it is quantised, or leave the layer as it is and measure the accuracy',
  'source-thresholds': 'compile without --search',
  'learned': 'compile without --encrypt',
  'weight-width': 'quantise the weights symmetrically (zero point 0, -127 to 127), and leave --weight-bits out',
  'profiles': 'quantise the weights with one scale for the tensor, or take --target loihi2',
  'output': 'quantise the weights of the last layer with one scale for the tensor',
  'beside': 'one filter a sum can be kept: no change of the model is needed, measure the accuracy',
  'two-compartments': 'quantise the weights with one scale for the tensor, or choose --reset hard',
  'sums': 'measure the accuracy, or quantise the weights of this layer to fewer bits',
  'registers': 'measure the accuracy: the rounding follows the width of the target',
} as const;

function whyLost({ why, count = 0, allowed = 0 }: LostWeights, target: string): string {
  switch (why) {
    case 'not-whole': return 'in the file they are real numbers or of more than 8 bits';
    case 'joined': return 'the lowering joined them with a norm, a pool, a scale of their inputs or another filter';
    case 'source-thresholds': return 'the channels of the source have thresholds of their own, which go into the weights';
    case 'learned': return 'learning changed them';
    case 'weight-width': return `they reach ${count}, a weight of ${target} ${allowed}`;
    case 'profiles': return `their ${count} scales ask for as many thresholds, a core of ${target} has ${allowed}`;
    case 'output': return 'their scales differ between the classes, whose sums are compared as they are';
    case 'beside': return 'a larger filter into the same neurons sets the scale';
    case 'two-compartments': return 'their scales ask for a threshold a channel, and two compartments take away one';
    case 'sums': return `if every input spiked in one step they would add up to ${count}, and a sum holds ${allowed}`;
    case 'registers': return `a threshold, a bias, or the sum of one step would leave the registers of ${target}`;
  }
}

export const spikingMessages = {
  'spiking/reset-not-available': {
    severity: 'error',
    message: (p: { reset: string; target: string; available: readonly string[] }) => `target ${p.target} has no "${p.reset}" reset; it has ${p.available.map((r) => `"${r}"`).join(', ')}`,
    hint: (p: { reset: string; target: string; available: readonly string[] }) => `choose --reset ${p.available[0]}, or another --target`,
  },
  'spiking/bad-timesteps': {
    severity: 'error',
    message: (p: { timesteps: number; most: number }) => `T is ${p.timesteps}, but an inference takes a whole number of time steps from 1 to ${p.most}`,
    hint: () => 'choose --timesteps 4 to 256: fewer lose accuracy, more cost spikes',
  },
  'spiking/leak-not-available': {
    severity: 'error',
    message: (p: { target: string }) => `target ${p.target} has no leaky neurons (decayBits is 0)`,
    hint: () => 'choose --neuron if, or another --target',
  },
  'spiking/lasting-current-not-available': {
    severity: 'error',
    message: (p: { target: string }) => `target ${p.target} has no neurons with a synaptic current of their own`,
    hint: () => 'leave --current-decay and --refractory out, or choose another --target',
  },
  'spiking/bad-current-decay': {
    severity: 'error',
    message: (p: { decay: number }) => `a current decay of ${p.decay} does not fit the register of 12 bits`,
    hint: () => 'choose --current-decay 0 to 4095: a step keeps (4095 - decay) / 4096 of the current',
  },
  'spiking/bad-refractory': {
    severity: 'error',
    message: (p: { refractory: number; target: string; most: number }) => `from a spike to the next, a neuron of ${p.target} takes ${p.most === 1 ? '1 step' : `1 to ${p.most} steps`}, not ${p.refractory}`,
    hint: (p: { refractory: number; target: string; most: number }) => (p.most === 1 ? 'leave --refractory out, or choose another --target' : `choose --refractory 1 to ${p.most}`),
  },
  'spiking/lasting-current-unsigned': {
    severity: 'error',
    message: () => 'signed spikes do not go with currents that last or with a wait after spikes',
    hint: () => 'leave --spikes out, or --current-decay and --refractory',
  },
  'spiking/lasting-current-one-compartment': {
    severity: 'error',
    message: () => 'the second compartment pays back through the synaptic current of the first: one that lasts would pay over many steps, and a wait would lose it',
    hint: () => 'choose --reset hard, or leave --current-decay and --refractory out',
  },
  'spiking/refractory-resets-to-zero': {
    severity: 'error',
    message: () => 'a neuron that waits after a spike is held at zero: what a soft reset keeps would be lost',
    hint: () => 'choose --reset hard, or leave --refractory out',
  },
  'spiking/signed-spikes-not-available': {
    severity: 'error',
    message: (p: { target: string }) => `target ${p.target} has no signed spikes: they need a payload with each spike and a neuron that counts what it has sent`,
    hint: () => 'choose --target loihi2, or leave --spikes out and take more --timesteps',
  },
  'spiking/signed-spikes-reset-softly': {
    severity: 'error',
    message: (p: { reset: string }) => `signed spikes do not go with the "${p.reset}" reset: a spike that is taken back gives its threshold back`,
    hint: () => 'choose --reset soft, or leave --spikes out',
  },
  'spiking/signed-spikes-without-leak': {
    severity: 'error',
    message: () => 'signed spikes do not go with leaky neurons: what has leaked away cannot be taken back',
    hint: () => 'choose --neuron if, or leave --spikes out',
  },
  'spiking/hard-reset-loses-accuracy': {
    severity: 'warning',
    message: (p: { populations: number; target: string; better: string }) => `hard reset on ${p.target} throws away what exceeds the threshold; through ${p.populations} spiking layers the loss adds up`,
    hint: (p: { populations: number; target: string; better: string }) => `compile with --reset ${p.better}${p.better === 'soft-two-compartment' ? ': it keeps the accuracy for about twice the compartments' : ''}`,
  },
  'spiking/private-data-read': {
    severity: 'warning',
    message: (p: { images: number; spec: string }) => `thresholds were chosen on ${p.images} images of ${p.spec}: the program depends on them`,
    hint: () => 'leave --calibrate out to compile without any data',
  },
  'spiking/no-normalisation': {
    severity: 'warning',
    message: () => 'nothing says how images are normalised for this model; byte / 255 is assumed',
    hint: () => 'put a model.json beside the model, or give --scale, --mean and --std',
  },
  'spiking/normalisation-channels': {
    severity: 'error',
    message: (p: { given: number; channels: number }) => `the normalisation has ${p.given} channels, the network takes images of ${p.channels}`,
    hint: () => 'give one mean and one std for each channel, or a single one for all',
  },
  'spiking/calibration-shape': {
    severity: 'error',
    message: (p: { given: readonly number[]; expected: readonly number[] }) => `the calibration images are ${p.given.join(' x ')}, the network takes ${p.expected.join(' x ')}`,
    hint: () => 'give images of the network\'s own shape (channels x rows x columns)',
  },
  'spiking/no-threshold': {
    severity: 'error',
    message: (p: { threshold: number }) => `no threshold can be chosen for it: ${Number.isFinite(p.threshold) ? `its activations are too small (${p.threshold.toExponential(0)})` : 'its activations are not finite'}`,
    hint: () => 'the training diverged or the file is damaged: look at the weights of this layer and those before it, and at the normalisation',
  },
  'quantise/no-precision': {
    severity: 'error',
    message: (p: { steps: number; target: string }) => `only ${p.steps.toFixed(2)} weight steps per threshold are left on ${p.target}: the layer's largest weight or bias is too far above the others`,
    hint: () => 'the network may hold a broken channel (look at --print-after convert), or take a target with wider numbers',
  },
  'quantise/weights-rounded': {
    severity: 'warning',
    message: (p: { source: string; lost: LostWeights; error: number; target: string }) => `the weights of this quantised model from "${p.source}" are not kept as the whole numbers of the file: ${whyLost(p.lost, p.target)}. Rounded again they are off by ${(100 * p.error).toFixed(2)} % (root mean square)`,
    hint: (p: { source: string; lost: LostWeights; error: number; target: string }) => LOST_HINTS[p.lost.why],
  },
} as const;
