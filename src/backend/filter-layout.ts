/**
 * Filters as TensorFlow wants them. Ours are [Co, Ci / groups, Kh, Kw]; its are [Kh, Kw, Ci, Co], one
 * array a group, or for one filter a channel [Kh, Kw, C, filters a channel]. A dilated filter is spread
 * out with zeros between its taps, because neither a stride nor a gradient goes together with dilation there.
 */
import type { ConvolutionSizes } from './dense-backend.js';

export interface FilterPlan {
  /** One array holds the filters of all channels, each of which sees one channel. */
  readonly depthwise: boolean;
  /** Of each array: rows, columns, channels in, channels out (depthwise: filters a channel). */
  readonly shape: readonly [number, number, number, number];
  readonly filters: readonly Float32Array[];
  /** From gradients of these arrays back to one of the weight; what stands between taps is left out. */
  readonly gather: (gradients: readonly Float32Array[]) => Float32Array;
}

/** The layout of a convolution's filters. TensorFlow's own depthwise kernel wants the same stride both ways. */
export function filterPlan(sizes: ConvolutionSizes, weight: Float32Array): FilterPlan {
  const { input: [channels], output: [outputs], kernel, dilation, stride, groups } = sizes;
  const depthwise = groups > 1 && groups === channels && stride[0] === stride[1];
  const [rows, columns] = [(kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1];
  const perGroup = outputs / groups;
  const shape = [rows, columns, depthwise ? channels : channels / groups, perGroup] as const;
  const [taps, fan] = [kernel[0] * kernel[1], (channels / groups) * kernel[0] * kernel[1]];
  /** Calls `use` with each place in the weight, its array, and its place there. */
  const eachWeight = (use: (place: number, array: number, there: number) => void): void => {
    for (let place = 0; place < weight.length; place++) {
      const output = Math.floor(place / fan);
      const group = Math.floor(output / perGroup);
      const channel = depthwise ? group : Math.floor((place % fan) / taps);
      const y = Math.floor((place % taps) / kernel[1]) * dilation[0];
      const x = (place % kernel[1]) * dilation[1];
      use(place, depthwise ? 0 : group, ((y * columns + x) * shape[2] + channel) * perGroup + (output % perGroup));
    }
  };
  const filters = Array.from({ length: depthwise ? 1 : groups }, () => new Float32Array(shape[0] * shape[1] * shape[2] * shape[3]));
  eachWeight((place, array, there) => { filters[array][there] = weight[place]; });
  return {
    depthwise, shape, filters,
    gather: (gradients) => {
      const out = new Float32Array(weight.length);
      eachWeight((place, array, there) => { out[place] = gradients[array][there]; });
      return out;
    },
  };
}
