/*
 * Spiking layers on integers: what `spiking.c` works on. A population's spikes are bit masks laid out
 * [pixel][step][word of 64 channels]; a population of signed neurons has the words of its spikes of +1, then
 * those of -1. Its targets see two source channels for each of its own, 2c and 2c + 1, whose weights are opposite.
 */
#pragma once
#include "simd.h"

enum { WINDOW = 64, /* channels that run through the steps together */ MOST_PROJECTIONS = 64 };

/*
 * Output channels of one group inside one window: [kernel column][kernel row][input of the group][width] weights, then
 * a row of zeros. A source pixel is here a cell: what one tap reads, poolY times poolX pixels of the map.
 */
typedef struct {
  uint32_t weights; /* offset in the memory */
  int32_t offset;   /* first channel, counted from the window's first */
  int32_t width;    /* 8, 16, 32 or 64: count rounded up */
  int32_t count;
  int32_t firstInput; /* first source channel of the group */
} Block;

/* For depthwise projections: one source pixel that a target pixel reads, and the tap through which it does. */
typedef struct { int32_t pixel, row; } Tap;

#define PROJECTION_FIELDS(P, I) \
  P(uint32_t, starts)  /* [row of cells][t][column]: where the channel list of one cell and step begins */ \
  P(uint16_t, events)  /* source channels that spike */ \
  P(uint64_t, masks)   /* the source's spikes, for depthwise projections */ \
  P(int8_t, depthwise) /* [tap][sign][windows * 64] weights, or null */ \
  P(Block, blocks) P(int32_t, windows) /* [window], [window + 1]: its blocks */ \
  P(Tap, taps) P(uint32_t, rows) /* scratch: taps of a pixel; weight rows that one row of target pixels reads in a chunk of steps */ \
  I(sourceHeight) I(sourceWidth) I(sourceWords) \
  I(kernelY) I(kernelX) I(strideY) I(strideX) I(dilationY) I(dilationX) I(padY) I(padX) I(poolY) I(poolX) \
  I(inputs) /* source channels of one group, two for each of a signed source */ \
  I(listed) /* first of the layer's `starts` that are this projection's */ \
  I(groups) I(shift) \
  I(signs) /* 2 where the source is signed, otherwise 1 */

#define LAYER_FIELDS(P, I) \
  I(projections) I(projectionCount) \
  I(steps) I(chunk) /* chunk: steps whose rows fit the scratch */ \
  I(height) I(width) I(channels) I(windows) \
  I(reset) /* 0 none (integrator), 1 soft, 2 hard, 3 soft and signed, 4 soft through a second compartment */ \
  I(keep)  /* 4096 - decay */ \
  I(limit) \
  I(remembers) I(keepCurrent) I(refractory) /* remembers: u lasts, a step keeps keepCurrent / 4096 of it; refractory: steps from a spike to the next possible one */ \
  P(int32_t, thresholds) P(int32_t, initials) /* [windows * 64] */ \
  P(int32_t, retractions) /* signed: [windows * 64], a spike is taken back below minus this */ \
  P(int32_t, drive) /* [pixel][windows * 64] constant current */ \
  I(driveStride)    /* elements from pixel to pixel; 0: the same for all */ \
  P(uint64_t, spikes) P(uint64_t, active) /* [pixel][step][window]; spikes of signed neurons [pixel][step][sign][window] */ \
  P(int32_t, trace)     /* integrator: v [pixel][step][windows * 64] */ \
  P(uint32_t, starts)   /* scratch: of each projection [group][chunk][columns of cells], and one more */ \
  P(uint64_t, arrived)  /* scratch [chunk] */ \
  P(int16_t, sums)      /* scratch [chunk][64] */ \
  P(int32_t, current)   /* scratch [chunk][64], and 64 more */ \
  P(int32_t, potential) /* scratch [width][windows * 64] */ \
  P(int32_t, synaptic)  /* scratch where u lasts [width][windows * 64]: u */ \
  P(int32_t, history)   /* scratch [width][windows * 64]: spikes sent and not taken back (signed), -1 after a spike (second compartment), steps left to wait (refractory) */

typedef struct { PROJECTION_FIELDS(POINTER_, INTEGER_) char *arena; } Projection;
typedef struct { LAYER_FIELDS(POINTER_, INTEGER_) } Layer;
enum { PROJECTION_WORDS = 0 PROJECTION_FIELDS(ONE_P_, ONE_) };

#define READ_LAYER(offset) ({ const uint32_t *at = AT(uint32_t, offset); Layer out; LAYER_FIELDS(READ_POINTER_, READ_INTEGER_) out; })
#define READ_PROJECTION(offset) ({ const uint32_t *at = AT(uint32_t, offset); Projection out; PROJECTION_FIELDS(READ_POINTER_, READ_INTEGER_) out; })
