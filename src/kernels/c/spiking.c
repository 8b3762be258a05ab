/*
 * A layer of integer neurons over all steps of one sample. It runs pixel by pixel through all T steps, so
 * that its membrane potentials stay in the first cache and its weights in the second. For each pixel and
 * step the arriving spikes of all taps become one list of weight rows; each block of up to 64 output
 * channels then adds its rows (8 bit) into 16-bit registers. Quantisation has proven that the sums fit 16
 * bits; sums taken in another order wrap to the same result.
 */
#include "spiking-neurons.h"

typedef int8_t b8 __attribute__((vector_size(8), aligned(1), may_alias));
typedef int8_t b16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef int8_t b32 __attribute__((vector_size(32), aligned(1), may_alias));
typedef int16_t h8 __attribute__((vector_size(16), aligned(2), may_alias));
typedef int16_t h16 __attribute__((vector_size(32), aligned(2), may_alias));
typedef int16_t h32 __attribute__((vector_size(64), aligned(2), may_alias));
/* LANES 16-bit numbers, as they are widened to 32. */
typedef int16_t hv __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
typedef uint16_t uv __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
typedef uint32_t wv __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* Adds `count` 16-bit sums, shifted, to 32-bit currents, or sets them. */
INLINE void addSums(const int16_t *sums, const int count, int shift, int assign, int32_t *current) {
  for (int j = 0; j < count; j += LANES) {
    const vi x = __builtin_convertvector(*(const hv *)(sums + j), vi) << shift;
    vi *out = (vi *)(current + j);
    *out = assign ? x : *out + x;
  }
}

INLINE const int8_t *weightsOf(const Projection *p, const Block *b) {
  char *arena = p->arena;
  (void)arena;
  return AT(int8_t, b->weights);
}

/* Adds the rows of each step, in vectors of LENGTH, into the window's 32-bit current. */
#define GATHER(WIDTH, LENGTH) \
  NOINLINE void gather##WIDTH(const uint32_t *rows, const uint32_t *starts, int steps, const int8_t *weights, int shift, int assign, int32_t *current) { \
    enum { COUNT = WIDTH / LENGTH }; \
    for (int t = 0; t < steps; t++, current += WINDOW) { \
      const uint32_t *r = rows + starts[t], *end = rows + starts[t + 1]; \
      if (r == end && !assign) continue; \
      h##LENGTH sum[COUNT]; \
      UNROLL for (int j = 0; j < COUNT; j++) sum[j] = (h##LENGTH){0}; \
      for (; r != end; r += 2) { \
        const int8_t *a = weights + r[0] * (uint32_t)WIDTH, *b = weights + r[1] * (uint32_t)WIDTH; \
        UNROLL for (int j = 0; j < COUNT; j++) sum[j] += __builtin_convertvector(*(const b##LENGTH *)(a + LENGTH * j), h##LENGTH); \
        UNROLL for (int j = 0; j < COUNT; j++) sum[j] += __builtin_convertvector(*(const b##LENGTH *)(b + LENGTH * j), h##LENGTH); \
      } \
      addSums((const int16_t *)sum, WIDTH, shift, assign, current); \
    } \
  }
#if defined(__AVX512BW__)
GATHER(64, 32)
GATHER(32, 32)
GATHER(16, 16)
#elif defined(__AVX2__)
GATHER(64, 16)
GATHER(32, 16)
GATHER(16, 16)
#else
GATHER(64, 8)
GATHER(32, 8)
GATHER(16, 8)
#endif
GATHER(8, 8)

static void gatherBlock(const Projection *p, const Block *b, const uint32_t *starts, int steps, int assign, int32_t *current) {
  const int8_t *weights = weightsOf(p, b);
  current += b->offset;
  switch (b->width) {
    case 64: gather64(p->rows, starts, steps, weights, p->shift, assign, current); break;
    case 32: gather32(p->rows, starts, steps, weights, p->shift, assign, current); break;
    case 16: gather16(p->rows, starts, steps, weights, p->shift, assign, current); break;
    default: gather8(p->rows, starts, steps, weights, p->shift, assign, current); break;
  }
}

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
          p->taps[count++] = (Tap){r * p->sourceWidth + c, (ky * p->kernelX + kx) * p->inputs};
    }
  return count;
}

/* A list has an even length: an odd one ends with the row of zeros. */
INLINE uint32_t finishList(const Projection *p, uint32_t *rows, uint32_t count) {
  rows[count] = (uint32_t)(p->kernelY * p->kernelX * p->inputs);
  return (count + 1) & ~1u;
}

static void listRows(const Projection *p, int taps, int steps, int first, int last, uint32_t *starts) {
  enum { STEP = LANES > 8 ? LANES : 8 };
  uint32_t count = 0;
  for (int t = first; t < last; t++) {
    starts[t - first] = count;
    uint32_t *out = p->rows + count;
    uint32_t n = 0;
    for (int i = 0; i < taps; i++) {
      const uint32_t *at = p->starts + p->taps[i].pixel * steps + t;
      const uint16_t *e = p->events + at[0];
      const uint32_t length = at[1] - at[0], row = (uint32_t)p->taps[i].row;
      for (uint32_t k = 0; k < length; k += STEP)
        UNROLL for (int j = 0; j < STEP; j += LANES) *(wv *)(out + n + k + j) = __builtin_convertvector(*(const uv *)(e + k + j), wv) + row;
      n += length;
    }
    count += finishList(p, out, n);
  }
  starts[last - first] = count;
}

/* The same for one group of a grouped projection: only the group's source channels. */
static void listGroupRows(const Projection *p, int taps, int steps, int first, int last, uint32_t *starts, int firstInput) {
  uint32_t count = 0;
  for (int t = first; t < last; t++) {
    starts[t - first] = count;
    uint32_t *out = p->rows + count;
    uint32_t n = 0;
    for (int i = 0; i < taps; i++) {
      const uint32_t *at = p->starts + p->taps[i].pixel * steps + t;
      for (uint32_t k = at[0]; k < at[1]; k++) {
        uint32_t channel = (uint32_t)p->events[k] - (uint32_t)firstInput;
        out[n] = (uint32_t)p->taps[i].row + channel;
        n += channel < (uint32_t)p->inputs;
      }
    }
    count += finishList(p, out, n);
  }
  starts[last - first] = count;
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
  *(h16 *)sums += __builtin_convertvector(*(const b16 *)weights, h16) & chosen;
#endif
}

static void depthwise(const Projection *p, int taps, const Layer *l, int window, int first, int last) {
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
    addSums(sums, WINDOW, p->shift, 0, current);
  }
}

static void sumWindow(const Layer *l, const Projection *projections, const int *taps, int window, int first, int last) {
  int steps = last - first;
  int whole = l->channels - window * WINDOW >= WINDOW;
  for (int t = 0; t < steps; t++) l->arrived[t] = 0;
  int assign = whole && l->projectionCount > 0 && projections->groups == 1 && !projections->depthwise;
  if (!assign) memset(l->current, 0, (unsigned long)steps * WINDOW * 4);
  for (int i = 0; i < l->projectionCount; i++) {
    const Projection *p = projections + i;
    uint32_t *starts = l->starts + i * (l->chunk + 1);
    if (p->depthwise) { depthwise(p, taps[i], l, window, first, last); continue; }
    for (const Block *b = p->blocks + p->windows[window]; b < p->blocks + p->windows[window + 1]; b++) {
      if (p->groups > 1) listGroupRows(p, taps[i], l->steps, first, last, starts, b->firstInput);
      uint64_t reached = (b->count == WINDOW ? ~0ull : (1ull << b->count) - 1) << b->offset;
      for (int t = 0; t < steps; t++) l->arrived[t] |= starts[t + 1] > starts[t] ? reached : 0;
      gatherBlock(p, b, starts, steps, assign && i == 0, l->current);
    }
  }
}

static double runPixel(const Layer *l, const Projection *projections, int pixel) {
  const int32_t *drive = l->drive + pixel * l->driveStride;
  const unsigned long bytes = (unsigned long)l->windows * WINDOW * 4;
  int taps[MOST_PROJECTIONS];
  double clips = 0;
  for (int i = 0; i < l->projectionCount; i++) taps[i] = findTaps(projections + i, pixel / l->width, pixel % l->width);
  memcpy(l->potential, l->initials, bytes);
  memset(l->history, 0, bytes);
  if (l->remembers) memset(l->synaptic, 0, bytes);
  for (int first = 0; first < l->steps; first += l->chunk) {
    const int last = least(first + l->chunk, l->steps);
    for (int i = 0; i < l->projectionCount; i++) {
      const Projection *p = projections + i;
      if (p->groups == 1 && !p->depthwise) listRows(p, taps[i], l->steps, first, last, l->starts + i * (l->chunk + 1));
    }
    for (int w = 0; w < l->windows; w++) {
      const int inWindow = l->channels - w * WINDOW;
      Place place = {inWindow >= WINDOW ? ~0ull : (1ull << inWindow) - 1, 0, drive + w * WINDOW, pixel, w};
      for (int c = 0; c < WINDOW; c++) place.driven |= (uint64_t)(place.drive[c] != 0) << c;
      sumWindow(l, projections, taps, w, first, last);
      clips += updateWindow(l, &place, first, last);
    }
  }
  return clips;
}

/* Runs one population for all T steps of one sample. Returns the neuron-steps in which v was clipped, at most 2^32 - 1. */
ENTRY(spiking_layer, uint32_t layer) {
  const Layer l = READ_LAYER(layer);
  Projection projections[MOST_PROJECTIONS];
  for (int i = 0; i < l.projectionCount; i++) {
    projections[i] = READ_PROJECTION((uint32_t)l.projections + (uint32_t)(i * PROJECTION_WORDS * 4));
#ifndef __wasm__
    projections[i].arena = arena;
#endif
  }
  double clips = 0;
  for (int pixel = 0; pixel < l.height * l.width; pixel++) clips += runPixel(&l, projections, pixel);
  return clips < 4294967295.0 ? (uint32_t)clips : 0xffffffffu;
}
