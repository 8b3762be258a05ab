/**
 * Checks of the three mapping stages, each against the stage before it and written apart from the code
 * that makes them: every neuron on exactly one core, every synapse of a fan-in in parts in exactly one part, every
 * limit kept, every core at a place of its own on the board, every route there. Each check gives its findings as sentences; none means valid.
 */
import { coresAt } from '../target/chip-cores.js';
import { chipAt, distance } from './board.js';
import { connectionsOf } from './connections.js';
import { isPart } from './fan-in-parts.js';
import type { Partitioned, Placed, Routed, Slice } from './mapping.js';
import { linksOf, neuronsIn } from './reach.js';
import type { Range } from './reach.js';

/** Each population is covered exactly once, and no core exceeds a limit. */
export function verifyPartitioned({ network, target, cores }: Partitioned): string[] {
  const problems: string[] = [];
  const covered = new Map(network.populations.map((p) => [p.id, { shape: p.shape, seen: new Uint8Array(p.shape[0] * p.shape[1] * p.shape[2]), count: 0 }]));
  cores.forEach(({ slice, use }, i) => {
    const map = covered.get(slice.population);
    if (map === undefined) { problems.push(`core ${i} holds an unknown population "${slice.population}"`); return; }
    const ranges = [slice.channels, slice.rows, slice.columns];
    if (!ranges.every((range, axis) => isRange(range, map.shape[axis]))) { problems.push(`core ${i} holds a slice outside "${slice.population}"`); return; }
    const doubled = isPart(slice) ? 0 : cover(map.seen, map.shape, slice);
    if (doubled > 0) problems.push(`core ${i} holds ${doubled} neurons of "${slice.population}" that another core holds`);
    map.count += isPart(slice) ? 0 : neuronsIn(slice) - doubled;
    const { neurons, inAxons, outAxons, synapticMemoryBits } = target.core;
    const limits = [['compartments', use.neurons, neurons], ['input axons', use.inAxons, inAxons], ['output axons', use.outAxons, outAxons], ['bits of synaptic memory', use.synapticBits, synapticMemoryBits]] as const;
    for (const [resource, used, allowed] of limits) if (allowed !== null && used > allowed) problems.push(`core ${i} uses ${used} ${resource} of ${allowed}`);
  });
  for (const [id, { seen, count }] of covered) if (count !== seen.length) problems.push(`${seen.length - count} neurons of "${id}" are on no core`);
  return problems.length > 0 ? problems : partProblems({ network, target, cores });
}

/** The parts of each fan-in hold each pair of a source and a neuron exactly once, and a graded spike holds their sums. */
function partProblems({ network, target, cores }: Partitioned): string[] {
  const problems: string[] = [];
  const lost = cores.findIndex(({ slice: { part, population } }) => part !== undefined && network.projections[part.projection]?.target !== population);
  if (lost >= 0) return [`core ${lost} holds a part of a projection that does not end there`];
  linksOf(network).forEach(({ projection, source, target: shape }, index) => {
    const parts = cores.flatMap(({ slice }) => (slice.part?.projection === index ? [{ neurons: slice.channels, sources: { ...slice.part, population: projection.source } }] : []));
    if (projection.inParts !== true) {
      if (parts.length > 0) problems.push(`projection "${projection.id}" has parts, and its sums are not made in parts`);
      return;
    }
    const { capabilities: { gradedSpikes }, numbers: { gradedBits = null } } = target;
    if (gradedSpikes !== true || gradedBits === null || projection.bound > 2 ** (gradedBits - 1) - 1) problems.push(`projection "${projection.id}" has sums up to ${projection.bound}, which ${target.name} cannot send`);
    if (shape[1] * shape[2] > 1 || projection.groups > 1 || projection.delay < 1) problems.push(`the sums of projection "${projection.id}" cannot be made in parts`);
    if (!parts.every(({ sources }) => [sources.channels, sources.rows, sources.columns].every((range, axis) => isRange(range, source[axis])))) { problems.push(`a part of projection "${projection.id}" is outside its source`); return; }
    const cuts = [...new Set([0, shape[0], ...parts.flatMap((p) => p.neurons)])].sort((a, b) => a - b);
    const whole = cuts.slice(1).every((end, i) => {
      const seen = new Uint8Array(source[0] * source[1] * source[2]);
      const doubled = parts.reduce((sum, { neurons, sources }) => (neurons[0] <= cuts[i] && end <= neurons[1] ? sum + cover(seen, source, sources) : sum), 0);
      return doubled === 0 && !seen.includes(0);
    });
    if (!whole) problems.push(`the parts of projection "${projection.id}" do not hold each of its synapses once`);
  });
  return problems;
}

const isRange = (range: Range, length: number): boolean => range.every(Number.isInteger) && range[0] >= 0 && range[0] < range[1] && range[1] <= length;

/** Marks a slice's neurons; gives how many were marked before. */
function cover(seen: Uint8Array, [, height, width]: readonly number[], { channels, rows, columns }: Slice): number {
  let doubled = 0;
  for (let c = channels[0]; c < channels[1]; c++) {
    for (let y = rows[0]; y < rows[1]; y++) {
      const line = (c * height + y) * width;
      for (let i = line + columns[0]; i < line + columns[1]; i++) {
        doubled += seen[i];
        seen[i] = 1;
      }
    }
  }
  return doubled;
}

/** Each core has a place of its own on the board. */
export function verifyPlaced({ target, cores, places }: Placed): string[] {
  const problems: string[] = [];
  const { board, mesh } = target;
  if (places.length !== cores.length) problems.push(`${places.length} places for ${cores.length} cores`);
  const taken = new Map<string, number>();
  places.forEach(({ chip, x, y, port }, i) => {
    const onBoard = [chip, x, y, port].every((n) => Number.isInteger(n) && n >= 0) && x < mesh.width * board.columns && port < coresAt(mesh, x % mesh.width, y % mesh.height)
      && chip === chipAt(target, x, y) && (board.chips === null || chip < board.chips);
    if (!onBoard) problems.push(`core ${i} is at chip ${chip}, router (${x}, ${y}), port ${port}, which is not on the board`);
    const key = `${x},${y},${port}`;
    const other = taken.get(key);
    if (other !== undefined) problems.push(`cores ${other} and ${i} are in the same place`);
    taken.set(key, i);
  });
  return problems;
}

/** The routes are those of the network's connections, with the hops of their places. */
export function verifyRouted(routed: Routed): string[] {
  const { routes, target, places } = routed;
  const wanted = connectionsOf(routed);
  const problems: string[] = [];
  if (routes.length !== wanted.length) problems.push(`${routes.length} routes for ${wanted.length} connections`);
  const wrong = routes.findIndex((r, i) => {
    const { from, to, projection } = wanted[i] ?? {};
    if (r.from !== from || r.to !== to || r.projection !== projection) return true;
    const { hopsX, hopsY, chipCrossings } = distance(target, places[r.from], places[r.to]);
    return r.hopsX !== hopsX || r.hopsY !== hopsY || r.chipCrossings !== chipCrossings;
  });
  if (wrong >= 0 && wrong < wanted.length) problems.push(`route ${wrong} is not the one that the network and the places ask for`);
  if (routed.coresUsed !== routed.cores.length) problems.push(`${routed.coresUsed} cores used are claimed, there are ${routed.cores.length}`);
  const chips = new Set(places.map((p) => p.chip)).size;
  if (routed.chipsUsed !== chips) problems.push(`${routed.chipsUsed} chips used are claimed, there are ${chips}`);
  return problems;
}
