/*
 * Sums of weight rows: for each step, the rows (8 bit) of a list are added into 16-bit registers, a block of up to
 * 64 output channels at a time. Quantisation has proven that the sums fit 16 bits; sums taken in another order wrap
 * to the same result. A list of odd length begins with one row alone, one of even length with the row of zeros.
 */
#pragma once
#include "spiking-rows.h"

typedef int8_t b8 __attribute__((vector_size(8), aligned(1), may_alias));
typedef int16_t h8 __attribute__((vector_size(16), aligned(2), may_alias));

/* `weights` are those of listed row 0, `zeros` is a row of zeros. */
INLINE void sumRows(const int width, const uint32_t *r, const uint32_t *end, const int8_t *weights, const int8_t *zeros, int16_t *sums) {
  h8 sum[8];
  const uint32_t odd = (uint32_t)(end - r) & 1u;
  const int8_t *begin = odd ? weights + r[0] * (uint32_t)width : zeros;
  UNROLL for (int j = 0; j < width / 8; j++) sum[j] = __builtin_convertvector(*(const b8 *)(begin + 8 * j), h8);
  for (r += odd; r != end; r += 2) {
    const int8_t *a = weights + r[0] * (uint32_t)width, *b = weights + r[1] * (uint32_t)width;
    UNROLL for (int j = 0; j < width / 8; j++) sum[j] += __builtin_convertvector(*(const b8 *)(a + 8 * j), h8);
    UNROLL for (int j = 0; j < width / 8; j++) sum[j] += __builtin_convertvector(*(const b8 *)(b + 8 * j), h8);
  }
  UNROLL for (int j = 0; j < width / 8; j++) *(h8 *)(sums + 8 * j) = sum[j];
  if (width == 8) *(h8 *)(sums + 8) = (h8){0};
}

#ifdef __AVX2__
/*
 * The same for widths of 32 and 64: the bytes of two rows are interleaved, and each pair is added up at once into 16
 * bits. The sums of the low and high halves of each 128 bits stand apart until the end.
 */
INLINE void sumPairs(const int width, const uint32_t *r, const uint32_t *end, const int8_t *weights, const int8_t *zeros, int16_t *sums) {
  const __m256i ones = _mm256_set1_epi8(1), none = _mm256_setzero_si256();
  __m256i low[2], high[2];
  const uint32_t odd = (uint32_t)(end - r) & 1u;
  const int8_t *begin = odd ? weights + r[0] * (uint32_t)width : zeros;
  UNROLL for (int j = 0; j < width / 32; j++) {
    const __m256i x = _mm256_loadu_si256((const __m256i *)(begin + 32 * j));
    low[j] = _mm256_maddubs_epi16(ones, _mm256_unpacklo_epi8(x, none));
    high[j] = _mm256_maddubs_epi16(ones, _mm256_unpackhi_epi8(x, none));
  }
  for (r += odd; r != end; r += 2) {
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
INLINE void sumWidePairs(const uint32_t *r, const uint32_t *end, const int8_t *weights, const int8_t *zeros, int16_t *sums) {
  const __m512i ones = _mm512_set1_epi8(1), none = _mm512_setzero_si512();
  const uint32_t odd = (uint32_t)(end - r) & 1u;
  const __m512i begin = _mm512_loadu_si512(odd ? weights + r[0] * 64u : zeros);
  __m512i low = _mm512_maddubs_epi16(ones, _mm512_unpacklo_epi8(begin, none)), high = _mm512_maddubs_epi16(ones, _mm512_unpackhi_epi8(begin, none));
  for (r += odd; r != end; r += 2) {
    const __m512i x = _mm512_loadu_si512(weights + r[0] * 64u), y = _mm512_loadu_si512(weights + r[1] * 64u);
    low = _mm512_add_epi16(low, _mm512_maddubs_epi16(ones, _mm512_unpacklo_epi8(x, y)));
    high = _mm512_add_epi16(high, _mm512_maddubs_epi16(ones, _mm512_unpackhi_epi8(x, y)));
  }
  const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  _mm512_storeu_si512(sums, _mm512_permutex2var_epi64(low, first, high));
  _mm512_storeu_si512(sums + 32, _mm512_permutex2var_epi64(low, second, high));
}
#endif

/* The sums of each step, [step][64]. */
#define GATHER(WIDTH, ...) \
  NOINLINE void gather##WIDTH(const uint32_t *rows, const Reach *reach, int steps, const int8_t *weights, const int8_t *zeros, int16_t *sums) { \
    const uint32_t *from = reach->starts + reach->from, *to = reach->starts + reach->to; \
    const int cells = reach->cells; \
    for (int t = 0; t < steps; t++, sums += WINDOW, from += cells, to += cells) { \
      const uint32_t *r = rows + *from, *end = rows + *to; \
      __VA_ARGS__; \
    } \
  }
#if defined(__AVX512BW__)
GATHER(64, sumWidePairs(r, end, weights, zeros, sums))
#elif defined(__AVX2__)
GATHER(64, sumPairs(64, r, end, weights, zeros, sums))
#else
GATHER(64, sumRows(64, r, end, weights, zeros, sums))
#endif
#ifdef __AVX2__
GATHER(32, sumPairs(32, r, end, weights, zeros, sums))
#else
GATHER(32, sumRows(32, r, end, weights, zeros, sums))
#endif
GATHER(16, sumRows(16, r, end, weights, zeros, sums))
GATHER(8, sumRows(8, r, end, weights, zeros, sums))

static void gatherBlock(const Projection *p, const Block *b, const Reach *reach, int steps, int16_t *sums) {
  char *arena = p->arena;
  (void)arena;
  const int8_t *first = AT(int8_t, b->weights), *zeros = first + p->kernelY * p->kernelX * p->inputs * b->width;
  const int8_t *weights = (const int8_t *)((uintptr_t)first - (uintptr_t)(intptr_t)(reach->shift * b->width));
  switch (b->width) {
    case 64: gather64(p->rows, reach, steps, weights, zeros, sums); break;
    case 32: gather32(p->rows, reach, steps, weights, zeros, sums); break;
    case 16: gather16(p->rows, reach, steps, weights, zeros, sums); break;
    default: gather8(p->rows, reach, steps, weights, zeros, sums); break;
  }
}
