// Pictures: bytes and network numbers, moving and moving back, the contact sheet.
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { contactSheet } from '../../src/synthesise/contact-sheet.js';
import { channelRanges, moveTable, normaliseBytes, pictureShape, toBytes } from '../../src/synthesise/picture.js';
import { proceduralImages } from '../../src/synthesise/procedural-images.js';
import { NORMALISATION } from './small-network.js';

it('-1 is byte 0, 1 is byte 255, what lies beyond is clipped', () => {
  expect([...toBytes(Float32Array.of(-1, 1, -7, 7, 0))]).toEqual([0, 255, 0, 255, 128]);
});

it('the middle and half range of a channel are those of its bytes', () => {
  const { middle, half } = channelRanges(3, NORMALISATION);
  const [low, high] = [0, 255].map((byte) => normaliseBytes(new Uint8Array(3).fill(byte), [3, 1, 1], NORMALISATION));
  for (let c = 0; c < 3; c++) {
    expect(middle[c] - half[c]).toBeCloseTo(low[c], 5);
    expect(middle[c] + half[c]).toBeCloseTo(high[c], 5);
  }
});

it.each([
  { input: [3, 32, 30], channels: 3, want: [3, 32, 30] },
  { input: [784], channels: 1, want: [1, 28, 28] },
  { input: [784, 1, 1], channels: 1, want: [1, 28, 28] },
  { input: [192], channels: 3, want: [3, 8, 8] },
  { input: [10], channels: 1, want: [1, 1, 10] },
  { input: [10], channels: 3, want: [1, 1, 10] },
])('the picture behind $input with $channels channels', ({ input, channels, want }) => expect(pictureShape(input, channels)).toEqual(want));

describe('moving a picture', () => {
  it('rolls down and right, round the edges', () => {
    expect([...moveTable([1, 2, 3], { rows: 1, columns: 1, mirror: false })]).toEqual([5, 3, 4, 2, 0, 1]);
  });
  it('mirrors', () => expect([...moveTable([1, 1, 4], { rows: 0, columns: 0, mirror: true })]).toEqual([3, 2, 1, 0]));
  it('takes each place once, so that gradients find their way back', () => {
    const table = moveTable([3, 5, 4], { rows: -2, columns: 2, mirror: true });
    expect([...table].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });
});

it('procedural images are the same in parts as in one go', () => {
  const options = { shape: [3, 8, 8], seed: 5, normalise: (v: number) => v } as const;
  const all = proceduralImages({ ...options, count: 5 }).images;
  expect([...proceduralImages({ ...options, first: 3, count: 2 }).images]).toEqual([...all.subarray(3 * 192)]);
});

describe('the contact sheet', () => {
  const bytes = Uint8Array.from({ length: 3 * 3 * 4 }, (_, i) => i * 5);
  it('shows colours where three channels are', () => {
    const png = PNG.sync.read(Buffer.from(contactSheet({ count: 3, shape: [3, 2, 2], bytes }, 2)));
    expect([png.width, png.height]).toEqual([2 * 4 + 2, 2 * 4 + 2]);
    const at = (y: number, x: number): number[] => [...png.data.subarray((y * png.width + x) * 4, (y * png.width + x) * 4 + 3)];
    expect(at(0, 0)).toEqual([255, 255, 255]);
    expect(at(2, 2)).toEqual([bytes[0], bytes[4], bytes[8]]);
    expect(at(7, 3)).toEqual([bytes[27], bytes[31], bytes[35]]); // third picture, lower row, second column
  });
  it('shows any other number of channels in grey', () => {
    const png = PNG.sync.read(Buffer.from(contactSheet({ count: 1, shape: [1, 1, 1], bytes: Uint8Array.of(77) })));
    expect([...png.data.subarray((2 * png.width + 2) * 4, (2 * png.width + 2) * 4 + 3)]).toEqual([77, 77, 77]);
  });
});
