// Golden texts of what each stage prints of a small network: conversion and quantisation, for every input code.
import { expect, it } from 'vitest';
import { compileModel } from '../../src/compile.js';
import { loadTarget } from '../../src/target/load-target.js';
import { modelFile, plainSpec } from './tiny-models.js';

const path = modelFile('plain', plainSpec());

it.each([
  ['bias', 'loihi2', { reset: 'soft' }], ['rate', 'loihi1', { reset: 'soft-two-compartment' }], ['poisson', 'virtual', { reset: 'hard' }],
  ['rate', 'loihi2', { spikes: 'signed', retract: 0.5 }],
] as const)('convert and quantise, %s code on %s', async (code, chip, neuron) => {
  const texts: string[] = [];
  await compileModel(path, {
    target: loadTarget(chip), timesteps: 16, code, ...neuron, normalisation: { scale: 255, mean: [0.5], std: [0.25] },
    observer: { onPass: (name, text) => { if (['calibrate', 'convert', 'quantise'].includes(name)) texts.push(`--- after ${name} ---`, text()); } },
  });
  await expect(`${texts.join('\n')}\n`).toMatchFileSnapshot(`../golden/spiking-${code}-${chip}.txt`);
});
