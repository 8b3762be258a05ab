/*
 * Spiking layers on integers. A population's spikes are bit masks laid out [pixel][step][word of 64
 * channels]; a population of signed neurons has the words of its spikes of +1, then those of -1. Its targets
 * see two source channels for each of its own, 2c and 2c + 1, whose weights are opposite. A layer runs pixel by pixel through all T steps, so that its membrane potentials stay in
 * the first cache and its weights in the second. For each pixel and step the arriving spikes of all
 * taps become one list of weight rows; each block of up to 64 output channels then adds its rows
 * (8 bit) into 16-bit registers. Quantisation has proven that the sums fit 16 bits; sums taken in
 * another order wrap to the same result.
 */
#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))

typedef int8_t i8x8 __attribute__((vector_size(8), aligned(1)));
typedef int16_t i16x8 __attribute__((vector_size(16), aligned(2)));
typedef uint16_t u16x8 __attribute__((vector_size(16), aligned(2)));
typedef uint16_t u16x4 __attribute__((vector_size(8), aligned(2)));
typedef uint32_t u32x4 __attribute__((vector_size(16), aligned(4)));
typedef int16_t i16x4 __attribute__((vector_size(8), aligned(2)));
typedef int32_t i32x4 __attribute__((vector_size(16), aligned(4)));

enum { LANES = 64, VECTORS = LANES / 4 };

/* Output channels of one group inside one window of 64 channels: [tap][input of the group][width] weights, then a row of zeros. */
typedef struct {
  const int8_t *weights;
  int32_t offset; /* first channel, counted from the window's first */
  int32_t width;  /* 8, 16, 32 or 64: count rounded up */
  int32_t count;
  int32_t firstInput; /* first source channel of the group */
} Block;

/* One source pixel that a target pixel reads, and the first weight row of the tap through which it does. */
typedef struct { int32_t pixel, row; } Tap;

typedef struct {
  const uint32_t *starts;  /* [pixel * T + t]: where the channel list of one source pixel and step begins */
  const uint16_t *events;  /* source channels in rising order */
  const uint64_t *masks;   /* the source's spikes, for depthwise projections */
  const int8_t *depthwise; /* [tap][sign][windows * 64] weights, or null */
  const Block *blocks;
  const int32_t *windows; /* [window], [window + 1]: its blocks */
  Tap *taps;
  uint32_t *rows; /* scratch: weight rows of one chunk of steps */
  int32_t sourceHeight, sourceWidth, sourceWords;
  int32_t kernelY, kernelX, strideY, strideX, dilationY, dilationX, padY, padX, poolY, poolX;
  int32_t inputs; /* source channels of one group, two for each of a signed source */
  int32_t groups, shift;
  int32_t signs; /* 2 where the source is signed, otherwise 1 */
} Projection;

typedef struct {
  const Projection *projections;
  int32_t projectionCount;
  int32_t steps, chunk; /* chunk: steps whose rows fit the scratch */
  int32_t height, width, channels, windows;
  int32_t reset; /* 0 none (integrator), 1 soft, 2 hard, 3 soft and signed */
  int32_t keep;  /* 4096 - decay */
  int32_t limit;
  const int32_t *thresholds, *initials; /* [windows * 64] */
  const int32_t *retractions; /* signed: [windows * 64], a spike is taken back below minus this */
  const int32_t *drive; /* [pixel][windows * 64] constant current */
  int32_t driveStride;  /* elements from pixel to pixel; 0: the same for all */
  uint64_t *spikes, *active; /* [pixel][step][window]; spikes of signed neurons [pixel][step][sign][window] */
  int32_t *trace;       /* integrator: v [pixel][step][windows * 64] */
  uint32_t *starts;     /* scratch [projection][chunk + 1] */
  uint64_t *arrived;    /* scratch [chunk] */
  int32_t *current;     /* scratch [chunk][64], and 64 more */
  int32_t *potential;   /* scratch [windows * 64] */
  int32_t *sent;        /* scratch of signed neurons [windows * 64]: spikes sent and not taken back */
} Layer;

INLINE i16x8 widen(const int8_t *p) { return __builtin_convertvector(*(const i8x8 *)p, i16x8); }

/* Adds the rows of each step into the window's 32-bit current. */
INLINE void gather(const int width, const uint32_t *rows, const uint32_t *starts, int steps, const int8_t *weights, int shift, int assign, int32_t *current) {
  for (int t = 0; t < steps; t++, current += LANES) {
    const uint32_t *r = rows + starts[t], *end = rows + starts[t + 1];
    if (r == end && !assign) continue;
    i16x8 sum[8];
    for (int j = 0; j < width / 8; j++) sum[j] = (i16x8){0};
    for (; r != end; r += 2) {
      const int8_t *a = weights + (uint32_t)(r[0] * width), *b = weights + (uint32_t)(r[1] * width);
#pragma unroll
      for (int j = 0; j < width / 8; j++) sum[j] += widen(a + 8 * j);
#pragma unroll
      for (int j = 0; j < width / 8; j++) sum[j] += widen(b + 8 * j);
    }
#pragma unroll
    for (int j = 0; j < width / 8; j++) {
      i32x4 *out = (i32x4 *)(current + 8 * j);
      i32x4 low = (i32x4)wasm_i32x4_extend_low_i16x8((v128_t)sum[j]) << shift;
      i32x4 high = (i32x4)wasm_i32x4_extend_high_i16x8((v128_t)sum[j]) << shift;
      if (assign) { out[0] = low; out[1] = high; }
      else { out[0] += low; out[1] += high; }
    }
  }
}

static void gatherBlock(const Block *b, const uint32_t *rows, const uint32_t *starts, int steps, int shift, int assign, int32_t *current) {
  current += b->offset;
  switch (b->width) {
    case 64: gather(64, rows, starts, steps, b->weights, shift, assign, current); break;
    case 32: gather(32, rows, starts, steps, b->weights, shift, assign, current); break;
    case 16: gather(16, rows, starts, steps, b->weights, shift, assign, current); break;
    default: gather(8, rows, starts, steps, b->weights, shift, assign, current); break;
  }
}

/* The source pixels that target pixel (y, x) reads: floor(source / pool) = target * stride + tap * dilation - pad. */
static int findTaps(const Projection *p, int y, int x) {
  int count = 0;
  for (int ky = 0; ky < p->kernelY; ky++)
    for (int kx = 0; kx < p->kernelX; kx++) {
      int row = (y * p->strideY + ky * p->dilationY - p->padY) * p->poolY;
      int column = (x * p->strideX + kx * p->dilationX - p->padX) * p->poolX;
      if (row < 0 || column < 0) continue;
      for (int r = row; r < row + p->poolY && r < p->sourceHeight; r++)
        for (int c = column; c < column + p->poolX && c < p->sourceWidth; c++)
          p->taps[count++] = (Tap){r * p->sourceWidth + c, (ky * p->kernelX + kx) * p->inputs};
    }
  return count;
}

/* A list has an even length: an odd one ends with the row of zeros. */
INLINE uint32_t finishList(const Projection *p, uint32_t *rows, uint32_t count) {
  rows[count] = (uint32_t)(p->kernelY * p->kernelX * p->inputs);
  return (count + 1) & ~1u;
}

static void listRows(const Projection *p, int taps, int steps, int first, int last, uint32_t *starts) {
  uint32_t count = 0;
  for (int t = first; t < last; t++) {
    starts[t - first] = count;
    uint32_t *out = p->rows + count;
    uint32_t n = 0;
    for (int i = 0; i < taps; i++) {
      const uint32_t *at = p->starts + p->taps[i].pixel * steps + t;
      const uint16_t *e = p->events + at[0];
      uint32_t length = at[1] - at[0];
      u32x4 row = (u32x4)wasm_i32x4_splat(p->taps[i].row);
      for (uint32_t k = 0; k < length; k += 8) {
        *(u32x4 *)(out + n + k) = row + __builtin_convertvector(*(const u16x4 *)(e + k), u32x4);
        *(u32x4 *)(out + n + k + 4) = row + __builtin_convertvector(*(const u16x4 *)(e + k + 4), u32x4);
      }
      n += length;
    }
    count += finishList(p, out, n);
  }
  starts[last - first] = count;
}

/* The same for one group of a grouped projection: only the group's source channels. */
static void listGroupRows(const Projection *p, int taps, int steps, int first, int last, uint32_t *starts, int firstInput) {
  uint32_t count = 0;
  for (int t = first; t < last; t++) {
    starts[t - first] = count;
    uint32_t *out = p->rows + count;
    uint32_t n = 0;
    for (int i = 0; i < taps; i++) {
      const uint32_t *at = p->starts + p->taps[i].pixel * steps + t;
      for (uint32_t k = at[0]; k < at[1]; k++) {
        uint32_t channel = (uint32_t)p->events[k] - (uint32_t)firstInput;
        out[n] = (uint32_t)p->taps[i].row + channel;
        n += channel < (uint32_t)p->inputs;
      }
    }
    count += finishList(p, out, n);
  }
  starts[last - first] = count;
}

/* 16 mask bits as 16 bytes of zeros or ones (0xff). */
INLINE v128_t spread(uint32_t bits) {
  const v128_t select = wasm_u8x16_make(1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);
  v128_t both = wasm_i8x16_shuffle(wasm_u32x4_splat(bits), wasm_u32x4_splat(bits), 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
  return wasm_i8x16_eq(wasm_v128_and(both, select), select);
}

static void depthwise(const Projection *p, int taps, const Layer *l, int window, int first, int last) {
  int32_t *current = l->current;
  for (int t = first; t < last; t++, current += LANES) {
    i16x8 sum[8];
    uint64_t any = 0;
    for (int j = 0; j < 8; j++) sum[j] = (i16x8){0};
    for (int i = 0; i < taps * p->signs; i++) {
      int tap = i / p->signs, sign = i % p->signs;
      uint64_t bits = p->masks[((p->taps[tap].pixel * l->steps + t) * p->signs + sign) * p->sourceWords + window];
      if (bits == 0) continue;
      any |= bits;
      const int8_t *w = p->depthwise + ((p->taps[tap].row + sign) * l->windows + window) * LANES;
#pragma unroll
      for (int j = 0; j < 4; j++) {
        v128_t row = wasm_v128_and(wasm_v128_load(w + 16 * j), spread((uint32_t)(bits >> (16 * j))));
        sum[2 * j] += (i16x8)wasm_i16x8_extend_low_i8x16(row);
        sum[2 * j + 1] += (i16x8)wasm_i16x8_extend_high_i8x16(row);
      }
    }
    if (any == 0) continue;
    l->arrived[t - first] |= any;
#pragma unroll
    for (int j = 0; j < 8; j++) {
      i32x4 *out = (i32x4 *)(current + 8 * j);
      out[0] += (i32x4)wasm_i32x4_extend_low_i16x8((v128_t)sum[j]) << p->shift;
      out[1] += (i32x4)wasm_i32x4_extend_high_i16x8((v128_t)sum[j]) << p->shift;
    }
  }
}

/* sgn(v) * ((|v| * keep) >> 12) in 32 bits: |v| = 4096 * high + low, and 4096 * high * keep has no remainder. */
INLINE i32x4 decayed(i32x4 v, i32x4 keep) {
  i32x4 size = (i32x4)wasm_i32x4_abs((v128_t)v);
  i32x4 kept = (size >> 12) * keep + (((size & (i32x4)wasm_i32x4_splat(4095)) * keep) >> 12);
  i32x4 sign = v >> 31;
  return (kept ^ sign) - sign;
}

typedef struct { uint64_t valid, driven; const int32_t *drive; int pixel, window; } Place;

/* 16 lanes of zeros or ones (all bits) as 16 bits. */
INLINE uint64_t bitsOf(const i32x4 *lanes) {
  v128_t low = wasm_i16x8_narrow_i32x4((v128_t)lanes[0], (v128_t)lanes[1]);
  v128_t high = wasm_i16x8_narrow_i32x4((v128_t)lanes[2], (v128_t)lanes[3]);
  return (uint64_t)wasm_i8x16_bitmask(wasm_i8x16_narrow_i16x8(low, high));
}

/* One window of one pixel through a chunk of steps; returns how often v was clipped. */
INLINE int update(const Layer *l, const Place *place, int first, int last, const int leaky, const int reset) {
  int32_t *v = l->potential + place->window * LANES;
  i32x4 *sent = (i32x4 *)(l->sent + place->window * LANES);
  const i32x4 *retractions = (const i32x4 *)(l->retractions + place->window * LANES);
  const int32_t *current = l->current;
  const i32x4 limit = (i32x4)wasm_i32x4_splat(l->limit);
  const i32x4 *thresholds = (const i32x4 *)(l->thresholds + place->window * LANES);
  const i32x4 keep = (i32x4)wasm_i32x4_splat(l->keep);
  const int inWindow = l->channels - place->window * LANES;
  const int vectors = inWindow >= LANES ? VECTORS : (inWindow + 15) / 16 * 4;
  i32x4 clips = {0};
  for (int t = first; t < last; t++, current += LANES) {
    uint64_t bits = 0, back = 0;
    for (int j = 0; j < vectors; j += 4) {
      i32x4 fired[4], retracted[4];
#pragma unroll
      for (int k = 0; k < 4; k++) {
        i32x4 *state = (i32x4 *)v + j + k;
        i32x4 now = *state;
        if (leaky) now = decayed(now, keep);
        now += ((const i32x4 *)current)[j + k] + ((const i32x4 *)place->drive)[j + k];
        i32x4 clipped = (i32x4)wasm_i32x4_min(wasm_i32x4_max((v128_t)now, (v128_t)-limit), (v128_t)limit);
        clips -= clipped != now;
        if (reset) {
          const i32x4 threshold = thresholds[j + k];
          fired[k] = clipped > threshold;
          if (reset == 3) {
            retracted[k] = (clipped < -retractions[j + k]) & (sent[j + k] > 0);
            clipped += retracted[k] & threshold;
            sent[j + k] += retracted[k] - fired[k]; /* a lane of ones is -1 */
          }
          clipped = reset == 2 ? clipped & ~fired[k] : clipped - (fired[k] & threshold);
        }
        *state = clipped;
      }
      if (reset) bits |= bitsOf(fired) << (4 * j);
      if (reset == 3) back |= bitsOf(retracted) << (4 * j);
    }
    int row = (place->pixel * l->steps + t) * l->windows, at = row + place->window;
    if (reset == 3) {
      l->spikes[row + at] = bits & place->valid;
      l->spikes[row + at + l->windows] = back & place->valid;
    } else l->spikes[at] = bits & place->valid;
    l->active[at] = (l->arrived[t - first] | place->driven) & place->valid;
    if (!reset && l->trace) __builtin_memcpy(l->trace + at * LANES, v, LANES * 4);
  }
  return clips[0] + clips[1] + clips[2] + clips[3];
}

static int updateWindow(const Layer *l, const Place *place, int first, int last) {
  int leaky = l->keep != 4096;
  if (l->reset == 0) return leaky ? update(l, place, first, last, 1, 0) : update(l, place, first, last, 0, 0);
  if (l->reset == 1) return leaky ? update(l, place, first, last, 1, 1) : update(l, place, first, last, 0, 1);
  if (l->reset == 3) return update(l, place, first, last, 0, 3);
  return leaky ? update(l, place, first, last, 1, 2) : update(l, place, first, last, 0, 2);
}

static void sumWindow(const Layer *l, const int *taps, int window, int first, int last) {
  int steps = last - first;
  int whole = l->channels - window * LANES >= LANES;
  for (int t = 0; t < steps; t++) l->arrived[t] = 0;
  const Projection *leading = l->projections;
  int assign = whole && l->projectionCount > 0 && leading->groups == 1 && !leading->depthwise;
  if (!assign) __builtin_memset(l->current, 0, (unsigned long)steps * LANES * 4);
  for (int i = 0; i < l->projectionCount; i++) {
    const Projection *p = l->projections + i;
    uint32_t *starts = l->starts + i * (l->chunk + 1);
    if (p->depthwise) { depthwise(p, taps[i], l, window, first, last); continue; }
    for (const Block *b = p->blocks + p->windows[window]; b < p->blocks + p->windows[window + 1]; b++) {
      if (p->groups > 1) listGroupRows(p, taps[i], l->steps, first, last, starts, b->firstInput);
      uint64_t reached = (b->count == LANES ? ~0ull : (1ull << b->count) - 1) << b->offset;
      for (int t = 0; t < steps; t++) l->arrived[t] |= starts[t + 1] > starts[t] ? reached : 0;
      gatherBlock(b, p->rows, starts, steps, p->shift, assign && i == 0, l->current);
    }
  }
}

enum { MAX_PROJECTIONS = 64 };

/* Runs one population for all T steps of one sample. Returns the neuron-steps in which v was clipped. */
EXPORT double spiking_layer(const Layer *l) {
  double clips = 0;
  int taps[MAX_PROJECTIONS];
  for (int pixel = 0; pixel < l->height * l->width; pixel++) {
    const int32_t *drive = l->drive + pixel * l->driveStride;
    for (int i = 0; i < l->projectionCount; i++) taps[i] = findTaps(l->projections + i, pixel / l->width, pixel % l->width);
    __builtin_memcpy(l->potential, l->initials, (unsigned long)l->windows * LANES * 4);
    if (l->reset == 3) __builtin_memset(l->sent, 0, (unsigned long)l->windows * LANES * 4);
    for (int first = 0; first < l->steps; first += l->chunk) {
      int last = first + l->chunk < l->steps ? first + l->chunk : l->steps;
      for (int i = 0; i < l->projectionCount; i++) {
        const Projection *p = l->projections + i;
        if (p->groups == 1 && !p->depthwise) listRows(p, taps[i], l->steps, first, last, l->starts + i * (l->chunk + 1));
      }
      for (int w = 0; w < l->windows; w++) {
        int inWindow = l->channels - w * LANES;
        Place place = {inWindow >= LANES ? ~0ull : (1ull << inWindow) - 1, 0, drive + w * LANES, pixel, w};
        for (int c = 0; c < LANES; c++) place.driven |= (uint64_t)(place.drive[c] != 0) << c;
        sumWindow(l, taps, w, first, last);
        clips += updateWindow(l, &place, first, last);
      }
    }
  }
  return clips;
}

/* For each byte: the places of its set bits, lowest first. Filled at the first use. */
static uint16_t bitPlaces[256][8];

static void fillBitPlaces(void) {
  if (bitPlaces[1 << 1][0] == 1) return;
  for (int byte = 0; byte < 256; byte++)
    for (int bit = 0, n = 0; bit < 8; bit++) if (byte >> bit & 1) bitPlaces[byte][n++] = (uint16_t)bit;
}

/* Channel lists of n places of `words` words each; starts has n + 1 entries. Bytes, not bits, are walked: no branch depends on single spikes. */
EXPORT void spiking_expand(const uint64_t *masks, int n, int words, uint32_t *starts, uint16_t *events) {
  fillBitPlaces();
  uint32_t count = 0;
  for (int i = 0; i < n; i++) {
    starts[i] = count;
    for (int w = 0; w < words; w++) {
      int channel = w * 64;
      for (uint64_t bits = masks[i * words + w]; bits; bits >>= 8, channel += 8) {
        *(u16x8 *)(events + count) = *(const u16x8 *)bitPlaces[bits & 255] + (u16x8)wasm_i16x8_splat((int16_t)channel);
        count += (uint32_t)__builtin_popcountll(bits & 255);
      }
    }
  }
  starts[n] = count;
}

/* The same of signed spikes: a spike of +1 in channel c is listed as 2c, one of -1 as 2c + 1. */
EXPORT void spiking_expand_signed(const uint64_t *masks, int n, int words, uint32_t *starts, uint16_t *events) {
  fillBitPlaces();
  uint32_t count = 0;
  for (int i = 0; i < n; i++) {
    starts[i] = count;
    for (int w = 0; w < 2 * words; w++) {
      int sign = w >= words, channel = (w - sign * words) * 64;
      for (uint64_t bits = masks[i * 2 * words + w]; bits; bits >>= 8, channel += 8) {
        *(u16x8 *)(events + count) = *(const u16x8 *)bitPlaces[bits & 255] * 2 + (u16x8)wasm_i16x8_splat((int16_t)(2 * channel + sign));
        count += (uint32_t)__builtin_popcountll(bits & 255);
      }
    }
  }
  starts[n] = count;
}
