/**
 * Chips whose cores hold one whole layer each, with memories that differ. Which layer goes where is a
 * matching of layers with cores: augmenting paths find one of as many layers as can have a core.
 */
import type { Chip } from '../../target/schema.js';
import type { FitLayer } from './fit-layer.js';
import { atMost, type Violation } from './layer-rules.js';

type LayerCores = Exclude<Chip['layerCores'], undefined>;
type Memory = LayerCores['cores'][number];

/** Words and biases of a layer. */
export interface LayerMemory { readonly kernelWords: number; readonly neuronWords: number; readonly biases: number }

export interface LayerPlacement {
  readonly memory: LayerMemory;
  /** Index of the core, or null where none is left that holds it. */
  readonly core: number | null;
  /** Memories of which even the largest core has too little. */
  readonly violations: readonly Violation[];
}

/** Every layer's memory, and a core for as many layers as can have one at once. */
export function placeLayers(layers: readonly FitLayer[], chip: LayerCores): readonly LayerPlacement[] {
  const memories = layers.map((layer) => layerMemory(layer, chip.addressing));
  const cores = matchLayers(memories.map((m) => chip.cores.flatMap((core, i) => (holds(core, m) ? [i] : []))), chip.cores.length);
  const most = (key: keyof Memory): number => Math.max(...chip.cores.map((c) => c[key]));
  return memories.map((memory, i) => ({
    memory, core: cores[i],
    violations: [
      ...atMost('kernel memory, words', memory.kernelWords, most('kernelWords')), ...atMost('neuron memory, words', memory.neuronWords, most('neuronWords')), ...atMost('biases', memory.biases, most('biases')),
    ],
  }));
}

/** What a layer takes, by the chip's addressing: see the schema. Several filters into one layer add up. */
export function layerMemory({ shape: [channels, height, width], paths }: Pick<FitLayer, 'shape' | 'paths'>, addressing: LayerCores['addressing']): LayerMemory {
  const bits = (n: number): number => Math.ceil(Math.log2(n));
  const kernel = (inputs: number, [y, x]: readonly [number, number]): number => (addressing === 'exact' ? inputs * y * x * channels : inputs * 2 ** (bits(y * x) + bits(channels)));
  return {
    kernelWords: paths.reduce((sum, p) => sum + kernel(p.shape[0] / p.groups, p.kernel), 0),
    neuronWords: addressing === 'exact' ? channels * height * width : channels * 2 ** (bits(width) + bits(height)),
    biases: channels,
  };
}

const holds = (core: Memory, { kernelWords, neuronWords, biases }: LayerMemory): boolean => kernelWords <= core.kernelWords && neuronWords <= core.neuronWords && biases <= core.biases;

/** Kuhn's algorithm. `choices[i]`: the cores that hold layer i. Gives each layer's core or null. */
export function matchLayers(choices: readonly (readonly number[])[], cores: number): readonly (number | null)[] {
  const layerOf = new Array<number | null>(cores).fill(null);
  const assign = (layer: number, seen: Set<number>): boolean => choices[layer].some((core) => {
    if (seen.has(core)) return false;
    seen.add(core);
    const other = layerOf[core];
    if (other !== null && !assign(other, seen)) return false;
    layerOf[core] = layer;
    return true;
  });
  choices.forEach((_, layer) => assign(layer, new Set()));
  return choices.map((_, layer) => (layerOf.includes(layer) ? layerOf.indexOf(layer) : null));
}
