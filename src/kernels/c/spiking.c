/*
 * A layer of integer neurons over all steps of one sample. It runs pixel by pixel through all T steps, so
 * that its membrane potentials stay in the first cache and its weights in the second. For each pixel and
 * step the arriving spikes of all taps become one list of weight rows; each block of up to 64 output
 * channels then adds its rows (8 bit) into 16-bit registers. Quantisation has proven that the sums fit 16
 * bits; sums taken in another order wrap to the same result.
 */
#include "spiking-neurons.h"

enum { PART = LANES < 8 ? LANES : 8 }; /* sums that are widened to 32 bits together */

typedef int8_t b8 __attribute__((vector_size(8), aligned(1), may_alias));
typedef int16_t h8 __attribute__((vector_size(16), aligned(2), may_alias));
typedef int16_t h16 __attribute__((vector_size(32), aligned(2), may_alias));
typedef int16_t hp __attribute__((vector_size(2 * PART), aligned(2), may_alias));
typedef int32_t ip __attribute__((vector_size(4 * PART), aligned(4), may_alias));
typedef uint16_t uv __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
typedef uint32_t wv __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* GCC splits the conversion of vectors to twice their size; the instruction is there. */
INLINE ip widened(const int16_t *p) {
#ifdef __AVX2__
  return (ip)_mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)p));
#else
  return __builtin_convertvector(*(const hp *)p, ip);
#endif
}

INLINE wv unsignedWidened(const uint16_t *p) {
#if defined(__AVX512F__)
  return (wv)_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
#elif defined(__AVX2__)
  return (wv)_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
#else
  return __builtin_convertvector(*(const uv *)p, wv);
#endif
}

/* Adds `count` 16-bit sums, shifted, to 32-bit currents, or sets them. */
INLINE void addSums(const int16_t *sums, const int count, int shift, int assign, int32_t *current) {
  for (int j = 0; j < count; j += PART) {
    const ip x = widened(sums + j) << shift;
    ip *out = (ip *)(current + j);
    if (assign) *out = x;
    else *out += x;
  }
}

INLINE const int8_t *weightsOf(const Projection *p, const Block *b) {
  char *arena = p->arena;
  (void)arena;
  return AT(int8_t, b->weights);
}

/* Adds up rows of `width` weights, two at a time; the list has an even length. */
INLINE void sumRows(const int width, const uint32_t *r, const uint32_t *end, const int8_t *weights, int16_t *sums) {
  h8 sum[8] = {{0}};
  for (; r != end; r += 2) {
    const int8_t *a = weights + r[0] * (uint32_t)width, *b = weights + r[1] * (uint32_t)width;
    UNROLL for (int j = 0; j < width / 8; j++) sum[j] += __builtin_convertvector(*(const b8 *)(a + 8 * j), h8);
    UNROLL for (int j = 0; j < width / 8; j++) sum[j] += __builtin_convertvector(*(const b8 *)(b + 8 * j), h8);
  }
  UNROLL for (int j = 0; j < width / 8; j++) *(h8 *)(sums + 8 * j) = sum[j];
}

#ifdef __AVX2__
/*
 * The same for widths of 32 and 64: the bytes of two rows are interleaved, and each pair is added up at once into 16
 * bits. The sums of the low and high halves of each 128 bits stand apart until the end.
 */
INLINE void sumPairs(const int width, const uint32_t *r, const uint32_t *end, const int8_t *weights, int16_t *sums) {
  const __m256i ones = _mm256_set1_epi8(1);
  __m256i low[2], high[2];
  UNROLL for (int j = 0; j < width / 32; j++) low[j] = high[j] = _mm256_setzero_si256();
  for (; r != end; r += 2) {
    const int8_t *a = weights + r[0] * (uint32_t)width, *b = weights + r[1] * (uint32_t)width;
    UNROLL for (int j = 0; j < width / 32; j++) {
      const __m256i x = _mm256_loadu_si256((const __m256i *)(a + 32 * j)), y = _mm256_loadu_si256((const __m256i *)(b + 32 * j));
      low[j] = _mm256_add_epi16(low[j], _mm256_maddubs_epi16(ones, _mm256_unpacklo_epi8(x, y)));
      high[j] = _mm256_add_epi16(high[j], _mm256_maddubs_epi16(ones, _mm256_unpackhi_epi8(x, y)));
    }
  }
  UNROLL for (int j = 0; j < width / 32; j++) {
    _mm256_storeu_si256((__m256i *)(sums + 32 * j), _mm256_permute2x128_si256(low[j], high[j], 0x20));
    _mm256_storeu_si256((__m256i *)(sums + 32 * j + 16), _mm256_permute2x128_si256(low[j], high[j], 0x31));
  }
}
#endif

#ifdef __AVX512BW__
INLINE void sumWidePairs(const uint32_t *r, const uint32_t *end, const int8_t *weights, int16_t *sums) {
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i low = _mm512_setzero_si512(), high = low;
  for (; r != end; r += 2) {
    const __m512i x = _mm512_loadu_si512(weights + r[0] * 64u), y = _mm512_loadu_si512(weights + r[1] * 64u);
    low = _mm512_add_epi16(low, _mm512_maddubs_epi16(ones, _mm512_unpacklo_epi8(x, y)));
    high = _mm512_add_epi16(high, _mm512_maddubs_epi16(ones, _mm512_unpackhi_epi8(x, y)));
  }
  const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  _mm512_storeu_si512(sums, _mm512_permutex2var_epi64(low, first, high));
  _mm512_storeu_si512(sums + 32, _mm512_permutex2var_epi64(low, second, high));
}
#endif

/* Adds the rows of each step into the window's 32-bit current. */
#define GATHER(WIDTH, SUM) \
  NOINLINE void gather##WIDTH(const uint32_t *rows, const uint32_t *starts, int steps, const int8_t *weights, int shift, int assign, int32_t *current) { \
    for (int t = 0; t < steps; t++, current += WINDOW) { \
      const uint32_t *r = rows + starts[t], *end = rows + starts[t + 1]; \
      if (r == end && !assign) continue; \
      int16_t sums[WIDTH]; \
      SUM; \
      addSums(sums, WIDTH, shift, assign, current); \
    } \
  }
#if defined(__AVX512BW__)
GATHER(64, sumWidePairs(r, end, weights, sums))
#elif defined(__AVX2__)
GATHER(64, sumPairs(64, r, end, weights, sums))
#else
GATHER(64, sumRows(64, r, end, weights, sums))
#endif
#ifdef __AVX2__
GATHER(32, sumPairs(32, r, end, weights, sums))
#else
GATHER(32, sumRows(32, r, end, weights, sums))
#endif
GATHER(16, sumRows(16, r, end, weights, sums))
GATHER(8, sumRows(8, r, end, weights, sums))

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

/* The first few channels of a tap are copied whether it has them or not: most have few, and no branch asks how many. */
NOINLINE void listRows(const Projection *p, int taps, int steps, int first, int last, uint32_t *starts) {
  enum { STEP = LANES > 8 ? LANES : 8 };
  const Tap *const tap = p->taps;
  const uint32_t *const places = p->starts + first;
  const uint16_t *const events = p->events;
  uint32_t *const rows = p->rows;
  uint32_t count = 0;
  for (int t = 0; t < last - first; t++) {
    starts[t] = count;
    uint32_t *out = rows + count;
    uint32_t n = 0;
    for (int i = 0; i < taps; i++) {
      const uint32_t *at = places + tap[i].pixel * steps + t;
      const uint16_t *e = events + at[0];
      const uint32_t length = at[1] - at[0], row = (uint32_t)tap[i].row;
      uint32_t k = 0;
      do {
        UNROLL for (int j = 0; j < STEP; j += LANES) *(wv *)(out + n + k + j) = unsignedWidened(e + k + j) + row;
        k += STEP;
      } while (__builtin_expect(k < length, 0));
      n += length;
    }
    count += finishList(p, out, n);
  }
  starts[last - first] = count;
}

/* The same for one group of a grouped projection: only the group's source channels. */
NOINLINE void listGroupRows(const Projection *p, int taps, int steps, int first, int last, uint32_t *starts, int firstInput) {
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
  h16 row;
  for (int k = 0; k < 16; k++) row[k] = weights[k];
  *(h16 *)sums += row & chosen;
#endif
}

NOINLINE void depthwise(const Projection *p, int taps, const Layer *l, int window, int first, int last) {
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

NOINLINE void sumWindow(const Layer *l, const Projection *projections, const int *taps, int window, int first, int last) {
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
      place.driven = nonZero(place.drive);
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
