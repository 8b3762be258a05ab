/*
 * The forward pass: `learning_forward` lists the spikes of the sources, adds the weight rows of arriving
 * spikes to the constant current (or subtracts those of spikes of -1), and then lets the neurons of a row of pixels run through all steps. It
 * keeps u, the potential before each reset, and the spikes.
 */
#include "learning.h"

/* The spikes of a pooled map, as learning.h describes; the pixels of a cell stand in one list. */
static void listSpikes(const Layer *l, const Link *k) {
  uint32_t n = 0, *starts = k->starts, *events = k->events;
  for (int sign = 0; sign < k->signs; sign++)
    for (int row = 0; row < k->height; row++)
      for (int t = 0; t < l->steps; t++) {
        for (int column = 0; column < k->columns; column++) {
          *starts++ = n;
          for (int r = row * k->poolY; r < (row + 1) * k->poolY; r++)
            for (int c = column * k->poolX; c < (column + 1) * k->poolX; c++) {
              const uint64_t *spikes = k->spikes + (((r * k->columns * k->poolX + c) * l->steps + t) * k->signs + sign) * k->words;
              for (int w = 0; w < k->words; w++)
                for (uint64_t mask = spikes[w]; mask != 0; mask &= mask - 1)
                  events[n++] = (uint32_t)(column * k->sourceWidth + 64 * w + __builtin_ctzll(mask));
            }
        }
        *starts++ = n;
      }
}

/* Adds to one block of currents the rows of the listed spikes, or subtracts them. */
INLINE void addRows(const int vectors, const int sign, const float *weights, int shift, const uint32_t *event, const uint32_t *end, float *out) {
  vf sum[BLOCK];
  UNROLL for (int j = 0; j < vectors; j++) sum[j] = load(out + j * LANES);
  do {
    const float *row = weights + ((int)*event + shift) * vectors * LANES;
    UNROLL for (int j = 0; j < vectors; j++) sum[j] = sign ? sum[j] - load(row + j * LANES) : sum[j] + load(row + j * LANES);
  } while (++event != end);
  UNROLL for (int j = 0; j < vectors; j++) store(out + j * LANES, sum[j]);
}

/* The currents of one row of pixels, in the block of channels that begins at `first`. */
INLINE void gatherRow(const int vectors, const int sign, const Layer *l, const Link *k, int y, int first) {
  const float *weights = k->weights + k->rows * first;
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
        float *out = l->potentials + (y * l->columns + x) * l->steps * l->width + first;
        for (int t = 0; t < l->steps; t++, starts += stride, out += l->width)
          if (starts[from] != starts[to]) addRows(vectors, sign, weights, shift, k->events + starts[from], k->events + starts[to], out);
      }
    }
  }
}

#define GATHER_ROW(V) \
  NOINLINE void gatherRow##V(const Layer *l, const Link *k, int y, int first) { gatherRow(V, 0, l, k, y, first); } \
  NOINLINE void subtractRow##V(const Layer *l, const Link *k, int y, int first) { gatherRow(V, 1, l, k, y, first); }
GATHER_ROW(8)
GATHER_ROW(4)
GATHER_ROW(2)
GATHER_ROW(1)

static void gatherGrouped(const Layer *l, const Link *k, int y, int sign) {
  const uint32_t *lists = startsOf(l, k, sign);
  const float factor = sign ? -1.0f : 1.0f;
  const int inGroup = k->sourceChannels / k->groups, outGroup = l->channels / k->groups;
  for (int x = 0; x < l->columns; x++)
    for (int ky = 0; ky < k->kernelY; ky++)
      for (int kx = 0; kx < k->kernelX; kx++) {
        const int row = y * k->strideY + ky * k->dilationY - k->padY, column = x * k->strideX + kx * k->dilationX - k->padX;
        if (row < 0 || column < 0 || row >= k->height || column >= k->columns) continue;
        for (int t = 0; t < l->steps; t++) {
          const uint32_t *at = lists + (row * l->steps + t) * (k->columns + 1) + column;
          float *current = l->potentials + ((y * l->columns + x) * l->steps + t) * l->width;
          for (uint32_t i = at[0]; i < at[1]; i++) {
            const int channel = (int)k->events[i] - column * k->sourceWidth;
            const float *w = k->weights + ((ky * k->kernelX + kx) * k->sourceWidth + channel) * outGroup;
            float *out = current + channel / inGroup * outGroup;
            for (int j = 0; j < outGroup; j++) out[j] += factor * w[j];
          }
        }
      }
}

/* From currents to potentials and spikes, all steps of one pixel. */
static void runNeurons(const Layer *l, int pixel) {
  float *v = l->row;
  const int isSigned = l->reset == 3;
  for (int c = 0; c < l->width; c += LANES) store(v + c, splat(l->initial) * load(l->thresholds + c));
  if (isSigned) memset(l->sent, 0, (size_t)l->width * sizeof(float));
  for (int t = 0; t < l->steps; t++) {
    const int place = pixel * l->steps + t;
    float *u = l->potentials + place * l->width;
    for (int w = 0; w < l->words; w++) {
      uint64_t mask = 0, taken = 0;
      for (int c = 64 * w; c < least(64 * (w + 1), l->width); c += LANES) {
        const vf now = load(u + c) + splat(l->leak) * load(v + c), theta = load(l->thresholds + c);
        const vi fired = l->reset ? (vi)(now > theta) : (vi){0};
        store(u + c, now);
        mask |= (uint64_t)bitsOf(fired) << (c % 64);
        if (isSigned) {
          const vf sent = load(l->sent + c);
          const vi back = takenBack(l, now, theta, sent);
          store(l->sent + c, sent + choose(fired, splat(1)) - choose(back, splat(1)));
          store(v + c, now - choose(fired, theta) + choose(back, theta));
          taken |= (uint64_t)bitsOf(back) << (c % 64);
        } else if (l->reset == 2) store(v + c, choose(~fired, now));
        else store(v + c, now - choose(fired, theta));
      }
      uint64_t *spikes = l->spikes + place * l->words * (isSigned ? 2 : 1) + w;
      spikes[0] = mask;
      if (isSigned) spikes[l->words] = taken;
    }
  }
}

/* One population, all steps. The links keep the lists for the backward pass. */
ENTRY(learning_forward, uint32_t layer) {
  const Layer l = READ_LAYER(layer);
  Link links[64];
  for (int i = 0; i < l.linkCount; i++) {
    links[i] = READ_LINK_OF(l, i);
    listSpikes(&l, links + i);
  }
  for (int y = 0; y < l.height; y++) {
    const int pixels = y * l.columns;
    for (int p = pixels; p < pixels + l.columns; p++)
      for (int t = 0; t < l.steps; t++)
        for (int c = 0; c < l.width; c += LANES) store(l.potentials + (p * l.steps + t) * l.width + c, load(l.drive + p * l.driveStride + c));
    for (int i = 0; i < l.linkCount; i++) {
      const int isSigned = links[i].signs == 2;
      if (links[i].groups > 1) {
        gatherGrouped(&l, links + i, y, 0);
        if (isSigned) gatherGrouped(&l, links + i, y, 1);
      } else {
#define GATHER(V, C) gatherRow##V(&l, links + i, y, C); if (isSigned) subtractRow##V(&l, links + i, y, C)
        IN_BLOCKS(l.width, GATHER)
      }
    }
    for (int p = pixels; p < pixels + l.columns; p++) runNeurons(&l, p);
  }
  return 0;
}
