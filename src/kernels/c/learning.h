/*
 * Learning through time on spikes, one image at a time: what the kernels of `learning-*.c` share.
 *
 * Potentials, gradients and their like are floats [pixel][step][width], width = channels rounded up to
 * LANES. Spikes are bit masks [pixel][step][word of 64 channels]; signed neurons have the words of their
 * spikes of +1, then those of -1. Where kernels read spikes, or the innovations of the backward pass, they
 * read lists: one a row of pixels and step, in rising order of column * width + channel, so that what a
 * window's row of taps reads is one piece of a list, and an entry plus a constant is the row of weights it
 * reads. Spikes of -1 have lists of their own, whose rows are subtracted.
 *
 * Weights are cut into blocks of channels, [block][row][floats of the block]: the rows that one piece
 * reads stay in the first cache while a whole row of pixels and all steps pass over them.
 */
#pragma once
#include "simd.h"

/* P(type, name): a pointer; I(name): an integer; F(name): a float. All take four bytes, in this order. */
#define LINK_FIELDS(P, I, F) \
  P(uint64_t, spikes) I(words) I(signs) /* the source's spikes, and their words a pixel, step and sign */ \
  P(uint32_t, starts) P(uint32_t, events) /* their lists on the pooled map: [sign][row][step][column], then the end of the row */ \
  P(float, weights) I(rows) /* [tap][source channel] rows of target channels, in blocks */ \
  P(float, transposed) I(rowsBack) /* [kernel row][kernel column from last to first][target channel] rows of source channels */ \
  P(float, slopes) /* as weights: summed gradient */ \
  P(float, slopesBack) /* the same summed by learning_weights_traced: [piece][target channel][taps of the piece][source channel] */ \
  P(float, sourceGradient) I(fresh) /* [source pixel][step][sourceWidth]; fresh: set, not added to */ \
  I(height) I(columns) /* of the source after pooling */ \
  I(sourceChannels) I(sourceWidth) /* for a host layer the channels */ \
  I(kernelY) I(kernelX) I(strideY) I(strideX) I(dilationY) I(dilationX) I(padY) I(padX) I(poolY) I(poolX) I(groups)

#define LAYER_FIELDS(P, I, F) \
  I(links) I(linkCount) I(steps) I(height) I(columns) I(channels) I(width) I(words) \
  I(reset) /* 0 none (integrator), 1 soft, 2 hard, 3 soft and signed */ \
  I(surrogate) /* 0 boxcar, 1 triangle, 2 arctangent, 3 fast sigmoid */ \
  F(leak) F(surrogateWidth) F(initial) F(price) /* price: what one spike adds to the loss */ \
  F(retract) /* a signed neuron takes a spike back below minus this many thresholds */ \
  P(float, keep) /* [step]: dL/dv of the step before is this times dL/du; 0 where the gradient is cut */ \
  P(float, part) /* [step]: 0 where a step gives no gradient, else 1 */ \
  P(float, thresholds) P(float, inverse) /* [width]; inverse is 0 in padding */ \
  P(float, bias) P(float, drive) I(driveStride) /* constant current: [width]; [pixel][width], or stride 0 and the bias */ \
  P(float, potentials) /* u, before the reset */ \
  P(float, gradients) /* in: dL/ds; out: a = dL/du */ \
  P(uint64_t, spikes) \
  P(uint32_t, starts) P(uint32_t, entries) P(float, values) /* lists of innovations; the list of a row and step has room for all */ \
  P(float, biasSlopes) P(float, thresholdSlopes) P(float, leakSlopes) /* [width] */ \
  P(float, sums) /* scratch: sum of a over time [pixel][width] */ \
  P(uint32_t, filled) /* scratch [step] */ \
  P(float, row) /* scratch: potentials of a pixel, a pooled row of gradients, or a row of traces */ \
  P(uint32_t, ring) /* scratch of learning_weights_traced */ \
  P(int32_t, taps) /* scratch: (pixel, row) of the window */ \
  P(float, sent) /* scratch: spikes sent and not taken back [width], or before each step [step][LANES] */

typedef struct { LINK_FIELDS(POINTER_, INTEGER_, FLOAT_) } Link;
typedef struct { LAYER_FIELDS(POINTER_, INTEGER_, FLOAT_) } Layer;
enum { LINK_WORDS = 0 LINK_FIELDS(ONE_P_, ONE_, ONE_) };

#define READ_LAYER(offset) ({ const uint32_t *at = AT(uint32_t, offset); Layer out; LAYER_FIELDS(READ_POINTER_, READ_INTEGER_, READ_FLOAT_) out; })
#define READ_LINK(offset) ({ const uint32_t *at = AT(uint32_t, offset); Link out; LINK_FIELDS(READ_POINTER_, READ_INTEGER_, READ_FLOAT_) out; })
#define READ_LINK_OF(layer, index) READ_LINK((uint32_t)(layer).links + (uint32_t)((index) * LINK_WORDS * 4))

/* The lists of one sign, 0 for spikes of +1 and 1 for those of -1. */
INLINE uint32_t *startsOf(const Layer *l, const Link *k, int sign) { return k->starts + sign * k->height * l->steps * (k->columns + 1); }

/* Where a signed neuron takes a spike back: it has sent one, and u is below -retract * theta. */
INLINE vi takenBack(const Layer *l, vf u, vf theta, vf sent) { return (vi)(sent > splat(0)) & (vi)(u < splat(-l->retract) * theta); }

enum { MOST_BYTES = 49152 }; /* of weights that one piece should not exceed: larger ones leave the caches too early (measured) */

/* Taps of a kernel row that are read as one piece: neighbours only, and no more than the caches hold. */
INLINE int tapsTogether(const Link *k, int width, int blockFloats) {
  if (k->dilationX != 1) return 1;
  return most(1, least(k->kernelX, MOST_BYTES / (width * blockFloats * 4)));
}
