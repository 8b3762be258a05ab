import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { Reporter } from '../../src/diagnostics.js';
import { partition } from '../../src/map/partition.js';
import { linearPlacement, place, randomPlacement } from '../../src/map/place.js';
import { route } from '../../src/map/route.js';
import { connectionsOf } from '../../src/map/connections.js';
import { chipAt, linearSlots, slots } from '../../src/map/board.js';
import { linksOf } from '../../src/map/reach.js';
import { verifyPlaced, verifyRouted } from '../../src/map/verify.js';
import { loadTarget } from '../../src/target/load-target.js';
import type { Target } from '../../src/target/schema.js';
import type { CorePlace, Placed, Routed } from '../../src/map/mapping.js';
import { populationId } from '../../src/spiking/network.js';
import { chain, conv, dense, networks, vgg16 } from './random-network.js';
import { inside, synapsesOf } from './unrolled.js';

const loihi1 = loadTarget('loihi1');
/** 2x2 routers of one core: a few chips of it make a board on which every hop counts. */
const smallChips: Target = { ...loihi1, core: { ...loihi1.core, neurons: 30, outAxons: 100000 }, mesh: { width: 2, height: 2, coresPerRouter: 1 }, board: { chips: null, columns: 3 } };
const messageHops = (routed: Routed): number => {
  const neurons = connectionsOf(routed).map((c) => c.neurons);
  return routed.routes.reduce((sum, r, i) => sum + neurons[i] * (r.hopsX + r.hopsY), 0);
};

test('slots of a board: every address once, chips and routers agreeing, neighbours in the list near on the mesh', () => {
  const all = slots(loihi1, 5);
  expect(new Set(all.map((p) => `${p.x},${p.y},${p.port}`)).size).toBe(5 * 128);
  expect(all.every((p) => p.chip === chipAt(loihi1, p.x, p.y))).toBe(true);
  const steps = all.slice(1, 128).map((p, i) => Math.abs(p.x - all[i].x) + Math.abs(p.y - all[i].y));
  expect(Math.max(...steps)).toBe(1);
});

test('linear order: chip after chip, routers row by row, then the cores of a router; same addresses as the winding line', () => {
  const board: Target = { ...smallChips, mesh: { width: 2, height: 2, coresPerRouter: 2 } };
  const addresses = (places: readonly CorePlace[]): string[] => places.map(({ chip, x, y, port }) => [chip, x, y, port].join());
  const at = addresses(linearSlots(board, 4));
  expect(at.slice(0, 9)).toEqual(['0,0,0,0', '0,0,0,1', '0,1,0,0', '0,1,0,1', '0,0,1,0', '0,0,1,1', '0,1,1,0', '0,1,1,1', '1,2,0,0']);
  expect(at[24]).toBe('3,0,2,0');
  expect([...at].sort()).toEqual(addresses(slots(board, 4)).sort());
});

describe('random networks on a board of small chips', () => {
  test('places are legal and the same for the same seed; routes are exactly the pairs with a synapse', () => {
    fc.assert(fc.property(networks, fc.nat(5), (network, seed) => {
      const partitioned = partition(network, smallChips, new Reporter());
      const placed = place(partitioned, { seed });
      expect(verifyPlaced(placed)).toEqual([]);
      expect(place(partitioned, { seed }).places).toEqual(placed.places);
      const routed = route(placed);
      expect(verifyRouted(routed)).toEqual([]);
      const speaking = new Map<string, Set<string>>();
      linksOf(network).forEach((link, projection) => {
        for (const s of synapsesOf(link)) {
          const core = (population: string, at: typeof s.from): number => placed.cores.findIndex(({ slice }) => slice.population === population && inside(at, slice));
          const pair = `${core(link.projection.source, s.from)} ${core(link.projection.target, s.to)} ${projection}`;
          speaking.set(pair, (speaking.get(pair) ?? new Set()).add(s.from.join()));
        }
      });
      expect(connectionsOf(placed).map((c) => [`${c.from} ${c.to} ${c.projection}`, c.neurons]).sort()).toEqual([...speaking].map(([pair, from]) => [pair, from.size]).sort());
      expect(routed.routes.map((r) => `${r.from} ${r.to} ${r.projection}`).sort()).toEqual([...speaking.keys()].sort());
    }), { numRuns: 25, seed: 3 });
  });
});

describe('the search', () => {
  const placedHops = (placed: Placed): number => messageHops(route(placed));
  test('puts the traffic of a VGG16 on four chips 15 % under linear and 40 % under random, within seconds', () => {
    const loihi2 = loadTarget('loihi2');
    const half: Target = { ...loihi2, core: { ...loihi2.core, synapticMemoryBits: 720_000 } }; // with all its memory the network takes two chips
    const partitioned = partition(vgg16({ model: 'if', reset: 'soft' }), half, new Reporter());
    const started = performance.now();
    const searched = place(partitioned, { seed: 1 });
    expect(performance.now() - started).toBeLessThan(30_000);
    expect(placedHops(searched)).toBeLessThan(0.85 * placedHops(linearPlacement(partitioned)));
    expect(placedHops(searched)).toBeLessThan(0.6 * placedHops(randomPlacement(partitioned, 1)));
    expect(placedHops(searched)).toBeLessThan(0.97 * placedHops(place(partitioned, { seed: 1, effort: 0 })));
    expect(new Set(searched.places.map((p) => p.chip)).size).toBe(4);
  });
  test('finds the best of all placements of a handful of cores', () => {
    const target: Target = { ...smallChips, board: { chips: 1, columns: 1 }, mesh: { width: 3, height: 2, coresPerRouter: 1 } };
    const network = chain([3, 3, 3], [conv(3, 1), conv(3, 1), conv(3, 1), conv(3, 1)], { skips: [[0, 3, conv(3, 1)], [0, 4, conv(3, 1)]] });
    const partitioned = partition(network, target, new Reporter());
    const board = linearSlots(target, 1);
    const orders = (slots: readonly number[], count: number): number[][] => (count === 0 ? [[]] : slots.flatMap((s) => orders(slots.filter((t) => t !== s), count - 1).map((rest) => [s, ...rest])));
    const least = orders(board.map((_, i) => i), partitioned.cores.length).reduce((most, order) => Math.min(most, placedHops({ ...partitioned, places: order.map((i) => board[i]) })), Infinity);
    expect(partitioned.cores).toHaveLength(5);
    expect(placedHops(place(partitioned, { seed: 1, effort: 4 }))).toBe(least);
  });
  test('keeps off chip borders when they count for more', () => {
    const network = chain([8, 4, 4], [conv(8, 3, { pad: 1 }), conv(8, 3, { pad: 1 }), conv(8, 3, { pad: 1 })]);
    const crossings = (borderHops: number): number => {
      const partitioned = partition(network, { ...smallChips, board: { ...smallChips.board, borderHops } }, new Reporter());
      const routed = route(place(partitioned, { seed: 4, effort: 4 }));
      const neurons = connectionsOf(routed).map((c) => c.neurons);
      return routed.routes.reduce((sum, r, i) => sum + neurons[i] * r.chipCrossings, 0);
    };
    expect(crossings(50)).toBeLessThan(crossings(0));
  });
  test('draws together the cores between which most spikes run', () => {
    // p0 feeds p1 and p2 (a shortcut); the mesh is a single row, so only one of them can be next to it.
    const target: Target = { ...smallChips, mesh: { width: 20, height: 1, coresPerRouter: 1 } };
    const network = chain([3, 3, 3], [conv(3, 1), conv(3, 1), conv(3, 1), conv(3, 1)], { skips: [[0, 3, conv(3, 1)]] });
    const partitioned = partition(network, target, new Reporter());
    const hops = (p0: number): number => {
      const { places } = place(partitioned, { seed: 2, traffic: new Map([[populationId('p0'), p0], [populationId('p1'), 1], [populationId('p2'), 1], [populationId('p3'), 1]]) });
      return Math.abs(places[0].x - places[3].x);
    };
    expect(hops(100)).toBeLessThan(hops(0.01));
  });
});

describe('the checks see', () => {
  const routed = route(place(partition(chain([2, 6, 6], [conv(4, 3), dense(5, [4, 4, 4])]), smallChips, new Reporter()), { seed: 1 }));
  const moved = (core: number, change: object): Placed => ({ ...routed, places: routed.places.map((p, i) => (i === core ? { ...p, ...change } : p)) });
  test('a core off the board, on the wrong chip, or on top of another', () => {
    expect(verifyPlaced(moved(1, { x: 99 }))[0]).toMatch(/^core 1 is at chip \d, router \(99, \d\), port 0, which is not on the board$/);
    expect(verifyPlaced(moved(1, { chip: 7 }))).toHaveLength(1);
    expect(verifyPlaced(moved(1, routed.places[0]))).toEqual(['cores 0 and 1 are in the same place']);
  });
  test('a route that is missing or has the wrong hops', () => {
    expect(verifyRouted({ ...routed, routes: routed.routes.slice(1) })).not.toEqual([]);
    expect(verifyRouted({ ...routed, routes: routed.routes.map((r, i) => (i === 2 ? { ...r, hopsX: r.hopsX + 1 } : r)) })).toEqual(['route 2 is not the one that the network and the places ask for']);
  });
});
