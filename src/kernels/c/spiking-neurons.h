/*
 * What integer neurons do with their currents: one window of one pixel through a chunk of steps. The
 * equations stand at the head of src/quantise/integer-network.ts. Each kind of neuron gets a loop of its own.
 */
#pragma once
#include "spiking.h"

typedef struct { uint64_t valid, driven; const int32_t *drive; int pixel, window; } Place;

/* The kinds of neurons, as `reset` of a layer says. */
enum { INTEGRATOR = 0, SOFT = 1, HARD = 2, SIGNED = 3, SECOND = 4 };

enum { GROUP = 16 / LANES }; /* vectors whose spikes are gathered together */

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

INLINE vi clip(vi v, int32_t limit) {
#ifdef __wasm__
  return (vi)wasm_i32x4_min(wasm_i32x4_max((v128_t)v, wasm_i32x4_splat(-limit)), wasm_i32x4_splat(limit));
#else
  const vi above = v > limit, below = v < -limit;
  return (v & ~(above | below)) | (above & limit) | (below & -limit);
#endif
}

/* Returns how often v (or a lasting u) was clipped. */
INLINE int update(const Layer *l, const Place *place, int first, int last, const int leaky, const int reset, const int remembers) {
  const int base = place->window * WINDOW, inWindow = l->channels - base;
  vi *v = (vi *)(l->potential + base), *u = (vi *)(l->synaptic + base), *history = (vi *)(l->history + base);
  const vi *thresholds = (const vi *)(l->thresholds + base), *retractions = (const vi *)(l->retractions + base), *drive = (const vi *)place->drive;
  const int vectors = inWindow >= WINDOW ? WINDOW / LANES : (inWindow + 15) / 16 * GROUP;
  const vi *current = (const vi *)l->current;
  vi clips = {0};
  for (int t = first; t < last; t++, current += WINDOW / LANES) {
    uint64_t bits = 0, back = 0, lasting = 0;
    for (int j = 0; j < vectors; j += GROUP) {
      vi fired[GROUP], aside[GROUP];
      UNROLL for (int k = 0; k < GROUP; k++) {
        const int i = j + k;
        vi now = v[i], arriving = current[i];
        vi over = {0};
        if (reset == SECOND) { /* the second compartment's spike of the step before arrives: v leaks first, then pays */
          aside[k] = history[i];
          const vi owed = history[i] & thresholds[i];
          if (leaky) now = decayed(now + owed, l->keep) - owed;
        } else if (leaky) now = decayed(now, l->keep);
        if (remembers) {
          aside[k] = u[i] != 0;
          const vi flowing = decayed(u[i], l->keepCurrent) + arriving;
          arriving = u[i] = clip(flowing, l->limit);
          over = arriving != flowing;
        }
        now += arriving + drive[i];
        vi clipped = clip(now, l->limit);
        clips -= over | (clipped != now);
        if (remembers) { /* held at zero while it waits */
          const vi waiting = history[i] > 0;
          clipped &= ~waiting;
          history[i] += waiting;
        }
        if (reset != INTEGRATOR) {
          fired[k] = clipped > thresholds[i];
          if (reset == SIGNED) {
            aside[k] = (clipped < -retractions[i]) & (history[i] > 0);
            clipped += aside[k] & thresholds[i];
            history[i] += aside[k] - fired[k]; /* a lane of ones is -1 */
          }
          if (reset == SECOND) history[i] = fired[k];
          if (remembers) history[i] |= fired[k] & (l->refractory - 1);
          clipped = reset == HARD ? clipped & ~fired[k] : clipped - (fired[k] & thresholds[i]);
        }
        v[i] = clipped;
      }
      if (reset != INTEGRATOR) bits |= bitsOf16(fired) << (j * LANES);
      if (reset == SIGNED) back |= bitsOf16(aside) << (j * LANES);
      if (reset == SECOND || remembers) lasting |= bitsOf16(aside) << (j * LANES);
    }
    const int row = (place->pixel * l->steps + t) * l->windows, at = row + place->window;
    if (reset == SIGNED) {
      l->spikes[row + at] = bits & place->valid;
      l->spikes[row + at + l->windows] = back & place->valid;
    } else l->spikes[at] = bits & place->valid;
    l->active[at] = (l->arrived[t - first] | place->driven | lasting) & place->valid;
    if (reset == INTEGRATOR && l->trace) memcpy(l->trace + at * WINDOW, v, WINDOW * 4);
  }
  int sum = 0;
  for (int i = 0; i < LANES; i++) sum += clips[i];
  return sum;
}

NOINLINE int updateWindow(const Layer *l, const Place *place, int first, int last) {
  const int leaky = l->keep != 4096;
  if (l->remembers) return l->reset == HARD ? update(l, place, first, last, 1, HARD, 1) : update(l, place, first, last, 1, SOFT, 1);
  switch (l->reset) {
    case INTEGRATOR: return leaky ? update(l, place, first, last, 1, INTEGRATOR, 0) : update(l, place, first, last, 0, INTEGRATOR, 0);
    case SOFT: return leaky ? update(l, place, first, last, 1, SOFT, 0) : update(l, place, first, last, 0, SOFT, 0);
    case SIGNED: return update(l, place, first, last, 0, SIGNED, 0);
    case SECOND: return leaky ? update(l, place, first, last, 1, SECOND, 0) : update(l, place, first, last, 0, SECOND, 0);
    default: return leaky ? update(l, place, first, last, 1, HARD, 0) : update(l, place, first, last, 0, HARD, 0);
  }
}
