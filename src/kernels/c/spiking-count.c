/*
 * Counting spikes: sums over the bit masks [pixel][step][word of 64 channels] of a population. Every
 * counter of a simulation is made of these.
 */
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

/* Number of set bits of n words. */
EXPORT double spiking_count(const uint64_t *masks, int n) {
  int64_t count = 0;
  for (int i = 0; i < n; i++) count += __builtin_popcountll(masks[i]);
  return (double)count;
}

/* counts[i] = set bits of place i among the channels of `select` [words]. */
EXPORT void spiking_popcounts(const uint64_t *masks, int n, int words, const uint64_t *select, int32_t *counts) {
  for (int i = 0; i < n; i++) {
    int count = 0;
    for (int w = 0; w < words; w++) count += __builtin_popcountll(masks[i * words + w] & select[w]);
    counts[i] = count;
  }
}

/* out[t] = sum over rows [y0, y1) and columns [x0, x1) of rows[y] * columns[x] * counts[y * width + x][t]. */
EXPORT void spiking_weigh(const int32_t *counts, int steps, int width, const int32_t *box, const int32_t *rows, const int32_t *columns, int32_t *out) {
  for (int t = 0; t < steps; t++) out[t] = 0;
  for (int y = box[0]; y < box[1]; y++)
    for (int x = box[2]; x < box[3]; x++) {
      int weight = rows[y] * columns[x];
      if (weight == 0) continue;
      const int32_t *c = counts + (y * width + x) * steps;
      for (int t = 0; t < steps; t++) out[t] += weight * c[t];
    }
}
