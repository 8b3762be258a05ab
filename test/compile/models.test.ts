// Every model in the tree compiles for every built-in target, within its limits, and its cores' memory is as large as it was counted.
import { describe, expect, it } from 'vitest';
import { compileModel } from '../../src/compile.js';
import { loadDataset } from '../../src/data/load-dataset.js';
import { Reporter } from '../../src/diagnostics.js';
import type { CoreUse } from '../../src/map/mapping.js';
import { memoryByProjection } from '../../src/map/memory-by-projection.js';
import { readModelCard } from '../../src/onnx/model-card.js';
import { coreImage, packMemory } from '../../src/program/core-image.js';
import type { Reset } from '../../src/spiking/network.js';
import { loadTarget } from '../../src/target/load-target.js';

const MODELS = ['cnn_mnist', 'cnn_fashion', 'resnet8_cifar10', 'resnet20_cifar10', 'vgg_cifar10'];
const CHIPS: readonly (readonly [string, Reset])[] = [['loihi1', 'hard'], ['loihi1', 'soft-two-compartment'], ['loihi2', 'soft'], ['virtual', 'soft']];

describe.each(MODELS)('%s', (name) => {
  const card = readModelCard(`models/${name}/model.json`, new Reporter());
  const sample = `models/samples/${card.dataset}-1000`;
  const data = loadDataset(card.dataset === 'cifar10' ? `cifar10:${sample}.bin.gz` : `idx:${sample}-images-idx3-ubyte.gz,${sample}-labels-idx1-ubyte.gz`);
  // sixteen images for the thresholds: the limits do not depend on them, and it is faster than drawing more
  const calibration = { ...data, count: 16, images: data.images.subarray(0, (16 * data.images.length) / data.count), labels: data.labels.subarray(0, 16) };

  // the compiler verifies each stage; here the limits are read off the result once more
  it.each(CHIPS)('fits on %s with %s reset', async (chip, reset) => {
    const target = loadTarget(chip);
    const { program, summary } = await compileModel(`models/${name}/model.onnx`, { target, timesteps: 32, reset, card, normalisation: card.input, calibration });
    expect(summary.warnings.map((w) => w.code)).toEqual(['spiking/private-data-read', ...(reset === 'hard' ? ['spiking/hard-reset-loses-accuracy'] : [])]);
    const perChip = target.mesh.width * target.mesh.height * target.mesh.coresPerRouter;
    expect(summary.cores).toBeLessThanOrEqual(summary.chips * perChip);
    if (target.board.chips !== null) expect(summary.chips).toBeLessThanOrEqual(target.board.chips);
    const { core } = target;
    const most = (key: keyof CoreUse): number => Math.max(...program.cores.map((c) => c.use[key]));
    expect(most('neurons')).toBeLessThanOrEqual(core.neurons ?? Infinity);
    expect(most('inAxons')).toBeLessThanOrEqual(core.inAxons ?? Infinity);
    expect(most('outAxons')).toBeLessThanOrEqual(core.outAxons ?? Infinity);
    expect(most('synapticBits')).toBeLessThanOrEqual(core.synapticMemoryBits ?? Infinity);
    const memory = packMemory(program);
    const images = program.cores.map((_, i) => coreImage(program, memory, i).bytes.length * 8);
    expect(images).toEqual(program.cores.map((c) => c.use.synapticBits));
    for (const { id } of program.network.populations) {
      const counted = memoryByProjection(program).reduce((sum, m) => (m.population === id ? sum + m.bits : sum), 0);
      expect(counted, `bits of ${id}`).toBe(program.cores.reduce((sum, { slice }, i) => (slice.population === id ? sum + images[i] : sum), 0));
    }
    const places = program.places.map((p) => [p.chip, p.x, p.y, p.port].join(' '));
    expect(new Set(places).size).toBe(summary.cores);
  });
});
