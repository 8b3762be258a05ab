/** A small network that remembers noise, as files: what audits of the command line are tried on. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { noiseImages } from '../audit/membership/small-audit.js';
import { npyFile } from '../data/file-makers.js';
import { runHere } from './run-cli.js';

export const architecture = {
  name: 'rememberer', image: [1, 6, 6], normalisation: { scale: 32, mean: [4], std: [1] }, timesteps: 3, code: 'direct',
  neuron: { model: 'if', reset: 'soft', start: 0.5 }, surrogate: { shape: 'triangle', width: 1 },
  layers: [{ kind: 'fc', units: 48 }, { kind: 'fc', units: 4 }],
};

/** 300 images of noise as bytes, with labels by lot; the spec takes a selection behind it. */
export function noiseData(folder: string): string {
  const { images, labels } = noiseImages('file', 300);
  writeFileSync(join(folder, 'images.npy'), npyFile('|u1', [300, 1, 6, 6], [...images].map((x) => Math.min(255, Math.max(0, Math.round(128 + 32 * x))))));
  writeFileSync(join(folder, 'labels.npy'), npyFile('<i4', [300], [...labels]));
  return `npy:${join(folder, 'images.npy')},${join(folder, 'labels.npy')}`;
}

/** A network that remembers the first 120 images, and its program; `how` it is trained. */
export async function trained(folder: string, how: readonly string[] = ['--epochs', '14', '--batch', '30', '--learning-rate', '0.03']): Promise<{ readonly spec: string; readonly net: string; readonly program: string }> {
  const spec = noiseData(folder);
  writeFileSync(join(folder, 'a.json'), JSON.stringify(architecture));
  const [net, program] = [join(folder, 'net.snn'), join(folder, 'net.spk')];
  const { code, stderr } = await runHere(['train', join(folder, 'a.json'), '--data', `${spec}:0-119`, '-o', net, '--program', program, '--workers', '1', ...how]);
  expect(code, stderr).toBe(0);
  return { spec, net, program };
}
