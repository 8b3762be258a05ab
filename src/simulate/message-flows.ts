/**
 * Which messages take the same way. Without multicast every spike is one message to each core that it
 * reaches, so a flow is a route. With multicast a spike is one message a projection: it travels the union
 * of the XY paths to its cores, which is a tree since all run along the row first, and each link of it
 * once. Neurons that reach the same cores form a flow. Windows are separable, so these are boxes: channels,
 * rows and columns are sorted by which cores they reach, and every combination is a flow of its own.
 */
import { isPart } from '../map/fan-in-parts.js';
import type { Slice } from '../map/mapping.js';
import { lengthOf, linksOf, sourceReach, type AxisReach, type Link, type Range } from '../map/reach.js';
import type { Program } from '../program/program.js';

/** Messages from one core for one projection that take the same links. */
export interface Flow {
  readonly from: number;
  /** Index of the projection. */
  readonly projection: number;
  /** Region of the counting plan: one message for each of its spikes or sums. */
  readonly messages: number;
  /** Chip step of local step 0. */
  readonly depth: number;
  /** The messages are sums of a part of a fan-in. */
  readonly sums: boolean;
  /** Routes of the program whose cores each message reaches; at least one. */
  readonly routes: readonly number[];
}

/** Neurons of a slice that reach the same cores: every combination of these channels, rows and columns. */
export interface SenderBox {
  readonly channels: Range;
  /** One weight a row of the source's map: 1 or 0. */
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  /** Indices into the given targets, ascending. */
  readonly reached: readonly number[];
}

/** Routes that leave one core for one projection, in the order of the program. */
export function routesBySender({ routes, cores }: Pick<Program, 'routes' | 'cores'>): { readonly from: number; readonly projection: number; readonly routes: readonly number[] }[] {
  const groups = new Map<number, { from: number; projection: number; routes: number[] }>();
  routes.forEach(({ from, projection }, i) => {
    const key = projection * cores.length + from;
    const group = groups.get(key) ?? { from, projection, routes: [] };
    group.routes.push(i);
    groups.set(key, group);
  });
  return [...groups.values()];
}

/** The neurons of `from` that reach at least one of `targets`, as disjoint boxes. */
export function senderBoxes(link: Link, from: Slice, targets: readonly Slice[]): SenderBox[] {
  const reaches = targets.map((target) => sourceReach(link, target));
  const channels = channelClasses(from.channels, reaches.map((r) => r.channels));
  const rows = positionClasses(from.rows, reaches.map((r) => r.rows), link.source[1]);
  const columns = positionClasses(from.columns, reaches.map((r) => r.columns), link.source[2]);
  return channels.flatMap((c) => rows.flatMap((y) => columns.flatMap((x): SenderBox[] => {
    const reached = c.reached.filter((t) => y.reached.has(t) && x.reached.has(t));
    return reached.length === 0 ? [] : [{ channels: c.range, rows: y.mask, columns: x.mask, reached }];
  })));
}

/** Stretches of `within` whose channels reach the same targets. */
function channelClasses(within: Range, reaches: readonly Range[]): { readonly range: Range; readonly reached: readonly number[] }[] {
  const cuts = [...new Set([...within, ...reaches.flat().filter((c) => c > within[0] && c < within[1])])].sort((a, b) => a - b);
  return cuts.slice(1).map((end, i) => {
    const range: Range = [cuts[i], end];
    return { range, reached: reaches.flatMap((reach, t) => (reach[0] <= range[0] && range[1] <= reach[1] ? [t] : [])) };
  }).filter(({ range }) => lengthOf(range) > 0);
}

/** Positions of one axis that reach the same targets, as weights of 0 and 1. */
function positionClasses(within: Range, reaches: readonly AxisReach[], length: number): { readonly mask: Int32Array; readonly reached: ReadonlySet<number> }[] {
  const reachedBy = Array.from({ length: lengthOf(within) }, (): number[] => []);
  reaches.forEach((reach, t) => {
    for (const { first, count } of reach) {
      for (let i = Math.max(first, within[0]); i < Math.min(first + count, within[1]); i++) reachedBy[i - within[0]].push(t);
    }
  });
  const classes = new Map<string, { mask: Int32Array; reached: ReadonlySet<number> }>();
  reachedBy.forEach((reached, i) => {
    if (reached.length === 0) return;
    const key = reached.join();
    const found = classes.get(key) ?? { mask: new Int32Array(length), reached: new Set(reached) };
    found.mask[within[0] + i] = 1;
    classes.set(key, found);
  });
  return [...classes.values()];
}

/** How the regions of messages are found: that of all messages of a route, and that of a box of a slice. */
export interface FlowRegions {
  readonly route: (route: number) => number;
  /** Chip step of a core's local step 0. */
  readonly depth: (core: number) => number;
  readonly box: (box: SenderBox, from: Slice) => number;
}

/** The flows of a program. */
export function flowsOf(program: Pick<Program, 'network' | 'target' | 'cores' | 'routes'>, count: FlowRegions): Flow[] {
  const own = (i: number): Flow => {
    const { from, projection } = program.routes[i];
    return { from, projection, messages: count.route(i), routes: [i], depth: count.depth(from), sums: isPart(program.cores[from].slice) };
  };
  if (!program.target.capabilities.multicast) return program.routes.map((_, i) => own(i));
  const links = linksOf(program.network);
  return routesBySender(program).flatMap(({ from, projection, routes }) => {
    const slice = program.cores[from].slice;
    if (isPart(slice)) return routes.map(own); // a neuron is on one core
    return senderBoxes(links[projection], slice, routes.map((r) => program.cores[program.routes[r].to].slice))
      .map((box) => ({ from, projection, messages: count.box(box, slice), routes: box.reached.map((i) => routes[i]), depth: count.depth(from), sums: false }));
  });
}
