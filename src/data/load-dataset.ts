/**
 * From the words a user writes to labelled images: `mnist:DIR`, `cifar10:FILE.gz` and the others in
 * `SCHEMES`; a file that ends in .mat needs no kind in front. A spec names the kind of data and where it lies; each kind has its reader beside this file. Behind
 * it may stand which of the images are meant: `mnist:DIR#train:0-9999`.
 */
import { basename, resolve } from 'node:path';
import { fail } from '../diagnostics.js';
import { readCifar10, readCifar100 } from './cifar.js';
import type { Dataset } from './dataset.js';
import { findIdx, readIdx } from './idx.js';
import { readImageFolder } from './image-folder.js';
import { readMatImages } from './mat-images.js';
import { readNpy } from './npy.js';
import { selectImages, splitSelection } from './select-images.js';
import { splitOf } from './subset.js';

interface Scheme {
  readonly form: string;
  readonly load: (request: Request) => Dataset;
}

interface Request {
  readonly spec: string;
  /** What stands before the first colon. */
  readonly kind: string;
  /** What stands behind the first colon. */
  readonly rest: string;
  readonly form: string;
  /** The option that the spec was given with, for messages. */
  readonly option: string;
}

const DIGITS = 10;
const BYTE_LABELS = 256;

/** The kind and the file: short, and the same wherever the file lies. */
const named = (kind: string, path: string): string => `${kind} ${basename(path).replace(/\.gz$/, '')}`;

const mnistFolder = ({ spec, kind, rest, form, option }: Request): Dataset => {
  const [folder, part = 'test'] = rest.split(/#(?=[^#/]*$)/);
  if (part !== 'test' && part !== 'train') fail('data/bad-spec', { kind: 'option', option }, { spec, problem: `names the part "${part}"`, form });
  return readIdx(`${kind} ${part}`, findIdx(folder, part), DIGITS);
};

const matFile = ({ spec, kind, rest, form, option }: Request): Dataset => {
  const [, path, part, seed] = /^([^#]+)(?:#([^,]*)(?:,seed=(\d{1,9}))?)?$/.exec(rest) ?? [];
  if (path === undefined) return fail('data/bad-spec', { kind: 'option', option }, { spec, problem: 'does not name a file and a part of it', form });
  if (part !== undefined && part !== 'train' && part !== 'test') fail('data/bad-spec', { kind: 'option', option }, { spec, problem: `names the part "${part}"`, form });
  const whole = readMatImages(named(kind, path), path);
  return part === undefined ? whole : splitOf(whole, part as 'train' | 'test', Number(seed ?? 0));
};

const SCHEMES: Readonly<Record<string, Scheme>> = {
  mnist: { form: 'mnist:DIR for the test images or mnist:DIR#train', load: mnistFolder },
  'fashion-mnist': { form: 'fashion-mnist:DIR for the test images or fashion-mnist:DIR#train', load: mnistFolder },
  cifar10: { form: 'cifar10:FILE or cifar10:FILE.gz', load: ({ kind, rest }) => readCifar10(named(kind, rest), rest) },
  cifar100: { form: 'cifar100:FILE or cifar100:FILE.gz', load: ({ kind, rest }) => readCifar100(named(kind, rest), rest) },
  idx: {
    form: 'idx:IMAGES,LABELS',
    load: (request) => {
      const [images, labels] = twoFiles(request);
      return readIdx(named('idx', images), { images, labels }, BYTE_LABELS);
    },
  },
  npy: {
    form: 'npy:IMAGES,LABELS',
    load: (request) => {
      const [images, labels] = twoFiles(request);
      return readNpy(named('npy', images), images, labels);
    },
  },
  mat: { form: 'FILE.mat, FILE.mat#train or FILE.mat#test (a fifth of each class), by another seed FILE.mat#train,seed=1', load: matFile },
  images: { form: 'images:DIR with a folder of PNG files per class', load: ({ rest }) => readImageFolder(`images of folder ${basename(resolve(rest))}`, rest) },
};

/**
 * Reads the data set that a spec names; `option` is where the user wrote it. Throws a `CompileError` with
 * `data/...` codes for anything wrong with it.
 */
export function loadDataset(spec: string, option = '--data'): Dataset {
  const { source, selection } = splitSelection(/^[^:]*\.mat(#|:|$)/.test(spec) ? `mat:${spec}` : spec);
  const whole = loadWhole(source, option);
  return selection === null ? whole : selectImages(whole, { selection, option });
}

function loadWhole(spec: string, option: string): Dataset {
  const where = { kind: 'option', option } as const;
  const colon = spec.indexOf(':');
  const kind = spec.slice(0, Math.max(colon, 0));
  if (!Object.hasOwn(SCHEMES, kind)) fail('data/unknown-scheme', where, { spec, schemes: Object.keys(SCHEMES) });
  const { form, load } = SCHEMES[kind];
  const rest = spec.slice(colon + 1);
  if (rest === '') fail('data/bad-spec', where, { spec, problem: 'has no path', form });
  return load({ spec, kind, rest, form, option });
}

function twoFiles({ spec, rest, form, option }: Request): readonly [string, string] {
  const parts = rest.split(',');
  if (parts.length !== 2 || parts.includes('')) fail('data/bad-spec', { kind: 'option', option }, { spec, problem: 'does not name two files with a comma between them', form });
  return [parts[0], parts[1]];
}
