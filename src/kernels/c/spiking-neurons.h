/*
 * What integer neurons do with their currents: one window of one pixel through a chunk of steps, 16 or 32 channels
 * at a time, whose state stays in registers. The equations stand at the head of src/quantise/integer-network.ts. Each
 * kind of neuron gets a loop of its own. Few neurons are ever clipped: plain ones run through the chunk without,
 * and once more with it if one of them left the range.
 */
#pragma once
#include "spiking.h"

typedef struct { uint64_t valid, driven; const int32_t *drive; int pixel, column, window, from, shift; } Place;

/* Where the arriving currents are: nowhere, in the 16-bit sums of one projection, shifted, or in `current`. */
enum { NOTHING, SUMS, CURRENTS };

/* The kinds of neurons, as `reset` of a layer says. */
enum { INTEGRATOR = 0, SOFT = 1, HARD = 2, SIGNED = 3, SECOND = 4 };

enum { GROUP = 16 / LANES /* vectors whose spikes are gathered together */, SPAN = LANES > 4 ? 32 : 16 /* channels whose state fits the registers */ };

typedef uint16_t Bits16 __attribute__((may_alias));
typedef int16_t hv __attribute__((vector_size(2 * LANES), aligned(2), may_alias));

/* 16 lanes of zeros or ones (all bits) as 16 bits. */
INLINE uint64_t bitsOf16(const vi *lanes) {
#ifdef __wasm__
  v128_t low = wasm_i16x8_narrow_i32x4((v128_t)lanes[0], (v128_t)lanes[1]);
  v128_t high = wasm_i16x8_narrow_i32x4((v128_t)lanes[2], (v128_t)lanes[3]);
  return (uint64_t)wasm_i8x16_bitmask(wasm_i8x16_narrow_i16x8(low, high));
#else
  uint64_t bits = 0;
  UNROLL for (int k = 0; k < GROUP; k++) bits |= (uint64_t)bitsOf(lanes[k]) << (k * LANES);
  return bits;
#endif
}

/* Bit c is whether number c of a window is not zero. */
INLINE uint64_t nonZero(const int32_t *window) {
  uint64_t bits = 0;
  for (int j = 0; j < WINDOW / LANES; j += GROUP) {
    vi lanes[GROUP];
    UNROLL for (int k = 0; k < GROUP; k++) lanes[k] = ((const vi *)window)[j + k] != 0;
    bits |= bitsOf16(lanes) << (j * LANES);
  }
  return bits;
}

/* sgn(v) * ((|v| * keep) >> 12) in 32 bits: |v| = 4096 * high + low, and 4096 * high * keep has no remainder. */
INLINE vi decayed(vi v, int32_t keep) {
  const vi sign = v >> 31, size = (v ^ sign) - sign;
  const vi kept = (size >> 12) * keep + (((size & 4095) * keep) >> 12);
  return (kept ^ sign) - sign;
}

INLINE vi greater(vi a, vi b) {
#if defined(__wasm__)
  return (vi)wasm_i32x4_max((v128_t)a, (v128_t)b);
#elif defined(__AVX512F__)
  return (vi)_mm512_max_epi32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (vi)_mm256_max_epi32((__m256i)a, (__m256i)b);
#else
  const vi above = a > b;
  return (a & above) | (b & ~above);
#endif
}

INLINE vi smaller(vi a, vi b) {
#if defined(__wasm__)
  return (vi)wasm_i32x4_min((v128_t)a, (v128_t)b);
#elif defined(__AVX512F__)
  return (vi)_mm512_min_epi32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (vi)_mm256_min_epi32((__m256i)a, (__m256i)b);
#else
  const vi above = a > b;
  return (b & above) | (a & ~above);
#endif
}

INLINE vi clip(vi v, int32_t limit) {
  const vi most = (vi){0} + limit;
  return smaller(greater(v, -most), most);
}

/* GCC splits the conversion of vectors to twice their size; the instruction is there. */
INLINE vi widened(const int16_t *p) {
#if defined(__AVX512F__)
  return (vi)_mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)p));
#elif defined(__AVX2__)
  return (vi)_mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)p));
#else
  return __builtin_convertvector(*(const hv *)p, vi);
#endif
}

/* What a loop is made for; `exact`: v is clipped, and how often is counted. */
typedef struct { int reset, leaky, remembers, from, driven, exact, lanes; } Kind;

/* Channels j .. j + lanes of the window. Returns how often v (or a lasting u) was clipped; where that is not exact, -1 if it would have been, and nothing has changed. */
INLINE int update(const Layer *l, const Place *place, int offset, int first, int last, const Kind kind) {
  enum { MOST = SPAN / LANES };
  const int vectors = kind.lanes / LANES, base = place->window * WINDOW + offset, own = place->column * l->windows * WINDOW + base;
  vi *const potential = (vi *)(l->potential + own), *const synaptic = (vi *)(l->synaptic + own), *const past = (vi *)(l->history + own);
  vi v[MOST], u[MOST], history[MOST], thresholds[MOST], retractions[MOST], drive[MOST];
  UNROLL for (int i = 0; i < vectors; i++) {
    v[i] = potential[i];
    thresholds[i] = ((const vi *)(l->thresholds + base))[i];
    if (kind.remembers) u[i] = synaptic[i];
    if (kind.remembers || kind.reset == SIGNED || kind.reset == SECOND) history[i] = past[i];
    if (kind.reset == SIGNED) retractions[i] = ((const vi *)(l->retractions + base))[i];
    if (kind.driven) drive[i] = ((const vi *)(place->drive + offset))[i];
  }
  const int shift = place->shift, signs = kind.reset == SIGNED ? 2 : 1;
  const int16_t *sums = l->sums + offset;
  const int32_t *current = l->current + offset;
  const long words = (long)l->windows * signs, row = ((long)place->pixel * l->steps + first) * l->windows + place->window;
  Bits16 *spikes = (Bits16 *)(l->spikes + row + (signs - 1) * (row - place->window)) + offset / 16, *active = (Bits16 *)(l->active + row) + offset / 16;
  int32_t *trace = l->trace + row * WINDOW + offset;
  vi clips = {0}, top = {0}, bottom = {0};
  for (int t = first; t < last; t++) {
    vi fired[MOST], aside[MOST];
    UNROLL for (int i = 0; i < vectors; i++) {
      vi now = v[i], over = {0}, arriving = {0};
      if (kind.from == SUMS) arriving = widened(sums + i * LANES) << shift;
      if (kind.from == CURRENTS) arriving = ((const vi *)current)[i];
      if (kind.reset == SECOND) { /* the second compartment's spike of the step before arrives: v leaks first, then pays */
        aside[i] = history[i];
        const vi owed = history[i] & thresholds[i];
        if (kind.leaky) now = decayed(now + owed, l->keep) - owed;
      } else if (kind.leaky) now = decayed(now, l->keep);
      if (kind.remembers) {
        aside[i] = u[i] != 0;
        const vi flowing = decayed(u[i], l->keepCurrent) + arriving;
        arriving = u[i] = clip(flowing, l->limit);
        over = arriving != flowing;
      }
      now += arriving;
      if (kind.driven) now += drive[i];
      vi kept = now;
      if (kind.exact) {
        kept = clip(now, l->limit);
        clips -= over | (kept != now);
      } else {
        top = greater(top, now);
        bottom = smaller(bottom, now);
      }
      if (kind.remembers) { /* held at zero while it waits */
        const vi waiting = history[i] > 0;
        kept &= ~waiting;
        history[i] += waiting;
      }
      if (kind.reset != INTEGRATOR) {
        fired[i] = kept > thresholds[i];
        if (kind.reset == SIGNED) {
          aside[i] = (kept < -retractions[i]) & (history[i] > 0);
          kept += aside[i] & thresholds[i];
          history[i] += aside[i] - fired[i]; /* a lane of ones is -1 */
        }
        if (kind.reset == SECOND) history[i] = fired[i];
        if (kind.remembers) history[i] |= fired[i] & (l->refractory - 1);
        kept = kind.reset == HARD ? kept & ~fired[i] : kept - (fired[i] & thresholds[i]);
      }
      v[i] = kept;
    }
    UNROLL for (int k = 0; k < kind.lanes / 16; k++) {
      if (kind.reset != INTEGRATOR) spikes[k] = (Bits16)bitsOf16(fired + k * GROUP);
      if (kind.reset == SIGNED) spikes[l->windows * 4 + k] = (Bits16)bitsOf16(aside + k * GROUP);
      if (kind.reset == SECOND || kind.remembers) active[k] |= (Bits16)(bitsOf16(aside + k * GROUP) & place->valid >> (offset + 16 * k));
    }
    if (kind.reset == INTEGRATOR && l->trace) {
      UNROLL for (int i = 0; i < vectors; i++) ((vi *)trace)[i] = v[i];
      trace += l->windows * WINDOW;
    }
    sums += WINDOW;
    current += WINDOW;
    spikes += words * 4;
    active += l->windows * 4;
  }
  int sum = 0;
  if (kind.exact) for (int i = 0; i < LANES; i++) sum += clips[i];
  else if (bitsOf((top > l->limit) | (bottom < -l->limit)) != 0) return -1;
  UNROLL for (int i = 0; i < vectors; i++) {
    potential[i] = v[i];
    if (kind.remembers) synaptic[i] = u[i];
    if (kind.remembers || kind.reset == SIGNED || kind.reset == SECOND) past[i] = history[i];
  }
  return sum;
}

#define UPDATE(name, ...) \
  NOINLINE int name(const Layer *l, const Place *place, int offset, int lanes, int first, int last) { \
    if (SPAN == 32 && lanes == 32) { const Kind kind = {__VA_ARGS__, 32}; return update(l, place, offset, first, last, kind); } \
    const Kind kind = {__VA_ARGS__, 16}; \
    return update(l, place, offset, first, last, kind); \
  }
/*     name         reset       leaky remembers from driven exact */
UPDATE(quickDriven, SOFT,       0, 0, NOTHING,  1, 0)
UPDATE(quickPlain,  SOFT,       0, 0, SUMS,     0, 0)
UPDATE(quickSoft,   SOFT,       0, 0, SUMS,     1, 0)
UPDATE(quickSoftOf, SOFT,       0, 0, CURRENTS, 1, 0)
UPDATE(quickLeaky,  SOFT,       1, 0, SUMS,     1, 0)
UPDATE(quickHard,   HARD,       0, 0, SUMS,     1, 0)
UPDATE(quickLif,    HARD,       1, 0, SUMS,     1, 0)
UPDATE(integrate,   INTEGRATOR, 0, 0, CURRENTS, 1, 1)
UPDATE(leak,        INTEGRATOR, 1, 0, CURRENTS, 1, 1)
UPDATE(soft,        SOFT,       0, 0, CURRENTS, 1, 1)
UPDATE(softLeaky,   SOFT,       1, 0, CURRENTS, 1, 1)
UPDATE(hard,        HARD,       0, 0, CURRENTS, 1, 1)
UPDATE(hardLeaky,   HARD,       1, 0, CURRENTS, 1, 1)
UPDATE(bothSigns,   SIGNED,     0, 0, CURRENTS, 1, 1)
UPDATE(second,      SECOND,     0, 0, CURRENTS, 1, 1)
UPDATE(secondLeaky, SECOND,     1, 0, CURRENTS, 1, 1)
UPDATE(cubaSoft,    SOFT,       1, 1, CURRENTS, 1, 1)
UPDATE(cubaHard,    HARD,       1, 1, CURRENTS, 1, 1)

typedef int (*Update)(const Layer *l, const Place *place, int offset, int lanes, int first, int last);

/* The loop that clips, from `current`. */
static Update exactUpdate(const Layer *l) {
  const int leaky = l->keep != 4096;
  if (l->remembers) return l->reset == HARD ? cubaHard : cubaSoft;
  switch (l->reset) {
    case INTEGRATOR: return leaky ? leak : integrate;
    case SOFT: return leaky ? softLeaky : soft;
    case SIGNED: return bothSigns;
    case SECOND: return leaky ? secondLeaky : second;
    default: return leaky ? hardLeaky : hard;
  }
}

/* The loop that does not; null where there is none. */
static Update quickUpdate(const Layer *l, const Place *place) {
  const int leaky = l->keep != 4096;
  if (l->remembers || (l->reset != SOFT && l->reset != HARD)) return NULL;
  if (place->from == SUMS) return l->reset == HARD ? (leaky ? quickLif : quickHard) : leaky ? quickLeaky : place->driven ? quickSoft : quickPlain;
  if (l->reset == HARD || leaky) return NULL;
  return place->from == NOTHING ? quickDriven : quickSoftOf;
}

/* Adds `width` channels' sums, shifted, to currents; of 8, 16 stand there. */
NOINLINE void addSums(const int16_t *sums, int32_t *current, int steps, int width, int shift) {
  for (int t = 0; t < steps; t++, sums += WINDOW, current += WINDOW)
    for (int j = 0; j < width; j += LANES) *(vi *)(current + j) += widened(sums + j) << shift;
}

/* Returns how often v (or a lasting u) was clipped. */
static int updateWindow(const Layer *l, const Place *place, int first, int last) {
  const int inWindow = l->channels - place->window * WINDOW, steps = last - first;
  const Update quick = quickUpdate(l, place), exact = exactUpdate(l);
  int clips = 0, ready = place->from == CURRENTS;
  for (int offset = 0, lanes; offset < WINDOW && offset < inWindow; offset += lanes) {
    lanes = SPAN == 32 && inWindow - offset > 16 ? 32 : 16;
    const int clipped = quick == NULL ? -1 : quick(l, place, offset, lanes, first, last);
    if (clipped >= 0) continue;
    if (!ready) {
      memset(l->current, 0, (unsigned long)steps * WINDOW * 4);
      if (place->from == SUMS) addSums(l->sums, l->current, steps, inWindow < WINDOW ? (inWindow + 15) / 16 * 16 : WINDOW, place->shift);
      ready = 1;
    }
    clips += exact(l, place, offset, lanes, first, last);
  }
  return clips;
}
