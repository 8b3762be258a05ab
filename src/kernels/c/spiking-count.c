/*
 * Counting spikes: sums over the bit masks [pixel][step][word of 64 channels] of a population. Every
 * counter of a simulation is made of these.
 */
#include "simd.h"

/* Number of set bits of n words. */
ENTRY(spiking_count, uint32_t masks, uint32_t n) {
  const uint64_t *m = AT(uint64_t, masks);
  uint32_t count = 0;
  for (uint32_t i = 0; i < n; i++) count += (uint32_t)__builtin_popcountll(m[i]);
  return count;
}

/* counts[i] = set bits of place i, of n, among the channels of `select` [words]. */
ENTRY(spiking_popcounts, uint32_t masks, uint32_t n, uint32_t words, uint32_t select, uint32_t counts) {
  const uint64_t *m = AT(uint64_t, masks), *chosen = AT(uint64_t, select);
  int32_t *out = AT(int32_t, counts);
  if (words == 1)
    for (uint32_t i = 0; i < n; i++) out[i] = __builtin_popcountll(m[i] & *chosen);
  else for (uint32_t i = 0; i < n; i++, m += words) {
    int count = 0;
    for (uint32_t w = 0; w < words; w++) count += __builtin_popcountll(m[w] & chosen[w]);
    out[i] = count;
  }
  return 0;
}

/*
 * out[t] = sum over rows [y0, y1) and columns [x0, x1) of rows[y] * columns[x] * counts[y * width + x][t].
 * `box` holds y0, y1, x0, x1, width, height, then the weights of all rows and of all columns.
 */
ENTRY(spiking_weigh, uint32_t counts, uint32_t steps, uint32_t box, uint32_t sums) {
  const int32_t *b = AT(int32_t, box), *rows = b + 6, *columns = rows + b[5];
  const int width = b[4], n = (int)steps;
  int32_t *out = AT(int32_t, sums);
  for (int t = 0; t < n; t++) out[t] = 0;
  for (int y = b[0]; y < b[1]; y++)
    for (int x = b[2]; x < b[3]; x++) {
      const int weight = rows[y] * columns[x];
      if (weight == 0) continue;
      const int32_t *c = AT(int32_t, counts) + (y * width + x) * n;
      for (int t = 0; t < n; t++) out[t] += weight * c[t];
    }
  return 0;
}

/*
 * The same with a weight for each channel: out[t] = sum over rows [y0, y1), columns [x0, x1) and the set bits of
 * `select` of weights[rows[y] * patterns + columns[x]][channel]. `box` holds y0, y1, x0, x1, width, height, the
 * number of column patterns, words of a sign, signs and steps, then the pattern of each row and each column (below
 * zero: none); `weights` are [pattern][words * 64].
 */
ENTRY(spiking_weigh_channels, uint32_t masks, uint32_t select, uint32_t box, uint32_t weights, uint32_t sums) {
  const int32_t *b = AT(int32_t, box), *rows = b + 10, *columns = rows + b[5];
  const int width = b[4], words = b[7], all = words * b[8], n = b[9];
  const uint64_t *chosen = AT(uint64_t, select);
  int32_t *out = AT(int32_t, sums);
  for (int t = 0; t < n; t++) out[t] = 0;
  for (int y = b[0]; y < b[1]; y++)
    for (int x = b[2]; x < b[3]; x++) {
      if (rows[y] < 0 || columns[x] < 0) continue;
      const int32_t *table = AT(int32_t, weights) + (rows[y] * b[6] + columns[x]) * words * 64;
      const uint64_t *place = AT(uint64_t, masks) + (y * width + x) * n * all;
      for (int t = 0; t < n; t++)
        for (int w = 0; w < all; w++)
          for (uint64_t left = place[t * all + w] & chosen[w]; left != 0; left &= left - 1)
            out[t] += table[(w < words ? w : w - words) * 64 + __builtin_ctzll(left)];
    }
  return 0;
}
