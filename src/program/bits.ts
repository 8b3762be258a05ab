/** Numbers of a few bits in a string of bytes: bit i of the string is bit i % 8 of byte i / 8, and a number's lowest bit comes first. */

/** Most bits of one number: with its place in the first byte it touches at most three bytes. */
const MOST = 16;

/** Puts `count` bits of `value` at bit `at` of bytes that are zero there. */
export function putBits(bytes: Uint8Array, at: number, value: number, count: number): void {
  for (let done = 0; done < count; done += MOST) {
    const bits = Math.min(MOST, count - done);
    const first = (at + done) >>> 3;
    const placed = ((value >> done) & ((1 << bits) - 1)) << ((at + done) & 7);
    bytes[first] |= placed;
    if (placed > 0xff) bytes[first + 1] |= placed >>> 8;
    if (placed > 0xffff) bytes[first + 2] |= placed >>> 16;
  }
}

/** The unsigned number of `count` <= 16 bits at bit `at`; zeros beyond the end. */
export function takeBits(bytes: Uint8Array, at: number, count: number): number {
  const first = at >>> 3;
  const window = bytes[first] | (bytes[first + 1] << 8) | (bytes[first + 2] << 16);
  return (window >>> (at & 7)) & ((1 << count) - 1);
}
