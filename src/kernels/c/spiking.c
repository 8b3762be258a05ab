/*
 * A layer of integer neurons over all steps of one sample. It runs row by row: the spikes that a row of target
 * pixels reads become lists of weight rows, step by step. Then each pixel runs through all T steps, so that its
 * membrane potentials stay in registers and its weights in the second cache: each block of up to 64 output channels
 * adds up its rows, and its neurons take in the sums.
 */
#include "spiking-neurons.h"
#include "spiking-sums.h"

typedef int16_t h16 __attribute__((vector_size(32), aligned(2), may_alias));

/* The source pixels that target pixel (y, x) reads: floor(source / pool) = target * stride + tap * dilation - pad. */
static int findTaps(const Projection *p, int y, int x) {
  int count = 0;
  for (int ky = 0; ky < p->kernelY; ky++)
    for (int kx = 0; kx < p->kernelX; kx++) {
      int row = (y * p->strideY + ky * p->dilationY - p->padY) * p->poolY;
      int column = (x * p->strideX + kx * p->dilationX - p->padX) * p->poolX;
      if (row < 0 || column < 0) continue;
      for (int r = row; r < row + p->poolY && r < p->sourceHeight; r++)
        for (int c = column; c < column + p->poolX && c < p->sourceWidth; c++)
          p->taps[count++] = (Tap){r * p->sourceWidth + c, (ky * p->kernelX + kx) * p->signs};
    }
  return count;
}

/* Adds to 16 sums the weights whose bits are set. */
INLINE void addChosen(int16_t *sums, const int8_t *weights, uint32_t bits) {
#ifdef __wasm__
  const v128_t select = wasm_u8x16_make(1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);
  const v128_t both = wasm_i8x16_shuffle(wasm_u32x4_splat(bits), wasm_u32x4_splat(bits), 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
  const v128_t row = wasm_v128_and(wasm_v128_load(weights), wasm_i8x16_eq(wasm_v128_and(both, select), select));
  ((h8 *)sums)[0] += (h8)wasm_i16x8_extend_low_i8x16(row);
  ((h8 *)sums)[1] += (h8)wasm_i16x8_extend_high_i8x16(row);
#else
  const h16 select = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, -32768};
  const h16 chosen = ((select & (int16_t)bits) == select);
  h16 row;
  for (int k = 0; k < 16; k++) row[k] = weights[k];
  *(h16 *)sums += row & chosen;
#endif
}

static void depthwise(const Projection *p, const Layer *l, const Place *place, int first, int last) {
  const int taps = findTaps(p, place->pixel / l->width, place->column), window = place->window;
  int32_t *current = l->current;
  for (int t = first; t < last; t++, current += WINDOW) {
    int16_t sums[WINDOW] = {0};
    uint64_t any = 0;
    for (int i = 0; i < taps * p->signs; i++) {
      int tap = i / p->signs, sign = i % p->signs;
      uint64_t bits = p->masks[((p->taps[tap].pixel * l->steps + t) * p->signs + sign) * p->sourceWords + window];
      if (bits == 0) continue;
      any |= bits;
      const int8_t *w = p->depthwise + ((p->taps[tap].row + sign) * l->windows + window) * WINDOW;
      UNROLL for (int j = 0; j < WINDOW; j += 16) addChosen(sums + j, w + j, (uint32_t)(bits >> j) & 0xffff);
    }
    if (any == 0) continue;
    l->arrived[t - first] |= any;
    UNROLL for (int j = 0; j < WINDOW; j += LANES) *(vi *)(current + j) += widened(sums + j) << p->shift;
  }
}

/* The steps of `reach` that are not empty reach these channels. */
INLINE void markArrived(const Layer *l, const Reach *reach, int steps, uint64_t reached) {
  const uint32_t *from = reach->starts + reach->from, *to = reach->starts + reach->to;
  for (int t = 0; t < steps; t++, from += reach->cells, to += reach->cells) l->arrived[t] |= *to > *from ? reached : 0;
}

/* The sums or the currents of one window of one pixel, and which channels they reach. */
static void sumWindow(const Layer *l, const Projection *projections, const Place *place, int first, int last) {
  const int steps = last - first;
  memset(l->arrived, 0, (unsigned long)steps * 8);
  if (place->from == CURRENTS) memset(l->current, 0, (unsigned long)steps * WINDOW * 4);
  for (int i = 0; i < l->projectionCount; i++) {
    const Projection *p = projections + i;
    if (p->depthwise) { depthwise(p, l, place, first, last); continue; }
    for (const Block *b = p->blocks + p->windows[place->window]; b < p->blocks + p->windows[place->window + 1]; b++) {
      const Reach reach = reachOf(p, place->column, steps, l->starts + p->listed, b->firstInput / p->inputs);
      markArrived(l, &reach, steps, (b->count == WINDOW ? ~0ull : (1ull << b->count) - 1) << b->offset);
      gatherBlock(p, b, &reach, steps, l->sums);
      if (place->from == CURRENTS) addSums(l->sums, l->current + b->offset, steps, b->width, p->shift);
    }
  }
}

/* Plain neurons with one projection take its sums as they are. */
static int arrivalsOf(const Layer *l, const Projection *projections) {
  if (l->projectionCount == 0) return NOTHING;
  return l->projectionCount == 1 && projections->groups == 1 && !projections->depthwise && !l->remembers && (l->reset == SOFT || l->reset == HARD) ? SUMS : CURRENTS;
}

static double runPixel(const Layer *l, const Projection *projections, int pixel, int first, int last) {
  const int32_t *drive = l->drive + pixel * l->driveStride;
  const int from = arrivalsOf(l, projections);
  double clips = 0;
  for (int w = 0; w < l->windows; w++) {
    const int inWindow = l->channels - w * WINDOW;
    Place place = {inWindow >= WINDOW ? ~0ull : (1ull << inWindow) - 1, 0, drive + w * WINDOW, pixel, pixel % l->width, w, from, projections->shift};
    place.driven = nonZero(place.drive);
    sumWindow(l, projections, &place, first, last);
    uint64_t *active = l->active + ((long)pixel * l->steps + first) * l->windows + w;
    for (int t = 0; t < last - first; t++) active[t * l->windows] = (l->arrived[t] | place.driven) & place.valid;
    clips += updateWindow(l, &place, first, last);
  }
  return clips;
}

static double runRow(const Layer *l, const Projection *projections, int y) {
  const int lanes = l->windows * WINDOW;
  double clips = 0;
  for (int x = 0; x < l->width; x++) memcpy(l->potential + x * lanes, l->initials, (unsigned long)lanes * 4);
  memset(l->history, 0, (unsigned long)(l->width * lanes) * 4);
  if (l->remembers) memset(l->synaptic, 0, (unsigned long)(l->width * lanes) * 4);
  for (int first = 0; first < l->steps; first += l->chunk) {
    const int last = least(first + l->chunk, l->steps);
    for (int i = 0; i < l->projectionCount; i++) {
      const Projection *p = projections + i;
      if (!p->depthwise) listRow(p, y, l->steps, first, last, l->starts + p->listed);
    }
    for (int x = 0; x < l->width; x++) clips += runPixel(l, projections, y * l->width + x, first, last);
  }
  return clips;
}

/* Runs one population for all T steps of one sample. Returns the neuron-steps in which v was clipped, at most 2^32 - 1. */
ENTRY(spiking_layer, uint32_t layer) {
  const Layer l = READ_LAYER(layer);
  Projection projections[MOST_PROJECTIONS];
  projections->shift = 0;
  for (int i = 0; i < l.projectionCount; i++) {
    projections[i] = READ_PROJECTION((uint32_t)l.projections + (uint32_t)(i * PROJECTION_WORDS * 4));
#ifndef __wasm__
    projections[i].arena = arena;
#endif
  }
  double clips = 0;
  for (int y = 0; y < l.height; y++) clips += runRow(&l, projections, y);
  return clips < 4294967295.0 ? (uint32_t)clips : 0xffffffffu;
}
