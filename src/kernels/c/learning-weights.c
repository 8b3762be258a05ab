/*
 * Gradients of the weights of spikes: dW = sum over t of a_t x_t'. `learning_weights` adds a_t to the rows
 * of the spikes x_t, or subtracts it where x_t is -1. `learning_weights_traced` sums the same over innovations, as e_t y_t' with the spikes'
 * trace y_t = keep_t y_{t-1} + x_t: cheaper where innovations are rarer than spikes, above all behind a pool.
 */
#include "learning.h"

/* ---- over spikes */

INLINE void scatterRows(const int vectors, const int sign, float *slopes, int shift, const uint32_t *event, const uint32_t *end, const float *a) {
  vf add[BLOCK];
  vi any = {0};
  UNROLL for (int j = 0; j < vectors; j++) {
    add[j] = load(a + j * LANES);
    any |= (vi)(add[j] != splat(0));
  }
  if (bitsOf(any) == 0) return;
  for (; event != end; event++) {
    float *out = slopes + ((int)*event + shift) * vectors * LANES;
    UNROLL for (int j = 0; j < vectors; j++) store(out + j * LANES, sign ? load(out + j * LANES) - add[j] : load(out + j * LANES) + add[j]);
  }
}

INLINE void scatterRow(const int vectors, const int sign, const Layer *l, const Link *k, int y, int first) {
  float *slopes = k->slopes + k->rows * first;
  const uint32_t *lists = startsOf(l, k, sign);
  const int together = tapsTogether(k, k->sourceWidth, vectors * LANES), stride = k->columns + 1;
  for (int ky = 0; ky < k->kernelY; ky++) {
    const int row = y * k->strideY + ky * k->dilationY - k->padY;
    if (row < 0 || row >= k->height) continue;
    for (int kx = 0; kx < k->kernelX; kx += together) {
      const int taps = least(together, k->kernelX - kx);
      for (int x = 0; x < l->columns; x++) {
        const int column = x * k->strideX + kx * k->dilationX - k->padX;
        const int from = most(column, 0), to = least(column + taps, k->columns);
        if (from >= to) continue;
        const int shift = (ky * k->kernelX + kx - column) * k->sourceWidth;
        const uint32_t *starts = lists + row * l->steps * stride;
        const float *a = l->gradients + (y * l->columns + x) * l->steps * l->width + first;
        for (int t = 0; t < l->steps; t++, starts += stride, a += l->width)
          if (starts[from] != starts[to]) scatterRows(vectors, sign, slopes, shift, k->events + starts[from], k->events + starts[to], a);
      }
    }
  }
}

#define SCATTER_ROW(V) \
  NOINLINE void scatterRow##V(const Layer *l, const Link *k, int y, int first) { scatterRow(V, 0, l, k, y, first); } \
  NOINLINE void scatterBackRow##V(const Layer *l, const Link *k, int y, int first) { scatterRow(V, 1, l, k, y, first); }
SCATTER_ROW(8)
SCATTER_ROW(4)
SCATTER_ROW(2)
SCATTER_ROW(1)

static void scatterGrouped(const Layer *l, const Link *k, int y, int sign) {
  const uint32_t *lists = startsOf(l, k, sign);
  const float factor = sign ? -1.0f : 1.0f;
  const int inGroup = k->sourceChannels / k->groups, outGroup = l->channels / k->groups;
  for (int x = 0; x < l->columns; x++)
    for (int tap = 0; tap < k->kernelY * k->kernelX; tap++) {
      const int row = y * k->strideY + tap / k->kernelX * k->dilationY - k->padY, column = x * k->strideX + tap % k->kernelX * k->dilationX - k->padX;
      if (row < 0 || column < 0 || row >= k->height || column >= k->columns) continue;
      for (int t = 0; t < l->steps; t++) {
        const uint32_t *at = lists + (row * l->steps + t) * (k->columns + 1) + column;
        const float *a = l->gradients + ((y * l->columns + x) * l->steps + t) * l->width;
        for (uint32_t i = at[0]; i < at[1]; i++) {
          const int channel = (int)k->events[i] - column * k->sourceWidth;
          float *out = k->slopes + (tap * k->sourceWidth + channel) * outGroup;
          for (int j = 0; j < outGroup; j++) out[j] += factor * a[channel / inGroup * outGroup + j];
        }
      }
    }
}

ENTRY(learning_weights, uint32_t layer, uint32_t link) {
  const Layer l = READ_LAYER(layer);
  const Link k = READ_LINK_OF(l, link);
  for (int y = 0; y < l.height; y++) {
    const int isSigned = k.signs == 2;
    if (k.groups > 1) {
      scatterGrouped(&l, &k, y, 0);
      if (isSigned) scatterGrouped(&l, &k, y, 1);
      continue;
    }
#define SCATTER(V, C) scatterRow##V(&l, &k, y, C); if (isSigned) scatterBackRow##V(&l, &k, y, C)
    IN_BLOCKS(l.width, SCATTER)
  }
  return 0;
}

/* ---- over innovations */

/* The innovations of one row of pixels, channel by channel: where an entry's window begins in the row of traces, and its value. */
typedef struct { uint32_t *starts, *places; float *values; } Bucket;

static Bucket bucketOf(const Layer *l, int slot) {
  const int places = l->steps * l->columns * l->width;
  uint32_t *at = l->ring + slot * (l->width + 2 + 2 * places);
  return (Bucket){at, at + l->width + 2, (float *)(at + l->width + 2 + places)};
}

static void fillBucket(const Layer *l, const Link *k, int y, int traceFloats, Bucket b) {
  memset(b.starts, 0, (size_t)(l->width + 2) * sizeof(uint32_t));
  const uint32_t *starts = l->starts + y * l->steps * (l->columns + 1);
  for (int t = 0; t < l->steps; t++)
    for (int x = 0; x < l->columns; x++)
      for (uint32_t i = starts[t * (l->columns + 1) + x]; i < starts[t * (l->columns + 1) + x + 1]; i++)
        b.starts[(int)l->entries[i] - x * l->width + 2]++;
  for (int o = 0; o < l->width; o++) b.starts[o + 2] += b.starts[o + 1];
  for (int t = 0; t < l->steps; t++)
    for (int x = 0; x < l->columns; x++) {
      const uint32_t place = (uint32_t)(t * traceFloats + x * k->strideX * k->sourceWidth);
      for (uint32_t i = starts[t * (l->columns + 1) + x]; i < starts[t * (l->columns + 1) + x + 1]; i++) {
        const uint32_t n = b.starts[(int)l->entries[i] - x * l->width + 1]++;
        b.places[n] = place;
        b.values[n] = l->values[i];
      }
    }
}

/* The traces of one row of cells, [step][padX, cells, padding after][sourceWidth]. */
static void traceRow(const Layer *l, const Link *k, int row, int traceFloats) {
  const int stride = k->columns + 1;
  memset(l->row, 0, (size_t)traceFloats * sizeof(float));
  for (int t = 0; t < l->steps; t++) {
    float *y = l->row + t * traceFloats;
    if (t > 0) for (int j = 0; j < traceFloats; j += LANES) store(y + j, splat(l->keep[t]) * load(y + j - traceFloats));
    float *cells = y + k->padX * k->sourceWidth;
    for (int sign = 0; sign < k->signs; sign++) {
      const uint32_t *at = startsOf(l, k, sign) + (row * l->steps + t) * stride;
      const float spike = sign ? -1.0f : 1.0f;
      for (uint32_t i = at[0]; i < at[k->columns]; i++) cells[k->events[i]] += spike;
    }
  }
}

INLINE void addTraces(const int vectors, const float *traces, const uint32_t *place, const float *value, int count, float *out) {
  vf sum[BLOCK];
  UNROLL for (int j = 0; j < vectors; j++) sum[j] = load(out + j * LANES);
  for (int i = 0; i < count; i++) {
    const float *y = traces + place[i];
    const vf f = splat(value[i]);
    UNROLL for (int j = 0; j < vectors; j++) sum[j] += f * load(y + j * LANES);
  }
  UNROLL for (int j = 0; j < vectors; j++) store(out + j * LANES, sum[j]);
}

/* Every channel's innovations times the window of traces that they read; `floats` is the window's length. */
static void addWindows(const Layer *l, Bucket b, const float *traces, float *slopes, int floats) {
  for (int o = 0; o < l->channels; o++, slopes += floats) {
    const int count = (int)(b.starts[o + 1] - b.starts[o]);
    const uint32_t *place = b.places + b.starts[o];
    const float *value = b.values + b.starts[o];
    if (count == 0) continue;
#define TRACES(V, C) addTraces(V, traces + (C), place, value, count, slopes + (C))
    IN_BLOCKS(floats, TRACES)
  }
}

/* Rows of targets that read one row of cells lie at most this many apart, plus one. */
INLINE int ringSlots(const Link *k) { return (k->kernelY - 1) * k->dilationY / k->strideY + 1; }

/* Not for groups. */
ENTRY(learning_weights_traced, uint32_t layer, uint32_t link) {
  const Layer l = READ_LAYER(layer);
  const Link k = READ_LINK_OF(l, link);
  const int after = most(0, (l.columns - 1) * k.strideX + (k.kernelX - 1) * k.dilationX - k.padX - (k.columns - 1));
  const int traceFloats = (k.padX + k.columns + after) * k.sourceWidth, together = k.dilationX == 1 ? k.kernelX : 1;
  const int slots = ringSlots(&k);
  for (int s = 0; s < slots; s++) l.taps[s] = -1;
  for (int row = 0; row < k.height; row++) {
    traceRow(&l, &k, row, traceFloats);
    for (int ky = 0; ky < k.kernelY; ky++) {
      const int above = row + k.padY - ky * k.dilationY, y = above / k.strideY;
      if (above < 0 || above % k.strideY || y >= l.height) continue;
      const Bucket b = bucketOf(&l, y % slots);
      if (l.taps[y % slots] != y) fillBucket(&l, &k, y, traceFloats, b);
      l.taps[y % slots] = y;
      for (int kx = 0; kx < k.kernelX; kx += together) {
        float *slopes = k.slopesBack + (ky * k.kernelX + kx) * l.channels * k.sourceWidth;
        addWindows(&l, b, l.row + kx * k.dilationX * k.sourceWidth, slopes, together * k.sourceWidth);
      }
    }
  }
  return 0;
}
