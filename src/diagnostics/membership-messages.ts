/** What can be wrong with a membership audit: its images, its reference networks, and what it finds against a certificate. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });
const warning = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'warning'; message: typeof message; hint: typeof hint } => ({ severity: 'warning', message, hint });

const short = (sha256: string): string => sha256.slice(0, 12);

export const membershipMessages = {
  'audit/too-few-images': error(
    (p: { what: string; count: number; least: number }) => `there are ${p.count} ${p.what}, an audit needs ${p.least}`,
    () => 'with fewer no rate means anything; 10,000 non-members resolve a false positive rate of 1 %',
  ),
  'audit/too-few-classes': error(
    (p: { classes: number }) => `the network has ${p.classes} output${p.classes === 1 ? '' : 's'}; membership is read from the scores of two classes or more`,
    () => 'with several outputs name that of the class scores with --output',
  ),
  'audit/scores-not-finite': error(
    (p: { image: number; images: number }) => `the scores of image ${p.image} and of ${p.images - 1} others are not finite numbers`,
    () => 'the network overflows, or it is read with the wrong normalisation: see --scale, --mean and --std',
  ),
  'audit/members-shared': error(
    (p: { shared: number; nonMembers: number }) => `${p.shared} of the ${p.nonMembers} non-members are among the members, pixel for pixel`,
    () => 'name images that the network did not learn from; --members and --non-members may not overlap',
  ),
  'audit/distributions-differ': warning(
    (p: { test: string; pValue: number }) => `members and non-members are not from one distribution: they differ in ${p.test} (p = ${p.pValue.toPrecision(2)})`,
    () => 'an attack may tell the sets apart without the network, so its figures can be too high; draw both at random from one source',
  ),
  'audit/data-changed': error(
    (p: { was: string; is: string; examples: number }) => `the network was trained on ${p.examples} examples with SHA-256 ${short(p.was)}, these have ${short(p.is)}: the data changed, or they are others`,
    () => 'name the training images as they were then, in the same order; a part of them is taken without this check',
  ),
  'audit/more-members-than-examples': error(
    (p: { members: number; examples: number }) => `${p.members} images cannot all be members: the network was trained on ${p.examples}`,
    () => 'name the training images, or a part of them, for example mnist:DIR#train:0-9999',
  ),
  'audit/references-learn-less': warning(
    (p: { reference: number; subject: number }) => `a reference learns from ${p.reference} images, the network was trained on ${p.subject}: it remembers more or less of each, and the attacks that use references are weaker`,
    () => 'give all of the training images as members and as many non-members',
  ),
  'audit/program-without-source': error(
    () => 'from a program alone no reference network can be trained: it does not carry its architecture',
    () => 'name the file that it was compiled from with --source, or take --references 0',
  ),
  'audit/source-differs': error(
    (p: { wanted: string; found: string }) => `the program was not compiled from this file: it names SHA-256 ${short(p.wanted)}, the file has ${short(p.found)}`,
    () => 'name the .snn or .onnx file that the program was compiled from',
  ),
  'audit/kept-differ': error(
    (p: { setting: string; was: string; is: string }) => `the networks in this folder are those of an audit with other settings: ${p.setting} was ${p.was}, now it is ${p.is}`,
    () => 'repeat the earlier settings, or name another folder with --keep',
  ),
  'audit/kept-damaged': error(
    (p: { reason: string }) => `a network cannot be taken from here: ${p.reason}`,
    () => 'remove the folder that --keep names, or name another one; the networks are trained again',
  ),
  'audit/kept-not-written': error(
    (p: { reason: string }) => `the networks cannot be kept here: ${p.reason}`,
    () => 'name a folder that can be written with --keep, or leave it out',
  ),
  'audit/certificate-contradicted': warning(
    (p: { found: string; claimed: string }) => `the attack finds more than the certificate allows: ${p.found}, where ${p.claimed}`,
    () => 'either these members were not all of the images that the certificate covers, or the training did not do what it says',
  ),
} as const;
