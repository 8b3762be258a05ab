// Small meshes of every kind and loads for them, from one seed.
import type { MeshDescription, MeshLoad } from '../../src/kernels/mesh-description.js';
import { dice, type Dice } from '../simulate/random-network.js';

export interface MeshCase { readonly mesh: MeshDescription; readonly load: MeshLoad }

export function randomMesh(seed: number): MeshCase {
  const d = dice(seed);
  const [width, height, coresPerRouter] = [d.between(1, 4), d.between(1, 3), d.between(1, 3)];
  const places = Array.from({ length: width * height * coresPerRouter }, (_, i) => ({ x: i % width, y: Math.floor(i / width) % height, port: Math.floor(i / (width * height)) }));
  const cores = places.filter((_, i) => i === 0 || d.unit() < 0.8);
  const [hopX, hopY, border] = [d.between(1, 5), d.between(1, 7), d.between(0, 9)];
  const hold = d.pick([1, 1, 1, 3]);
  const mesh: MeshDescription = {
    width, height, networks: d.between(1, 2), virtualChannels: d.between(1, 3), bufferFlits: d.between(1, 4), receiveFlits: d.between(1, 4), coresPerRouter, cores,
    link: (x, _y, along) => ({ hop: (along === 'x' ? hopX : hopY) + (x === 1 && along === 'x' ? border : 0), hold: along === 'x' ? hold : 1 }),
    localCycles: d.between(1, 3), stall: d.unit() < 0.7,
  };
  return { mesh, load: randomLoad(cores.length, { most: d.between(0, 60), gap: d.pick([0, 0.3, 2.7, 40]), work: d.pick([0, 0.4, 1, 12.5]) }, d) };
}

export interface LoadSize {
  /** Most messages of a core, largest gap between two, longest work on one. */
  readonly most: number;
  readonly gap: number;
  readonly work: number;
}

export function randomLoad(cores: number, { most, gap, work }: LoadSize, d: Dice): MeshLoad {
  const counts = Array.from({ length: cores }, () => d.between(0, most));
  const starts = Int32Array.from([0, ...counts]);
  for (let i = 0; i < cores; i++) starts[i + 1] += starts[i];
  const messages = starts[cores];
  const ready = new Float64Array(messages);
  const end = new Float64Array(cores);
  for (let i = 0; i < cores; i++) {
    let clock = d.unit() * 5;
    for (let m = starts[i]; m < starts[i + 1]; m++) ready[m] = clock += d.unit() * gap;
    end[i] = clock + d.unit() * gap;
  }
  const hot = d.unit() < 0.3 ? d.between(0, cores - 1) : -1;
  return {
    messages, starts, ready, end,
    to: Int32Array.from({ length: messages }, () => (hot >= 0 && d.unit() < 0.7 ? hot : d.between(0, cores - 1))),
    work: Float64Array.from({ length: messages }, () => d.unit() * work),
  };
}
