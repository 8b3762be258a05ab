/**
 * The images of a membership audit: members first, then non-members, and for every reference network the half of all that it
 * learns. Halves are drawn at random in pairs: the second reference of a pair learns what the first does not, so that
 * of 2k references every image is in k and out of k.
 */
import { createHash } from 'node:crypto';
import type { LabelledImages } from '../../learn/private-task.js';
import { permutation, randomStream, substream } from '../../random.js';

export interface Pool extends LabelledImages {
  /** 1 for members of the subject: they come first. */
  readonly members: Uint8Array;
  /** SHA-256 of images, labels and membership. */
  readonly sha256: string;
}

export function poolOf(members: LabelledImages, nonMembers: LabelledImages): Pool {
  const count = members.count + nonMembers.count;
  const images = new Float32Array(members.images.length + nonMembers.images.length);
  images.set(members.images);
  images.set(nonMembers.images, members.images.length);
  const labels = new Uint16Array(count);
  labels.set(members.labels);
  labels.set(nonMembers.labels, members.count);
  const hash = createHash('sha256').update(JSON.stringify({ members: members.count, count, labels: [...labels] }));
  const sha256 = hash.update(new Uint8Array(images.buffer)).digest('hex');
  return { count, images, labels, members: Uint8Array.from({ length: count }, (_, i) => (i < members.count ? 1 : 0)), sha256 };
}

/** 1 for each image that reference number `reference` learns: half of them, rounded down in the first of a pair. */
export function drawnFor(reference: number, count: number, seed: number): Uint8Array {
  const order = permutation(substream(substream(randomStream(seed), 'reference-members'), reference >> 1), count);
  const first = order.subarray(0, count >> 1);
  const drawn = new Uint8Array(count).fill(reference % 2);
  for (const i of first) drawn[i] = 1 - (reference % 2);
  return drawn;
}

/** The images of the pool that a mask marks, in their order. */
export function chosenImages({ images, labels, count }: LabelledImages, chosen: Uint8Array): LabelledImages {
  const size = images.length / count;
  const indices = Array.from(chosen.keys()).filter((i) => chosen[i] === 1);
  const out = new Float32Array(indices.length * size);
  indices.forEach((from, to) => out.set(images.subarray(from * size, (from + 1) * size), to * size));
  return { count: indices.length, images: out, labels: Uint16Array.from(indices, (i) => labels[i]) };
}

/** How many non-members are also among the members, pixel for pixel. */
export function sharedImages({ images, count, members }: Pool): number {
  const size = images.length / count;
  const digest = (i: number): string => createHash('sha256').update(new Uint8Array(images.buffer, images.byteOffset + 4 * i * size, 4 * size)).digest('base64');
  const known = new Set<string>();
  let shared = 0;
  for (let i = 0; i < count; i++) {
    if (members[i] === 1) known.add(digest(i));
    else if (known.has(digest(i))) shared++;
  }
  return shared;
}
