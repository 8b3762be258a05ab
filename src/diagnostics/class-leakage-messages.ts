/** The part of the message catalogue that belongs to the audit of class leakage. See ../diagnostics.ts. */

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });
const warning = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'warning'; message: typeof message; hint: typeof hint } => ({ severity: 'warning', message, hint });

export const classLeakageMessages = {
  'audit/subjects-differ': error(
    (p: { first: string; other: string; firstEnds: string; otherEnds: string }) => `${p.other} takes ${p.otherEnds}, ${p.first} ${p.firstEnds}: their images cannot be compared`,
    () => 'audit them in two runs',
  ),
  'audit/subjects-alike': error(
    (p: { name: string }) => `two subjects are called ${p.name}`,
    () => 'write NAME=FILE to give one another name',
  ),
  'audit/data-not-bytes': error(
    () => 'the images are floats: they cannot be shown to evaluators and subjects with normalisations of their own',
    () => 'give images of bytes, for example idx: or images:',
  ),
  'audit/too-few-real-images': error(
    (p: { class: number; found: number; needed: number }) => `class ${p.class} has ${p.found} real images, ${p.needed} are needed: for the evaluators to learn from, for the distances and for the ceiling`,
    () => 'give more images, or a smaller --per-class',
  ),
  'audit/too-few-members': error(
    (p: { class: number; found: number; needed: number }) => `class ${p.class} has ${p.found} images among the members, ${p.needed} are needed: as many as there are real images to compare with`,
    () => 'give more images of that class, or leave --members out',
  ),
  'audit/split-not-disjoint': error(
    (p: { shared: number; data: string; members: string }) => `${p.shared} of the images of ${p.data} are in ${p.members} too: the evaluators would have learned from what the subject learned from`,
    () => 'give --data that the subject was not trained on',
  ),
  'audit/evaluators-blind': error(
    (p: { accuracy: number; floor: number }) => `the evaluators recognise ${(100 * p.accuracy).toFixed(1)} % of the real images of the ceiling and ${(100 * p.floor).toFixed(1)} % of those of the floor: too little lies between to measure anything`,
    () => 'give the evaluators more images (--data) or more --evaluator-epochs, or look whether the labels are right',
  ),
  'audit/weak-evaluator': warning(
    (p: { number: number; accuracy: number }) => `evaluator ${p.number} is right on ${(100 * p.accuracy).toFixed(1)} % of real images only: attacks may look weaker than they are`,
    () => 'give it more images (--data) or more --evaluator-epochs',
  ),
  'audit/checkpoint-of-another-audit': error(
    () => 'the folder belongs to an audit with other settings',
    () => 'give the settings of that audit, or another --checkpoint folder',
  ),
  'audit/checkpoint-of-other-images': error(
    () => 'the folder belongs to an audit on other images',
    () => 'give the images of that audit, or another --checkpoint folder',
  ),
  'audit/checkpoint-damaged': error(
    () => 'the file cannot be used: it does not say what was written into it',
    () => 'delete it: the audit does that part again',
  ),
  'audit/checkpoint-not-written': error(
    (p: { reason: string }) => `what was found so far cannot be kept: ${p.reason}`,
    () => 'free some space, or name a folder that you may write in',
  ),
} as const;
