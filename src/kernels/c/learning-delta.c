/*
 * Backward through the neurons. `learning_delta` walks time backward, turns dL/ds into a = dL/du, and
 * splits a into innovations e_t = a_t - keep_{t+1} a_{t+1}, which are zero outside the surrogate's support
 * (and, for hard reset, outside the spikes). It lists the innovations: what follows visits only those.
 */
#include "learning.h"

INLINE vf slopeOf(const int surrogate, vf z, float w) {
  if (surrogate == 0) return choose((vi)(magnitude(z) < splat(w)), splat(0.5f / w));
  if (surrogate == 1) {
    const vf h = (splat(1) - magnitude(z) / splat(w)) / splat(w);
    return choose((vi)(h > splat(0)), h);
  }
  if (surrogate == 3) {
    const vf far = splat(1) + magnitude(z) / splat(w);
    return splat(0.5f / w) / (far * far);
  }
  const vf x = z * splat(3.14159265358979f / w);
  return splat(1) / (splat(w) * (splat(1) + x * x));
}

/* For each set of 4 lanes: their numbers moved to the front, and the bytes that move their values. */
#if !defined(__AVX2__)
static const uint32_t packLanes[16][4] = {{0, 0, 0, 0}, {0, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}, {2, 0, 0, 0}, {0, 2, 0, 0}, {1, 2, 0, 0}, {0, 1, 2, 0}, {3, 0, 0, 0}, {0, 3, 0, 0}, {1, 3, 0, 0}, {0, 1, 3, 0}, {2, 3, 0, 0}, {0, 2, 3, 0}, {1, 2, 3, 0}, {0, 1, 2, 3}};
#define LANE(i) 4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3
#define NONE 255, 255, 255, 255
static const uint8_t packBytes[16][16] = {
  {NONE, NONE, NONE, NONE}, {LANE(0), NONE, NONE, NONE}, {LANE(1), NONE, NONE, NONE}, {LANE(0), LANE(1), NONE, NONE},
  {LANE(2), NONE, NONE, NONE}, {LANE(0), LANE(2), NONE, NONE}, {LANE(1), LANE(2), NONE, NONE}, {LANE(0), LANE(1), LANE(2), NONE},
  {LANE(3), NONE, NONE, NONE}, {LANE(0), LANE(3), NONE, NONE}, {LANE(1), LANE(3), NONE, NONE}, {LANE(0), LANE(1), LANE(3), NONE},
  {LANE(2), LANE(3), NONE, NONE}, {LANE(0), LANE(2), LANE(3), NONE}, {LANE(1), LANE(2), LANE(3), NONE}, {LANE(0), LANE(1), LANE(2), LANE(3)},
};

INLINE v4 packed(v4 e, uint32_t set) {
#if defined(__wasm__)
  return (v4)wasm_i8x16_swizzle((v128_t)e, wasm_v128_load(packBytes[set]));
#elif defined(__SSSE3__)
  return (v4)_mm_shuffle_epi8((__m128i)e, _mm_loadu_si128((const __m128i *)packBytes[set]));
#else
  const uint32_t *lanes = packLanes[set];
  return (v4){e[lanes[0]], e[lanes[1]], e[lanes[2]], e[lanes[3]]};
#endif
}

#endif

/* Appends the lanes that are not zero, without a branch on any single one; may write LANES entries. */
INLINE uint32_t emit(const Layer *l, uint32_t n, uint32_t first, vf e) {
  const uint32_t set = bitsOf((vi)(e != splat(0)));
#if defined(__AVX512F__)
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  _mm512_storeu_si512(l->entries + n, _mm512_add_epi32(_mm512_maskz_compress_epi32((__mmask16)set, lanes), _mm512_set1_epi32((int)first)));
  _mm512_storeu_ps(l->values + n, _mm512_maskz_compress_ps((__mmask16)set, (__m512)e));
  return n + (uint32_t)__builtin_popcount(set);
#elif defined(__AVX2__)
  const uint64_t bytes = _pdep_u64(set, 0x0101010101010101u) * 255;
  const __m256i lanes = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)_pext_u64(0x0706050403020100u, bytes)));
  _mm256_storeu_si256((__m256i *)(l->entries + n), _mm256_add_epi32(lanes, _mm256_set1_epi32((int)first)));
  _mm256_storeu_ps(l->values + n, _mm256_permutevar8x32_ps((__m256)e, lanes));
  return n + (uint32_t)__builtin_popcount(set);
#else
  UNROLL for (int q = 0; q < LANES / 4; q++) {
    v4 part;
    memcpy(&part, (const char *)&e + 16 * q, 16);
    const uint32_t some = set >> (4 * q) & 15, at = first + 4 * (uint32_t)q;
    *(v4 *)(l->values + n) = packed(part, some);
    *(u4 *)(l->entries + n) = *(const u4 *)packLanes[some] + (u4){at, at, at, at};
    n += (uint32_t)__builtin_popcount(some);
  }
  return n;
#endif
}

/* What signed neurons have sent and not taken back before each step, into `sent`. */
static void countSent(const Layer *l, const float *potentials, vf theta) {
  vf sent = splat(0);
  for (int t = 0; t < l->steps; t++) {
    const vf u = load(potentials + t * l->width);
    const vi back = takenBack(l, u, theta, sent);
    store(l->sent + t * LANES, sent);
    sent += choose((vi)(u > theta), splat(1)) - choose(back, splat(1));
  }
}

/* All steps of LANES channels of one pixel, backward. Without `listed`, a is not kept and innovations are only counted. */
INLINE void deltasOf(const Layer *l, int pixel, int c, const int surrogate, const int reset, const int listed) {
  const int hard = reset == 2, isSigned = reset == 3;
  const vf theta = load(l->thresholds + c), inverse = load(l->inverse + c), price = splat(l->price);
  const uint32_t entry = (uint32_t)(pixel % l->columns * l->width + c);
  const float *potentials = l->potentials + pixel * l->steps * l->width + c;
  float *gradients = l->gradients + pixel * l->steps * l->width + c;
  vf next = splat(0), sum = splat(0), thresholdSlope = splat(0), leakSlope = splat(0);
  vf u = load(potentials + (l->steps - 1) * l->width);
  vi fired = (vi)(u > theta), back = {0};
  if (isSigned) {
    countSent(l, potentials, theta);
    back = takenBack(l, u, theta, load(l->sent + (l->steps - 1) * LANES));
  }
  for (int t = l->steps - 1; t >= 0; t--) {
    vf before = splat(l->initial) * theta, uBefore = before;
    vi firedBefore = {0}, backBefore = {0};
    if (t > 0) {
      uBefore = load(potentials + (t - 1) * l->width);
      firedBefore = (vi)(uBefore > theta);
      if (hard) before = choose(~firedBefore, uBefore);
      else before = uBefore - choose(firedBefore, theta);
      if (isSigned) backBefore = takenBack(l, uBefore, theta, load(l->sent + (t - 1) * LANES));
    }
    const vf b = splat(t == l->steps - 1 ? 0.0f : l->keep[t + 1]) * next;
    const vf slope = slopeOf(surrogate, u * inverse - splat(1), l->surrogateWidth) * inverse * splat(l->part[t]);
    const vf gradient = load(gradients + t * l->width), step = hard ? u : theta;
    vf lost = choose(fired, b);
    vf d = slope * (gradient + price - step * b);
    if (isSigned) {
      const vf slopeBack = slopeOf(surrogate, u * inverse + splat(l->retract), l->surrogateWidth) * inverse * splat(l->part[t]);
      d += choose((vi)(load(l->sent + t * LANES) > splat(0)), slopeBack) * (gradient - price - step * b);
      lost -= choose(back, b);
    }
    vf e = d;
    thresholdSlope -= d * u * inverse;
    if (hard) e = d - lost;
    else thresholdSlope -= lost;
    const vf a = e + b;
    leakSlope += a * before;
    sum += a;
    if (listed) {
      store(gradients + t * l->width, a);
      l->filled[t] = emit(l, l->filled[t], entry, e);
    } else l->filled[t] += (uint32_t)__builtin_popcount(bitsOf((vi)(e != splat(0))));
    next = a;
    u = uBefore;
    fired = firedBefore;
    back = backBefore;
  }
  thresholdSlope += splat(l->keep[0] * l->initial) * next;
  store(l->sums + pixel * l->width + c, sum);
  store(l->thresholdSlopes + c, load(l->thresholdSlopes + c) + thresholdSlope);
  store(l->leakSlopes + c, load(l->leakSlopes + c) + leakSlope);
  store(l->biasSlopes + c, load(l->biasSlopes + c) + sum);
}

/* An integrator never spikes: a is dL/dv of the last step in every step that takes part. */
INLINE void integratorDeltas(const Layer *l, int pixel, int c) {
  float *gradients = l->gradients + pixel * l->steps * l->width + c;
  const vf last = load(gradients + (l->steps - 1) * l->width);
  vf next = splat(0), sum = splat(0);
  for (int t = l->steps - 1; t >= 0; t--) {
    const vf a = splat(l->part[t]) * last;
    const vf e = a - splat(t == l->steps - 1 ? 0.0f : l->keep[t + 1]) * next;
    store(gradients + t * l->width, a);
    l->filled[t] = emit(l, l->filled[t], (uint32_t)(pixel % l->columns * l->width + c), e);
    sum += a;
    next = a;
  }
  store(l->sums + pixel * l->width + c, sum);
  store(l->biasSlopes + c, load(l->biasSlopes + c) + sum);
}

INLINE void deltas(const Layer *l, int pixel, const int surrogate, const int reset, const int listed) {
  const int floats = l->steps * l->width;
  for (int j = 0; j < floats; j += 16) {
    __builtin_prefetch(l->potentials + (pixel + 1) * floats + j);
    __builtin_prefetch(l->gradients + (pixel + 1) * floats + j);
  }
  for (int c = 0; c < l->width; c += LANES) deltasOf(l, pixel, c, surrogate, reset, listed);
}

#define DELTAS(S) \
  NOINLINE void deltas##S(const Layer *l, int pixel) { \
    if (l->reset == 3) { if (l->linkCount) deltas(l, pixel, S, 3, 1); else deltas(l, pixel, S, 3, 0); } \
    else if (l->reset == 2) { if (l->linkCount) deltas(l, pixel, S, 2, 1); else deltas(l, pixel, S, 2, 0); } \
    else { if (l->linkCount) deltas(l, pixel, S, 1, 1); else deltas(l, pixel, S, 1, 0); } \
  }
DELTAS(0)
DELTAS(1)
DELTAS(2)
DELTAS(3)

/* Turns dL/ds into a = dL/du, lists the innovations and returns their number. An integrator takes dL/dv of the last step. */
ENTRY(learning_delta, uint32_t layer) {
  const Layer l = READ_LAYER(layer);
  uint32_t total = 0;
  for (int y = 0; y < l.height; y++) {
    uint32_t *starts = l.starts + y * l.steps * (l.columns + 1);
    for (int t = 0; t < l.steps; t++) l.filled[t] = (uint32_t)((y * l.steps + t) * l.columns * l.width);
    for (int x = 0; x < l.columns; x++) {
      const int pixel = y * l.columns + x;
      for (int t = 0; t < l.steps; t++) starts[t * (l.columns + 1) + x] = l.filled[t];
      if (l.reset == 0) for (int c = 0; c < l.width; c += LANES) integratorDeltas(&l, pixel, c);
      else if (l.surrogate == 0) deltas0(&l, pixel);
      else if (l.surrogate == 1) deltas1(&l, pixel);
      else if (l.surrogate == 2) deltas2(&l, pixel);
      else deltas3(&l, pixel);
    }
    for (int t = 0; t < l.steps; t++) {
      starts[t * (l.columns + 1) + l.columns] = l.filled[t];
      total += l.filled[t] - starts[t * (l.columns + 1)];
    }
  }
  return total;
}
