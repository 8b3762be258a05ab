/**
 * Tails of the normal distribution where they are far too small or too close to 1 for a sum of
 * differences: erfc, the normal distribution function, their logarithms, and the normal quantile.
 * JavaScript has none of them. All rest on one series for the scaled function exp(x^2) erfc(x), which
 * neither underflows nor loses digits; relative error about 1e-15, checked against 50-digit values.
 */

/**
 * Chebyshev coefficients of (1 + 2x) exp(x^2) erfc(x) in t = (x - 3.75) / (x + 3.75), for x from 0 to
 * infinity: the variable of Shepherd and Laframboise (Math. Comp. 36, 1981). Computed for this file
 * with `test/audit/data/make-tail-values.py --coefficients` (mpmath, 40 digits). The first is halved already.
 */
const COEFFICIENTS = [
  1.17757893456740175411, -0.00459005458064647733, -0.08424913336651791558, 0.05920993999819189050, -0.02665866843530575228,
  0.0090749976707052651, -0.00241316354041760819, 4.9077583652580862982e-4, -6.9169733025012063651e-5, 4.1390279860730101675e-6,
  7.7403830661984906686e-7, -2.1886401049234395661e-7, 1.0764999465670910377e-8, 4.5219598112182868979e-9, -7.7544002088313511065e-10,
  -6.3180883408866844944e-11, 2.8687950109306698981e-11, 1.945586854577734723e-13, -9.6546967484334389059e-13, 3.2525481481487398415e-14,
  3.3478119482868053878e-14, -1.8645628804193131017e-15, -1.2507950530688647087e-15, 7.418235256624043445e-17, 5.0681489047961112991e-17,
  -2.2370566594359997716e-18,
] as const;
const CENTRE = 3.75;

/** exp(x^2) erfc(x) for x >= 0, relative error about 1e-15. */
export function scaledErfc(x: number): number {
  if (x === Infinity) return 0;
  const t = (x - CENTRE) / (x + CENTRE);
  let later = 0;
  let last = 0;
  for (let k = COEFFICIENTS.length - 1; k > 0; k--) {
    const next = 2 * t * later - last + COEFFICIENTS[k];
    last = later;
    later = next;
  }
  return (t * later - last + COEFFICIENTS[0]) / (1 + 2 * x);
}

/** exp(-factor x^2) without the error that rounding x^2 would bring: x is split into 16ths and a small rest. */
function gaussian(x: number, factor: number): number {
  const coarse = Math.round(x * 16) / 16;
  return Math.exp(-factor * coarse * coarse) * Math.exp(-factor * (x - coarse) * (x + coarse));
}

/** Below it, erfc is 1 minus a Taylor series: its logarithm keeps its digits there. */
const NEAR_ZERO = 0.45;

function erfNearZero(x: number): number {
  let [sum, power] = [0, x];
  for (let k = 0; k < 20; k++) {
    sum += power / (2 * k + 1);
    power *= -(x * x) / (k + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** 2/sqrt(pi) times the integral of exp(-t^2) from x to infinity. Underflows to 0 from about x = 26.5. */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (Math.abs(x) < NEAR_ZERO) return 1 - erfNearZero(x);
  if (x < 0) return 2 - erfc(-x);
  return x > 28 ? 0 : gaussian(x, 1) * scaledErfc(x);
}

/** The natural logarithm of erfc(x) for any x, also where erfc(x) itself underflows. */
export function logErfc(x: number): number {
  if (Math.abs(x) < NEAR_ZERO) return Math.log1p(-erfNearZero(x));
  return x < 0 ? Math.log1p(1 - erfc(-x)) : Math.log(scaledErfc(x)) - x * x;
}

/** The share of the standard normal distribution below x. */
export function normalCdf(x: number): number {
  if (x > 0) return 1 - normalCdf(-x);
  if (x < -40) return 0;
  return x > -NEAR_ZERO ? erfc(-x / Math.SQRT2) / 2 : (gaussian(x, 0.5) * scaledErfc(-x / Math.SQRT2)) / 2;
}

/** The natural logarithm of `normalCdf`, for any x: -5.0e9 at x = -1e5, -6.2e-16 at x = 8. */
export function logNormalCdf(x: number): number {
  if (x > 0) return Math.log1p(-normalCdf(-x));
  return x > -1 ? Math.log(normalCdf(x)) : Math.log(scaledErfc(-x / Math.SQRT2) / 2) - (x * x) / 2;
}

/** The x below which a share p of the standard normal distribution lies; -Infinity for 0, Infinity for 1, NaN outside. */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  if (p === 0 || p === 1) return p === 0 ? -Infinity : Infinity;
  if (p > 0.5) return -normalQuantile(1 - p); // 1 - p is exact here
  const wanted = Math.log(p);
  let x = -Math.sqrt(Math.max(0, -2 * (wanted + Math.LN2)));
  for (let i = 0; i < 60; i++) { // Newton on the logarithm, which is concave: from the left it converges without overshooting
    const value = logNormalCdf(x);
    const slope = Math.exp(-0.5 * x * x - 0.5 * Math.log(2 * Math.PI) - value);
    const step = (wanted - value) / slope;
    x += step;
    if (Math.abs(step) <= 1e-15 * Math.abs(x) || !Number.isFinite(step)) break;
  }
  return x;
}
