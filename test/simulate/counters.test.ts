// Every counter of a simulation against a count over unrolled synapses and the plain evaluator's spikes.
import { describe, expect, it } from 'vitest';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import { linksOf } from '../../src/map/reach.js';
import { skipsZeros } from '../../src/map/synapse-format.js';
import { countersOf } from '../../src/simulate/counters.js';
import { planCounting } from '../../src/simulate/counting-plan.js';
import { start } from '../../src/simulate/simulate-task.js';
import type { CoreCounters } from '../../src/simulate/trace.js';
import type { Target } from '../../src/target/schema.js';
import { buildProgram, coreOfNeurons, fanOutByCore, readTarget } from './build-program.js';
import { randomNetwork, signedNetwork } from './random-network.js';

describe('counters', () => {
  const plain = [[20, [2, 2, 2]], [24, [3, 1, 2]], [28, [1, 2, 3]], [33, [2, 3, 1]], [34, [5, 1, 1]], [26, [2, 1, 2]], [102, [3, 1, 1]], [144, [3, 1, 1]]] as const;
  const signed = [[20, [2, 2, 2]], [26, [3, 1, 2]], [33, [2, 3, 1]], [144, [3, 1, 1]]] as const;
  const loihi2 = readTarget('loihi2');
  const multicast: Target = { ...loihi2, capabilities: { ...loihi2.capabilities, multicast: true } };
  const cases = [
    ...plain.map((c) => [loihi2, randomNetwork, ...c] as const), ...signed.map((c) => [loihi2, signedNetwork, ...c] as const),
    ...plain.map((c) => [multicast, randomNetwork, ...c] as const), [multicast, signedNetwork, ...signed[0]] as const,
  ];
  for (const [target, make, seed, parts] of cases) {
    it(`are those of the unrolled network (${target === multicast ? 'multicast, ' : ''}${make === signedNetwork ? 'signed neurons, ' : ''}seed ${seed}, cut ${parts.join(' x ')})`, () => {
      const { network, image } = make(seed);
      const program = buildProgram(network, { parts, target });
      const sparse = new Set(linksOf(network).filter((link) => skipsZeros(link, program.target)).map((link) => link.projection.id));
      const expected = evaluateInteger(network, image, { seed: 5, sample: 0, skipsZeros: sparse });
      const chunk = start({ program, images: image, seed: 5, profile: null, raster: 0 })({ first: 0, count: 1 });
      const counters = countersOf(program, planCounting(program), { samples: 1, regions: chunk.regions, saturations: chunk.saturations });

      expect(counters.populations.map(({ id: _, ...rest }) => rest)).toEqual(expected.counters.populations);
      expect(counters.projections.map((p) => p.synapticOps)).toEqual(expected.counters.synapticOps);
      expect(chunk.scores).toEqual(expected.scores);
      expect(chunk.predictions).toEqual(expected.predictions);

      const cores: { -readonly [K in keyof Omit<CoreCounters, 'activeUpdates' | 'inactiveUpdates'>]: number }[] = program.cores.map(() => ({ spikes: 0, messagesOut: 0, messagesIn: 0, synapticOps: 0 }));
      const links = new Map<string, number>();
      const mesh = { messages: 0, hopsX: 0, hopsY: 0, chipCrossings: 0, withinTile: 0 };
      network.populations.forEach((p, i) => {
        const owner = coreOfNeurons(network, program.cores, p.id);
        for (const step of expected.spikes[i]) step.forEach((s, n) => { cores[owner[n]].spikes += Math.abs(s); });
      });
      network.projections.forEach((projection) => {
        const owner = coreOfNeurons(network, program.cores, projection.source);
        const fan = fanOutByCore(network, program.cores, projection);
        const read = fanOutByCore(network, program.cores, projection, (weight) => weight !== 0 || !sparse.has(projection.id));
        for (const step of expected.spikes[network.populations.findIndex((p) => p.id === projection.source)]) {
          step.forEach((spike, neuron) => {
            if (spike === 0) return;
            const messages: { readonly links: Set<string>; within: boolean }[] = [];
            fan[neuron].forEach((synapses, to) => {
              if (synapses === 0) return;
              const [a, b] = [program.places[owner[neuron]], program.places[to]];
              if (target !== multicast || messages.length === 0) messages.push({ links: new Set(), within: false });
              const message = messages[messages.length - 1];
              cores[to].messagesIn++;
              cores[to].synapticOps += read[neuron][to];
              if (a.x === b.x && a.y === b.y) message.within = true;
              for (let [x, y] = [a.x, a.y]; x !== b.x || y !== b.y;) {
                const [nx, ny] = x !== b.x ? [x + Math.sign(b.x - x), y] : [x, y + Math.sign(b.y - y)];
                message.links.add(`${x},${y}>${nx},${ny}`);
                [x, y] = [nx, ny];
              }
            });
            cores[owner[neuron]].messagesOut += messages.length;
            mesh.messages += messages.length;
            for (const message of messages) {
              if (message.within) mesh.withinTile++;
              for (const link of message.links) {
                const [[x0], [x1]] = link.split('>').map((end) => end.split(','));
                if (x0 === x1) mesh.hopsY++;
                else mesh.hopsX++;
                links.set(link, (links.get(link) ?? 0) + 1);
              }
            }
          });
        }
      });
      expect(counters.cores.map(({ activeUpdates: _, inactiveUpdates: __, ...rest }) => rest)).toEqual(cores);
      for (const p of counters.populations) { // the updates of a population's cores are the population's
        const own = counters.cores.filter((_, i) => program.cores[i].slice.population === p.id);
        expect([own.reduce((sum, c) => sum + c.activeUpdates, 0), own.reduce((sum, c) => sum + c.inactiveUpdates, 0)]).toEqual([p.activeUpdates, p.inactiveUpdates]);
        for (const c of own) expect(Math.min(c.activeUpdates, c.inactiveUpdates)).toBeGreaterThanOrEqual(0);
      }
      const { heaviestLink, ...rest } = counters.mesh;
      expect(rest).toEqual(mesh);
      if (links.size === 0) expect(heaviestLink).toBeNull();
      else {
        expect(heaviestLink!.messages).toBe(Math.max(...links.values()));
        expect(links.get(`${heaviestLink!.from.join()}>${heaviestLink!.to.join()}`)).toBe(heaviestLink!.messages);
      }

      const raster = chunk.raster!;
      const listed = expected.spikes.map((steps) => steps.map((s) => s.map(() => 0)));
      raster.neuron.forEach((n, i) => { listed[raster.population[i]][raster.step[i]][n] = raster.sign[i]; });
      expect(listed).toEqual(expected.spikes);
    });
  }
});
