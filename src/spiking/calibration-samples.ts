/**
 * The images that calibration runs: made up from a seed, or the first of the user's own. Also how bytes
 * become the network's input, one mean and deviation for each channel.
 */
import type { Dataset } from '../data/dataset.js';
import type { Reporter } from '../diagnostics.js';
import { checkImageSet } from '../synthesise/check-image-set.js';
import type { ImageSet } from '../synthesise/image-set.js';
import { pictureShape } from '../synthesise/picture.js';
import { proceduralImages, type SampleSet } from '../synthesise/procedural-images.js';
import type { MapShape } from './network.js';

/** x = (byte / scale - mean) / std, per channel. */
export interface ChannelNormalisation {
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Samples, with the largest |x| that a byte can become. */
export interface CalibrationSamples extends SampleSet { readonly range: number }

const MADE_UP = 128;
const OWN = 256;
const SYNTHETIC = 256;

/** One mean and std a channel; byte / 255 with a warning where nothing is known. */
export function perChannel(given: ChannelNormalisation | undefined, shape: MapShape, report: Reporter): ChannelNormalisation {
  // a flattened picture does not say how many channels it has: it has as many as the normalisation
  const flat = shape[1] * shape[2] === 1 && given !== undefined && shape[0] % given.mean.length === 0;
  const channels = flat ? given.mean.length : shape[0];
  if (given === undefined) {
    report.report('spiking/no-normalisation', { kind: 'nowhere' }, undefined);
    return { scale: 255, mean: new Array<number>(channels).fill(0), std: new Array<number>(channels).fill(1) };
  }
  const wrong = [given.mean, given.std].find((values) => values.length !== 1 && values.length !== channels);
  if (wrong !== undefined) report.report('spiking/normalisation-channels', { kind: 'nowhere' }, { given: wrong.length, channels });
  const spread = (values: readonly number[]): readonly number[] => (values.length === 1 ? new Array<number>(channels).fill(values[0]) : values);
  return { scale: given.scale, mean: spread(given.mean), std: spread(given.std) };
}

export interface SamplesRequest {
  readonly imageShape: MapShape;
  readonly normalisation: ChannelNormalisation;
  readonly seed: number;
  /** The user's own images, if they may be used. */
  readonly dataset: Dataset | undefined;
  /** Images made from the model whose file has this SHA-256. */
  readonly images?: ImageSet | undefined;
  readonly modelSha256?: string;
  /** How many at most; by default 128 made up here, or 256 of a set. */
  readonly count?: number;
}

/** Images in the network's own numbers. */
export function calibrationSamples({ imageShape, normalisation, seed, dataset, images: set, modelSha256 = '', count: wanted }: SamplesRequest, report: Reporter): CalibrationSamples {
  const { scale, mean, std } = normalisation;
  const normalise = (value: number, channel: number): number => ((value * 255) / scale - mean[channel % mean.length]) / std[channel % std.length];
  const range = Math.max(...mean.map((_, c) => Math.max(Math.abs(normalise(0, c)), Math.abs(normalise(1, c)))));
  if (set !== undefined) {
    checkImageSet(set, { sha256: modelSha256, shape: pictureShape(imageShape, normalisation.mean.length), normalisation }, '--images', report);
    report.finish();
    const count = Math.min(wanted ?? SYNTHETIC, set.count);
    return { count, shape: set.shape, images: set.images.subarray(0, (count * set.images.length) / set.count), seed: set.seed, range, recipe: `${set.recipe}, set ${set.sha256.slice(0, 12)}` };
  }
  if (dataset === undefined) {
    return { ...proceduralImages({ count: wanted ?? MADE_UP, shape: drawnShape(imageShape), seed, normalise }), range };
  }
  const size = imageShape[0] * imageShape[1] * imageShape[2];
  const given = dataset.shape[0] * dataset.shape[1] * dataset.shape[2];
  if (given !== size) report.report('spiking/calibration-shape', { kind: 'option', option: '--calibrate' }, { given: dataset.shape, expected: imageShape });
  report.finish();
  const count = Math.min(OWN, dataset.count);
  report.report('spiking/private-data-read', { kind: 'option', option: '--calibrate' }, { images: count, spec: dataset.name });
  const raw = dataset.images.subarray(0, count * size);
  const pixels = size / dataset.shape[0];
  const images = raw instanceof Float32Array ? raw : Float32Array.from(raw, (byte, i) => normalise(byte / 255, Math.floor(i / pixels) % dataset.shape[0]));
  return { count, shape: imageShape, images, seed, range, recipe: `${count} images of ${dataset.name}` };
}

/** A flattened picture is drawn as the square it probably was. */
function drawnShape(shape: MapShape): MapShape {
  const side = Math.sqrt(shape[0]);
  return shape[1] * shape[2] === 1 && Number.isInteger(side) ? [1, side, side] : shape;
}
