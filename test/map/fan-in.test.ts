// Fan-ins that exceed a core: cut into parts whose uses are those of the unrolled synapses, one step later, or refused with the reason.
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { CompileError, Reporter } from '../../src/diagnostics.js';
import { sumInParts } from '../../src/map/fan-in-parts.js';
import { leastCores } from '../../src/map/least-cores.js';
import type { CoreSlice, Partitioned } from '../../src/map/mapping.js';
import { memoryByProjection } from '../../src/map/memory-by-projection.js';
import { partition } from '../../src/map/partition.js';
import { place } from '../../src/map/place.js';
import { linksOf } from '../../src/map/reach.js';
import { route } from '../../src/map/route.js';
import { mappingText } from '../../src/map/text.js';
import { verifyPartitioned, verifyRouted } from '../../src/map/verify.js';
import { populationId } from '../../src/spiking/network.js';
import { loadTarget } from '../../src/target/load-target.js';
import type { Target } from '../../src/target/schema.js';
import { chain, dense } from './random-network.js';
import { gradedTarget, wideNetworks, wideNetwork } from './wide-network.js';
import { countedUse, inside, synapsesOf } from './unrolled.js';

const loihi2 = loadTarget('loihi2');
const cut = (network: Parameters<typeof partition>[0], target: Target = gradedTarget()): Partitioned => partition(network, target, new Reporter());
const partsOf = ({ cores }: Partitioned): readonly CoreSlice[] => cores.filter(({ slice }) => slice.part !== undefined);

function complaint(network: Parameters<typeof partition>[0], target: Target): string {
  try { cut(network, target); } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
  return 'it fits';
}

describe('random layers with more sources than a core takes', () => {
  for (const multicast of [false, true]) {
    test(`every synapse in one part, every limit kept, every use as counted synapse by synapse${multicast ? ' (multicast)' : ''}`, () => {
      let split = 0;
      fc.assert(fc.property(wideNetworks, (network) => {
        const target = gradedTarget({ multicast });
        const mapped = cut(network, target);
        split += partsOf(mapped).length;
        expect(verifyPartitioned(mapped)).toEqual([]);
        expect(mapped.cores.map((c) => c.use)).toEqual(countedUse(mapped.network, target, mapped.cores));
        linksOf(mapped.network).forEach((link, projection) => {
          if (link.projection.inParts !== true) return;
          const parts = partsOf(mapped).filter(({ slice }) => slice.part?.projection === projection);
          expect(synapsesOf(link).filter((s) => parts.filter(({ slice }) => inside(s.to, slice) && inside(s.from, { population: slice.population, ...slice.part! })).length !== 1)).toEqual([]);
        });
        expect(memoryByProjection(mapped).reduce((sum, m) => sum + m.bits, 0)).toBe(mapped.cores.reduce((sum, c) => sum + c.use.synapticBits, 0));
        expect(leastCores(mapped.network, target)).toBeLessThanOrEqual(mapped.cores.length);
        expect(verifyRouted(route(place(mapped, { seed: 1, effort: 0 })))).toEqual([]);
      }), { numRuns: 12, seed: 3 });
      expect(split).toBeGreaterThan(20);
    });
  }
  test('routes lead from sources to parts and from parts to neurons, where there is a synapse', () => {
    const mapped = route(place(cut(wideNetwork()), { seed: 1, effort: 0 }));
    const wanted = new Set<string>();
    linksOf(mapped.network).forEach((link, projection) => {
      const at = (slices: (slice: CoreSlice['slice']) => boolean): number[] => mapped.cores.flatMap(({ slice }, i) => (slices(slice) ? [i] : []));
      for (const s of synapsesOf(link)) {
        const [from] = at((slice) => slice.population === link.projection.source && slice.part === undefined && inside(s.from, slice));
        const [home] = at((slice) => slice.population === link.projection.target && slice.part === undefined && inside(s.to, slice));
        const [part] = at((slice) => slice.part?.projection === projection && inside(s.to, slice) && inside(s.from, { population: slice.population, ...slice.part }));
        for (const [a, b] of part === undefined ? [[from, home]] : [[from, part], [part, home]]) wanted.add(`${projection}: ${a} ${b}`);
      }
    });
    expect(new Set(mapped.routes.map((r) => `${r.projection}: ${r.from} ${r.to}`))).toEqual(wanted);
    expect(mapped.routes.length).toBe(wanted.size);
  });
});

test('the neurons of a split layer and all behind it run one step later, and shortcuts wait for them', () => {
  const network = wideNetwork();
  const depths = (n: typeof network): number[] => n.populations.map((p) => p.depth);
  const mapped = cut(network);
  expect(depths(network)).toEqual([0, 1, 2, 3]);
  expect(depths(mapped.network)).toEqual([0, 1, 3, 5]);
  expect(mapped.network.projections.map((p) => [p.id, p.delay, p.inParts ?? false])).toEqual([['c0', 0, false], ['c1', 1, true], ['c2', 1, true], ['c3', 2, true], ['c4', 4, true]]);
  expect(depths(sumInParts(network, new Set([populationId('p2')])))).toEqual([0, 1, 3, 4]);
  expect(sumInParts(network, new Set([populationId('p2')])).projections.map((p) => p.delay)).toEqual([0, 1, 0, 2, 3]);
});

test('the parts are told in the text of the mapping', () => {
  const text = mappingText(cut(wideNetwork()));
  expect(text).toMatch(/\n {2}core \d+ {2}p2 {2}channels 0\.\.\d+ rows 0\.\.1 columns 0\.\.1 {2}part of c1 from channels \d+\.\.\d+ rows \d+\.\.\d+ columns \d+\.\.\d+ {2}neurons/);
  expect(text).toMatch(/memory {2}p2 <- c1, sums of its parts {2}dense {2}weight 2 index 0 delay 0 {2}1280 bits on \d+ core/); // 20 neurons, a word each
});

describe('what is wrong with parts is found', () => {
  const mapped = cut(wideNetwork());
  const first = mapped.cores.findIndex(({ slice }) => slice.part !== undefined);
  const changed = (change: (core: CoreSlice) => CoreSlice): Partitioned => ({ ...mapped, cores: mapped.cores.map((c, i) => (i === first ? change(c) : c)) });
  const part = mapped.cores[first].slice.part!;
  test.each([
    ['a part is missing', { ...mapped, cores: mapped.cores.filter((_, i) => i !== first) }, 'do not hold each of its synapses once'],
    ['a part twice', { ...mapped, cores: [...mapped.cores, mapped.cores[first]] }, 'do not hold each of its synapses once'],
    ['of no projection', changed((c) => ({ ...c, slice: { ...c.slice, part: { ...part, projection: 99 } } })), 'a projection that does not end there'],
    ['outside its source', changed((c) => ({ ...c, slice: { ...c.slice, part: { ...part, rows: [0, 99] } } })), 'is outside its source'],
    ['sums that nobody makes', { ...mapped, network: { ...mapped.network, projections: mapped.network.projections.map((p) => (p.id === 'c0' ? { ...p, inParts: true as const } : p)) } }, 'cannot be made in parts'],
    ['parts of whole sums', { ...mapped, network: wideNetwork() }, 'its sums are not made in parts'],
    ['sums wider than a payload', { ...mapped, target: gradedTarget({ gradedBits: 8 }) }, 'which graded cannot send'],
  ])('%s', (_, broken, problem) => {
    expect(verifyPartitioned(broken).join('; ')).toContain(problem);
  });
});

describe('25,088 sources into 512 neurons', () => {
  const network = chain([512, 7, 7], [dense(512, [512, 7, 7]), dense(10, [512, 1, 1])], { wide: true });
  test('fit loihi2 near the bound, in a few seconds', () => {
    const started = performance.now();
    const mapped = cut(network, loihi2);
    expect(performance.now() - started).toBeLessThan(4000);
    expect(verifyPartitioned(mapped)).toEqual([]);
    expect(mapped.cores.length).toBeLessThanOrEqual(1.1 * leastCores(mapped.network, loihi2));
    expect(mapped.network.populations.map((p) => p.depth)).toEqual([0, 2, 3]);
  });
  test.each([
    ['loihi1', loadTarget('loihi1'), 'cannot be split over cores exactly: loihi1 has no graded spikes'],
    ['an unpublished payload', { ...loihi2, numbers: { ...loihi2.numbers, gradedBits: null } }, 'how wide a payload the graded spikes of loihi2 carry is not published (numbers.gradedBits)'],
    ['a payload of 10 bits', { ...loihi2, numbers: { ...loihi2.numbers, gradedBits: 10 } }, 'a partial sum can exceed the payload of a graded spike of loihi2'],
    ['graded spikes of which nothing is published', { ...loihi2, capabilities: { ...loihi2.capabilities, gradedSpikes: null } }, 'graded spikes of loihi2 are not published'],
  ] as const)('are refused with %s', (_, target, reason) => {
    expect(complaint(network, target)).toContain(reason);
  });
});

test('layers with a map are refused: only vectors are split', () => {
  const network = chain([40, 3, 6], [{ ...dense(4, [40, 3, 3]) }, dense(3, [4, 1, 4])]);
  expect(network.populations[1].shape).toEqual([4, 1, 4]);
  expect(complaint(network, gradedTarget())).toContain('Only layers without a map and without groups have their fan-in split over cores');
});
