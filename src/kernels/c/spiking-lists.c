/* From the bit masks of spikes to lists of the channels that spike, place by place. */
#include "simd.h"

typedef uint16_t u16x8 __attribute__((vector_size(16), aligned(2), may_alias));

/* For each byte: the places of its set bits, lowest first. Filled when the addon is loaded; in WebAssembly, where each thread has its own, at the first use. */
static uint16_t bitPlaces[256][8];

#ifndef __wasm__
__attribute__((constructor))
#endif
static void fillBitPlaces(void) {
  if (bitPlaces[1 << 1][0] == 1) return;
  for (int byte = 0; byte < 256; byte++)
    for (int bit = 0, n = 0; bit < 8; bit++) if (byte >> bit & 1) bitPlaces[byte][n++] = (uint16_t)bit;
}

/* Channel lists of n places of `words` words each; starts has n + 1 entries. Bytes, not bits, are walked: no branch depends on single spikes. */
INLINE void expand(const uint64_t *masks, int n, int words, uint32_t *starts, uint16_t *events, const int signs) {
#ifdef __wasm__
  fillBitPlaces();
#endif
  uint32_t count = 0;
  for (int i = 0; i < n; i++) {
    starts[i] = count;
    for (int w = 0; w < signs * words; w++) {
      const int sign = signs == 2 && w >= words;
      int channel = (w - sign * words) * 64;
      for (uint64_t bits = masks[i * signs * words + w]; bits; bits >>= 8, channel += 8) {
        *(u16x8 *)(events + count) = *(const u16x8 *)bitPlaces[bits & 255] * (uint16_t)signs + (uint16_t)(signs * channel + sign);
        count += (uint32_t)__builtin_popcountll(bits & 255);
      }
    }
  }
  starts[n] = count;
}

ENTRY(spiking_expand, uint32_t masks, uint32_t n, uint32_t words, uint32_t starts, uint32_t events) {
  expand(AT(uint64_t, masks), (int)n, (int)words, AT(uint32_t, starts), AT(uint16_t, events), 1);
  return 0;
}

/* The same of signed spikes: a spike of +1 in channel c is listed as 2c, one of -1 as 2c + 1. */
ENTRY(spiking_expand_signed, uint32_t masks, uint32_t n, uint32_t words, uint32_t starts, uint32_t events) {
  expand(AT(uint64_t, masks), (int)n, (int)words, AT(uint32_t, starts), AT(uint16_t, events), 2);
  return 0;
}
