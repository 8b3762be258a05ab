// What a network does to pictures besides multiplying: moving, pooling and element by element work.
// `copy_strided` alone carries padding, cropping, slicing, transposing and joining.

#define EXPORT __attribute__((visibility("default")))

enum { MOST_AXES = 8 };

typedef float v4 __attribute__((vector_size(16), aligned(4)));
typedef int i4 __attribute__((vector_size(16)));

static inline v4 splat(float x) { return (v4){x, x, x, x}; }
static inline v4 choose(i4 mask, v4 yes, v4 no) { return (v4)(((i4)yes & mask) | ((i4)no & ~mask)); }

// out[sum i_a * out_strides[a]] = in[sum i_a * in_strides[a]] for every index i below `extents`.
// Strides are in elements and may be negative or zero; at most 8 axes.
EXPORT void copy_strided(int axes, const int *extents, float *out, const int *out_strides, const float *in, const int *in_strides) {
  int index[MOST_AXES] = {0};
  for (int a = 0; a < axes; a++) if (extents[a] <= 0) return;
  const int inner = axes - 1, length = extents[inner], to = out_strides[inner], from = in_strides[inner];
  for (;;) {
    if (to == 1 && from == 1) for (int i = 0; i < length; i++) out[i] = in[i];
    else for (int i = 0; i < length; i++) out[i * to] = in[i * from];
    int a = inner - 1;
    for (; a >= 0; a--) {
      out += out_strides[a];
      in += in_strides[a];
      if (++index[a] < extents[a]) break;
      out -= out_strides[a] * extents[a];
      in -= in_strides[a] * extents[a];
      index[a] = 0;
    }
    if (a < 0) return;
  }
}

EXPORT void fill(int length, float *out, float value) { for (int i = 0; i < length; i++) out[i] = value; }

typedef struct {
  int planes, height, width, out_height, out_width;
  int kernel_y, kernel_x, stride_y, stride_x, dilation_y, dilation_x;
  int top, left, bottom, right;
  int maximum;    // 1: maximum, 0: mean
  int count_pad;  // mean only: padded places count in the divisor
} Pooling;

// First and one past the last tap k for which start + k * dilation lies in [0, extent).
static inline void inside(int start, int dilation, int kernel, int extent, int *first, int *end) {
  int low = 0, high = kernel;
  while (low < kernel && start + low * dilation < 0) low++;
  while (high > low && start + (high - 1) * dilation >= extent) high--;
  *first = low;
  *end = high;
}

static inline float pool_window(const Pooling *p, const float *plane, int y0, int x0, const int *taps) {
  float best = -__builtin_inff(), sum = 0.0f;
  for (int ky = taps[0]; ky < taps[1]; ky++) {
    const float *row = plane + (y0 + ky * p->dilation_y) * p->width + x0;
    for (int kx = taps[2]; kx < taps[3]; kx++) {
      const float value = row[kx * p->dilation_x];
      if (p->maximum) best = value > best ? value : best;
      else sum += value;
    }
  }
  if (p->maximum) return best;
  const int counted = p->count_pad ? p->kernel_y * p->kernel_x : (taps[1] - taps[0]) * (taps[3] - taps[2]);
  return counted == 0 ? 0.0f : sum / (float)counted;
}

// Mean over cells of 2 x 2 that tile the picture, as most networks have it.
static inline int is_halving(const Pooling *p) {
  return !p->maximum && p->kernel_y == 2 && p->kernel_x == 2 && p->stride_y == 2 && p->stride_x == 2 && p->dilation_y == 1 && p->dilation_x == 1
    && p->top == 0 && p->left == 0 && p->bottom == 0 && p->right == 0 && p->out_height * 2 == p->height && p->out_width * 2 == p->width;
}

static void halve(const Pooling *p, const float *in, float *out) {
  for (int row = 0; row < p->planes * p->out_height; row++, in += 2 * p->width, out += p->out_width) {
    const float *below = in + p->width;
    int x = 0;
    for (; x + 4 <= p->out_width; x += 4) {
      const v4 a = *(const v4 *)(in + 2 * x), b = *(const v4 *)(in + 2 * x + 4), c = *(const v4 *)(below + 2 * x), d = *(const v4 *)(below + 2 * x + 4);
      const v4 above = __builtin_shufflevector(a, b, 0, 2, 4, 6) + __builtin_shufflevector(a, b, 1, 3, 5, 7);
      *(v4 *)(out + x) = (above + __builtin_shufflevector(c, d, 0, 2, 4, 6) + __builtin_shufflevector(c, d, 1, 3, 5, 7)) * splat(0.25f);
    }
    for (; x < p->out_width; x++) out[x] = (in[2 * x] + in[2 * x + 1] + below[2 * x] + below[2 * x + 1]) * 0.25f;
  }
}

EXPORT void pool(const Pooling *p, const float *in, float *out) {
  if (is_halving(p)) { halve(p, in, out); return; }
  for (int plane = 0; plane < p->planes; plane++, in += p->height * p->width)
    for (int y = 0; y < p->out_height; y++) {
      int taps[4];
      const int y0 = y * p->stride_y - p->top;
      inside(y0, p->dilation_y, p->kernel_y, p->height, &taps[0], &taps[1]);
      for (int x = 0; x < p->out_width; x++) {
        const int x0 = x * p->stride_x - p->left;
        inside(x0, p->dilation_x, p->kernel_x, p->width, &taps[2], &taps[3]);
        *out++ = pool_window(p, in, y0, x0, taps);
      }
    }
}

// out = min(max(in, 0), cap); in and out may be the same.
EXPORT void relu(int length, const float *in, float *out, float cap) {
  int k = 0;
  for (; k + 4 <= length; k += 4) {
    const v4 x = *(const v4 *)(in + k), positive = choose(x > splat(0.0f), x, splat(0.0f));
    *(v4 *)(out + k) = choose(positive < splat(cap), positive, splat(cap));
  }
  for (int i = k; i < length; i++) {
    const float positive = in[i] > 0.0f ? in[i] : 0.0f;
    out[i] = positive < cap ? positive : cap;
  }
}

// out = a + b; out may be either of them.
EXPORT void add(int length, const float *a, const float *b, float *out) { for (int i = 0; i < length; i++) out[i] = a[i] + b[i]; }

// out = a - b; out may be either of them.
EXPORT void subtract(int length, const float *a, const float *b, float *out) { for (int i = 0; i < length; i++) out[i] = a[i] - b[i]; }

// out[n][i] = in[n][i] * scale[i] + shift[i].
EXPORT void scale_elements(int count, int length, const float *in, const float *scale, const float *shift, float *out) {
  for (int n = 0; n < count; n++, in += length, out += length)
    for (int i = 0; i < length; i++) out[i] = in[i] * scale[i] + shift[i];
}

// out[n][c][i] = in[n][c][i] * scale[c] + shift[c].
EXPORT void scale_channels(int count, int channels, int plane, const float *in, const float *scale, const float *shift, float *out) {
  for (int n = 0; n < count; n++)
    for (int c = 0; c < channels; c++, in += plane, out += plane) {
      const float factor = scale[c], offset = shift[c];
      for (int i = 0; i < plane; i++) out[i] = in[i] * factor + offset;
    }
}

static void spread_halves(const Pooling *p, const float *d_out, float *d_in) {
  for (int row = 0; row < p->planes * p->out_height; row++, d_out += p->out_width, d_in += 2 * p->width) {
    float *below = d_in + p->width;
    int x = 0;
    for (; x + 4 <= p->out_width; x += 4) {
      const v4 share = *(const v4 *)(d_out + x) * splat(0.25f);
      const v4 low = __builtin_shufflevector(share, share, 0, 0, 1, 1), high = __builtin_shufflevector(share, share, 2, 2, 3, 3);
      *(v4 *)(d_in + 2 * x) = *(v4 *)(below + 2 * x) = low;
      *(v4 *)(d_in + 2 * x + 4) = *(v4 *)(below + 2 * x + 4) = high;
    }
    for (; x < p->out_width; x++) d_in[2 * x] = d_in[2 * x + 1] = below[2 * x] = below[2 * x + 1] = d_out[x] * 0.25f;
  }
}

// The gradient of a mean pooling: each place of d_out adds its share to the places of d_in it looked at. d_in is overwritten.
EXPORT void spread_mean(const Pooling *p, const float *d_out, float *d_in) {
  if (is_halving(p)) { spread_halves(p, d_out, d_in); return; }
  for (int plane = 0; plane < p->planes; plane++, d_in += p->height * p->width) {
    for (int i = 0; i < p->height * p->width; i++) d_in[i] = 0.0f;
    for (int y = 0; y < p->out_height; y++) {
      int rows[2], columns[2];
      const int y0 = y * p->stride_y - p->top;
      inside(y0, p->dilation_y, p->kernel_y, p->height, &rows[0], &rows[1]);
      for (int x = 0; x < p->out_width; x++) {
        const int x0 = x * p->stride_x - p->left;
        inside(x0, p->dilation_x, p->kernel_x, p->width, &columns[0], &columns[1]);
        const int counted = p->count_pad ? p->kernel_y * p->kernel_x : (rows[1] - rows[0]) * (columns[1] - columns[0]);
        const float share = counted == 0 ? 0.0f : *d_out / (float)counted;
        d_out++;
        for (int ky = rows[0]; ky < rows[1]; ky++)
          for (int kx = columns[0]; kx < columns[1]; kx++)
            d_in[(y0 + ky * p->dilation_y) * p->width + x0 + kx * p->dilation_x] += share;
      }
    }
  }
}

// The gradient of relu, from its output: d_in = d_out where 0 < out < cap, else 0; d_in and d_out may be the same.
EXPORT void relu_gradient(int length, const float *out, const float *d_out, float *d_in, float cap) {
  int k = 0;
  for (; k + 4 <= length; k += 4) {
    const v4 value = *(const v4 *)(out + k);
    *(v4 *)(d_in + k) = choose((value > splat(0.0f)) & (value < splat(cap)), *(const v4 *)(d_out + k), splat(0.0f));
  }
  for (int i = k; i < length; i++) d_in[i] = out[i] > 0.0f && out[i] < cap ? d_out[i] : 0.0f;
}
