/*
 * How an image enters a spiking network: the layer that the host computes in 32-bit floats, summed in
 * a fixed order and rounded to bias currents, and Poisson spikes from a counter-based random stream.
 */
#include "simd.h"

/* The layer that the host computes: float convolution of the image [C, H, W], then the rounding of `roundToBias`. */
#define HOST_FIELDS(P, I) \
  P(float, image) P(float, weights) /* [tap][input of the group][channels] */ \
  P(float, bias) P(double, scale)   /* [channels] */ \
  P(float, sums)                    /* scratch [channels] */ \
  P(int32_t, drive) I(driveStride)  /* [pixel][driveStride], added to */ \
  I(imageHeight) I(imageWidth) I(height) I(width) I(channels) I(inputs) I(groups) \
  I(kernelY) I(kernelX) I(strideY) I(strideX) I(dilationY) I(dilationX) I(padY) I(padX) I(poolY) I(poolX) \
  I(mantissaMax) I(exponentMax)
typedef struct { HOST_FIELDS(POINTER_, INTEGER_) } HostLayer;

INLINE int32_t roundToBias(double value, int mantissaMax, int exponentMax) {
  double size = value < 0 ? -value : value, step = 1;
  for (int e = 0; e < exponentMax && size / step >= mantissaMax + 0.5; e++) step *= 2;
  double mantissa = __builtin_floor(size / step + 0.5);
  if (mantissa > mantissaMax) mantissa = mantissaMax;
  return (int32_t)(value < 0 ? -mantissa * step : mantissa * step);
}

static void addInput(const HostLayer *h, const float *pixel, const float *weights) {
  int outputs = h->channels / h->groups, plane = h->imageHeight * h->imageWidth;
  for (int g = 0; g < h->groups; g++) {
    float *sums = h->sums + g * outputs;
    for (int i = 0; i < h->inputs; i++) {
      float x = pixel[(g * h->inputs + i) * plane];
      const float *w = weights + i * h->channels + g * outputs;
      for (int o = 0; o < outputs; o++) sums[o] += w[o] * x;
    }
  }
}

ENTRY(spiking_host_layer, uint32_t layer) {
  const uint32_t *at = AT(uint32_t, layer);
  HostLayer out;
  HOST_FIELDS(READ_POINTER_, READ_INTEGER_)
  const HostLayer *h = &out;
  for (int y = 0; y < h->height; y++)
    for (int x = 0; x < h->width; x++) {
      for (int c = 0; c < h->channels; c++) h->sums[c] = 0;
      for (int ky = 0; ky < h->kernelY; ky++)
        for (int kx = 0; kx < h->kernelX; kx++) {
          int row = (y * h->strideY + ky * h->dilationY - h->padY) * h->poolY;
          int column = (x * h->strideX + kx * h->dilationX - h->padX) * h->poolX;
          if (row < 0 || column < 0) continue;
          for (int r = row; r < row + h->poolY && r < h->imageHeight; r++)
            for (int c = column; c < column + h->poolX && c < h->imageWidth; c++)
              addInput(h, h->image + r * h->imageWidth + c, h->weights + (ky * h->kernelX + kx) * h->inputs * h->channels);
        }
      int32_t *drive = h->drive + (y * h->width + x) * h->driveStride;
      for (int c = 0; c < h->channels; c++)
        drive[c] += roundToBias(((double)h->sums[c] + (double)h->bias[c]) * h->scale[c], h->mantissaMax, h->exponentMax);
    }
  return 0;
}

/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011), as in random.ts. */
static void philox(uint64_t counter, uint32_t k0, uint32_t k1, uint32_t *out) {
  uint32_t c0 = (uint32_t)counter, c1 = (uint32_t)(counter >> 32), c2 = 0, c3 = 0;
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)0xd2511f53u * c0, b = (uint64_t)0xcd9e8d57u * c2;
    c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)b;
    c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)a;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  out[0] = c0; out[1] = c1; out[2] = c2; out[3] = c3;
}

/* Poisson spikes of an image [values]: probability times 2^32 of each value, and the channel in which it spikes. */
#define POISSON_FIELDS(P, I) \
  P(double, chance) P(int32_t, channel) I(values) I(pixels) I(steps) I(words) I(key0) I(key1) P(uint64_t, masks)
typedef struct { POISSON_FIELDS(POINTER_, INTEGER_) } Poisson;

ENTRY(spiking_poisson, uint32_t description) {
  const uint32_t *at = AT(uint32_t, description);
  Poisson out;
  POISSON_FIELDS(READ_POINTER_, READ_INTEGER_)
  const int blocks = (out.values + 3) / 4;
  for (int t = 0; t < out.steps; t++)
    for (int b = 0; b < blocks; b++) {
      uint32_t draws[4];
      philox((uint64_t)t * (uint64_t)blocks + (uint64_t)b, (uint32_t)out.key0, (uint32_t)out.key1, draws);
      for (int j = 0; j < 4 && b * 4 + j < out.values; j++) {
        const int k = b * 4 + j, channel = out.channel[k];
        if ((double)draws[j] < out.chance[k]) out.masks[((k % out.pixels) * out.steps + t) * out.words + channel / 64] |= 1ull << (channel % 64);
      }
    }
  return 0;
}
