/*
 * Lists of weight rows. For one row of target pixels and each step, the spikes of all kernel rows stand in one
 * list, cell by cell from left to right, so that what one target pixel reads is a single stretch of it. With a
 * dilation d the columns 0, d, 2d .. come first, then 1, d + 1, .. An entry's weight row is that of kernel
 * column `column / d`: for a target pixel whose kernel begins at column q * d + r all rows shift by q columns.
 */
#pragma once
#include "spiking.h"

typedef uint16_t uv __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
typedef uint32_t wv __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* What one target pixel reads of each step's stretch of cells: from `from` up to `to`; its weight rows begin `shift` rows below those listed. */
typedef struct { const uint32_t *starts; int cells, from, to, shift; } Reach;

INLINE wv unsignedWidened(const uint16_t *p) {
#if defined(__AVX512F__)
  return (wv)_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
#elif defined(__AVX2__)
  return (wv)_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
#else
  return __builtin_convertvector(*(const uv *)p, wv);
#endif
}

/* The first few channels of a cell are copied whether it has them or not: most have few, and no branch asks how many. */
INLINE uint32_t copyRows(const uint16_t *events, uint32_t length, uint32_t row, uint32_t *out) {
  enum { STEP = LANES > 8 ? LANES : 8 };
  uint32_t k = 0;
  do {
    UNROLL for (int j = 0; j < STEP; j += LANES) *(wv *)(out + k + j) = unsignedWidened(events + k + j) + row;
    k += STEP;
  } while (__builtin_expect(k < length, 0));
  return length;
}

/* The same where only a group's channels count. */
INLINE uint32_t chooseRows(const Projection *p, const uint16_t *events, uint32_t length, uint32_t row, uint32_t *out, int group) {
  uint32_t n = 0;
  for (uint32_t k = 0; k < length; k++) {
    const uint32_t channel = (uint32_t)events[k] - (uint32_t)(group * p->inputs);
    out[n] = row + channel;
    n += channel < (uint32_t)p->inputs;
  }
  return n;
}

INLINE int cellsOf(int pixels, int pool) { return (pixels + pool - 1) / pool; }

INLINE uint32_t listGroup(const Projection *p, int y, int steps, int first, int last, uint32_t *starts, uint32_t count, const int group) {
  const int cells = cellsOf(p->sourceWidth, p->poolX), rows = cellsOf(p->sourceHeight, p->poolY), top = y * p->strideY - p->padY;
  int low = 0, high = p->kernelY; /* kernel rows that are on the map */
  while (low < high && top + low * p->dilationY < 0) low++;
  while (high > low && top + (high - 1) * p->dilationY >= rows) high--;
  for (int t = first; t < last; t++)
    for (int phase = 0; phase < p->dilationX; phase++)
      for (int x = phase, q = 0; x < cells; x += p->dilationX, q++) {
        *starts++ = count;
        for (int ky = low; ky < high; ky++) {
          const uint32_t *at = p->starts + ((top + ky * p->dilationY) * steps + t) * cells + x;
          const uint16_t *events = p->events + at[0];
          const uint32_t length = at[1] - at[0], row = (uint32_t)((q * p->kernelY + ky) * p->inputs);
          count += group < 0 ? copyRows(events, length, row, p->rows + count) : chooseRows(p, events, length, row, p->rows + count, group);
        }
      }
  *starts = count;
  return count;
}

NOINLINE void listRow(const Projection *p, int y, int steps, int first, int last, uint32_t *starts) {
  if (p->groups == 1) { listGroup(p, y, steps, first, last, starts, 0, -1); return; }
  const int places = (last - first) * cellsOf(p->sourceWidth, p->poolX);
  uint32_t count = 0;
  for (int g = 0; g < p->groups; g++) count = listGroup(p, y, steps, first, last, starts + g * places, count, g);
}

/* Target column x and one group. */
INLINE Reach reachOf(const Projection *p, int x, int steps, const uint32_t *starts, int group) {
  const int cells = cellsOf(p->sourceWidth, p->poolX), d = p->dilationX;
  const int left = x * p->strideX - p->padX, phase = ((left % d) + d) % d, column = (left - phase) / d;
  const int begin = phase * (cells / d) + least(phase, cells % d), length = phase < cells ? (cells - phase + d - 1) / d : 0;
  const int from = least(most(column, 0), length), to = most(from, least(column + p->kernelX, length));
  return (Reach){starts + group * steps * cells, cells, begin + from, begin + to, column * p->kernelY * p->inputs};
}
