// Images reach the float network as x = (byte / scale - mean) / std, channel by channel.
import { expect, it } from 'vitest';
import { normalisedImages } from '../../src/program/normalised-images.js';

const normalisation = { scale: 10, mean: [1, 2], std: [0.5, 2] };
const expected = Float32Array.of((0.5 - 1) / 0.5, 0, (4 - 2) / 2, -1, (3 - 1) / 0.5, -2, 0, (10 - 2) / 2);
const images = Uint8Array.of(5, 10, 40, 0, 30, 0, 20, 100);

it('normalises each channel of each picture', () => {
  expect(normalisedImages(normalisation, { name: '', count: 2, shape: [2, 1, 2], images, labels: new Uint16Array(2) })).toEqual(expected);
});

it('finds the channels of a flattened picture', () => {
  expect(normalisedImages(normalisation, { name: '', count: 2, shape: [4, 1, 1], images, labels: new Uint16Array(2) })).toEqual(expected);
});

it('takes floats as they are', () => {
  const floats = Float32Array.of(0.5, 7);
  expect(normalisedImages(normalisation, { name: '', count: 1, shape: [2, 1, 1], images: floats, labels: new Uint16Array(1) })).toBe(floats);
});
