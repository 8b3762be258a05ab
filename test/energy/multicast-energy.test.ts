// The bill of a program on a chip with multicast: its messages are those that were sent, not one for each core.
import { expect, it } from 'vitest';
import { energyReport } from '../../src/energy/energy-report.js';
import { simulate } from '../../src/simulate/simulate.js';
import { buildProgram, readTarget } from '../simulate/build-program.js';
import { randomNetwork } from '../simulate/random-network.js';

it('prices the messages and hops that multicast leaves', async () => {
  const { network, image } = randomNetwork(20);
  const loihi1 = readTarget('loihi1');
  const [unicast, multicast] = await Promise.all([false, true].map(async (kind) => {
    const program = buildProgram(network, { parts: [2, 2, 2], target: { ...loihi1, capabilities: { ...loihi1.capabilities, multicast: kind } } });
    const trace = await simulate(program, { images: image, count: 1, shape: network.imageShape }, { timing: 'functional', seed: 5, workers: 1 });
    const lines = new Map(energyReport(program, trace).perInference.lines.map((l) => [l.key, l]));
    return { trace, count: (key: string) => lines.get(key)!.count, joules: (key: string) => lines.get(key)!.joules };
  }));
  for (const { trace, count } of [unicast, multicast]) {
    expect([count('axon-out'), count('axon-in')]).toEqual([trace.cores.reduce((sum, c) => sum + c.messagesOut, count('reset-ops')), trace.cores.reduce((sum, c) => sum + c.messagesIn, count('reset-ops'))]);
    expect([count('hops-x'), count('hops-y'), count('within-tile')]).toEqual([trace.mesh.hopsX, trace.mesh.hopsY, trace.mesh.withinTile]);
  }
  expect(multicast.count('axon-out')).toBeLessThan(unicast.count('axon-out'));
  expect(multicast.joules('hops-x') + multicast.joules('hops-y')).toBeLessThan(unicast.joules('hops-x') + unicast.joules('hops-y'));
  expect([multicast.count('axon-in'), multicast.count('synops-shared'), multicast.count('synops-dense')]).toEqual([unicast.count('axon-in'), unicast.count('synops-shared'), unicast.count('synops-dense')]);
});
