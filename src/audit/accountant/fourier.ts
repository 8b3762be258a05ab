/**
 * The fast Fourier transform of complex numbers, in place, length a power of two (Cooley and Tukey, Math.
 * Comp. 19, 1965). Composing T steps of a mechanism is a T-fold convolution, and in frequencies a power.
 */

/** cos and sin of 2 pi k / length for the first half of k. One table serves all transforms of a length. */
export interface Twiddles {
  readonly cos: Float64Array;
  readonly sin: Float64Array;
}

export function twiddles(length: number): Twiddles {
  const cos = new Float64Array(length / 2);
  const sin = new Float64Array(length / 2);
  for (let k = 0; k < length / 2; k++) {
    cos[k] = Math.cos((2 * Math.PI * k) / length);
    sin[k] = Math.sin((2 * Math.PI * k) / length);
  }
  return { cos, sin };
}

/** X[k] = sum over n of x[n] exp(-2 pi i n k / N), in place; the inverse, times N, is this with `re` and `im` exchanged. */
export function transform(re: Float64Array, im: Float64Array, { cos, sin }: Twiddles): void {
  const length = re.length;
  reverseBits(re, im);
  for (let half = 1; half < length; half *= 2) {
    const stride = length / (2 * half);
    for (let start = 0; start < length; start += 2 * half) {
      for (let k = 0, a = start, t = 0; k < half; k++, a++, t += stride) {
        const b = a + half;
        const real = re[b] * cos[t] + im[b] * sin[t];
        const imaginary = im[b] * cos[t] - re[b] * sin[t];
        re[b] = re[a] - real;
        im[b] = im[a] - imaginary;
        re[a] += real;
        im[a] += imaginary;
      }
    }
  }
}

function reverseBits(re: Float64Array, im: Float64Array): void {
  const length = re.length;
  for (let i = 1, j = 0; i < length; i++) {
    let bit = length >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) { // no destructuring: it would allocate for each pair
      const real = re[i];
      re[i] = re[j];
      re[j] = real;
      const imaginary = im[i];
      im[i] = im[j];
      im[j] = imaginary;
    }
  }
}
