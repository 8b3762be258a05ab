/** The printed form of an integer network, one line a population and one a projection, for --print-after and goldens. */
import { filterText, neuronText } from '../spiking/text.js';
import type { IntegerNetwork, IntegerPopulation } from './integer-network.js';

function thresholdText({ threshold, thresholdExponent, thresholds }: IntegerPopulation): string {
  if (thresholds !== undefined) return `${Math.min(...thresholds)}..${Math.max(...thresholds)} by channel`;
  const most = Math.max(0, ...thresholdExponent);
  return most === 0 ? String(threshold) : `${threshold} * 2^0..${most}`;
}

const currentText = ({ currentDecay, refractory }: IntegerPopulation): string => (currentDecay === undefined ? '' : `  current decay ${currentDecay}/4096  refractory ${refractory}`);

export function integerText(network: IntegerNetwork): string {
  const lines = [`integer network  image ${network.imageShape.join('x')}  input ${network.input.code}  T ${network.timesteps}`];
  for (const p of network.populations) {
    const bias = p.bias.reduce((m, b) => Math.max(m, Math.abs(b)), 0);
    lines.push(`  population  ${p.id}  ${p.shape.join('x')}  ${neuronText(p.neuron)}  threshold ${thresholdText(p)}  start ${p.initial}${p.decay > 0 ? `  decay ${p.decay}/4096` : ''}${currentText(p)}  |bias| <= ${bias}  depth ${p.depth}`);
    for (const q of network.projections.filter((j) => j.target === p.id)) {
      lines.push(`    <- ${q.source}  ${filterText(q)}  << ${q.shift}  bound ${q.bound}  weight error ${(100 * q.weightError).toFixed(2)} %${q.delay > 0 ? `  delay ${q.delay}` : ''}${q.inParts === true ? '  in parts' : ''}`);
    }
  }
  return lines.join('\n');
}
