// GFLOP per processor second of OpenBLAS's sgemm for each "rows columns depth" on the command line: the best of several runs.
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static float *matrix(int length) {
  float *x = malloc(sizeof(float) * (size_t)length);
  for (int i = 0; i < length; i++) x[i] = (float)(i % 7 - 3);
  return x;
}

int main(int argc, char **argv) {
  for (int a = 1; a + 2 < argc; a += 3) {
    const int m = atoi(argv[a]), n = atoi(argv[a + 1]), k = atoi(argv[a + 2]);
    float *x = matrix(m * k), *y = matrix(k * n), *z = matrix(m * n);
    double best = 1e9;
    for (int run = 0; run < 8; run++) {
      const double start = seconds();
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, x, k, y, n, 0, z, n);
      const double time = seconds() - start;
      if (time < best) best = time;
    }
    printf("%.3f\n", 2.0 * m * n * k / best * 1e-9);
    free(x);
    free(y);
    free(z);
  }
  return 0;
}
