/**
 * The rules that a chip makes for layers and neurons, held against the layers of a network. Each rule that
 * is broken is named, with what the layer has and what the chip allows.
 */
import type { Chip } from '../../target/schema.js';
import type { FitLayer, FitPath } from './fit-layer.js';

export interface Violation {
  readonly rule: string;
  readonly value: string;
  readonly limit: string;
}

type Layers = Exclude<Chip['layers'], undefined>;
type Rules = Exclude<Layers['convolution'], undefined>;

/** Everything that one layer breaks. */
export function brokenRules(layer: FitLayer, { layers = {}, neuron }: Pick<Chip, 'layers' | 'neuron'>): readonly Violation[] {
  const ofPaths = layer.paths.flatMap((path) => {
    const rules = rulesFor(path, layers);
    return rules === undefined ? [] : brokenByPath(path, layer, rules);
  });
  const distinct = new Map(ofPaths.map((v) => [`${v.rule} ${v.value}`, v]));
  return [
    ...distinct.values(),
    ...atMost('layers that it sends to', layer.destinations, layers.destinationsMost),
    ...atMost('layers that it reads', new Set(layer.paths.map((p) => p.source)).size, layers.sourcesMost),
    ...atMost('fan-in of a neuron', layer.fanIn, neuron?.fanIn),
    ...atMost('fan-out of a neuron', layer.fanOut, neuron?.fanOut),
  ];
}

/** A first layer has rules of its own where the chip states some; a kind without rules takes those of convolutions. */
function rulesFor(path: FitPath, layers: Layers): Rules | undefined {
  if (path.fromImage && layers.input !== undefined) return layers.input;
  switch (path.kind) {
    case 'convolution': return layers.convolution;
    case 'separable': return layers.separable ?? layers.convolution;
    case 'dense': return layers.dense ?? layers.convolution;
    case 'identity': return layers.convolution?.pools === undefined ? undefined : { pools: layers.convolution.pools, globalPoolMost: layers.convolution.globalPoolMost ?? null };
  }
}

function brokenByPath(path: FitPath, layer: FitLayer, rules: Rules): readonly Violation[] {
  const [channels, height, width] = path.shape;
  const [side] = path.kernel;
  const filters = rules.filtersMost?.find((f) => f.channels === channels && f.kernel === side);
  const global = typeof rules.globalPoolMost === 'number' && path.pool[0] === height && path.pool[1] === width;
  return [
    ...within('width of its input', width, rules.width), ...within('height of its input', height, rules.height),
    ...oneOf('channels of its input', [channels], rules.channels), ...atMost('channels of its input', channels, rules.channelsMost), ...atMost('channels', layer.shape[0], rules.channelsMost),
    ...atMost('values that it reads', channels * height * width, rules.inputsMost),
    ...oneOf('side of the filter', path.kernel, rules.kernels), ...atMost('side of the filter', Math.max(...path.kernel), rules.kernelMost),
    ...(rules.square === true && path.kernel[0] !== path.kernel[1] ? [{ rule: 'shape of the filter', value: path.kernel.join('x'), limit: 'square' }] : []),
    ...oneOf('stride', path.stride, rules.strides),
    ...(Math.max(...path.stride) > 1 ? oneOf(`filter of stride ${Math.max(...path.stride)}`, path.kernel, rules.strideKernels) : []),
    ...(rules.dilated === false && Math.max(...path.dilation) > 1 ? [{ rule: 'dilation', value: path.dilation.join('x'), limit: '1' }] : []),
    ...atMost('padding', Math.max(...path.pads), rules.padMost), ...samePadding(path, layer, rules),
    ...(global ? atMost('global pool', Math.max(...path.pool), rules.globalPoolMost) : oneOf('pool', path.pool, rules.pools)),
    ...atMost('side of the map', Math.max(layer.shape[1], layer.shape[2]), rules.mapMost),
    ...atMost(`filters of ${side}x${side} on ${channels} channels`, layer.shape[0], filters?.most),
  ];
}

/** The map keeps its size, divided by the stride. A filter over the whole map has no border to speak of. */
function samePadding({ shape, pool, stride, kind }: FitPath, layer: FitLayer, { samePadding: same }: Rules): readonly Violation[] {
  if (same !== true || kind === 'dense') return [];
  const kept = [0, 1].map((axis) => Math.ceil(shape[1 + axis] / pool[axis] / stride[axis]));
  return kept[0] === layer.shape[1] && kept[1] === layer.shape[2] ? [] : [{ rule: 'map behind "same" padding', value: `${layer.shape[1]}x${layer.shape[2]}`, limit: kept.join('x') }];
}

export function atMost(rule: string, value: number, limit: number | null | undefined): readonly Violation[] {
  return limit === null || limit === undefined || value <= limit ? [] : [{ rule, value: String(value), limit: `at most ${limit}` }];
}

function within(rule: string, value: number, range: Rules['width']): readonly Violation[] {
  if (range === undefined || (value >= range.least && value <= (range.most ?? Infinity))) return [];
  return [{ rule, value: String(value), limit: range.most === null ? `at least ${range.least}` : `${range.least} to ${range.most}` }];
}

function oneOf(rule: string, values: readonly number[], allowed: readonly number[] | undefined): readonly Violation[] {
  if (allowed === undefined || values.every((v) => allowed.includes(v))) return [];
  return [{ rule, value: [...new Set(values)].join('x'), limit: allowed.join(', ') }];
}
