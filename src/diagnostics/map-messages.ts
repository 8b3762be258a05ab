/** Why a network does not fit a chip: which layer, which resource, how much it needs and what would help. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });

/** Why the fan-in of a layer is not split over cores. */
export type WhyWhole = 'no-graded-spikes' | 'graded-spikes-unpublished' | 'payload-unpublished' | 'payload-too-narrow' | 'map';

/** What a core can run out of. */
export type CoreResource = 'compartments' | 'input axons' | 'output axons' | 'bits of synaptic memory' | 'synapse formats' | 'threshold profiles';

const remedies: Readonly<Record<CoreResource, string>> = {
  compartments: 'choose the hard reset, which takes one compartment a neuron, or a target with larger cores',
  'input axons': 'each of its neurons reads too many sources: pool before the layer, give the layer before it fewer channels, or choose a target with more input axons',
  'output axons': 'the layers behind it are spread over too many cores: make them smaller, or choose a target with more output axons or multicast',
  'bits of synaptic memory': 'each of its neurons has too many weights: use a smaller or a grouped filter, pool before the layer, or choose a target with more memory per core',
  'synapse formats': 'too many projections end here: join some of the layers that are added up',
  'threshold profiles': 'choose the hard reset, which takes one profile a core',
};

/** What the fan-in of one neuron takes, which several cores share where they can send their parts of the sum. */
const FAN_IN: readonly CoreResource[] = ['input axons', 'bits of synaptic memory'];

/** Why a neuron whose fan-in is too large is not spread over several cores. */
function whyNotSplit({ target, resource, neurons, whole }: { readonly target: string; readonly resource: CoreResource; readonly neurons: number; readonly whole: WhyWhole | null }): string {
  if (neurons !== 1 || !FAN_IN.includes(resource) || whole === null) return '';
  const plain = 'and a partial sum sent as plain spikes is rounded to whole thresholds and loses its sign';
  switch (whole) {
    case 'no-graded-spikes': return `. Its fan-in cannot be split over cores exactly: ${target} has no graded spikes, ${plain}`;
    case 'graded-spikes-unpublished': return `. Its fan-in cannot be split over cores exactly: graded spikes of ${target} are not published, ${plain}`;
    case 'payload-unpublished': return `. Its fan-in is not split over cores: how wide a payload the graded spikes of ${target} carry is not published (numbers.gradedBits), and a partial sum must fit it`;
    case 'payload-too-narrow': return `. Its fan-in is not split over cores: a partial sum can exceed the payload of a graded spike of ${target}`;
    case 'map': return '. Only layers without a map and without groups have their fan-in split over cores';
  }
}

export const mapMessages = {
  'map/layer-does-not-fit': error(
    (p: { target: string; resource: CoreResource; used: number; allowed: number; neurons: number; whole: WhyWhole | null }) =>
      `the layer does not fit the cores of ${p.target}: ${p.neurons === 1 ? 'even one neuron on a core of its own' : `a slice of ${p.neurons} neurons`} needs ${p.used} ${p.resource}, a core has ${p.allowed}`,
    (p) => `${remedies[p.resource]}${whyNotSplit(p)}`,
  ),
  'map/too-few-cores': error(
    (p: { asked: number; needed: number }) => `the network needs ${p.needed} cores, ${p.asked} were allowed`,
    () => 'allow more; cores beyond the fewest are used to share out the work',
  ),
  'map/delay-too-long': error(
    (p: { target: string; delay: number; allowed: number }) => `the projection waits ${p.delay} steps, ${p.target} delays a spike by at most ${p.allowed}`,
    () => 'the shortcut skips too many layers: shorten the branch beside it, or choose a target with longer delays',
  ),
  'map/board-too-small': error(
    (p: { target: string; cores: number; available: number; chips: number; largest: readonly { layer: string; cores: number }[]; twoCompartments: boolean }) =>
      `the network needs ${p.cores} cores, ${p.target} has ${p.available} on ${p.chips} chip${p.chips === 1 ? '' : 's'}; most go to ${p.largest.map((l) => `${l.layer} (${l.cores})`).join(', ')}`,
    (p) => `${p.twoCompartments ? 'the hard reset needs about half the compartments; otherwise ' : ''}make those layers smaller, choose a target with larger cores, or raise board.chips in a target file of your own`,
  ),
} as const;
