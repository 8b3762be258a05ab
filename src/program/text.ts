/** The printed form of a program: what is on the chip, stable from run to run, for --print-after and goldens. */
import { createHash } from 'node:crypto';
import { trainingLines } from '../learn/training-record.js';
import { mappingText } from '../map/text.js';
import { integerText } from '../quantise/text.js';
import type { Program } from './program.js';

export function programText(program: Program): string {
  const { provenance: p, target, network, routes } = program;
  const lines = [
    `program of ${p.modelName} for ${target.name}  (${p.tool}, seed ${p.seed}, calibration: ${p.calibration}${p.privateData ? ', private data read' : ''})`,
    ...(p.training === undefined ? [] : trainingLines(p.training).map((line) => `  ${line.join(': ')}`)),
    integerText(network),
    ...network.projections.map((q) => `  weights  ${q.id}  ${q.weight.length} bytes  sha256 ${createHash('sha256').update(q.weight).digest('hex').slice(0, 16)}`),
    mappingText(program),
    ...routes.map((r) => `  route ${r.from} -> ${r.to}  ${network.projections[r.projection].id}  ${r.hopsX}+${r.hopsY} hops${r.chipCrossings > 0 ? `, ${r.chipCrossings} chip borders` : ''}`),
  ];
  return lines.join('\n');
}
