/**
 * The printed form of a float graph: one line a node with its name, kind, shape, inputs and main
 * attributes, for `--print-after` and goldens. It shows the range of the constants, not each number.
 */
import type { Graph, GraphNode, NodeRules, Window } from './graph.js';
import { dispatch } from './graph.js';
import { formatShape } from './shape.js';

/** All nodes in order, then the outputs. */
export function graphText(graph: Graph): string {
  const lines = graph.nodes.map((node) => {
    const inputs = node.inputs.length === 0 ? '' : ` <- ${node.inputs.join(', ')}`;
    const details = dispatch(rules, node);
    return `  ${node.kind}  ${node.id}  ${formatShape(node.shape)}${inputs}${details === '' ? '' : `  ${details}`}`;
  });
  return [`graph  ${graph.nodes.length} nodes`, ...lines, `  outputs  ${graph.outputs.join(', ')}`].join('\n');
}

const none = (): string => '';
const rules: NodeRules<[], string> = {
  input: none,
  conv: (n) => `${windowText(n.window)}${n.groups === 1 ? '' : ` groups ${n.groups}`} weight ${rangeText(n.weight)} bias ${rangeText(n.bias)}${statisticsText(n)}`,
  dense: (n) => `weight ${rangeText(n.weight)} bias ${rangeText(n.bias)}${statisticsText(n)}`,
  'batch-norm': (n) => `gamma ${rangeText(n.gamma)} beta ${rangeText(n.beta)} mean ${rangeText(n.mean)} variance ${rangeText(n.variance)} epsilon ${numberText(n.epsilon)}`,
  affine: (n) => `scale ${rangeText(n.scale)} shift ${rangeText(n.shift)}`,
  relu: (n) => (n.cap === Infinity ? '' : `cap ${numberText(n.cap)}`),
  'average-pool': (n) => `${windowText(n.window)}${n.countPad ? ' counting pads' : ''}`,
  'max-pool': (n) => windowText(n.window),
  add: none,
  subtract: none,
  concat: (n) => `axis ${n.axis}`,
  reshape: none,
  transpose: (n) => `axes ${n.permutation.join(',')}`,
  pad: (n) => `amounts ${n.amounts.map((p) => p.join(':')).join(' ')} value ${numberText(n.value)}`,
  slice: (n) => `start ${n.ranges.map((r) => r.start).join(',')} step ${n.ranges.map((r) => r.step).join(',')}`,
  softmax: (n) => `axis ${n.axis}${n.log ? ' log' : ''}`,
};

/** Only what differs from a plain window: stride 1, dilation 1, no pads. */
function windowText({ kernel, stride, dilation, pads }: Window): string {
  const parts = [`window ${kernel.join('x')}`];
  if (stride.some((s) => s !== 1)) parts.push(`stride ${stride.join('x')}`);
  if (dilation.some((d) => d !== 1)) parts.push(`dilation ${dilation.join('x')}`);
  if (pads.some((p) => p !== 0)) parts.push(`pads ${pads.join(',')}`);
  return parts.join(' ');
}

const statisticsText = (node: Extract<GraphNode, { kind: 'conv' | 'dense' }>): string => (node.statistics === undefined ? '' : ' with statistics');

/** Four significant digits, so that the last bits of a sum do not show. */
const numberText = (x: number): string => String(Number(x.toPrecision(4)));

function rangeText(values: Float32Array): string {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  return low === high ? numberText(low) : `${numberText(low)}..${numberText(high)}`;
}
