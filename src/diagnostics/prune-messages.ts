/** What can be wrong with pruning, and with an audit of sparsity. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });
const warning = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'warning'; message: typeof message; hint: typeof hint } => ({ severity: 'warning', message, hint });

export const pruneMessages = {
  'learn/pruning-voids-certificate': error(
    (p: { epsilon: number; delta: number }) => `training the pruned network would read data again: the certificate of this network (epsilon ${p.epsilon} at delta ${p.delta}) would no longer hold`,
    () => 'leave --data out: pruning by magnitude alone looks at the weights only, and the certificate goes with them',
  ),
  'learn/pruned-on-other-data': error(
    (p: { was: string; is: string; examples: number }) => `the network was trained on ${p.examples} examples with SHA-256 ${p.was.slice(0, 12)}, these have ${p.is.slice(0, 12)}: its record names one data set, and with two it would say less than is true`,
    () => 'name the images that it was trained on, in the same order, or leave --data out',
  ),
  'learn/rewind-differs': error(
    (p: { problem: string }) => `the weights to go back to are those of another network: ${p.problem}`,
    () => 'name an earlier state of the same network, for example one that was trained for an epoch only',
  ),
  'learn/layer-emptied': warning(
    (p: { layer: string; weights: number }) => `none of the ${p.weights} weights of layer ${p.layer} is left: the scores no longer depend on what is before it`,
    () => 'take a smaller --sparsity, or --scope layer, which takes the same share of each layer',
  ),
  'audit/test-in-pool': error(
    (p: { shared: number; test: number }) => `${p.shared} of the ${p.test} test images are among those that the networks learn from, pixel for pixel`,
    () => 'name images for --test that --data does not have: accuracies are matched on them',
  ),
  'audit/sparsity-empties-layer': warning(
    (p: { sparsity: number; layers: readonly string[] }) => `at sparsity ${p.sparsity} no weight is left in ${p.layers.join(', ')} of some network: its scores no longer depend on the image`,
    () => 'leave that sparsity out, or take --scope layer, which takes the same share of each layer',
  ),
} as const;
