/** The part of the message catalogue that belongs to the lowering (src/lower). See ../diagnostics.ts. */
export const lowerMessages = {
  'lower/softmax-inside': {
    severity: 'error',
    message: (_: object) => 'a softmax inside the network cannot be computed by spiking neurons',
    hint: (_: object) => 'a softmax is dropped only as the last layer, over all classes; end the model at its class scores',
  },
  'lower/transpose': {
    severity: 'error',
    message: (p: { kind: string; permutation: readonly number[] }) =>
      `this ${p.kind} reads its input in another axis order [${p.permutation.join(', ')}] that could not be undone`,
    hint: (_: object) => 'export the model with channels first (NCHW) throughout, so that transposes come in pairs that cancel',
  },
  'lower/reshape': {
    severity: 'error',
    message: (p: { kind: string; from: readonly number[]; to: readonly number[] }) =>
      `this ${p.kind} needs its input reshaped from [${p.from.join(', ')}] to [${p.to.join(', ')}]`,
    hint: (_: object) => 'only a flatten of a whole picture in front of a dense layer is supported; remove the reshape from the model',
  },
  'lower/per-element': {
    severity: 'error',
    message: (p: { shape: readonly number[] }) =>
      `a different scale or shift at each place of a [${p.shape.join(', ')}] picture is not a convolution`,
    hint: (_: object) => 'use one constant per channel; a mean image on the input is subtracted from the images before they enter',
  },
  'lower/too-wide': {
    severity: 'error',
    message: (p: { features: number; most: number; what: string }) =>
      `${p.what} needs a matrix of ${p.features} x ${p.features} weights; ${p.most} features are the most`,
    hint: (_: object) => 'place it directly in front of or behind a dense layer, or do it on the picture before the flatten',
  },
  'lower/pad-value': {
    severity: 'error',
    message: (p: { value: number }) => `padding with ${p.value} is not the same as silent neurons`,
    hint: (_: object) => 'pad with zeros',
  },
  'lower/slice-backwards': {
    severity: 'error',
    message: (_: object) => 'a slice with a negative step reverses its input, which no convolution does',
    hint: (_: object) => 'slice with positive steps; flip images before they enter the network',
  },
  'lower/max-pool-padding': {
    severity: 'error',
    message: (p: { pads: readonly number[] }) =>
      `a padded max pool (pads ${p.pads.join(', ')}) on values that may be negative: zeros at the border could win`,
    hint: (_: object) => 'put the ReLU in front of the max pool or directly behind it, or pool without padding',
  },
  'lower/average-pool-divisor': {
    severity: 'error',
    message: (p: { pads: readonly number[] }) =>
      `an average pool with pads ${p.pads.join(', ')} that do not count divides by another number at the border than inside`,
    hint: (_: object) => 'export it with count_include_pad = 1, or pool without padding',
  },
  'lower/overflow': {
    severity: 'error',
    message: (p: { value: number }) => `its values reach ${Number.isFinite(p.value) ? p.value.toExponential(0) : 'beyond float32'} on random images, where a sound network stays near 1`,
    hint: (_: object) => 'the training diverged or the file is damaged: look at the weights of this node and those before it, or use another checkpoint',
  },
  'lower/no-relu': {
    severity: 'error',
    message: (_: object) => 'the network has no ReLU, so nothing in it becomes a spiking population',
    hint: (_: object) => 'spiking neurons compute rectified sums; the model needs at least one layer with ReLU (or Clip from 0)',
  },
} as const;
