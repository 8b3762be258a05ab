/** What `compile --proof` prints: the passes of the lowering, then every layer with its largest errors, within 80 columns. */
import { worstLayer, type LayerError, type Proof } from '../report/proof.js';
import { plural, table, wrap, type Column } from './table.js';

const LONGEST_NAME = 28;

export function proofText(proof: Proof): string {
  const worst = worstLayer(proof);
  const right = 'right' as const;
  const passes: readonly Column[] = [{ head: 'after' }, { head: 'values', align: right }, { head: 'largest error', align: right }, { head: 'at' }];
  const layers: readonly Column[] = [{ head: 'layer' }, ...['lowered', 'floats', 'mean', 'integers', 'mean'].map((head) => ({ head, align: right }))];
  return [
    wrap(`proof on ${plural(proof.images, 'image')} (${proof.recipe}): the import against what each pass made of it, in shares of a value's scale`),
    table(passes, proof.passes.map((p) => [p.pass, String(p.compared), share(p.worst?.error ?? null), p.worst === null || p.worst.error === 0 ? '' : cut(p.worst.layer)])),
    wrap(`the ANN's activations against the spiking network's, largest and mean error, in thresholds (one spike is ${(1 / proof.timesteps).toPrecision(2)})`),
    table(layers, proof.layers.map((l) => [cut(l.layer), share(l.lowered), ...both(l.converted), ...both(l.integers)])),
    wrap(`furthest from the ANN on the mean: ${cut(worst.layer)} with ${worst.integers.mean.toFixed(4)} of a threshold. Largest errors are of single neurons, whose last spikes come late or early; the output's are shares of the largest score.`),
  ].join('\n\n');
}

const cut = (name: string): string => (name.length > LONGEST_NAME ? `...${name.slice(3 - LONGEST_NAME)}` : name);
const share = (error: number | null): string => (error === null ? '-' : error === 0 ? '0' : error.toExponential(1));
const both = (error: LayerError | null): readonly string[] => (error === null ? ['-', '-'] : [error.largest.toFixed(3), error.mean.toFixed(4)]);
