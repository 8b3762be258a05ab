// A program around an integer network, without the compiler: populations cut into boxes, cores spread
// over the mesh, routes found by unrolling every synapse.
import { readFileSync } from 'node:fs';
import type { CorePlace, CoreSlice, Route, Slice } from '../../src/map/mapping.js';
import type { Program } from '../../src/program/program.js';
import type { IntegerNetwork, IntegerProjection } from '../../src/quantise/integer-network.js';
import type { MapShape } from '../../src/spiking/network.js';
import type { Target } from '../../src/target/schema.js';

export const readTarget = (name: string): Target => JSON.parse(readFileSync(new URL(`../../targets/${name}.json`, import.meta.url), 'utf8')) as Target;

export interface Cuts {
  /** Pieces along channels, rows and columns (fewer where the map is smaller). */
  readonly parts: readonly [number, number, number];
  readonly target?: Target;
  /** Address of core i; a scattered default, no two at one address. */
  readonly place?: (core: number, target: Target) => CorePlace;
}

const scattered = (core: number, { mesh: { width, height, coresPerRouter } }: Target): CorePlace => {
  const at = core * 37 % (width * height * coresPerRouter);
  return { chip: 0, x: at % width, y: Math.floor(at / width) % height, port: Math.floor(at / (width * height)) };
};

export function buildProgram(network: IntegerNetwork, { parts, target = readTarget('loihi2'), place = scattered }: Cuts): Program {
  const cores = network.populations.flatMap((p) => boxes(p.shape, parts).map((box): CoreSlice => ({ slice: { population: p.id, ...box }, use: { neurons: 0, inAxons: 0, outAxons: 0, synapticBits: 0 } })));
  const places = cores.map((_, i) => place(i, target));
  return {
    network, target, cores, places, routes: unrolledRoutes(network, cores, places, target), chipsUsed: 1, coresUsed: cores.length,
    provenance: { tool: 'test', modelSha256: '', modelName: 'test', seed: 0, calibration: '', privateData: false },
    normalisation: { scale: 255, mean: [0.5], std: [0.25] }, source: { layers: [], parameters: 0 }, classes: [],
  };
}

function boxes([c, h, w]: MapShape, parts: readonly [number, number, number]): Omit<Slice, 'population'>[] {
  const ranges = (length: number, pieces: number): (readonly [number, number])[] => {
    const n = Math.min(length, pieces);
    return Array.from({ length: n }, (_, i) => [Math.floor(i * length / n), Math.floor((i + 1) * length / n)] as const);
  };
  return ranges(c, parts[0]).flatMap((channels) => ranges(h, parts[1]).flatMap((rows) => ranges(w, parts[2]).map((columns) => ({ channels, rows, columns }))));
}

/** Calls `visit` for every synapse (source neuron, target neuron, index of the weight), found from the target's side. */
export function eachSynapse(network: IntegerNetwork, projection: IntegerProjection, visit: (source: number, target: number, weight: number) => void): void {
  const shape = (id: string): MapShape => network.populations.find((p) => p.id === id)!.shape;
  const [ci, sh, sw] = shape(projection.source);
  const [co, th, tw] = shape(projection.target);
  const { kernel, stride, dilation, pads } = projection.window;
  const [poolY, poolX] = projection.pool;
  for (let o = 0; o < co; o++) for (let y = 0; y < th; y++) for (let x = 0; x < tw; x++) {
    const group = Math.floor(o * projection.groups / co);
    for (let ky = 0; ky < kernel[0]; ky++) for (let kx = 0; kx < kernel[1]; kx++) {
      const cellY = y * stride[0] + ky * dilation[0] - pads[0];
      const cellX = x * stride[1] + kx * dilation[1] - pads[1];
      for (let sy = cellY * poolY; sy < (cellY + 1) * poolY; sy++) for (let sx = cellX * poolX; sx < (cellX + 1) * poolX; sx++) {
        if (sy < 0 || sx < 0 || sy >= sh || sx >= sw) continue;
        for (let i = 0; i < ci / projection.groups; i++) visit(((group * ci / projection.groups + i) * sh + sy) * sw + sx, (o * th + y) * tw + x,
          ((ky * kernel[1] + kx) * ci + group * ci / projection.groups + i) * co / projection.groups + o % (co / projection.groups));
      }
    }
  }
}

/** The core of every neuron of a population. */
export function coreOfNeurons(network: IntegerNetwork, cores: readonly CoreSlice[], population: string): Int32Array {
  const [c, h, w] = network.populations.find((p) => p.id === population)!.shape;
  const owner = new Int32Array(c * h * w).fill(-1);
  cores.forEach(({ slice }, core) => {
    if (slice.population !== population) return;
    for (let k = slice.channels[0]; k < slice.channels[1]; k++) for (let y = slice.rows[0]; y < slice.rows[1]; y++) owner.fill(core, (k * h + y) * w + slice.columns[0], (k * h + y) * w + slice.columns[1]);
  });
  return owner;
}

/** Synapses of every source neuron into every core, those with a weight for which `counts` holds: [source neuron][core]. */
export function fanOutByCore(network: IntegerNetwork, cores: readonly CoreSlice[], projection: IntegerProjection, counts: (weight: number) => boolean = () => true): Float64Array[] {
  const owner = coreOfNeurons(network, cores, projection.target);
  const [c, h, w] = network.populations.find((p) => p.id === projection.source)!.shape;
  const fan = Array.from({ length: c * h * w }, () => new Float64Array(cores.length));
  eachSynapse(network, projection, (source, target, weight) => { if (counts(projection.weight[weight])) fan[source][owner[target]]++; });
  return fan;
}

function unrolledRoutes(network: IntegerNetwork, cores: readonly CoreSlice[], places: readonly CorePlace[], { mesh }: Target): Route[] {
  return network.projections.flatMap((projection, index) => {
    const owner = coreOfNeurons(network, cores, projection.source);
    const pairs = new Set<number>();
    fanOutByCore(network, cores, projection).forEach((fan, source) => fan.forEach((n, to) => { if (n > 0) pairs.add(owner[source] * cores.length + to); }));
    return [...pairs].sort((a, b) => a - b).map((pair): Route => {
      const [from, to] = [Math.floor(pair / cores.length), pair % cores.length];
      const [a, b] = [places[from], places[to]];
      const chips = (p: number, q: number, size: number): number => Math.abs(Math.floor(p / size) - Math.floor(q / size));
      return { from, to, projection: index, hopsX: Math.abs(a.x - b.x), hopsY: Math.abs(a.y - b.y), chipCrossings: chips(a.x, b.x, mesh.width) + chips(a.y, b.y, mesh.height) };
    });
  });
}
