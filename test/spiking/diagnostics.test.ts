// Each message of conversion and quantisation, set off by real input through the compiler, word for word.
import { expect, it } from 'vitest';
import { compileModel, type CompileOptions } from '../../src/compile.js';
import { CompileError, formatDiagnostic } from '../../src/diagnostics.js';
import { loadTarget } from '../../src/target/load-target.js';
import { floats, values } from '../onnx/build-model.js';
import { modelFile, plainSpec, randomBytes } from '../compile/tiny-models.js';

const plain = modelFile('plain', plainSpec());
const known: Partial<CompileOptions> = { normalisation: { scale: 255, mean: [0.5], std: [0.25] } };

/** Everything that the compiler says: its warnings, or why it refused. */
async function said(options: Partial<CompileOptions>, path = plain): Promise<string> {
  try {
    const { summary } = await compileModel(path, { target: loadTarget('loihi2'), timesteps: 8, ...known, ...options });
    return summary.warnings.map(formatDiagnostic).join('\n');
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
}

it('says nothing of a network that is in order', async () => {
  expect(await said({})).toBe('');
});

it('spiking/reset-not-available', async () => {
  expect(await said({ target: loadTarget('loihi1'), reset: 'soft' })).toBe(
    'error[spiking/reset-not-available] for --reset: target loihi1 has no "soft" reset; it has "hard", "soft-two-compartment"\n'
    + '  hint: choose --reset hard, or another --target');
});

it('spiking/leak-not-available, together with a wrong reset', async () => {
  const base = loadTarget('virtual');
  const target = { ...base, name: 'no-leak', numbers: { ...base.numbers, decayBits: 0 } };
  const leak = 'error[spiking/leak-not-available] for --neuron: target no-leak has no leaky neurons (decayBits is 0)\n'
    + '  hint: choose --neuron if, or another --target';
  expect(await said({ target, neuron: 'lif' })).toBe(leak);
  expect(await said({ target, neuron: 'lif', reset: 'soft-two-compartment' })).toBe(
    'error[spiking/reset-not-available] for --reset: target no-leak has no "soft-two-compartment" reset; it has "soft", "hard"\n'
    + `  hint: choose --reset soft, or another --target\n${leak}`);
});

it('spiking/signed-spikes-not-available, alone even where nothing else would go', async () => {
  const text = 'error[spiking/signed-spikes-not-available] for --spikes: target loihi1 has no signed spikes: they need a payload with each spike and a neuron that counts what it has sent\n'
    + '  hint: choose --target loihi2, or leave --spikes out and take more --timesteps';
  expect(await said({ target: loadTarget('loihi1'), spikes: 'signed' })).toBe(text);
  expect(await said({ target: loadTarget('loihi1'), spikes: 'signed', neuron: 'lif', reset: 'hard' })).toBe(text);
});

it('spiking/signed-spikes-reset-softly and spiking/signed-spikes-without-leak, together', async () => {
  expect(await said({ spikes: 'signed', neuron: 'lif', reset: 'hard' })).toBe(
    'error[spiking/signed-spikes-reset-softly] for --spikes: signed spikes do not go with the "hard" reset: a spike that is taken back gives its threshold back\n'
    + '  hint: choose --reset soft, or leave --spikes out\n'
    + 'error[spiking/signed-spikes-without-leak] for --spikes: signed spikes do not go with leaky neurons: what has leaked away cannot be taken back\n'
    + '  hint: choose --neuron if, or leave --spikes out');
});

it('takes the soft reset for signed spikes, wherever it stands in the target', async () => {
  const base = loadTarget('virtual');
  const hardFirst = { ...base, capabilities: { ...base.capabilities, resets: ['hard', 'soft'] as const } };
  expect(await said({ target: hardFirst, spikes: 'signed' })).toBe('');
});

it('spiking/lasting-current-not-available, spiking/bad-current-decay, spiking/bad-refractory', async () => {
  const base = loadTarget('virtual');
  const { currentDecay: _, ...capabilities } = base.capabilities;
  const { refractoryMax: __, ...numbers } = base.numbers;
  const bare = { ...base, name: 'bare', capabilities, numbers };
  const none = 'error[spiking/lasting-current-not-available] for --current-decay: target bare has no neurons with a synaptic current of their own\n'
    + '  hint: leave --current-decay and --refractory out, or choose another --target';
  expect(await said({ target: bare, currentDecay: 100 })).toBe(none);
  expect(await said({ target: bare, reset: 'hard', refractory: 2 })).toBe(
    `${none.replace('--current-decay:', '--refractory:')}\nerror[spiking/bad-refractory] for --refractory: from a spike to the next, a neuron of bare takes 1 step, not 2\n  hint: leave --refractory out, or choose another --target`);
  expect(await said({ target: loadTarget('loihi1'), reset: 'hard', currentDecay: 4096, refractory: 64 })).toContain(
    'error[spiking/bad-current-decay] for --current-decay: a current decay of 4096 does not fit the register of 12 bits\n'
    + '  hint: choose --current-decay 0 to 4095: a step keeps (4095 - decay) / 4096 of the current\n'
    + 'error[spiking/bad-refractory] for --refractory: from a spike to the next, a neuron of loihi1 takes 1 to 63 steps, not 64\n'
    + '  hint: choose --refractory 1 to 63');
});

it('spiking/lasting-current-unsigned, spiking/lasting-current-one-compartment, spiking/refractory-resets-to-zero', async () => {
  expect(await said({ spikes: 'signed', currentDecay: 100 })).toBe(
    'error[spiking/lasting-current-unsigned] for --current-decay: signed spikes do not go with currents that last or with a wait after spikes\n'
    + '  hint: leave --spikes out, or --current-decay and --refractory');
  expect(await said({ target: loadTarget('loihi1'), reset: 'soft-two-compartment', currentDecay: 100 })).toBe(
    'error[spiking/lasting-current-one-compartment] for --current-decay: the second compartment pays back through the synaptic current of the first: one that lasts would pay over many steps, and a wait would lose it\n'
    + '  hint: choose --reset hard, or leave --current-decay and --refractory out');
  expect(await said({ reset: 'soft', refractory: 2 })).toBe(
    'error[spiking/refractory-resets-to-zero] for --refractory: a neuron that waits after a spike is held at zero: what a soft reset keeps would be lost\n'
    + '  hint: choose --reset hard, or leave --refractory out');
  expect(await said({ reset: 'soft', currentDecay: 100 })).toBe('');
});

it('spiking/signed-spikes-without-leak on a chip that always leaks', async () => {
  const base = loadTarget('loihi2');
  expect(await said({ target: { ...base, numbers: { ...base.numbers, leakFloor: 1 } }, spikes: 'signed' })).toContain('error[spiking/signed-spikes-without-leak]');
});

it('spiking/hard-reset-loses-accuracy', async () => {
  expect(await said({ target: loadTarget('loihi1') })).toBe(
    'warning[spiking/hard-reset-loses-accuracy] for --reset: hard reset on loihi1 throws away what exceeds the threshold; through 2 spiking layers the loss adds up\n'
    + '  hint: compile with --reset soft-two-compartment: it keeps the accuracy for about twice the compartments');
  expect(await said({ reset: 'hard' })).toBe(
    'warning[spiking/hard-reset-loses-accuracy] for --reset: hard reset on loihi2 throws away what exceeds the threshold; through 2 spiking layers the loss adds up\n'
    + '  hint: compile with --reset soft');
});

it('spiking/private-data-read', async () => {
  const calibration = { ...randomBytes(300, [1, 6, 6]), name: 'mnist:here' };
  expect(await said({ calibration })).toBe(
    'warning[spiking/private-data-read] for --calibrate: thresholds were chosen on 256 images of mnist:here: the program depends on them\n'
    + '  hint: leave --calibrate out to compile without any data');
});

it('spiking/calibration-shape', async () => {
  expect(await said({ calibration: randomBytes(4, [3, 6, 6]) })).toBe(
    'error[spiking/calibration-shape] for --calibrate: the calibration images are 3 x 6 x 6, the network takes 1 x 6 x 6\n'
    + '  hint: give images of the network\'s own shape (channels x rows x columns)');
});

it('spiking/no-normalisation', async () => {
  const { normalisation, ...unknown } = known;
  expect(normalisation).toBeDefined();
  const { summary } = await compileModel(plain, { target: loadTarget('loihi2'), timesteps: 8, ...unknown });
  expect(summary.warnings.map(formatDiagnostic)).toEqual([
    'warning[spiking/no-normalisation]: nothing says how images are normalised for this model; byte / 255 is assumed\n'
    + '  hint: put a model.json beside the model, or give --scale, --mean and --std']);
});

it('spiking/normalisation-channels', async () => {
  expect(await said({ normalisation: { scale: 255, mean: [0.5, 0.4, 0.3], std: [0.25] } })).toBe(
    'error[spiking/normalisation-channels]: the normalisation has 3 channels, the network takes images of 1\n'
    + '  hint: give one mean and one std for each channel, or a single one for all');
});

it('quantise/no-precision', async () => {
  // channel 1 of the second convolution never fires; the dense layer's weights on it (features 16 to 31) are far above the others
  const spec = plainSpec([0.1, -50, 0.3, 0]);
  const weight = values(5 * 64).map((w, i) => (i % 64 >= 16 && i % 64 < 32 ? 1000 * w : w));
  const initializers = (spec.initializers ?? []).map((t) => (t.tensor === 'w9' ? floats('w9', [5, 64], weight) : t));
  expect(await said({}, modelFile('broken-channel', { ...spec, initializers }))).toBe(
    'error[quantise/no-precision] at node "Gemm:scores": only 2.28 weight steps per threshold are left on loihi2: the layer\'s largest weight or bias is too far above the others\n'
    + '  hint: the network may hold a broken channel (look at --print-after convert), or take a target with wider numbers');
});

it('spiking/bad-timesteps', async () => {
  for (const timesteps of [0, -3, 1.5, 4097, NaN]) {
    expect(await said({ timesteps })).toBe(
      `error[spiking/bad-timesteps] for --timesteps: T is ${timesteps}, but an inference takes a whole number of time steps from 1 to 4096\n`
      + '  hint: choose --timesteps 4 to 256: fewer lose accuracy, more cost spikes');
  }
});
