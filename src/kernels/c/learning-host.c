/*
 * The host's layers, whose image is constant in time, so that they cost one step and not T; and weights
 * and their gradients between the order in which a network holds them and that of the kernels.
 */
#include "learning.h"

/* Whether any channel of the image has something at this place: black borders cost nothing. */
INLINE int lit(const Link *k, const float *image, int plane, int at) {
  for (int channel = 0; channel < k->sourceChannels; channel++) if (image[channel * plane + at] != 0) return 1;
  return 0;
}

/* The taps of one pixel that read something: (pixel of the image, row of weights), with every pixel of a pooled cell. */
static int listTaps(const Layer *l, const Link *k, int pixel, const float *image, int plane, int32_t *taps) {
  int count = 0, tap = 0;
  const int top = pixel / l->columns * k->strideY - k->padY, left = pixel % l->columns * k->strideX - k->padX;
  for (int ky = 0, row = top; ky < k->kernelY; ky++, row += k->dilationY)
    for (int kx = 0, column = left; kx < k->kernelX; kx++, column += k->dilationX, tap++) {
      if (row < 0 || column < 0 || row >= k->height || column >= k->columns) continue;
      for (int r = row * k->poolY; r < (row + 1) * k->poolY; r++)
        for (int c = column * k->poolX; c < (column + 1) * k->poolX; c++) {
          const int at = r * k->columns * k->poolX + c;
          if (!lit(k, image, plane, at)) continue;
          taps[2 * count] = at;
          taps[2 * count + 1] = tap * k->sourceChannels;
          count++;
        }
    }
  return count;
}

INLINE void addImage(const int vectors, const Link *k, const float *image, int plane, const int32_t *taps, int tapCount, int first, float *out) {
  const float *weights = k->weights + k->rows * first;
  vf sum[BLOCK];
  UNROLL for (int j = 0; j < vectors; j++) sum[j] = load(out + first + j * LANES);
  for (int i = 0; i < tapCount; i++)
    for (int channel = 0; channel < k->sourceChannels; channel++) {
      const vf x = splat(image[channel * plane + taps[2 * i]]);
      const float *w = weights + (taps[2 * i + 1] + channel) * vectors * LANES;
      UNROLL for (int j = 0; j < vectors; j++) sum[j] += x * load(w + j * LANES);
    }
  UNROLL for (int j = 0; j < vectors; j++) store(out + first + j * LANES, sum[j]);
}

static void addImageGrouped(const Layer *l, const Link *k, const float *image, int plane, int tapCount, float *out) {
  const int inGroup = k->sourceChannels / k->groups, outGroup = l->channels / k->groups;
  for (int i = 0; i < tapCount; i++)
    for (int channel = 0; channel < k->sourceChannels; channel++) {
      const float x = image[channel * plane + l->taps[2 * i]], *w = k->weights + (l->taps[2 * i + 1] + channel) * outGroup;
      for (int j = 0; j < outGroup; j++) out[channel / inGroup * outGroup + j] += x * w[j];
    }
}

/* Sets the constant current to the bias, plus `add` [channel][pixel] unless that is null. */
ENTRY(learning_drive, uint32_t layer, uint32_t addAt) {
  const Layer l = READ_LAYER(layer);
  const float *add = AT(float, addAt);
  const int pixels = l.height * l.columns;
  for (int p = 0; p < pixels; p++) {
    float *out = l.drive + p * l.width;
    for (int c = 0; c < l.width; c++) out[c] = l.bias[c] + (addAt && c < l.channels ? add[c * pixels + p] : 0);
  }
  return 0;
}

/* Adds the layer's current to its drive; image is [channel][row][column]. */
ENTRY(learning_host, uint32_t layer, uint32_t link, uint32_t imageAt) {
  const Layer l = READ_LAYER(layer);
  const Link k = READ_LINK_OF(l, link);
  const float *image = AT(float, imageAt);
  const int plane = k.height * k.poolY * k.columns * k.poolX;
  for (int pixel = 0; pixel < l.height * l.columns; pixel++) {
    float *out = l.drive + pixel * l.width;
    const int tapCount = listTaps(&l, &k, pixel, image, plane, l.taps);
    if (k.groups > 1) { addImageGrouped(&l, &k, image, plane, tapCount, out); continue; }
#define IMAGE(V, C) addImage(V, &k, image, plane, l.taps, tapCount, C, out)
    IN_BLOCKS(l.width, IMAGE)
  }
  return 0;
}

INLINE void addSums(const int vectors, const Link *k, const float *image, int plane, const int32_t *taps, int tapCount, int first, const float *sums) {
  float *slopes = k->slopes + k->rows * first;
  vf a[BLOCK];
  UNROLL for (int j = 0; j < vectors; j++) a[j] = load(sums + first + j * LANES);
  for (int i = 0; i < tapCount; i++)
    for (int channel = 0; channel < k->sourceChannels; channel++) {
      const vf x = splat(image[channel * plane + taps[2 * i]]);
      float *out = slopes + (taps[2 * i + 1] + channel) * vectors * LANES;
      UNROLL for (int j = 0; j < vectors; j++) store(out + j * LANES, load(out + j * LANES) + x * a[j]);
    }
}

static void addSumsGrouped(const Layer *l, const Link *k, const float *image, int plane, int tapCount, const float *a) {
  const int inGroup = k->sourceChannels / k->groups, outGroup = l->channels / k->groups;
  for (int i = 0; i < tapCount; i++)
    for (int channel = 0; channel < k->sourceChannels; channel++) {
      const float x = image[channel * plane + l->taps[2 * i]];
      float *out = k->slopes + (l->taps[2 * i + 1] + channel) * outGroup;
      for (int j = 0; j < outGroup; j++) out[j] += x * a[channel / inGroup * outGroup + j];
    }
}

/* Adds (sum of a over time) x' to the layer's gradient. */
ENTRY(learning_host_weights, uint32_t layer, uint32_t link, uint32_t imageAt) {
  const Layer l = READ_LAYER(layer);
  const Link k = READ_LINK_OF(l, link);
  const float *image = AT(float, imageAt);
  const int plane = k.height * k.poolY * k.columns * k.poolX;
  for (int pixel = 0; pixel < l.height * l.columns; pixel++) {
    const float *a = l.sums + pixel * l.width;
    const int tapCount = listTaps(&l, &k, pixel, image, plane, l.taps);
    if (k.groups > 1) { addSumsGrouped(&l, &k, image, plane, tapCount, a); continue; }
#define SUMS(V, C) addSums(V, &k, image, plane, l.taps, tapCount, C, a)
    IN_BLOCKS(l.width, SUMS)
  }
  return 0;
}

/* ---- weights between their order in a network and the kernels' */

/* Place of (row, column) in weights, slopes or transposed, in blocks of columns. */
INLINE int placeOf(int rows, int width, int row, int column) {
  int first = 0, floats = blockWidth(width, 0);
  while (column >= first + floats) { first += floats; floats = blockWidth(width, first); }
  return rows * first + row * floats + column - first;
}

static void packGrouped(const Link *k, const float *flat, int channels, int width) {
  const int taps = k->kernelY * k->kernelX, inGroup = k->sourceChannels / k->groups, outGroup = channels / k->groups;
  for (int o = 0; o < channels; o++)
    for (int i = 0; i < inGroup; i++)
      for (int tap = 0; tap < taps; tap++) {
        const float w = *flat++;
        const int last = tap / k->kernelX * k->kernelX + k->kernelX - 1 - tap % k->kernelX;
        k->weights[(tap * k->sourceWidth + o / outGroup * inGroup + i) * outGroup + o % outGroup] = w;
        if (k->transposed) k->transposed[(last * width + o) * inGroup + i] = w;
      }
}

/* flat [target][source of the group][tap] into weights and, unless null, transposed; a cache line of targets at a time. */
ENTRY(learning_pack, uint32_t link, uint32_t flatAt, uint32_t channels, uint32_t width) {
  const Link k = READ_LINK(link);
  const float *flat = AT(float, flatAt);
  const int taps = k.kernelY * k.kernelX;
  if (k.groups > 1) { packGrouped(&k, flat, (int)channels, (int)width); return 0; }
  for (int o0 = 0, count; o0 < (int)channels; o0 += count) {
    count = least(least(16, (int)channels - o0), blockWidth((int)width, o0 / LANES * LANES));
    const int at = placeOf(k.rows, (int)width, 0, o0), floats = placeOf(k.rows, (int)width, 1, o0) - at;
    for (int i = 0; i < k.sourceChannels; i++) {
      const int back = k.transposed ? placeOf(k.rowsBack, k.sourceWidth, o0, i) : 0, backFloats = k.transposed ? placeOf(k.rowsBack, k.sourceWidth, o0 + 1, i) - back : 0;
      for (int tap = 0; tap < taps; tap++) {
        const float *from = flat + (o0 * k.sourceChannels + i) * taps + tap;
        float *out = k.weights + at + (tap * k.sourceWidth + i) * floats;
        for (int o = 0; o < count; o++) out[o] = from[o * k.sourceChannels * taps];
        if (!k.transposed) continue;
        const int last = tap / k.kernelX * k.kernelX + k.kernelX - 1 - tap % k.kernelX;
        float *outBack = k.transposed + back + last * (int)width * backFloats;
        for (int o = 0; o < count; o++) outBack[o * backFloats] = out[o];
      }
    }
  }
  return 0;
}

/* `slopes` alone, of a filter without groups: a cache line of targets at a time. */
static void unpackSlopes(const Link *k, float *flat, int channels, int width) {
  const int taps = k->kernelY * k->kernelX, perTarget = k->sourceChannels * taps;
  for (int o0 = 0, count; o0 < channels; o0 += count) {
    count = least(least(16, channels - o0), blockWidth(width, o0 / LANES * LANES));
    const int at = placeOf(k->rows, width, 0, o0), floats = placeOf(k->rows, width, 1, o0) - at;
    for (int i = 0; i < k->sourceChannels; i++)
      for (int tap = 0; tap < taps; tap++) {
        const float *from = k->slopes + at + (tap * k->sourceWidth + i) * floats;
        float *out = flat + o0 * perTarget + i * taps + tap;
        for (int o = 0; o < count; o++) out[o * perTarget] = from[o];
      }
  }
}

/* `slopesBack` alone: what a piece holds of a target stands together. */
static void unpackBack(const Link *k, float *flat, int channels) {
  const int taps = k->kernelY * k->kernelX, together = k->dilationX == 1 ? k->kernelX : 1;
  for (int o = 0; o < channels; o++, flat += k->sourceChannels * taps)
    for (int tap = 0; tap < taps; tap++) {
      const int ky = tap / k->kernelX, kx = tap % k->kernelX, first = kx / together * together;
      const float *from = k->slopesBack + ((ky * k->kernelX + first) * channels + o * together + kx - first) * k->sourceWidth;
      for (int i = 0; i < k->sourceChannels; i++) flat[i * taps + tap] = from[i];
    }
}

/* The gradient in the network's order, of `slopes` (from 1), `slopesBack` (from 2) or both (from 3). */
ENTRY(learning_unpack, uint32_t link, uint32_t flatAt, uint32_t channels, uint32_t width, uint32_t from) {
  const Link k = READ_LINK(link);
  float *flat = AT(float, flatAt);
  const int inGroup = k.sourceChannels / k.groups, outGroup = (int)channels / k.groups, grouped = k.groups > 1;
  const int together = k.dilationX == 1 ? k.kernelX : 1;
  if (from == 2) { unpackBack(&k, flat, (int)channels); return 0; }
  if (from == 1 && !grouped) { unpackSlopes(&k, flat, (int)channels, (int)width); return 0; }
  for (int o = 0; o < (int)channels; o++)
    for (int i = 0; i < inGroup; i++) {
      const int ci = o / outGroup * inGroup + i;
      const int at = !(from & 1) ? 0 : grouped ? ci * outGroup + o % outGroup : placeOf(k.rows, (int)width, ci, o);
      const int floats = !(from & 1) ? 0 : grouped ? outGroup : placeOf(k.rows, (int)width, ci + 1, o) - at;
      for (int ky = 0; ky < k.kernelY; ky++)
        for (int kx = 0; kx < k.kernelX; kx++) {
          float g = 0;
          if (from & 1) g = k.slopes[at + (ky * k.kernelX + kx) * k.sourceWidth * floats];
          if (from & 2) {
            const int first = kx / together * together;
            g += k.slopesBack[((ky * k.kernelX + first) * (int)channels + o * together) * k.sourceWidth + (kx - first) * k.sourceWidth + ci];
          }
          *flat++ = g;
        }
    }
  return 0;
}
