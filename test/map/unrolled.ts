/** Brute force for the tests: every synapse written out, and a core's needs counted from them one by one. */
import type { IntegerNetwork } from '../../src/quantise/integer-network.js';
import type { CoreSlice, CoreUse, Slice } from '../../src/map/mapping.js';
import { linksOf } from '../../src/map/reach.js';
import type { Link } from '../../src/map/reach.js';
import { isShared, listFormat, resetSynapseBits, runBits } from '../../src/map/synapse-format.js';
import type { Target } from '../../src/target/schema.js';

export type Place = readonly [channel: number, y: number, x: number];
/** `weight` is its index in the projection's weights. */
export interface Synapse { readonly from: Place; readonly to: Place; readonly tap: readonly [ky: number, kx: number]; readonly weight: number }

/** By the equation of `Projection`: floor(y / pool) = y' * stride + ky * dilation - top. */
export function synapsesOf({ projection: p, source, target }: Link): Synapse[] {
  const found: Synapse[] = [];
  const each = (n: number, body: (i: number) => void): void => { for (let i = 0; i < n; i++) body(i); };
  const perGroup = { source: source[0] / p.groups, target: target[0] / p.groups };
  each(target[0], (co) => each(target[1], (y) => each(target[2], (x) => each(p.window.kernel[0], (ky) => each(p.window.kernel[1], (kx) => {
    each(source[1], (sy) => each(source[2], (sx) => {
      if (Math.floor(sy / p.pool[0]) !== y * p.window.stride[0] + ky * p.window.dilation[0] - p.window.pads[0]) return;
      if (Math.floor(sx / p.pool[1]) !== x * p.window.stride[1] + kx * p.window.dilation[1] - p.window.pads[1]) return;
      const group = Math.floor(co / perGroup.target);
      each(perGroup.source, (i) => found.push({ from: [group * perGroup.source + i, sy, sx], to: [co, y, x], tap: [ky, kx],
        weight: ((ky * p.window.kernel[1] + kx) * source[0] + group * perGroup.source + i) * perGroup.target + co % perGroup.target }));
    }));
  })))));
  return found;
}

export const inside = ([c, y, x]: Place, { channels, rows, columns }: Slice): boolean =>
  c >= channels[0] && c < channels[1] && y >= rows[0] && y < rows[1] && x >= columns[0] && x < columns[1];

/** Uses of all cores, from the written-out synapses. */
export function countedUse(network: IntegerNetwork, target: Target, cores: readonly CoreSlice[]): CoreUse[] {
  const links = linksOf(network);
  const inAxons = cores.map(() => 0);
  const outAxons = cores.map(() => 0);
  const bits = cores.map(() => 0);
  links.forEach((link, projection) => {
    const synapses = synapsesOf(link);
    const shared = isShared(link, target);
    const sources = cores.flatMap(({ slice }, i) => (slice.population === link.projection.source && slice.part === undefined ? [i] : []));
    cores.forEach(({ slice }, to) => {
      if (slice.population !== link.projection.target) return;
      const { part } = slice;
      if (part === undefined && link.projection.inParts === true) { // a sum of each part for each neuron, and one synapse for all of them
        const parts = cores.flatMap((c, i) => (c.slice.part?.projection === projection ? [[c.slice, i] as const] : []));
        for (let c = slice.channels[0]; c < slice.channels[1]; c++) {
          const from = parts.filter(([p]) => inside([c, 0, 0], p));
          inAxons[to] += from.length;
          for (const [, i] of from) outAxons[i]++;
          bits[to] += runBits(1, 2, target.memory);
        }
        return;
      }
      if (part !== undefined && part.projection !== projection) return;
      const here = synapses.filter((s) => inside(s.to, slice) && (part === undefined || inside(s.from, { population: slice.population, ...part })));
      bits[to] += listBits(here, slice, link, target);
      for (const from of sources) {
        const axons = new Set(here.filter((s) => inside(s.from, cores[from].slice)).map(({ from: [c, y, x] }) => {
          const name = shared ? Math.floor((c - channelStart(here, cores[from].slice)) / target.memory.axonChannels) : c;
          return `${name},${y},${x}`;
        }));
        inAxons[to] += axons.size;
        if (!target.capabilities.multicast) outAxons[from] += axons.size;
      }
    });
    for (const from of target.capabilities.multicast ? sources : []) { // one axon for all cores that it reaches
      const { slice } = cores[from];
      outAxons[from] += new Set(synapses.filter((s) => inside(s.from, slice))
        .map(({ from: [c, y, x] }) => `${shared ? Math.floor((c - channelStart(synapses, slice)) / target.memory.axonChannels) : c},${y},${x}`)).size;
    }
  });
  return cores.map(({ slice }, i) => {
    const population = network.populations.find((p) => p.id === slice.population);
    const n = [slice.channels, slice.rows, slice.columns].reduce((product, [from, to]) => product * (to - from), 1);
    const two = slice.part === undefined && population !== undefined && 'reset' in population.neuron && population.neuron.reset === 'soft-two-compartment';
    return two
      ? { neurons: 2 * n, inAxons: inAxons[i] + n, outAxons: outAxons[i] + n, synapticBits: bits[i] + n * resetSynapseBits(target) }
      : { neurons: n, inAxons: inAxons[i], outAxons: outAxons[i], synapticBits: bits[i] };
  });
}

/** An axon's channels start at the first channel of the source slice that reaches the core. */
const channelStart = (here: readonly Synapse[], slice: Slice): number => Math.max(slice.channels[0], Math.min(...here.map((s) => s.from[0])));

/**
 * What is stored: each source neuron's synapses, pixel by pixel, or with sharing once for all pixels of a source
 * channel that read the same columns of the filter (and begin in the same stretch of compartments).
 */
function listBits(here: readonly Synapse[], { channels, rows, columns }: Slice, link: Link, target: Target): number {
  const width = columns[1] - columns[0];
  const perPixel = channels[1] - channels[0];
  const neurons = perPixel * width * (rows[1] - rows[0]);
  const offset = target.memory.sharedOffset !== null && target.memory.sharedOffset < neurons ? target.memory.sharedOffset : Infinity;
  const { shared, sparse, weightBits, delayBits } = listFormat(link, target);
  const index = sparse ? Math.max(6, Math.ceil(Math.log2(Math.min(perPixel, link.target[0] / link.projection.groups)))) : 0;
  const lists = new Map<string, Synapse[]>();
  for (const s of here) lists.set(s.from.join(), [...lists.get(s.from.join()) ?? [], s]);
  const stored = new Map<string, number>();
  for (const [from, list] of lists) {
    const pixels = new Map<string, Synapse[]>();
    for (const s of list) pixels.set(s.tap.join(), [...pixels.get(s.tap.join()) ?? [], s]);
    const lowest = Math.min(...list.map(({ to }) => ((to[1] - rows[0]) * width + to[2] - columns[0]) * perPixel));
    const pattern = [...new Set(list.map((s) => s.tap[1]))].sort().join();
    const name = shared ? `${list[0].from[0]} ${Math.floor(lowest / offset)} ${pattern}` : from;
    for (const [tap, segment] of pixels) {
      const count = sparse ? segment.filter((s) => link.projection.weight[s.weight] !== 0).length : segment.length;
      stored.set(`${name} ${tap}`, runBits(count, weightBits + delayBits + index, target.memory));
    }
  }
  return [...stored.values()].reduce((a, b) => a + b, 0);
}

/** The synapses of a link by a key of each. */
export function synapsesBy<K>(link: Link, key: (synapse: Synapse) => K): Map<K, Synapse[]> {
  const groups = new Map<K, Synapse[]>();
  for (const s of synapsesOf(link)) {
    const list = groups.get(key(s)) ?? [];
    list.push(s);
    groups.set(key(s), list);
  }
  return groups;
}
