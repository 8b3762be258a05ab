/** What can be wrong with the engine that was asked to do the dense work. See ../diagnostics.ts. */

const INSTALL = 'npm install @tensorflow/tfjs-node';
const CAVEAT = 'its install script downloads the TensorFlow library and has to be allowed to run';

export const backendMessages = {
  'backend/not-installed': {
    severity: 'error' as const,
    message: (_: Record<string, never>) => 'TensorFlow was asked for, and @tensorflow/tfjs-node is not installed',
    hint: () => `\`${INSTALL}\` beside Spikeveil installs it (${CAVEAT}); or choose --backend own`,
  },
  'backend/unusable': {
    severity: 'error' as const,
    message: (p: { reason: string }) => `@tensorflow/tfjs-node is installed and does not work: ${p.reason}`,
    hint: () => `\`npm rebuild @tensorflow/tfjs-node\` runs its install script again (${CAVEAT}); or choose --backend own`,
  },
  'backend/fell-back': {
    severity: 'warning' as const,
    message: (p: { reason: string | null }) => `the own kernels do the dense work: @tensorflow/tfjs-node ${p.reason === null ? 'is not installed' : `does not work: ${p.reason}`}`,
    hint: (p: { reason: string | null }) => (p.reason === null ? `\`${INSTALL}\` installs it (${CAVEAT})` : '`npm rebuild @tensorflow/tfjs-node` runs its install script again; --backend own asks for the own kernels without this notice'),
  },
} as const;
