/**
 * The optional native build of some kernels (`native/`, made by `npm run build:native`): found beside the
 * package if it was built, never needed. Its functions work on the memory of a WebAssembly instance and
 * give the same bytes as the WebAssembly kernels that they replace.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { KernelFunctions } from './kernels.js';

export interface NativeKernels {
  readonly functions: KernelFunctions;
  /** Floats of a vector. */
  readonly lanes: number;
}

interface Addon {
  /** Instruction sets of this processor, best first. */
  readonly variants: readonly string[];
  readonly bind: (variant: string, memory: Buffer) => KernelFunctions & { readonly lanes: number } | undefined;
}

const path = fileURLToPath(new URL('../../native/build/Release/spikeveil_kernels.node', import.meta.url));
let addon: Addon | null | undefined;

function loadAddon(): Addon | null {
  if (addon !== undefined) return addon;
  try {
    addon = existsSync(path) ? createRequire(import.meta.url)(path) as Addon : null;
  } catch {
    addon = null; // built for another Node or another processor
  }
  return addon;
}

/** Instruction sets for which native kernels can run here, best first; none where the addon is not built. */
export const nativeVariants = (): readonly string[] => loadAddon()?.variants ?? [];

/** The native kernels over a shared memory. Throws a RangeError for a variant that cannot run here. */
export function bindNative(variant: string, memory: WebAssembly.Memory): NativeKernels {
  const bound = loadAddon()?.bind(variant, Buffer.from(memory.buffer));
  if (bound === undefined) throw new RangeError(`internal: no native kernels for ${variant}`);
  const { lanes, ...functions } = bound;
  return { functions, lanes };
}
