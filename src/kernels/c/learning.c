/*
 * Learning through time on spikes, one image at a time. Spikes are bit masks [pixel][step][word of 64
 * channels], as in spiking.c; potentials, spike gradients and their like are floats
 * [pixel][step][width], width = channels rounded up to 4. `learning_forward` adds the weight rows of
 * arriving spikes and keeps u, the potential before each reset. `learning_delta` walks time backward
 * and splits a = dL/du into innovations e_t = a_t - leak a_{t+1}, which are zero outside the
 * surrogate's support (and, for hard reset, outside the spikes). Weight gradients visit spikes only;
 * gradients of the source's spikes visit innovations only, since they obey
 * g_t = leak g_{t+1} + W' e_t. Where the support is wide, g_t = W' a_t is computed densely.
 */
#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))

typedef float v4 __attribute__((vector_size(16), aligned(4)));
typedef int32_t i32x4 __attribute__((vector_size(16), aligned(4)));
typedef uint32_t u32x4 __attribute__((vector_size(16), aligned(4)));
typedef uint16_t u16x4 __attribute__((vector_size(8), aligned(2)));

enum { BLOCK = 8 }; /* vectors held in registers */

typedef struct { int32_t pixel, row; } Tap;

typedef struct {
  /* the source's spikes, from spiking_expand */
  const uint32_t *starts;
  const uint16_t *events;
  const float *weights;     /* [tap][source channel][rowWidth], then a row of zeros */
  const float *transposed;  /* [tap][target channel][backWidth], then a row of zeros */
  float *slopes;            /* as weights: summed gradient, and a row that takes what padding adds */
  float *slopesBack;        /* as transposed: what learning_weights_traced sums */
  float *sourceGradient;    /* [source pixel][step][sourceWidth], added to */
  int32_t sourceHeight, sourceWidthPixels, sourceChannels, sourceWidth;
  int32_t kernelY, kernelX, strideY, strideX, dilationY, dilationX, padY, padX, poolY, poolX;
  int32_t groups, rowWidth, backWidth;
} Link;

typedef struct {
  const Link *links;
  int32_t linkCount, steps, height, widthPixels, channels, width, words;
  int32_t reset;            /* 0 none (integrator), 1 soft, 2 hard */
  int32_t surrogate;        /* 0 boxcar, 1 triangle, 2 arctangent */
  int32_t carry;            /* 1: the gradient flows from step to step */
  int32_t driveStride;      /* floats from pixel to pixel; 0: the same for all */
  float leak, surrogateWidth, initial, price; /* price: what one spike adds to the loss */
  const float *thresholds, *inverse; /* [width]; inverse is 0 in padding */
  const float *drive;       /* constant current */
  float *potentials;        /* u, [pixel][step][width] */
  float *gradients;         /* in: dL/ds; out: a = dL/du */
  uint64_t *spikes;
  /* innovations of each pixel and step: first entry, count, channels, values */
  uint32_t *first, *count;
  uint16_t *channel;
  float *value;
  float *thresholdSlopes, *leakSlopes, *sums; /* [width], [width], sum of a over time [pixel][width] */
  /* scratch */
  Tap *taps;
  uint32_t *rows;
  float *factors, *accumulator;
} Layer;

INLINE v4 splat(float x) { return (v4)wasm_f32x4_splat(x); }
INLINE v4 choose(i32x4 mask, v4 a) { return (v4)((i32x4)a & mask); }

/* ---- lists of arriving spikes */

/* The source pixels that target pixel (y, x) reads: floor(source / pool) = target * stride + tap * dilation - pad. */
static int findTaps(const Link *l, int y, int x, Tap *taps) {
  int count = 0;
  for (int ky = 0; ky < l->kernelY; ky++)
    for (int kx = 0; kx < l->kernelX; kx++) {
      int row = (y * l->strideY + ky * l->dilationY - l->padY) * l->poolY;
      int column = (x * l->strideX + kx * l->dilationX - l->padX) * l->poolX;
      if (row < 0 || column < 0 || row >= l->sourceHeight || column >= l->sourceWidthPixels) continue;
      for (int r = row; r < row + l->poolY; r++)
        for (int c = column; c < column + l->poolX; c++)
          taps[count++] = (Tap){r * l->sourceWidthPixels + c, (ky * l->kernelX + kx) * l->sourceChannels};
    }
  return count;
}

/* Weight rows that the spikes of step t read; an odd list ends with the row of zeros. */
static uint32_t listRows(const Link *l, const Tap *taps, int tapCount, int steps, int t, uint32_t *rows) {
  uint32_t n = 0;
  for (int i = 0; i < tapCount; i++) {
    const uint32_t *at = l->starts + taps[i].pixel * steps + t;
    const uint16_t *e = l->events + at[0];
    uint32_t length = at[1] - at[0];
    u32x4 row = (u32x4)wasm_i32x4_splat(taps[i].row);
    for (uint32_t k = 0; k < length; k += 4) *(u32x4 *)(rows + n + k) = row + __builtin_convertvector(*(const u16x4 *)(e + k), u32x4);
    n += length;
  }
  if (n & 1) rows[n++] = (uint32_t)(l->kernelY * l->kernelX * l->sourceChannels);
  return n;
}

/* ---- sums of rows in registers */

INLINE void addRows(const int vectors, const float *weights, uint32_t stride, const uint32_t *rows, uint32_t count, float *out) {
  v4 sum[BLOCK];
#pragma unroll
  for (int j = 0; j < vectors; j++) sum[j] = ((v4 *)out)[j];
  for (const uint32_t *r = rows, *end = rows + count; r != end; r += 2) {
    const v4 *a = (const v4 *)(weights + r[0] * stride), *b = (const v4 *)(weights + r[1] * stride);
#pragma unroll
    for (int j = 0; j < vectors; j++) sum[j] += a[j];
#pragma unroll
    for (int j = 0; j < vectors; j++) sum[j] += b[j];
  }
#pragma unroll
  for (int j = 0; j < vectors; j++) ((v4 *)out)[j] = sum[j];
}

INLINE void addScaledRows(const int vectors, const float *weights, uint32_t stride, const uint32_t *rows, const float *factors, uint32_t count, float *out) {
  v4 sum[BLOCK];
#pragma unroll
  for (int j = 0; j < vectors; j++) sum[j] = ((v4 *)out)[j];
  for (uint32_t k = 0; k < count; k++) {
    const v4 *a = (const v4 *)(weights + rows[k] * stride);
    v4 f = splat(factors[k]);
#pragma unroll
    for (int j = 0; j < vectors; j++) sum[j] += f * a[j];
  }
#pragma unroll
  for (int j = 0; j < vectors; j++) ((v4 *)out)[j] = sum[j];
}

/* Adds one row of a to every listed row of the gradient. */
INLINE void scatterRows(const int vectors, float *slopes, uint32_t stride, const uint32_t *rows, uint32_t count, const float *a) {
  v4 add[BLOCK], any = {0};
#pragma unroll
  for (int j = 0; j < vectors; j++) { add[j] = ((const v4 *)a)[j]; any = (v4)((i32x4)any | (i32x4)(add[j] != splat(0))); }
  if (!wasm_v128_any_true((v128_t)any)) return;
  for (uint32_t k = 0; k < count; k++) {
    v4 *out = (v4 *)(slopes + rows[k] * stride);
#pragma unroll
    for (int j = 0; j < vectors; j++) out[j] += add[j];
  }
}

/* Calls OPERATION(vectors, first channel) for blocks that cover `width` channels. */
#define IN_BLOCKS(width, OPERATION) \
  for (int c_ = 0; c_ < (width);) { \
    int left_ = (width) - c_; \
    if (left_ >= 32) { OPERATION(8, c_); c_ += 32; } \
    else if (left_ >= 16) { OPERATION(4, c_); c_ += 16; } \
    else if (left_ >= 8) { OPERATION(2, c_); c_ += 8; } \
    else { OPERATION(1, c_); c_ += 4; } \
  }

/* ---- forward */

static void groupedCurrent(const Link *l, const uint32_t *rows, uint32_t n, int channels, float *current) {
  const int inGroup = l->sourceChannels / l->groups, outGroup = channels / l->groups;
  const uint32_t zeros = (uint32_t)(l->kernelY * l->kernelX * l->sourceChannels);
  for (uint32_t k = 0; k < n && rows[k] != zeros; k++) {
    const float *w = l->weights + rows[k] * (uint32_t)outGroup;
    float *out = current + (int)(rows[k] % (uint32_t)l->sourceChannels) / inGroup * outGroup;
    for (int j = 0; j < outGroup; j++) out[j] += w[j];
  }
}

static void updatePixel(const Layer *l, int place, float *v) {
  float *u = l->potentials + place * l->width;
  uint64_t *spikes = l->spikes + place * l->words;
  for (int w = 0; w < l->words; w++) spikes[w] = 0;
  for (int c = 0; c < l->width; c += 4) {
    v4 now = *(v4 *)(u + c), theta = *(const v4 *)(l->thresholds + c);
    i32x4 fired = l->reset ? (i32x4)(now > theta) : (i32x4){0};
    spikes[c / 64] |= (uint64_t)wasm_i32x4_bitmask((v128_t)fired) << (c % 64);
    *(v4 *)(v + c) = l->reset == 2 ? choose(~fired, now) : now - choose(fired, theta);
  }
}

/* One population, all steps. Its links must be bound to the spikes of their sources. */
EXPORT void learning_forward(const Layer *l) {
  float *v = l->accumulator;
  for (int pixel = 0; pixel < l->height * l->widthPixels; pixel++) {
    const float *drive = l->drive + pixel * l->driveStride;
    for (int c = 0; c < l->width; c += 4) *(v4 *)(v + c) = splat(l->initial) * *(const v4 *)(l->thresholds + c);
    int tapCount[64];
    Tap *taps = l->taps;
    for (int i = 0; i < l->linkCount; i++) {
      tapCount[i] = findTaps(l->links + i, pixel / l->widthPixels, pixel % l->widthPixels, taps);
      taps += tapCount[i];
    }
    for (int t = 0; t < l->steps; t++) {
      const int place = pixel * l->steps + t;
      float *u = l->potentials + place * l->width;
      for (int c = 0; c < l->width; c += 4) *(v4 *)(u + c) = splat(l->leak) * *(v4 *)(v + c) + *(const v4 *)(drive + c);
      taps = l->taps;
      for (int i = 0; i < l->linkCount; i++) {
        const Link *k = l->links + i;
        uint32_t n = listRows(k, taps, tapCount[i], l->steps, t, l->rows);
        taps += tapCount[i];
        if (n == 0) continue;
        if (k->groups > 1) { groupedCurrent(k, l->rows, n, l->channels, u); continue; }
#define GATHER(V, C) addRows(V, k->weights + (C), (uint32_t)k->rowWidth, l->rows, n, u + (C))
        IN_BLOCKS(l->width, GATHER)
      }
      updatePixel(l, place, v);
    }
  }
}

/* ---- backward through the neurons */

INLINE v4 slopeOf(const int surrogate, v4 z, float w) {
  if (surrogate == 0) return choose((i32x4)((v4)wasm_f32x4_abs((v128_t)z) < splat(w)), splat(0.5f / w));
  if (surrogate == 1) return (v4)wasm_f32x4_max((v128_t)((splat(1) - (v4)wasm_f32x4_abs((v128_t)z) / splat(w)) / splat(w)), wasm_f32x4_splat(0));
  v4 x = z * splat(3.14159265358979f / w);
  return splat(1) / (splat(w) * (splat(1) + x * x));
}

INLINE i32x4 firedLanes(const Layer *l, int place, int c) {
  const i32x4 lanes = {1, 2, 4, 8};
  return ((i32x4)wasm_i32x4_splat((int32_t)(l->spikes[place * l->words + c / 64] >> (c % 64) & 15)) & lanes) != 0;
}

INLINE v4 afterReset(const Layer *l, v4 u, i32x4 fired, v4 theta) { return l->reset == 2 ? choose(~fired, u) : u - choose(fired, theta); }

/* For each set of 4 lanes: the bytes that move its members to the front, and their numbers. */
static const uint8_t packBytes[16][16] = {
  {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
  {0, 1, 2, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
  {4, 5, 6, 7, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
  {0, 1, 2, 3, 4, 5, 6, 7, 255, 255, 255, 255, 255, 255, 255, 255},
  {8, 9, 10, 11, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
  {0, 1, 2, 3, 8, 9, 10, 11, 255, 255, 255, 255, 255, 255, 255, 255},
  {4, 5, 6, 7, 8, 9, 10, 11, 255, 255, 255, 255, 255, 255, 255, 255},
  {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255, 255, 255, 255},
  {12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
  {0, 1, 2, 3, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255},
  {4, 5, 6, 7, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255},
  {0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 255, 255, 255, 255},
  {8, 9, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255},
  {0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255},
  {4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255},
  {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
};
static const uint16_t packLanes[16][4] = {{0, 0, 0, 0}, {0, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}, {2, 0, 0, 0}, {0, 2, 0, 0}, {1, 2, 0, 0}, {0, 1, 2, 0}, {3, 0, 0, 0}, {0, 3, 0, 0}, {1, 3, 0, 0}, {0, 1, 3, 0}, {2, 3, 0, 0}, {0, 2, 3, 0}, {1, 2, 3, 0}, {0, 1, 2, 3}};

/* Appends the entries of 4 channels that are not zero, without a branch on any single one. */
INLINE uint32_t emit(const Layer *l, uint32_t n, int c, v4 e) {
  const uint32_t set = wasm_i32x4_bitmask((v128_t)(e != splat(0)));
  *(v4 *)(l->value + n) = (v4)wasm_i8x16_swizzle((v128_t)e, wasm_v128_load(packBytes[set]));
  *(u16x4 *)(l->channel + n) = *(const u16x4 *)packLanes[set] + (u16x4){(uint16_t)c, (uint16_t)c, (uint16_t)c, (uint16_t)c};
  return n + (uint32_t)__builtin_popcount(set);
}

INLINE uint32_t deltas(const Layer *l, const int surrogate, const int hard, const int leaky) {
  float *next = l->accumulator;
  uint32_t n = 0;
  for (int pixel = 0; pixel < l->height * l->widthPixels; pixel++) {
    float *sums = l->sums + pixel * l->width;
    for (int c = 0; c < l->width; c += 4) *(v4 *)(next + c) = *(v4 *)(sums + c) = splat(0);
    for (int t = l->steps - 1; t >= 0; t--) {
      const int place = pixel * l->steps + t;
      l->first[place] = n;
      for (int c = 0; c < l->width; c += 4) {
        const v4 theta = *(const v4 *)(l->thresholds + c), inverse = *(const v4 *)(l->inverse + c);
        const v4 u = *(const v4 *)(l->potentials + place * l->width + c);
        v4 *g = (v4 *)(l->gradients + place * l->width + c);
        const i32x4 fired = firedLanes(l, place, c);
        const v4 b = l->carry ? splat(l->leak) * *(v4 *)(next + c) : splat(0);
        const v4 slope = slopeOf(surrogate, u * inverse - splat(1), l->surrogateWidth) * inverse;
        const v4 d = slope * (*g + splat(l->price) - (hard ? u : theta) * b);
        const v4 lost = choose(fired, b);
        const v4 e = hard ? d - lost : d, a = e + b;
        *(v4 *)(l->thresholdSlopes + c) -= d * u * inverse + (hard ? splat(0) : lost);
        if (leaky) {
          const v4 before = t == 0 ? splat(l->initial) * theta
            : afterReset(l, *(const v4 *)(l->potentials + (place - 1) * l->width + c), firedLanes(l, place - 1, c), theta);
          *(v4 *)(l->leakSlopes + c) += a * before;
        }
        *(v4 *)(sums + c) += a;
        *(v4 *)(next + c) = a;
        *g = a;
        n = emit(l, n, c, e);
      }
      l->count[place] = n - l->first[place];
    }
    if (l->carry) for (int c = 0; c < l->width; c += 4) *(v4 *)(l->thresholdSlopes + c) += splat(l->leak * l->initial) * *(v4 *)(next + c);
  }
  return n;
}

/* Turns dL/ds into a = dL/du, lists the innovations and returns their number. An integrator takes dL/dv of the last step. */
EXPORT uint32_t learning_delta(const Layer *l) {
  if (l->reset == 0) {
    uint32_t n = 0;
    for (int pixel = 0; pixel < l->height * l->widthPixels; pixel++) {
      float *last = l->gradients + ((pixel + 1) * l->steps - 1) * l->width;
      for (int t = 0; t < l->steps; t++) l->first[pixel * l->steps + t] = l->count[pixel * l->steps + t] = 0;
      l->first[(pixel + 1) * l->steps - 1] = n;
      for (int c = 0; c < l->width; c += 4) {
        for (int t = 0; t < l->steps; t++) *(v4 *)(last - t * l->width + c) = *(v4 *)(last + c);
        *(v4 *)(l->sums + pixel * l->width + c) = splat((float)l->steps) * *(v4 *)(last + c);
        n = emit(l, n, c, *(v4 *)(last + c));
      }
      l->count[(pixel + 1) * l->steps - 1] = n - l->first[(pixel + 1) * l->steps - 1];
    }
    return n;
  }
#define DELTAS(S) \
  (l->reset == 2 ? (l->leakSlopes ? deltas(l, S, 1, 1) : deltas(l, S, 1, 0)) : (l->leakSlopes ? deltas(l, S, 0, 1) : deltas(l, S, 0, 0)))
  return l->surrogate == 0 ? DELTAS(0) : l->surrogate == 1 ? DELTAS(1) : DELTAS(2);
}

/* ---- weight gradients: over spikes only */

static void groupedSlopes(const Link *l, const uint32_t *rows, uint32_t n, int channels, const float *a) {
  const int inGroup = l->sourceChannels / l->groups, outGroup = channels / l->groups;
  const uint32_t zeros = (uint32_t)(l->kernelY * l->kernelX * l->sourceChannels);
  for (uint32_t k = 0; k < n && rows[k] != zeros; k++) {
    float *out = l->slopes + rows[k] * (uint32_t)outGroup;
    const float *from = a + (int)(rows[k] % (uint32_t)l->sourceChannels) / inGroup * outGroup;
    for (int j = 0; j < outGroup; j++) out[j] += from[j];
  }
}

EXPORT void learning_weights(const Layer *l, int link) {
  const Link *k = l->links + link;
  for (int pixel = 0; pixel < l->height * l->widthPixels; pixel++) {
    int tapCount = findTaps(k, pixel / l->widthPixels, pixel % l->widthPixels, l->taps);
    for (int t = 0; t < l->steps; t++) {
      uint32_t n = listRows(k, l->taps, tapCount, l->steps, t, l->rows);
      if (n == 0) continue;
      const float *a = l->gradients + (pixel * l->steps + t) * l->width;
      if (k->groups > 1) { groupedSlopes(k, l->rows, n, l->channels, a); continue; }
#define SCATTER(V, C) scatterRows(V, k->slopes + (C), (uint32_t)k->rowWidth, l->rows, n, a + (C))
      IN_BLOCKS(l->width, SCATTER)
    }
  }
}

/*
 * The same gradient over innovations: sum_t a_t x_t' = sum_t e_t y_t' with the spikes' trace
 * y_t = leak y_{t-1} + x_t. Cheaper where innovations are rarer than spikes, above all behind a pool.
 */
static void makeTrace(const Link *k, const Layer *l, float *trace) {
  const int rows = k->sourceHeight / k->poolY, columns = k->sourceWidthPixels / k->poolX;
  const float leak = l->reset == 0 ? 1.0f : l->carry ? l->leak : 0.0f;
  for (int cell = 0; cell < rows * columns; cell++)
    for (int t = 0; t < l->steps; t++) {
      float *y = trace + (cell * l->steps + t) * k->sourceWidth;
      for (int j = 0; j < k->sourceWidth; j += 4) *(v4 *)(y + j) = t == 0 ? splat(0) : splat(leak) * *(const v4 *)(y + j - k->sourceWidth);
      for (int r = cell / columns * k->poolY; r < (cell / columns + 1) * k->poolY; r++)
        for (int c = cell % columns * k->poolX; c < (cell % columns + 1) * k->poolX; c++) {
          const uint32_t *at = k->starts + (r * k->sourceWidthPixels + c) * l->steps + t;
          for (uint32_t i = at[0]; i < at[1]; i++) y[k->events[i]] += 1.0f;
        }
    }
}

INLINE void scatterScaledRows(const int vectors, float *slopes, uint32_t stride, const uint16_t *rows, const float *factors, uint32_t count, const float *y) {
  v4 add[BLOCK];
#pragma unroll
  for (int j = 0; j < vectors; j++) add[j] = ((const v4 *)y)[j];
  for (uint32_t k = 0; k < count; k++) {
    v4 *out = (v4 *)(slopes + rows[k] * stride);
    v4 f = splat(factors[k]);
#pragma unroll
    for (int j = 0; j < vectors; j++) out[j] += f * add[j];
  }
}

EXPORT void learning_weights_traced(const Layer *l, int link, float *trace) {
  const Link *k = l->links + link;
  const int rows = k->sourceHeight / k->poolY, columns = k->sourceWidthPixels / k->poolX;
  makeTrace(k, l, trace);
  for (int pixel = 0; pixel < l->height * l->widthPixels; pixel++)
    for (int ky = 0; ky < k->kernelY; ky++)
      for (int kx = 0; kx < k->kernelX; kx++) {
        const int row = pixel / l->widthPixels * k->strideY + ky * k->dilationY - k->padY;
        const int column = pixel % l->widthPixels * k->strideX + kx * k->dilationX - k->padX;
        if (row < 0 || column < 0 || row >= rows || column >= columns) continue;
        float *slopes = k->slopesBack + (ky * k->kernelX + kx) * l->channels * k->backWidth;
        for (int t = 0; t < l->steps; t++) {
          const int place = pixel * l->steps + t;
          const uint32_t n = l->count[place], first = l->first[place];
          if (n == 0) continue;
          const float *y = trace + ((row * columns + column) * l->steps + t) * k->sourceWidth;
#define TRACED(V, C) scatterScaledRows(V, slopes + (C), (uint32_t)k->backWidth, l->channel + first, l->value + first, n, y + (C))
          IN_BLOCKS(k->sourceWidth, TRACED)
        }
      }
}

/* ---- gradients of the source's spikes */

/* The target pixels that read cell (y, x) of the pooled source, and the first transposed row of the tap. */
static int findBackTaps(const Link *k, const Layer *l, int y, int x, Tap *taps) {
  int count = 0;
  for (int ky = 0; ky < k->kernelY; ky++) {
    int row = y + k->padY - ky * k->dilationY;
    if (row < 0 || row % k->strideY || row / k->strideY >= l->height) continue;
    for (int kx = 0; kx < k->kernelX; kx++) {
      int column = x + k->padX - kx * k->dilationX;
      if (column < 0 || column % k->strideX || column / k->strideX >= l->widthPixels) continue;
      taps[count++] = (Tap){row / k->strideY * l->widthPixels + column / k->strideX, (ky * k->kernelX + kx) * l->channels};
    }
  }
  return count;
}

static uint32_t listInnovations(const Layer *l, int tapCount, int t) {
  uint32_t n = 0;
  for (int i = 0; i < tapCount; i++) {
    const int place = l->taps[i].pixel * l->steps + t;
    const uint32_t length = l->count[place];
    const uint16_t *channel = l->channel + l->first[place];
    const float *value = l->value + l->first[place];
    u32x4 row = (u32x4)wasm_i32x4_splat(l->taps[i].row);
    for (uint32_t k = 0; k < length; k += 4) {
      *(u32x4 *)(l->rows + n + k) = row + __builtin_convertvector(*(const u16x4 *)(channel + k), u32x4);
      *(v4 *)(l->factors + n + k) = *(const v4 *)(value + k);
    }
    n += length;
  }
  return n;
}

static void groupedBack(const Link *k, const Layer *l, uint32_t n, float *sum) {
  const int inGroup = k->sourceChannels / k->groups, outGroup = l->channels / k->groups;
  for (uint32_t i = 0; i < n; i++) {
    const float *w = k->transposed + l->rows[i] * (uint32_t)inGroup;
    float *out = sum + (int)(l->rows[i] % (uint32_t)l->channels) / outGroup * inGroup;
    for (int j = 0; j < inGroup; j++) out[j] += l->factors[i] * w[j];
  }
}

static void addToCell(const Link *k, int steps, int y, int x, int t, const float *sum) {
  for (int r = y * k->poolY; r < (y + 1) * k->poolY; r++)
    for (int c = x * k->poolX; c < (x + 1) * k->poolX; c++) {
      float *out = k->sourceGradient + ((r * k->sourceWidthPixels + c) * steps + t) * k->sourceWidth;
      for (int j = 0; j < k->sourceWidth; j += 4) *(v4 *)(out + j) += *(const v4 *)(sum + j);
    }
}

EXPORT void learning_source(const Layer *l, int link) {
  const Link *k = l->links + link;
  const int rows = k->sourceHeight / k->poolY, columns = k->sourceWidthPixels / k->poolX;
  const float leak = l->reset == 0 ? 1.0f : l->carry ? l->leak : 0.0f;
  float *sum = l->accumulator;
  for (int cell = 0; cell < rows * columns; cell++) {
    const int tapCount = findBackTaps(k, l, cell / columns, cell % columns, l->taps);
    int empty = 1;
    for (int j = 0; j < k->sourceWidth; j += 4) *(v4 *)(sum + j) = splat(0);
    for (int t = l->steps - 1; t >= 0; t--) {
      const uint32_t n = listInnovations(l, tapCount, t);
      if (n == 0 && empty) continue;
      empty = 0;
      if (leak != 1.0f) for (int j = 0; j < k->sourceWidth; j += 4) *(v4 *)(sum + j) *= splat(leak);
      if (k->groups > 1) groupedBack(k, l, n, sum);
      else {
#define SCALED(V, C) addScaledRows(V, k->transposed + (C), (uint32_t)k->backWidth, l->rows, l->factors, n, sum + (C))
        IN_BLOCKS(k->sourceWidth, SCALED)
      }
      addToCell(k, l->steps, cell / columns, cell % columns, t, sum);
    }
  }
}

/* One tile of the dense product: up to 4 steps by 4 * vectors source channels. */
INLINE void denseTile(const int vectors, const Link *k, const Layer *l, int tapCount, int t, int c, float *out) {
  v4 sum[4][2];
  int offset[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    offset[i] = (t + i < l->steps ? t + i : l->steps - 1) * l->width;
#pragma unroll
    for (int j = 0; j < vectors; j++) sum[i][j] = splat(0);
  }
  for (int p = 0; p < tapCount; p++) {
    const float *a = l->gradients + l->taps[p].pixel * l->steps * l->width;
    const float *w = k->transposed + l->taps[p].row * k->backWidth + c;
    for (int o = 0; o < l->channels; o++, w += k->backWidth)
#pragma unroll
      for (int i = 0; i < 4; i++) {
        v4 f = splat(a[offset[i] + o]);
#pragma unroll
        for (int j = 0; j < vectors; j++) sum[i][j] += f * ((const v4 *)w)[j];
      }
  }
#pragma unroll
  for (int i = 0; i < 4; i++)
#pragma unroll
    for (int j = 0; j < vectors; j++) ((v4 *)(out + i * k->sourceWidth + c))[j] = sum[i][j];
}

/* The same as learning_source, densely from a: for wide support, without groups. */
EXPORT void learning_source_dense(const Layer *l, int link) {
  const Link *k = l->links + link;
  const int rows = k->sourceHeight / k->poolY, columns = k->sourceWidthPixels / k->poolX;
  for (int cell = 0; cell < rows * columns; cell++) {
    const int tapCount = findBackTaps(k, l, cell / columns, cell % columns, l->taps);
    for (int t = 0; t < l->steps; t += 4) {
      int c = 0;
      for (; c + 8 <= k->sourceWidth; c += 8) denseTile(2, k, l, tapCount, t, c, l->accumulator);
      if (c < k->sourceWidth) denseTile(1, k, l, tapCount, t, c, l->accumulator);
      for (int i = 0; i < 4 && t + i < l->steps; i++) addToCell(k, l->steps, cell / columns, cell % columns, t + i, l->accumulator + i * k->sourceWidth);
    }
  }
}

/* ---- the host's layers: the image is constant in time, so they cost one step, not T */

/* Adds the layer's current to drive [pixel][width]; image is [channel][row][column]. */
EXPORT void learning_host(const Layer *l, int link, const float *image, float *drive) {
  const Link *k = l->links + link;
  const int plane = k->sourceHeight * k->sourceWidthPixels, inGroup = k->sourceChannels / k->groups, outGroup = l->channels / k->groups;
  for (int pixel = 0; pixel < l->height * l->widthPixels; pixel++) {
    float *out = drive + pixel * l->width;
    const int tapCount = findTaps(k, pixel / l->widthPixels, pixel % l->widthPixels, l->taps);
    for (int i = 0; i < tapCount; i++)
      for (int ci = 0; ci < k->sourceChannels; ci++) {
        const float x = image[ci * plane + l->taps[i].pixel];
        const float *w = k->weights + (l->taps[i].row + ci) * k->rowWidth;
        if (k->groups > 1) for (int j = 0; j < outGroup; j++) out[ci / inGroup * outGroup + j] += x * w[j];
        else for (int c = 0; c < l->width; c += 4) *(v4 *)(out + c) += splat(x) * *(const v4 *)(w + c);
      }
  }
}

/* Adds (sum of a over time) x' to the layer's gradient. */
EXPORT void learning_host_weights(const Layer *l, int link, const float *image) {
  const Link *k = l->links + link;
  const int plane = k->sourceHeight * k->sourceWidthPixels, inGroup = k->sourceChannels / k->groups, outGroup = l->channels / k->groups;
  for (int pixel = 0; pixel < l->height * l->widthPixels; pixel++) {
    const float *a = l->sums + pixel * l->width;
    const int tapCount = findTaps(k, pixel / l->widthPixels, pixel % l->widthPixels, l->taps);
    for (int i = 0; i < tapCount; i++)
      for (int ci = 0; ci < k->sourceChannels; ci++) {
        const float x = image[ci * plane + l->taps[i].pixel];
        float *out = k->slopes + (l->taps[i].row + ci) * k->rowWidth;
        if (k->groups > 1) for (int j = 0; j < outGroup; j++) out[j] += x * a[ci / inGroup * outGroup + j];
        else for (int c = 0; c < l->width; c += 4) *(v4 *)(out + c) += splat(x) * *(const v4 *)(a + c);
      }
  }
}

/* ---- weights between their order in a network and the kernels' */

/* flat [target][source of the group][tap] into weights and, unless null, transposed. */
EXPORT void learning_pack(const Link *k, const float *flat, int channels, float *weights, float *transposed) {
  const int taps = k->kernelY * k->kernelX, inGroup = k->sourceChannels / k->groups, outGroup = channels / k->groups;
  for (int o = 0; o < channels; o++)
    for (int i = 0; i < inGroup; i++) {
      const int ci = o / outGroup * inGroup + i, column = k->groups > 1 ? o % outGroup : o, back = k->groups > 1 ? i : ci;
      for (int tap = 0; tap < taps; tap++) {
        const float w = *flat++;
        weights[(tap * k->sourceChannels + ci) * k->rowWidth + column] = w;
        if (transposed) transposed[(tap * channels + o) * k->backWidth + back] = w;
      }
    }
}

/* The gradient in the network's order. */
EXPORT void learning_unpack(const Link *k, int channels, float *flat) {
  const int taps = k->kernelY * k->kernelX, inGroup = k->sourceChannels / k->groups, outGroup = channels / k->groups;
  for (int o = 0; o < channels; o++)
    for (int i = 0; i < inGroup; i++) {
      const int ci = o / outGroup * inGroup + i, column = k->groups > 1 ? o % outGroup : o, back = k->groups > 1 ? i : ci;
      for (int tap = 0; tap < taps; tap++) {
        const float g = k->slopes[(tap * k->sourceChannels + ci) * k->rowWidth + column];
        *flat++ = k->slopesBack ? g + k->slopesBack[(tap * channels + o) * k->backWidth + back] : g;
      }
    }
}
