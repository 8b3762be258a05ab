/**
 * Turns each node of a lowered network into a step back: from the gradient of a loss with respect to
 * the node's output to that with respect to one of its inputs. The gradient of a convolution is again
 * a convolution, of the output's gradient with the transposed filter; with a stride, the places of the
 * input fall into stride x stride phases, each of which sees taps of its own, so no zeros are multiplied.
 */
import type { DenseBackend } from '../backend/dense-backend.js';
import { isDense, layerOn, type DenseNode } from './dense-layers.js';
import type { AveragePool, Conv, CoreNode, NodeRules, Pair, Shape } from './graph.js';
import { dispatch, sizeOf } from './graph.js';
import { copyStrided, spreadMean } from '../kernels/image.js';
import type { Kernels } from '../kernels/kernels.js';
import { multiply, packLeft, writeOffsets } from '../kernels/sgemm.js';

/** Buffers of one step back, as byte offsets into the kernels' memory. */
export interface BackCall {
  /** What the node gave on the way forward. */
  readonly output: number;
  /** Gradient with respect to that. */
  readonly outputGradient: number;
  /** Gradient with respect to the input: overwritten. */
  readonly inputGradient: number;
  /** Samples. */
  readonly count: number;
  /** `scratchPerSample * count` floats of the step's own. */
  readonly scratch: number;
  /** Scratch of the matrix product. */
  readonly productScratch: number;
}

export interface BackStep {
  readonly run: (call: BackCall) => void;
  /** Floats. */
  readonly scratchPerSample: number;
}

/** The step back through a node to any of its inputs, whose shape is given, on the backend where there is one and the node is dense. Constants stay in the kernels' memory. */
export function prepareGradient(node: CoreNode, inputShape: Shape, kernels: Kernels, backend?: DenseBackend): BackStep {
  const context = { kernels, shape: inputShape };
  return backend !== undefined && isDense(node) ? stepOn(backend, node, context) : dispatch(rules, node, context);
}

interface Context { readonly kernels: Kernels; readonly shape: Shape }

function stepOn(backend: DenseBackend, node: DenseNode, { kernels, shape }: Context): BackStep {
  const layer = layerOn(backend, node, shape);
  const [from, to] = [sizeOf(node.shape), sizeOf(shape)];
  return step((c) => kernels.memory.float32(c.inputGradient, c.count * to).set(layer.inputGradient(kernels.memory.float32(c.outputGradient, c.count * from), c.count)));
}

const step = (run: BackStep['run'], scratchPerSample = 0): BackStep => ({ run, scratchPerSample });

const rules: NodeRules<[Context], BackStep, CoreNode> = {
  input: () => { throw new Error('internal: the input has no input'); },
  relu: (node, { kernels }) => {
    const size = sizeOf(node.shape);
    return step((c) => kernels.call['relu_gradient'](c.count * size, c.output, c.outputGradient, c.inputGradient, node.cap));
  },
  add: (node, { kernels }) => copyStep(kernels, sizeOf(node.shape)),
  reshape: (node, { kernels }) => copyStep(kernels, sizeOf(node.shape)),
  'average-pool': (node, context) => poolStep(node, context),
  dense: (node, { kernels }) => {
    const [out] = node.shape;
    const rows = node.weight.length / out;
    const left = packLeft(kernels, node.weight, { rows, depth: out, rowStride: 1, columnStride: rows });
    const rightRows = writeOffsets(kernels, out, (k) => k);
    const rightColumns = writeOffsets(kernels, 1, () => 0);
    return step((c) => multiply(kernels, {
      rows, columns: c.count, depth: out, left, bias: 0, right: c.outputGradient, rightRows, rightColumns, group: 1, rightGroupStride: out,
      result: c.inputGradient, resultRowStride: 1, resultGroupStride: rows, accumulate: false, scratch: c.productScratch,
    }));
  },
  conv: (node, context) => convStep(node, context),
};

function copyStep(kernels: Kernels, size: number): BackStep {
  return step((c) => kernels.memory.float32(c.inputGradient, c.count * size).set(kernels.memory.float32(c.outputGradient, c.count * size)));
}

function poolStep({ window, shape, countPad }: AveragePool, context: Context): BackStep {
  const [channels, height, width] = context.shape;
  const { kernel, stride, dilation, pads } = window;
  const pooling = { input: [height, width], output: [shape[1], shape[2]], kernel, stride, dilation, pads, mode: 'mean', countPad } as const;
  return step((c) => spreadMean(context.kernels, c.outputGradient, c.inputGradient, { planes: c.count * channels, ...pooling }));
}

/** Along one axis: the taps that a phase sees, and how far their output place lies from the phase's own count. */
interface AxisPhase {
  readonly first: number;
  /** Input places of the phase. */
  readonly places: number;
  readonly taps: readonly { readonly tap: number; readonly offset: number }[];
}

interface Axis { readonly extent: number; readonly kernel: number; readonly stride: number; readonly dilation: number; readonly before: number }

/** Input place first + stride * j is read through tap k by output place j + offset. */
function phasesOf({ extent, kernel, stride, dilation, before }: Axis): AxisPhase[] {
  return Array.from({ length: Math.min(stride, extent) }, (_, first) => ({
    first,
    places: Math.ceil((extent - first) / stride),
    taps: Array.from({ length: kernel }, (_k, tap) => ({ tap, offset: (first + before - tap * dilation) / stride })).filter((t) => Number.isInteger(t.offset)),
  }));
}

/** How many zeros an axis of the output's gradient needs before and after so that every tap of every phase reads inside. */
function margins(phases: readonly AxisPhase[], extent: number): Pair {
  const low = phases.flatMap((p) => p.taps.map((t) => -t.offset));
  const high = phases.flatMap((p) => p.taps.map((t) => p.places - 1 + t.offset - (extent - 1)));
  return [Math.max(0, ...low), Math.max(0, ...high)];
}

function convStep(node: Conv, { kernels, shape }: Context): BackStep {
  const { kernel, stride, dilation, pads } = node.window;
  const [inChannels, height, width] = shape;
  const [outChannels, outHeight, outWidth] = node.shape;
  const axes = [
    phasesOf({ extent: height, kernel: kernel[0], stride: stride[0], dilation: dilation[0], before: pads[0] }),
    phasesOf({ extent: width, kernel: kernel[1], stride: stride[1], dilation: dilation[1], before: pads[1] }),
  ] as const;
  const [top, bottom] = margins(axes[0], outHeight);
  const [left, right] = margins(axes[1], outWidth);
  const [paddedHeight, paddedWidth] = [outHeight + top + bottom, outWidth + left + right];
  const padded = paddedHeight * paddedWidth > outHeight * outWidth;
  const paddedLength = padded ? outChannels * paddedHeight * paddedWidth : 0;
  const phased = axes[0].length * axes[1].length > 1;
  const phases = axes[0].flatMap((y) => axes[1].map((x) => preparePhase(node, { kernels, shape, y, x, margin: [top, left], padded: [paddedHeight, paddedWidth] })));
  const whole = inChannels * height * width;
  const largest = phased ? inChannels * axes[0][0].places * axes[1][0].places : 0;
  const run: BackStep['run'] = (c) => {
    if (padded) {
      kernels.call['fill'](c.count * paddedLength, c.scratch, 0);
      copyStrided(kernels, c.outputGradient, c.scratch + (top * paddedWidth + left) * 4, {
        extents: [c.count * outChannels, outHeight, outWidth], outStrides: [paddedHeight * paddedWidth, paddedWidth, 1], inStrides: [outHeight * outWidth, outWidth, 1],
      });
    }
    const source = padded ? c.scratch : c.outputGradient;
    if (!phased && !phases[0].empty) { phases[0].run(source, c.inputGradient, c); return; }
    const part = c.scratch + paddedLength * c.count * 4;
    kernels.call['fill'](c.count * whole, c.inputGradient, 0);
    for (const { run: runPhase, y, x, empty } of phases) {
      if (empty) continue;
      runPhase(source, part, c);
      copyStrided(kernels, part, c.inputGradient + (y.first * width + x.first) * 4, {
        extents: [c.count * inChannels, y.places, x.places], outStrides: [height * width, stride[0] * width, stride[1]], inStrides: [y.places * x.places, x.places, 1],
      });
    }
  };
  return step(run, paddedLength + largest);
}

interface PhaseContext {
  readonly kernels: Kernels;
  readonly shape: Shape;
  readonly y: AxisPhase;
  readonly x: AxisPhase;
  /** Zeros above and left of the output's gradient, and its rows and columns with all zeros. */
  readonly margin: Pair;
  readonly padded: Pair;
}

interface Phase {
  readonly y: AxisPhase;
  readonly x: AxisPhase;
  /** No tap reaches this phase: its gradient is zero. */
  readonly empty: boolean;
  /** Writes [count, channels, places of y, places of x] to `result`. */
  readonly run: (source: number, result: number, call: Pick<BackCall, 'count' | 'productScratch'>) => void;
}

/** One product a group: input channels x (output channels x taps), over the places of the phase in all samples. */
function preparePhase(node: Conv, { kernels, shape, y, x, margin, padded }: PhaseContext): Phase {
  const { groups, window: { kernel: [kernelY, kernelX] } } = node;
  const [rows, outputs] = [shape[0] / groups, node.shape[0] / groups];
  const taps = y.taps.flatMap((ty) => x.taps.map((tx) => ({ at: ty.tap * kernelX + tx.tap, offset: ty.offset * padded[1] + tx.offset })));
  const plane = padded[0] * padded[1];
  const places = y.places * x.places;
  const depth = outputs * taps.length;
  const empty = depth === 0;
  const area = kernelY * kernelX;
  const packed = empty ? [] : Array.from({ length: groups }, (_, g) => {
    const flipped = new Float32Array(rows * depth);
    for (let i = 0; i < rows; i++) {
      for (let o = 0; o < outputs; o++) taps.forEach((t, k) => { flipped[i * depth + o * taps.length + k] = node.weight[((g * outputs + o) * rows + i) * area + t.at]; });
    }
    return packLeft(kernels, flipped, { rows, depth, rowStride: depth, columnStride: 1 });
  });
  const first = margin[0] * padded[1] + margin[1];
  const rightRows = writeOffsets(kernels, depth, (k) => first + Math.floor(k / taps.length) * plane + taps[k % taps.length].offset);
  const rightColumns = writeOffsets(kernels, places, (p) => Math.floor(p / x.places) * padded[1] + (p % x.places));
  const run: Phase['run'] = (source, result, c) => packed.forEach((left, g) => multiply(kernels, {
    rows, columns: c.count * places, depth, left, bias: 0,
    right: source + g * outputs * plane * 4, rightRows, rightColumns, group: places, rightGroupStride: node.shape[0] * plane,
    result: result + g * rows * places * 4, resultRowStride: places, resultGroupStride: shape[0] * places,
    accumulate: false, scratch: c.productScratch,
  }));
  return { y, x, empty, run };
}
