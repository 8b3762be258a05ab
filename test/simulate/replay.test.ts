// A run that goes on from a snapshot has the spikes, currents and potentials of the whole run, bit for bit; broken snapshots are refused.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { CompileError } from '../../src/diagnostics.js';
import { evaluateInteger } from '../../src/quantise/evaluate-integer.js';
import { chipSteps } from '../../src/simulate/pipeline.js';
import { replay, takeSnapshot } from '../../src/simulate/replay.js';
import { printSnapshot, readSnapshot } from '../../src/simulate/snapshot-file.js';
import { buildProgram } from './build-program.js';
import { cubaNetwork, dice, randomNetwork, signedNetwork } from './random-network.js';

/** Names arrays by their contents: comparing them number by number takes long. */
const named = (...arrays: (Int8Array | Int32Array | null)[]): string =>
  arrays.map((a) => (a === null ? '-' : createHash('sha256').update(a).digest('hex'))).join(' ');

describe('replay', () => {
  it('equals the whole run from any step on', () => {
    const seen = { spikes: 0, underWay: 0, relays: 0, longDelays: 0, lasting: 0, waiting: 0 };
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e9 }), (seed) => {
      const { network, image } = [signedNetwork, cubaNetwork, randomNetwork][seed % 3](seed);
      const program = buildProgram(network, { parts: [1, 1, 1] });
      const d = dice(seed + 1);
      const whole = new Map<string, object>();
      evaluateInteger(network, image, {
        seed: 7, sample: 3,
        observe: ({ population, step, arrivals, state }) => whole.set(`${population} ${step}`, {
          layer: state.population.id, localStep: step,
          arrays: named(state.spikes[step], arrivals === null ? null : arrivals.current.map((a, i) => a + state.drive[i]), arrivals === null ? null : state.v, state.population.neuron.model === 'cuba' ? state.u : null),
        }),
      });
      const steps = chipSteps(program);
      const at = d.between(0, steps - 1);
      const count = d.between(1, steps - at);
      const taken = takeSnapshot(network, { image, seed: 7, sample: 3 }, at);
      const snapshot = readSnapshot(printSnapshot(program, taken), 's', program);
      expect(Buffer.from(printSnapshot(program, snapshot)).equals(printSnapshot(program, taken))).toBe(true);
      for (let turn = 0; turn < 2; turn++) { // a replay leaves its snapshot as it was
        const replayed = [...replay(network, snapshot, count)];
        expect(replayed.map((r) => r.step)).toEqual(Array.from({ length: count }, (_, i) => at + i));
        for (const { step, layers } of replayed) {
          const expected = network.populations.flatMap((p, i) => (step >= p.depth && step < p.depth + network.timesteps ? [whole.get(`${i} ${step - p.depth}`)] : []));
          expect(layers.map(({ layer, localStep, spikes, state }) => ({ layer, localStep, arrays: named(spikes, state?.current ?? null, state?.v ?? null, state?.u ?? null) }))).toEqual(expected);
          seen.spikes += layers.reduce((n, l) => n + l.spikes.filter((s) => s !== 0).length, 0);
        }
      }
      seen.underWay += snapshot.populations.filter((p) => p.spikes.some((s) => s.some((n) => n !== 0))).length;
      seen.lasting += snapshot.populations.filter((p) => p.state.u?.some((n) => n !== 0)).length;
      seen.waiting += snapshot.populations.filter((p) => p.state.waiting?.some((n) => n > 0)).length;
      if (network.input.code === 'poisson') seen.relays++;
      if (network.projections.some((p) => p.delay > 0)) seen.longDelays++;
    }), { numRuns: 10, seed: 5 });
    expect(seen.spikes).toBeGreaterThan(1000);
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(0);
  });
});

describe('a snapshot file', () => {
  const { network, image } = randomNetwork(24);
  const program = buildProgram(network, { parts: [1, 1, 1] });
  const bytes = printSnapshot(program, takeSnapshot(network, { image, seed: 7, sample: 3 }, 2));
  const end = bytes.indexOf(10);
  const header = JSON.parse(Buffer.from(bytes.subarray(0, end)).toString()) as Record<string, unknown>;
  const refusal = (file: Uint8Array, of = program): string => {
    try {
      readSnapshot(file, 'a.snapshot', of);
    } catch (error) {
      if (error instanceof CompileError && error.diagnostics.length === 1) return error.message;
      throw error;
    }
    return 'read';
  };
  /** A file whose checksum is right and whose header has other fields. */
  const forged = (fields: object, payload = bytes.subarray(end + 1)): Uint8Array => {
    const { sha256: _, ...rest } = { ...header, ...fields };
    const sha256 = createHash('sha256').update(`${JSON.stringify(rest)}\n`).update(payload).digest('hex');
    return Buffer.concat([Buffer.from(`${JSON.stringify({ ...rest, sha256 })}\n`), payload]);
  };

  it('is read back, and says what is in it', () => {
    expect(refusal(bytes)).toBe('read');
    expect(refusal(forged({}))).toBe('read');
    expect(header).toMatchObject({ format: 'spikeveil-snapshot', version: 1, seed: 7, sample: 3, step: 2, program: { name: 'test' } });
  });

  it('with any byte changed or cut is refused with one diagnostic', () => {
    fc.assert(fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Uint8Array.from(bytes);
      changed[at] ^= flip;
      expect(refusal(changed)).toMatch(/^error\[observe\/(not-a-snapshot|snapshot-damaged|snapshot-version)\] in a\.snapshot/);
      expect(refusal(bytes.subarray(0, at))).toMatch(/^error\[observe\/(not-a-snapshot|snapshot-damaged)\]/);
    }), { numRuns: 200, seed: 1 });
    const changed = Uint8Array.from(bytes);
    changed[bytes.length - 1] ^= 1;
    expect(refusal(changed)).toBe('error[observe/snapshot-damaged] in a.snapshot: the snapshot is damaged: it does not match its checksum\n'
      + '  hint: copy it again in binary mode, or take it again with `spikeveil simulate PROGRAM --data SPEC --snapshot FILE --at-step S`');
  });

  it('of another kind, version or program is refused by name', () => {
    expect(refusal(Buffer.from('\x89SPK'))).toBe('error[observe/not-a-snapshot] in a.snapshot: this is not a snapshot: it does not begin with the header of one\n'
      + '  hint: name the file that `spikeveil simulate --snapshot` wrote, before the program');
    expect(refusal(new Uint8Array())).toContain('observe/not-a-snapshot');
    expect(refusal(forged({ version: 2 }))).toBe('error[observe/snapshot-version] in a.snapshot: the snapshot has format version 2, this tool reads version 1\n'
      + '  hint: read it with the version that wrote it, or update Spikeveil');
    const other = buildProgram({ ...network, timesteps: network.timesteps + 1 }, { parts: [1, 1, 1] });
    expect(refusal(bytes, other)).toMatch(/^error\[observe\/other-program\] in a\.snapshot: the snapshot is of another program: it names SHA-256 [0-9a-f]{12}, this one has [0-9a-f]{12}\n {2}hint: name the program that was simulated, or take a snapshot again with /);
  });

  it('that contradicts its program is refused though its checksum is right', () => {
    for (const file of [forged({ step: 3 }), forged({ step: 1e6 }), forged({ arrays: [] }), forged({ arrays: null }), forged({}, bytes.subarray(end + 2)), forged({ seed: -1 }), forged({ program: null })]) {
      expect(refusal(file)).toMatch(/^error\[observe\/snapshot-damaged\]/);
    }
  });
});
