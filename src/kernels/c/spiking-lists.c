/*
 * From the bit masks of spikes to lists of the channels that spike: for each row of cells, step and cell,
 * whose pixels are those that one tap of a projection reads. What lies side by side in a row lies side by
 * side in the lists.
 */
#include "simd.h"

#define SOURCE_FIELDS(P, I) \
  P(uint64_t, masks)  /* [pixel][step][sign][word] */ \
  P(uint32_t, starts) /* [row of cells][step][column], and one more */ \
  P(uint16_t, events) /* channels; of signed spikes 2c for one of +1 in channel c, 2c + 1 for one of -1 */ \
  I(height) I(width) I(poolY) I(poolX) I(steps) I(words) I(signs)
typedef struct { SOURCE_FIELDS(POINTER_, INTEGER_) } Source;

enum { STRIDE = 4 };

/*
 * The places of set bits, lowest first, four at a time whether there are so many or not: few branches depend on
 * single spikes. (GCC would gather the four in one register, which takes longer: hence volatile.)
 */
INLINE uint32_t listBits(uint64_t bits, uint32_t channel, const int signs, uint16_t *out) {
  const uint32_t count = (uint32_t)__builtin_popcountll(bits);
  uint32_t k = 0;
  do {
    UNROLL for (int i = 0; i < STRIDE; i++, bits &= bits - 1)
      *(volatile uint16_t *)(out + k + i) = (uint16_t)((uint32_t)signs * (uint32_t)__builtin_ctzll(bits | 1ull << 63) + channel);
    k += STRIDE;
  } while (k < count);
  return count;
}

INLINE uint32_t listPixel(const uint64_t *masks, int words, uint16_t *out, const int signs) {
  uint32_t count = 0;
  for (int sign = 0; sign < signs; sign++)
    for (int w = 0; w < words; w++) count += listBits(masks[sign * words + w], (uint32_t)(signs * 64 * w + sign), signs, out + count);
  return count;
}

/* Cells of one pixel. */
INLINE void expandPixels(const Source *s, const int signs, const int words) {
  const int step = words * signs, pixel = s->steps * step;
  uint32_t count = 0, *starts = s->starts;
  for (int y = 0; y < s->height; y++)
    for (int t = 0; t < s->steps; t++) {
      const uint64_t *masks = s->masks + y * s->width * pixel + t * step;
      for (int x = 0; x < s->width; x++, masks += pixel) {
        *starts++ = count;
        count += listPixel(masks, words, s->events + count, signs);
      }
    }
  *starts = count;
}

INLINE void expandCells(const Source *s, const int signs, const int words) {
  const int step = words * signs, pixel = s->steps * step;
  uint32_t count = 0, *starts = s->starts;
  for (int top = 0; top < s->height; top += s->poolY)
    for (int t = 0; t < s->steps; t++)
      for (int left = 0; left < s->width; left += s->poolX) {
        *starts++ = count;
        for (int y = top; y < least(top + s->poolY, s->height); y++) {
          const uint64_t *masks = s->masks + (y * s->width + left) * pixel + t * step;
          for (int x = least(s->poolX, s->width - left); x > 0; x--, masks += pixel) count += listPixel(masks, words, s->events + count, signs);
        }
      }
  *starts = count;
}

INLINE void expand(const Source *s, const int signs, const int words) {
  if (s->poolY == 1 && s->poolX == 1) expandPixels(s, signs, words);
  else expandCells(s, signs, words);
}

ENTRY(spiking_expand, uint32_t description) {
  const uint32_t *at = AT(uint32_t, description);
  Source out;
  SOURCE_FIELDS(READ_POINTER_, READ_INTEGER_)
  if (out.signs == 2) expand(&out, 2, out.words);
  else if (out.words == 1) expand(&out, 1, 1);
  else expand(&out, 1, out.words);
  return 0;
}
