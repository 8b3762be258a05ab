// Single precision matrix product in the shape that networks need it:
//
//   result[i][j] (+)= bias[i] + sum over k of left[i][k] * right[k][j]
//
// The left matrix (weights) is packed once. The right matrix is read through offset tables, so one
// kernel serves plain and transposed matrices, dense layers and convolutions: for a convolution, row
// k of the right matrix is a tap (channel, ky, kx) and column j an output place of some image, and
// the element is pixel right[row_offset[k] + column_offset[j]] of the padded picture.
//
// The work is cut as in Goto and van de Geijn, "Anatomy of high-performance matrix multiplication"
// (ACM TOMS 34, 2008): blocks of DEPTH_BLOCK terms, packed into slivers that stay in cache, and a
// tile of 4 x 8 results in registers. 4 x 8 is the largest tile that fits the 16 vector registers
// of a 128-bit machine without spills. Every element is summed in the same order wherever it lies
// in the matrix, so a column's bits do not depend on its neighbours.

#define EXPORT __attribute__((visibility("default")))

typedef float v4 __attribute__((vector_size(16), aligned(4)));

enum { TILE_ROWS = 4, TILE_COLUMNS = 8, DEPTH_BLOCK = 256, ROW_BLOCK = 128, COLUMN_BLOCK = 256 };

typedef struct {
  int rows, columns, depth;
  const float *left;          // from pack_left
  const float *bias;          // one a row, or null
  const float *right;
  const int *right_rows;      // offset of each row of the right matrix, in elements
  const int *right_columns;   // offset of each column of one group
  int group;                  // columns in a group (the places of one image)
  int right_group_stride;     // elements from one group of the right matrix to the next
  float *result;
  int result_row_stride;
  int result_group_stride;    // columns of a group lie side by side in the result
  int accumulate;             // 1: add to what the result holds (bias is then ignored)
  float *scratch;             // multiply_scratch_bytes()
} Product;

static inline int least(int a, int b) { return a < b ? a : b; }
static inline v4 splat(float x) { return (v4){x, x, x, x}; }

EXPORT int multiply_scratch_bytes(void) { return DEPTH_BLOCK * COLUMN_BLOCK * (int)sizeof(float); }

// Elements of the packed form of a left matrix: rows are rounded up to whole tiles.
EXPORT int packed_left_length(int rows, int depth) { return (rows + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS * depth; }

// Four terms of four rows that lie in memory row by row, turned so that each term's four rows are neighbours.
static inline void pack_square(const float *source, int row_stride, float *out) {
  const v4 r0 = *(const v4 *)source, r1 = *(const v4 *)(source + row_stride);
  const v4 r2 = *(const v4 *)(source + 2 * row_stride), r3 = *(const v4 *)(source + 3 * row_stride);
  for (int k = 0; k < 4; k++, out += TILE_ROWS) *(v4 *)out = (v4){r0[k], r1[k], r2[k], r3[k]};
}

// Packs left[i][k] = source[i * row_stride + columns[k]] (columns null: k * column_stride) for `multiply`.
EXPORT void pack_left(int rows, int depth, const float *source, int row_stride, const int *columns, int column_stride, float *out) {
  for (int k0 = 0; k0 < depth; k0 += DEPTH_BLOCK) {
    const int k1 = least(depth, k0 + DEPTH_BLOCK);
    for (int i0 = 0; i0 < rows; i0 += TILE_ROWS) {
      int k = k0;
      if (!columns && column_stride == 1 && i0 + TILE_ROWS <= rows)
        for (; k + 4 <= k1; k += 4, out += 4 * TILE_ROWS) pack_square(source + i0 * row_stride + k, row_stride, out);
      for (; k < k1; k++) {
        const float *column = source + (columns ? columns[k] : k * column_stride);
        for (int i = i0; i < i0 + TILE_ROWS; i++) *out++ = i < rows ? column[i * row_stride] : 0.0f;
      }
    }
  }
}

// Where the 8 columns of a sliver lie, in the right matrix or in the result. Columns past the end
// repeat the last one: they are computed and thrown away.
static inline void locate(const Product *p, int first, int *right, int *result) {
  int group = first / p->group, place = first % p->group;
  for (int j = 0; j < TILE_COLUMNS; j++) {
    right[j] = group * p->right_group_stride + p->right_columns[place];
    result[j] = group * p->result_group_stride + place;
    if (first + j + 1 < p->columns && ++place == p->group) { place = 0; group++; }
  }
}

static inline int is_run(const int *offsets, int length) {
  for (int j = 1; j < length; j++) if (offsets[j] != offsets[0] + j) return 0;
  return 1;
}

static void pack_sliver(const float *right, const int *rows, int depth, const int *columns, float *out) {
  const int left_run = is_run(columns, 4), right_run = is_run(columns + 4, 4);
  const float *a = right + columns[0], *b = right + columns[4];
  if (left_run && right_run)
    for (int k = 0; k < depth; k++, out += TILE_COLUMNS) {
      *(v4 *)out = *(const v4 *)(a + rows[k]);
      *(v4 *)(out + 4) = *(const v4 *)(b + rows[k]);
    }
  else {
    const int c0 = columns[0], c1 = columns[1], c2 = columns[2], c3 = columns[3];
    const int c4 = columns[4], c5 = columns[5], c6 = columns[6], c7 = columns[7];
    for (int k = 0; k < depth; k++, out += TILE_COLUMNS) {
      const float *row = right + rows[k];
      out[0] = row[c0]; out[1] = row[c1]; out[2] = row[c2]; out[3] = row[c3];
      out[4] = row[c4]; out[5] = row[c5]; out[6] = row[c6]; out[7] = row[c7];
    }
  }
}

typedef struct { v4 low[TILE_ROWS], high[TILE_ROWS]; } Tile;

// The loop is written for V8. Its scheduler moves all loads of a loop body to the front, so that an
// unrolled body spills; and a pointer that was just added to needs no zero extension before a load,
// which is why the pointers advance first. The empty asm keeps the compiler from rewriting the two
// pointers as many running sums.
static inline __attribute__((always_inline)) Tile multiply_tile(int depth, const float *left, const float *right) {
  v4 a0 = splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  const float *const last = left + (depth - 1) * TILE_ROWS;
  left -= TILE_ROWS;
  right -= TILE_COLUMNS;
#pragma clang loop unroll(disable)
  do {
    left += TILE_ROWS;
    right += TILE_COLUMNS;
    __asm__ volatile("" : "+r"(left), "+r"(right));
    const v4 low = *(const v4 *)right, high = *(const v4 *)(right + 4);
    const v4 l0 = splat(left[0]), l1 = splat(left[1]), l2 = splat(left[2]), l3 = splat(left[3]);
    a3 += l3 * low; b3 += l3 * high;
    a2 += l2 * low; b2 += l2 * high;
    a1 += l1 * low; b1 += l1 * high;
    a0 += l0 * low; b0 += l0 * high;
  } while (left != last);
  return (Tile){{a0, a1, a2, a3}, {b0, b1, b2, b3}};
}

static inline __attribute__((always_inline)) void store_run(const Tile *t, float *to, int stride, int add, const float *bias) {
  for (int i = 0; i < TILE_ROWS; i++, to += stride) {
    const v4 shift = splat(bias ? bias[i] : 0.0f);
    *(v4 *)to = t->low[i] + (add ? *(v4 *)to : shift);
    *(v4 *)(to + 4) = t->high[i] + (add ? *(v4 *)(to + 4) : shift);
  }
}

static void store_scattered(const Tile *t, float *to, int stride, int add, const float *bias, int rows, int columns, const int *places) {
  for (int i = 0; i < rows; i++, to += stride) {
    const float shift = bias ? bias[i] : 0.0f;
    for (int j = 0; j < columns; j++) {
      const float sum = j < 4 ? t->low[i][j] : t->high[i][j - 4];
      to[places[j]] = sum + (add ? to[places[j]] : shift);
    }
  }
}

// The tiles of rows [row0, row1) in one sliver of columns, for the terms [k0, k0 + depth). Not
// inlined: V8 unrolls by the depth of the nest of loops, and two loops deep it stops at twice.
static __attribute__((noinline)) void multiply_sliver(const Product *p, int row0, int row1, int k0, int depth, int first, const float *right) {
  int unused[TILE_COLUMNS], places[TILE_COLUMNS];
  locate(p, first, unused, places);
  const int columns = least(TILE_COLUMNS, p->columns - first);
  const int run = columns == TILE_COLUMNS && is_run(places, TILE_COLUMNS);
  const int add = k0 > 0 || p->accumulate, stride = p->result_row_stride;
  const int tall = (p->rows + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
  const float *left = p->left + tall * k0 + row0 * depth;
  for (int i = row0; i < row1; i += TILE_ROWS, left += TILE_ROWS * depth) {
    const float *bias = p->bias ? p->bias + i : 0;
    float *to = p->result + i * stride;
    const Tile t = multiply_tile(depth, left, right);
    if (run && i + TILE_ROWS <= p->rows) store_run(&t, to + places[0], stride, add, bias);
    else store_scattered(&t, to, stride, add, bias, least(TILE_ROWS, p->rows - i), columns, places);
  }
}

EXPORT void multiply(const Product *p) {
  int right[TILE_COLUMNS], unused[TILE_COLUMNS];
  for (int k0 = 0; k0 < p->depth; k0 += DEPTH_BLOCK) {
    const int depth = least(DEPTH_BLOCK, p->depth - k0);
    for (int j0 = 0; j0 < p->columns; j0 += COLUMN_BLOCK) {
      const int j1 = least(p->columns, j0 + COLUMN_BLOCK);
      for (int j = j0; j < j1; j += TILE_COLUMNS) {
        locate(p, j, right, unused);
        pack_sliver(p->right, p->right_rows + k0, depth, right, p->scratch + (j - j0) * depth);
      }
      for (int i0 = 0; i0 < p->rows; i0 += ROW_BLOCK)
        for (int j = j0; j < j1; j += TILE_COLUMNS)
          multiply_sliver(p, i0, least(p->rows, i0 + ROW_BLOCK), k0, depth, j, p->scratch + (j - j0) * depth);
    }
  }
}
