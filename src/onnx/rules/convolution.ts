/**
 * Conv with groups, dilation, asymmetric pads and auto_pad, over pictures and signals; ConvTranspose as a
 * convolution whose channels are the places between the pixels.
 */
import type { Window } from '../../graph/graph.js';
import { activation, constant, from, intAttribute, optionalConstant, refuse, reshaped, weights, type RuleContext } from '../rule.js';
import { resolveTransposed, type TransposedAxis } from '../transposed-window.js';
import type { Activation, Value } from '../value.js';
import { asPicture, fromPicture, resolveWindow } from '../window.js';

export function conv(context: RuleContext): Value {
  const filter = constant(context, 1);
  const picture = asPicture(context, activation(context));
  const [outputs = 0, perGroup = 0, ...kernel] = filter.dims;
  const groups = intAttribute(context, 'group') ?? 1;
  const { op } = context.node;
  if (filter.dims.length !== (picture.signal ? 3 : 4) || filter.data.length === 0) refuse('onnx/shape', { op, problem: `weights "${filter.name}" have dims [${filter.dims.join(', ')}]` });
  if (groups < 1 || perGroup * groups !== picture.channels || outputs % groups !== 0) {
    refuse('onnx/shape', { op, problem: `${picture.channels} channels in ${groups} groups do not fit weights of dims [${filter.dims.join(', ')}]` });
  }
  const stated = optionalConstant(context, 2);
  if (stated !== undefined && stated.data.length !== outputs) refuse('onnx/shape', { op, problem: `the bias has ${stated.data.length} values for ${outputs} channels` });
  const { window, output } = resolveWindow(context, picture, kernel);
  const result = context.emit({
    kind: 'conv', inputs: from(picture.value), window, groups,
    weight: weights(filter), bias: stated === undefined ? new Float32Array(outputs) : weights(stated),
  }, [picture.batch, outputs, ...output]);
  return fromPicture(context, picture, result);
}

/**
 * A transposed convolution of stride s writes s * s outputs a pixel. Output q + s o depends on the inputs near o by
 * every s-th weight of the filter, so a convolution gives these outputs as channels (o, q), which are then laid
 * out as a picture (the sub-pixel convolution of Shi et al., CVPR 2016) and cropped.
 */
export function convTranspose(context: RuleContext): Value {
  const filter = constant(context, 1);
  const picture = asPicture(context, activation(context));
  const { op } = context.node;
  const [inputs = 0, outGroup = 0, ...kernel] = filter.dims;
  const groups = intAttribute(context, 'group') ?? 1;
  if (filter.dims.length !== (picture.signal ? 3 : 4) || filter.data.length === 0 || groups < 1 || inputs !== picture.channels || inputs % groups !== 0) {
    refuse('onnx/shape', { op, problem: `${picture.channels} channels in ${groups} groups do not fit weights of dims [${filter.dims.join(', ')}]` });
  }
  const sizes = picture.signal ? [picture.width] : [picture.height, picture.width];
  const resolved = resolveTransposed(context, sizes, kernel);
  const [y, x] = picture.signal ? [onePlace, resolved[0]] : resolved;
  const outputs = outGroup * groups;
  const stated = optionalConstant(context, 2);
  if (stated !== undefined && stated.data.length !== outputs) refuse('onnx/shape', { op, problem: `the bias has ${stated.data.length} values for ${outputs} channels` });
  const [rows, columns] = [phasesOf(y, picture.height), phasesOf(x, picture.width)];
  const phases = y.stride * x.stride;
  const window: Window = { kernel: [rows.taps, columns.taps], stride: [1, 1], dilation: [1, 1], pads: [rows.before, columns.before, rows.after, columns.after] };
  if (window.pads.some((p) => p < 0)) refuse('onnx/form', { op, problem: 'its pads cut away whole inputs', advice: 'crop the input of the layer, or lower its pads' });
  context.spend(outputs * phases * (inputs / groups) * rows.taps * columns.taps);
  const weight = phaseFilters(weights(filter), { y, x, rows, columns, inputs, outGroup, groups });
  const bias = new Float32Array(outputs * phases);
  if (stated !== undefined) weights(stated).forEach((b, c) => bias.fill(b, c * phases, (c + 1) * phases));
  const { batch } = picture;
  const emitted = context.emit({ kind: 'conv', inputs: from(picture.value), window, groups, weight, bias }, [batch, outputs * phases, rows.places, columns.places], phases === 1 ? undefined : 'phases');
  return fromPicture(context, picture, laidOut(context, emitted, { y, x, places: [rows.places, columns.places], outputs, batch }));
}

const onePlace: TransposedAxis = { kernel: 1, stride: 1, dilation: 1, before: 0, output: 1 };

interface Phases {
  /** Weights of a phase's filter, and its pads. */
  readonly taps: number;
  readonly before: number;
  readonly after: number;
  /** Places of a phase: the output rounded up to the stride. */
  readonly places: number;
}

/** Output t = s o + q takes input i by weight k where t + before = s i + d k: from i = o + ceil((q + before - d (K - 1)) / s) to o + floor((q + before) / s). */
function phasesOf({ kernel, stride, dilation, before, output }: TransposedAxis, size: number): Phases {
  const lowest = Math.ceil((before - dilation * (kernel - 1)) / stride);
  const highest = Math.floor((stride - 1 + before) / stride);
  const places = Math.ceil(output / stride);
  return { taps: highest - lowest + 1, before: -lowest, after: places - 1 + highest - (size - 1), places };
}

interface PhaseGeometry { readonly y: TransposedAxis; readonly x: TransposedAxis; readonly rows: Phases; readonly columns: Phases; readonly inputs: number; readonly outGroup: number; readonly groups: number }

/** [Ci, Co / groups, Kh, Kw] as the filters [Co s s, Ci / groups, taps, taps] of the phases. */
function phaseFilters(filter: Float32Array, { y, x, rows, columns, inputs, outGroup, groups }: PhaseGeometry): Float32Array {
  const inGroup = inputs / groups;
  const out = new Float32Array(outGroup * groups * y.stride * x.stride * inGroup * rows.taps * columns.taps);
  let at = 0;
  for (let co = 0; co < outGroup * groups; co++) for (let qy = 0; qy < y.stride; qy++) for (let qx = 0; qx < x.stride; qx++) {
    for (let k = 0; k < inGroup; k++) {
      const from = (Math.floor(co / outGroup) * inGroup + k) * outGroup + co % outGroup;
      for (let ty = 0; ty < rows.taps; ty++) for (let tx = 0; tx < columns.taps; tx++) {
        const [ky, kx] = [weightAt(y, qy, ty - rows.before), weightAt(x, qx, tx - columns.before)];
        out[at++] = ky < 0 || kx < 0 ? 0 : filter[(from * y.kernel + ky) * x.kernel + kx];
      }
    }
  }
  return out;
}

/** The weight between output phase `q` and the input `shift` places on; -1 for none. */
function weightAt({ kernel, stride, dilation, before }: TransposedAxis, q: number, shift: number): number {
  const k = (q + before - stride * shift) / dilation;
  return Number.isInteger(k) && k >= 0 && k < kernel ? k : -1;
}

interface Layout { readonly y: TransposedAxis; readonly x: TransposedAxis; readonly places: readonly [number, number]; readonly outputs: number; readonly batch: number }

/** [B, Co s s, H, W] as the picture [B, Co, H s, W s], cropped to the output's size. */
function laidOut(context: RuleContext, phases: Activation, { y, x, places: [height, width], outputs, batch }: Layout): Activation {
  if (y.stride * x.stride === 1) return phases;
  const apart = reshaped(context, phases, [batch, outputs, y.stride, x.stride, height, width], 'apart');
  const turned = context.emit({ kind: 'transpose', inputs: from(apart), permutation: [0, 3, 1, 4, 2] }, [batch, outputs, height, y.stride, width, x.stride], 'interleaved');
  const whole = reshaped(context, turned, [batch, outputs, height * y.stride, width * x.stride], 'whole');
  if (whole.dims[2] === y.output && whole.dims[3] === x.output) return whole;
  return context.emit({ kind: 'slice', inputs: from(whole), ranges: [0, 1, 2].map(() => ({ start: 0, step: 1 })) }, [batch, outputs, y.output, x.output]);
}
