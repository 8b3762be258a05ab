/**
 * A folder with a folder of PNG images per class. Classes are numbered in the order of their names,
 * images stand in the order of theirs. One colour image makes all of them three-channel; grey images
 * are then repeated in each channel. Transparency is passed over.
 */
import { readdirSync, statSync, type Dirent } from 'node:fs';
import { extname, join } from 'node:path';
import { PNG } from 'pngjs';
import { CompileError, fail, Reporter } from '../diagnostics.js';
import type { Dataset } from './dataset.js';
import { inFile, readPacked } from './read-packed.js';

/** Larger than any picture these networks take; bounds what one damaged header can ask for. */
const MAX_SIDE = 4096;
const NAMED = 5;

interface Picture {
  readonly path: string;
  readonly label: number;
}

interface Decoded {
  readonly width: number;
  readonly height: number;
  readonly colour: boolean;
  /** Four bytes a pixel, row by row. */
  readonly rgba: Uint8Array;
}

export function readImageFolder(name: string, folder: string): Dataset {
  const pictures = findPictures(folder);
  const decoded = decodeAll(pictures);
  const [{ width, height }] = decoded;
  const channels = decoded.some((d) => d.colour) ? 3 : 1;
  const plane = width * height;
  const images = new Uint8Array(pictures.length * channels * plane);
  decoded.forEach(({ rgba }, i) => {
    for (let c = 0; c < channels; c++) {
      const at = (i * channels + c) * plane;
      for (let p = 0; p < plane; p++) images[at + p] = rgba[4 * p + c];
    }
  });
  return { name, count: pictures.length, shape: [channels, height, width], images, labels: Uint16Array.from(pictures, (p) => p.label) };
}

function findPictures(folder: string): Picture[] {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) fail('data/missing', { kind: 'nowhere' }, { wanted: folder, looked: [folder] });
  if (!found.isDirectory()) fail('data/unreadable', inFile(folder), { reason: 'it is not a folder' });
  const classes = visible(folder).filter((e) => isFolder(folder, e)).map((e) => e.name);
  if (classes.length === 0) fail('data/no-classes', inFile(folder), {});
  const files = classes.flatMap((c, label) => visible(join(folder, c)).map((e) => ({ path: join(folder, c, e.name), label })));
  const others = files.filter((f) => extname(f.path).toLowerCase() !== '.png');
  if (others.length > 0) fail('data/image-type', inFile(folder), { files: others.slice(0, NAMED).map((f) => f.path), count: others.length });
  if (files.length === 0) fail('data/empty', inFile(folder), { what: 'no class folder holds a PNG file' });
  return files;
}

/** Entries in the order of their code units, which no language setting changes. */
function visible(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((e) => !e.name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const isFolder = (folder: string, entry: Dirent): boolean => entry.isDirectory() || (entry.isSymbolicLink() && statSync(join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory() === true);

/** Decodes all pictures and reports every one that is broken or of another size. */
function decodeAll(pictures: readonly Picture[]): Decoded[] {
  const reporter = new Reporter();
  const decoded: Decoded[] = [];
  for (const { path } of pictures) {
    const picture = decode(path, reporter);
    if (picture === undefined) continue;
    const { width, height } = decoded[0] ?? picture;
    if (picture.width === width && picture.height === height) decoded.push(picture);
    else reporter.report('data/image-size', inFile(path), { width: picture.width, height: picture.height, wantedWidth: width, wantedHeight: height });
  }
  reporter.finish();
  return decoded;
}

function decode(path: string, reporter: Reporter): Decoded | undefined {
  const broken = (reason: string): undefined => {
    reporter.report('data/image-broken', inFile(path), { reason });
    return undefined;
  };
  const bytes = Buffer.from(readPacked(path));
  if (bytes.length < 33 || bytes.readUInt32BE(0) !== 0x89504e47) return broken('it does not begin as a PNG file does');
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE) return broken(`it claims ${width} x ${height} pixels; up to ${MAX_SIDE} a side are read`);
  if (bytes[28] !== 0) return broken('it is interlaced');
  try {
    const png = PNG.sync.read(bytes);
    return { width, height, colour: (bytes[25] & 2) !== 0, rgba: png.data };
  } catch (error) {
    if (error instanceof CompileError) throw error;
    return broken(error instanceof Error ? error.message : String(error));
  }
}
