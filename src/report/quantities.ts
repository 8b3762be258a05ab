/**
 * Numbers as people read them: three significant digits, an SI prefix, a unit. Independent of the
 * machine's language, so that the same record always gives the same text.
 */
const PREFIXES = [[1e9, 'G'], [1e6, 'M'], [1e3, 'k'], [1, ''], [1e-3, 'm'], [1e-6, 'µ'], [1e-9, 'n'], [1e-12, 'p']] as const;

/** Three significant digits without an exponent: 0.00123, 12.3, 1230. */
function threeDigits(value: number): string {
  const rounded = Number(value.toPrecision(3));
  const decimals = rounded === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded))));
  return rounded.toFixed(Math.min(decimals, 12));
}

/** `formatSi(1.234e-5, 'J')` is "12.3 µJ"; zero is "0 J". */
export function formatSi(value: number, unit: string): string {
  if (value === 0) return `0 ${unit}`;
  const size = Math.abs(Number(value.toPrecision(3)));
  const [factor, prefix] = PREFIXES.find(([f]) => size >= f) ?? [1e-12, 'p'];
  return `${threeDigits(value / factor)} ${prefix}${unit}`;
}

export const formatJoules = (joules: number): string => formatSi(joules, 'J');
export const formatSeconds = (seconds: number): string => formatSi(seconds, 's');

/** Counts and means of counts: 0.37, 12.5, 9,999, 1.23 M. */
export function formatCount(count: number): string {
  if (count !== 0 && Math.abs(count) < 100) return Number.isInteger(count) ? String(count) : threeDigits(count);
  if (Math.abs(count) >= 999_500) return formatSi(count, '').trimEnd();
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A fraction of 1 as per cent: 0.9213 is "92.1 %". */
export const formatPercent = (fraction: number, decimals = 1): string => `${(fraction * 100).toFixed(decimals)} %`;

/** A quotient: "0.137", "55.1", "12,300". */
export const formatRatio = (value: number): string => (value >= 1000 ? formatCount(value) : threeDigits(value));
