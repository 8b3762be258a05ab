/** Parsers of option values that several commands share. A bad value is a usage error: exit code 2. */
import { availableParallelism } from 'node:os';
import { InvalidArgumentError, Option } from 'commander';

/** A whole number in a range, as a parser for commander. */
export const integer = (least: number, most: number) => (text: string): number => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) throw new InvalidArgumentError(`A whole number from ${least} to ${most} is wanted.`);
  return value;
};

/** Numbers with commas between them, one for each channel or one for all. */
export const numbers = (text: string): readonly number[] => {
  const values = text.split(',').map((t) => (t.trim() === '' ? NaN : Number(t)));
  if (!values.every(Number.isFinite)) throw new InvalidArgumentError('Numbers with commas between them are wanted, for example 0.49,0.48,0.45.');
  return values;
};

/** A number above zero. */
export const positive = (text: string): number => {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('A number above 0 is wanted.');
  return value;
};

/** Zero or more. */
export const weight = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0) || !Number.isFinite(value)) throw new InvalidArgumentError('A number from 0 is wanted.');
  return value;
};

/** From 0 to 1. */
export const share = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('A number from 0 to 1 is wanted.');
  return value;
};

export const MOST_WORKERS = 256;

export const jsonOption = (): Option => new Option('--json', 'print one JSON value on stdout and nothing else');
export const seedOption = (): Option => new Option('--seed <n>', 'seed of all random choices').argParser(integer(0, Number.MAX_SAFE_INTEGER)).default(0);
export const workersOption = (): Option => new Option('--workers <n>', 'threads; the result does not depend on it')
  .argParser(integer(1, MOST_WORKERS)).default(Math.min(MOST_WORKERS, availableParallelism()), 'one a processor');
export const kernelsOption = (): Option => new Option('--kernels <which>', 'WASM, or native ones if they are built (auto); the bytes are the same').choices(['auto', 'wasm', 'native']).default('auto');
export const dataOption = (): Option => new Option('--data <spec>', 'images and labels: mnist:DIR, fashion-mnist:DIR, cifar10:FILE, cifar100:FILE, idx:IMAGES,LABELS, npy:IMAGES,LABELS, images:DIR or FILE.mat').makeOptionMandatory();
export const limitOption = (): Option => new Option('--limit <n>', 'take N images, equally many of each class and spread over the file').argParser(integer(1, 1e9));
export const profileOption = (): Option => new Option('--profile <name>', 'energy and latency constants of the target (see `spikeveil targets NAME`)');
