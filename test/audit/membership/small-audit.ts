// A membership audit that takes a second: 6 x 6 images of noise with labels drawn by lot, so that a network can only remember them, and
// what it remembers shows.
import type { ReferenceTraining } from '../../../src/audit/membership/reference-kinds.js';
import type { MembershipRequest } from '../../../src/audit/membership/audit-membership.js';
import { spikingReferences, type ReferenceKind } from '../../../src/audit/membership/reference-kinds.js';
import type { Architecture } from '../../../src/learn/architecture-schema.js';
import { ADAM } from '../../../src/learn/optimiser.js';
import type { LabelledImages } from '../../../src/learn/private-task.js';
import { normal, randomStream, substream, uniform } from '../../../src/random.js';

export const architecture: Architecture = {
  name: 'rememberer', image: [1, 6, 6], normalisation: { scale: 32, mean: [4], std: [1] }, timesteps: 3, code: 'direct',
  neuron: { model: 'if', reset: 'soft', start: 0.5 }, surrogate: { shape: 'triangle', width: 1 },
  layers: [{ kind: 'fc', units: 64 }, { kind: 'fc', units: 4 }],
};

export const training: ReferenceTraining = { epochs: 25, batch: 32, rate: 0.03, optimiser: ADAM, schedule: { kind: 'constant' } };

/** Noise with a mean of 0 and a deviation of 1, times `contrast`. */
export function noiseImages(name: string, count: number, contrast = 1): LabelledImages {
  const stream = substream(randomStream(11), name);
  return {
    count, images: Float32Array.from(normal(substream(stream, 'images'), count * 36), (x) => contrast * x),
    labels: Uint16Array.from(uniform(substream(stream, 'labels'), count), (u) => Math.floor(4 * u)),
  };
}

export const kind: ReferenceKind = spikingReferences({ architecture, certificate: null }, training);
export const members = noiseImages('members', 160);
export const nonMembers = noiseImages('others', 160);

/** A subject that remembers its members. */
export async function smallRequest(changes: Partial<MembershipRequest> = {}): Promise<MembershipRequest> {
  const parameters = await kind.train(members, { seed: 99, workers: 1 });
  return {
    subject: kind.subjectOf(parameters), members, nonMembers, training: null, references: { kind, count: 4 },
    seed: 1, workers: 1, chances: 1, delta: 1e-5, ...changes,
  };
}
