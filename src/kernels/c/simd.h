/*
 * Vectors of the kernels, in the extensions that Clang and GCC share. The same sources are built for
 * WebAssembly (4 lanes) and, for the optional native addon, once for each instruction set (`VARIANT` is
 * then the prefix of its functions). Sums run over vectors of channels and nothing is contracted into
 * fused multiply-adds, so every build gives the same bytes.
 *
 * An entry takes 32-bit numbers; what stands for a pointer is a byte offset into the memory, which starts
 * at address 0 in WebAssembly and at `arena` elsewhere.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define memcpy __builtin_memcpy
#define memset __builtin_memset

#ifdef __wasm__
#include <wasm_simd128.h>
#elif defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX2__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif

#ifdef __wasm__
#define ENTRY(name, ...) __attribute__((visibility("default"))) uint32_t name(__VA_ARGS__)
#define AT(type, offset) ((type *)(uintptr_t)(offset))
#else
#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define ENTRY(name, ...) \
  uint32_t JOIN(VARIANT, name)(char *arena, __VA_ARGS__); \
  uint32_t JOIN(VARIANT, name)(char *arena, __VA_ARGS__)
#define AT(type, offset) ((type *)(arena + (uint32_t)(offset)))
#endif

/* A descriptor is a list of four-byte fields, P(type, name) a pointer, I(name) an integer and F(name) a float: as a struct, read from the memory, and counted. */
#define POINTER_(type, name) type *name;
#define INTEGER_(name) int32_t name;
#define FLOAT_(name) float name;
#define READ_POINTER_(type, name) out.name = *at == 0 ? NULL : AT(type, *at); at++;
#define READ_INTEGER_(name) out.name = (int32_t)*at++;
#define READ_FLOAT_(name) memcpy(&out.name, at++, 4);
#define ONE_P_(type, name) + 1
#define ONE_(name) + 1

#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef float vf __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef float v4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef uint32_t u4 __attribute__((vector_size(16), aligned(4), may_alias));

INLINE vf load(const float *p) { return *(const vf *)p; }
INLINE void store(float *p, vf x) { *(vf *)p = x; }
INLINE vf splat(float x) { return x - (vf){0}; }
INLINE vf choose(vi mask, vf x) { return (vf)((vi)x & mask); }
INLINE vf magnitude(vf x) { return (vf)((vi)x & 0x7fffffff); }
INLINE int least(int a, int b) { return a < b ? a : b; }
INLINE int most(int a, int b) { return a > b ? a : b; }

/* Bit i is lane i of a mask. */
INLINE uint32_t bitsOf(vi mask) {
#if defined(__wasm__)
  return wasm_i32x4_bitmask((v128_t)mask);
#elif defined(__AVX512F__)
  return _mm512_cmplt_epi32_mask((__m512i)mask, _mm512_setzero_si512());
#elif defined(__AVX2__)
  return (uint32_t)_mm256_movemask_ps((__m256)mask);
#elif defined(__x86_64__)
  return (uint32_t)_mm_movemask_ps((__m128)mask);
#else
  uint32_t bits = 0;
  for (int i = 0; i < LANES; i++) bits |= (uint32_t)(mask[i] < 0) << i;
  return bits;
#endif
}

/*
 * Vectors of a block, held in registers. V8 loads a whole row before it adds, so that in WebAssembly's 16
 * registers only 4 sums stay out of memory beside 4 loads and what else is needed.
 */
#ifdef __wasm__
enum { BLOCK = 4 };
#else
enum { BLOCK = 8 };
#endif

/* Floats of the block that begins at c of `width` (a multiple of LANES): BLOCK vectors, or 4, 2 or 1. */
INLINE int blockWidth(int width, int c) {
  const int left = (width - c) / LANES;
  return LANES * (left >= BLOCK ? BLOCK : left >= 4 ? 4 : left >= 2 ? 2 : 1);
}

/* Calls OPERATION(vectors, c) for the blocks that cover `width` floats. */
#define IN_BLOCKS(width, OPERATION) \
  for (int c_ = 0, step_; c_ < (width); c_ += step_) { \
    step_ = blockWidth(width, c_); \
    if (BLOCK == 8 && step_ == 8 * LANES) { OPERATION(8, c_); } \
    else if (step_ == 4 * LANES) { OPERATION(4, c_); } \
    else if (step_ == 2 * LANES) { OPERATION(2, c_); } \
    else { OPERATION(1, c_); } \
  }
