/** The printed form of a spiking network, one line a population and one a projection, for --print-after and goldens. */
import type { Neuron, Projection, SpikingNetwork } from './network.js';

export function spikingText(network: SpikingNetwork): string {
  const lines = [`spiking network  image ${network.imageShape.join('x')}  input ${network.input.code}  T ${network.timesteps}`];
  if (network.input.code === 'bias') {
    for (const layer of network.input.layers) lines.push(`  host        -> ${layer.target}  ${filterText(layer)}`);
  }
  for (const p of network.populations) {
    lines.push(`  population  ${p.id}  ${p.shape.join('x')}  ${neuronText(p.neuron)}  threshold ${rangeText(p.threshold)}  bias ${rangeText(p.bias)}  depth ${p.depth}`);
    for (const q of network.projections.filter((j) => j.target === p.id)) {
      lines.push(`    <- ${q.source}  ${filterText(q)}  weight ${rangeText(q.weight)}${wholeText(q)}${q.delay > 0 ? `  delay ${q.delay}` : ''}`);
    }
  }
  return lines.join('\n');
}

export function neuronText(neuron: Neuron): string {
  switch (neuron.model) {
    case 'if': return `if ${neuron.reset}`;
    case 'lif': return `lif ${neuron.reset} leak ${neuron.leak}`;
    case 'cuba': return `cuba ${neuron.reset} leak ${neuron.leak} current leak ${neuron.currentLeak} refractory ${neuron.refractory}`;
    case 'signed-if': return `signed-if ${neuron.reset} retract ${neuron.retract}`;
    case 'integrator': return 'integrator';
    case 'relay': return 'relay';
  }
}

export function filterText(f: Pick<Projection, 'window' | 'groups' | 'pool'>): string {
  const { kernel, stride, dilation, pads } = f.window;
  const parts = [`filter ${kernel.join('x')}`];
  if (stride.some((s) => s !== 1)) parts.push(`stride ${stride.join('x')}`);
  if (dilation.some((d) => d !== 1)) parts.push(`dilation ${dilation.join('x')}`);
  if (pads.some((p) => p !== 0)) parts.push(`pads ${pads.join(',')}`);
  if (f.groups !== 1) parts.push(`groups ${f.groups}`);
  if (f.pool.some((p) => p !== 1)) parts.push(`pool ${f.pool.join('x')}`);
  return parts.join(' ');
}

function wholeText({ whole }: Projection): string {
  if (whole === undefined) return '';
  return 'lost' in whole ? `  whole numbers lost: ${whole.lost.why}` : ` in whole steps of ${rangeText(whole.steps)}`;
}

function rangeText(values: Float32Array | Float64Array): string {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) { low = Math.min(low, v); high = Math.max(high, v); }
  return low === high ? low.toPrecision(4) : `${low.toPrecision(4)}..${high.toPrecision(4)}`;
}
