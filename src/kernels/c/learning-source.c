/*
 * Gradients of the source's spikes. With innovations e they obey g_t = keep_{t+1} g_{t+1} + W' e_t, so
 * `learning_source` visits innovations only; where there are many, `learning_source_dense` computes
 * g_t = W' a_t. Behind a pool one gradient serves all pixels of a cell.
 */
#include "learning.h"

/* Where a pooled row of gradients is summed: [column][step][sourceWidth]. */
static float *openRow(const Layer *l, const Link *k, int row) {
  const int floats = k->columns * l->steps * k->sourceWidth, pooled = k->poolY * k->poolX > 1;
  float *at = pooled ? l->row : k->sourceGradient + row * floats;
  if (pooled || k->fresh) memset(at, 0, (size_t)floats * sizeof(float));
  return at;
}

/* Hands a pooled row to the pixels of its cells. */
static void closeRow(const Layer *l, const Link *k, int row) {
  if (k->poolY * k->poolX == 1) return;
  const int floats = l->steps * k->sourceWidth;
  for (int r = row * k->poolY; r < (row + 1) * k->poolY; r++)
    for (int c = 0; c < k->columns * k->poolX; c++) {
      const float *from = l->row + c / k->poolX * floats;
      float *out = k->sourceGradient + (r * k->columns * k->poolX + c) * floats;
      if (k->fresh) memcpy(out, from, (size_t)floats * sizeof(float));
      else for (int j = 0; j < floats; j += LANES) store(out + j, load(out + j) + load(from + j));
    }
}

/* Steps of the list of one target row: its pixels [from, to), and what turns an entry into a row of weights. */
typedef struct { const uint32_t *starts; int from, to, shift; } Piece;

INLINE void sumPiece(const int vectors, const Layer *l, const float *weights, Piece p, float *out, int width) {
  vf sum[BLOCK];
  UNROLL for (int j = 0; j < vectors; j++) sum[j] = splat(0);
  int empty = 1;
  for (int t = l->steps - 1; t >= 0; t--) {
    const uint32_t *at = p.starts + t * (l->columns + 1);
    const uint32_t *entry = l->entries + at[p.from], *end = l->entries + at[p.to];
    const float *value = l->values + at[p.from];
    if (entry == end && empty) continue;
    if (!empty) {
      const vf keep = splat(l->keep[t + 1]);
      UNROLL for (int j = 0; j < vectors; j++) sum[j] *= keep;
    }
    empty = 0;
    for (; entry != end; entry++, value++) {
      const float *row = weights + ((int)*entry + p.shift) * vectors * LANES;
      const vf f = splat(*value);
      UNROLL for (int j = 0; j < vectors; j++) sum[j] += f * load(row + j * LANES);
    }
    float *to = out + t * width;
    UNROLL for (int j = 0; j < vectors; j++) store(to + j * LANES, load(to + j * LANES) + sum[j]);
  }
}

/*
 * A piece holds taps [kx, kx + taps), counted from the last; the pixels that read a column through them are
 * neighbours. Each piece sums over time by itself, so pieces must not depend on the build.
 */
INLINE void sourceRow(const int vectors, const Layer *l, const Link *k, int row, int first, float *out) {
  const float *weights = k->transposed + k->rowsBack * first;
  const int together = k->strideX == 1 && k->dilationX == 1 ? k->kernelX : 1;
  for (int ky = 0; ky < k->kernelY; ky++) {
    const int above = row + k->padY - ky * k->dilationY, y = above / k->strideY;
    if (above < 0 || above % k->strideY || y >= l->height) continue;
    for (int kx = 0; kx < k->kernelX; kx += together) {
      const int taps = least(together, k->kernelX - kx);
      for (int column = 0; column < k->columns; column++) {
        const int left = column + k->padX - (k->kernelX - 1 - kx) * k->dilationX;
        if (left % k->strideX) continue;
        const int x = left / k->strideX, from = most(x, 0), end = least(x + taps, l->columns);
        if (from >= end) continue;
        const Piece p = {l->starts + y * l->steps * (l->columns + 1), from, end, (ky * k->kernelX + kx - x) * l->width};
        sumPiece(vectors, l, weights, p, out + column * l->steps * k->sourceWidth + first, k->sourceWidth);
      }
    }
  }
}

NOINLINE void sourceRow8(const Layer *l, const Link *k, int row, int first, float *out) { sourceRow(8, l, k, row, first, out); }
NOINLINE void sourceRow4(const Layer *l, const Link *k, int row, int first, float *out) { sourceRow(4, l, k, row, first, out); }
NOINLINE void sourceRow2(const Layer *l, const Link *k, int row, int first, float *out) { sourceRow(2, l, k, row, first, out); }
NOINLINE void sourceRow1(const Layer *l, const Link *k, int row, int first, float *out) { sourceRow(1, l, k, row, first, out); }

static void sourceRowGrouped(const Layer *l, const Link *k, int row, float *out) {
  const int inGroup = k->sourceChannels / k->groups, outGroup = l->channels / k->groups;
  float *sum = l->row + k->columns * l->steps * k->sourceWidth;
  for (int column = 0; column < k->columns; column++) {
    memset(sum, 0, (size_t)k->sourceWidth * sizeof(float));
    for (int t = l->steps - 1; t >= 0; t--) {
      if (t < l->steps - 1) for (int c = 0; c < k->sourceWidth; c += LANES) store(sum + c, splat(l->keep[t + 1]) * load(sum + c));
      for (int tap = 0; tap < k->kernelY * k->kernelX; tap++) {
        const int ky = tap / k->kernelX, kx = k->kernelX - 1 - tap % k->kernelX;
        const int above = row + k->padY - ky * k->dilationY, left = column + k->padX - kx * k->dilationX;
        if (above < 0 || left < 0 || above % k->strideY || left % k->strideX) continue;
        const int y = above / k->strideY, x = left / k->strideX;
        if (y >= l->height || x >= l->columns) continue;
        const uint32_t *at = l->starts + (y * l->steps + t) * (l->columns + 1) + x;
        for (uint32_t i = at[0]; i < at[1]; i++) {
          const int channel = (int)l->entries[i] - x * l->width;
          const float *w = k->transposed + (tap * l->width + channel) * inGroup;
          float *to = sum + channel / outGroup * inGroup;
          for (int j = 0; j < inGroup; j++) to[j] += l->values[i] * w[j];
        }
      }
      float *to = out + (column * l->steps + t) * k->sourceWidth;
      for (int c = 0; c < k->sourceWidth; c += LANES) store(to + c, load(to + c) + load(sum + c));
    }
  }
}

ENTRY(learning_source, uint32_t layer, uint32_t link) {
  const Layer l = READ_LAYER(layer);
  const Link k = READ_LINK_OF(l, link);
  for (int row = 0; row < k.height; row++) {
    float *out = openRow(&l, &k, row);
    if (k.groups > 1) sourceRowGrouped(&l, &k, row, out);
    else {
#define SOURCE(V, C) sourceRow##V(&l, &k, row, C, out)
      IN_BLOCKS(k.sourceWidth, SOURCE)
    }
    closeRow(&l, &k, row);
  }
  return 0;
}

/* ---- densely from a */

/* The (pixel, row of weights) of the targets that read a cell. */
static int listTaps(const Layer *l, const Link *k, int row, int column, int32_t *taps) {
  int count = 0;
  for (int tap = 0; tap < k->kernelY * k->kernelX; tap++) {
    const int ky = tap / k->kernelX, kx = k->kernelX - 1 - tap % k->kernelX;
    const int above = row + k->padY - ky * k->dilationY, left = column + k->padX - kx * k->dilationX;
    if (above < 0 || left < 0 || above % k->strideY || left % k->strideX) continue;
    if (above / k->strideY >= l->height || left / k->strideX >= l->columns) continue;
    taps[2 * count] = above / k->strideY * l->columns + left / k->strideX;
    taps[2 * count++ + 1] = tap * l->width;
  }
  return count;
}

/* One tile of the product: up to 4 steps by one or two vectors of source channels. */
INLINE void denseTile(const int vectors, const Layer *l, const float *weights, int blockFloats, int tapCount, int t, float *out, int width) {
  vf sum[4][2];
  int offset[4];
  UNROLL for (int i = 0; i < 4; i++) {
    offset[i] = least(t + i, l->steps - 1) * l->width;
    UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = splat(0);
  }
  for (int p = 0; p < tapCount; p++) {
    const float *a = l->gradients + l->taps[2 * p] * l->steps * l->width;
    const float *w = weights + l->taps[2 * p + 1] * blockFloats;
    for (int o = 0; o < l->channels; o++, w += blockFloats)
      UNROLL for (int i = 0; i < 4; i++) {
        const vf f = splat(a[offset[i] + o]);
        UNROLL for (int j = 0; j < vectors; j++) sum[i][j] += f * load(w + j * LANES);
      }
  }
  UNROLL for (int i = 0; i < 4; i++) {
    if (t + i >= l->steps) break;
    float *to = out + (t + i) * width;
    UNROLL for (int j = 0; j < vectors; j++) store(to + j * LANES, load(to + j * LANES) + sum[i][j]);
  }
}

/* The same as learning_source, for wide support, without groups. */
ENTRY(learning_source_dense, uint32_t layer, uint32_t link) {
  const Layer l = READ_LAYER(layer);
  const Link k = READ_LINK_OF(l, link);
  for (int row = 0; row < k.height; row++) {
    float *out = openRow(&l, &k, row);
    for (int column = 0; column < k.columns; column++) {
      const int tapCount = listTaps(&l, &k, row, column, l.taps);
      for (int first = 0, floats; first < k.sourceWidth; first += floats) {
        floats = blockWidth(k.sourceWidth, first);
        for (int c = 0; c < floats; c += 2 * LANES)
          for (int t = 0; t < l.steps; t += 4) {
            const float *weights = k.transposed + k.rowsBack * first + c;
            float *to = out + column * l.steps * k.sourceWidth + first + c;
            if (c + 2 * LANES <= floats) denseTile(2, &l, weights, floats, tapCount, t, to, k.sourceWidth);
            else denseTile(1, &l, weights, floats, tapCount, t, to, k.sourceWidth);
          }
      }
    }
    closeRow(&l, &k, row);
  }
  return 0;
}
