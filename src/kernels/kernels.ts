/**
 * The numeric kernels: one WebAssembly module (SIMD128) built from `c/*.c` and committed as
 * `kernels.wasm`, with native functions in the place of some where the addon is built and wanted. Each thread has its own instance with its own memory; the memory is shared-typed so
 * that views stay valid when it grows. `KernelMemory` is a stack allocator: take a mark, allocate,
 * release to the mark.
 */
import { readFileSync } from 'node:fs';
import { bindNative, nativeVariants } from './native-kernels.js';

/** Functions exported by the C sources; pointers are byte offsets into the memory. */
export type KernelFunctions = Readonly<Record<string, (...args: number[]) => number>>;

export interface Kernels {
  readonly call: KernelFunctions;
  readonly memory: KernelMemory;
  /** Floats of a vector: learning rounds its channels up to it. */
  readonly lanes: number;
  /** Name of the build, printed in reports: `wasm-simd128`, or `native-` and an instruction set. */
  readonly build: string;
}

/** auto: native where it is built, else WebAssembly. */
export type KernelChoice = 'auto' | 'wasm' | 'native';

const WASM = 'wasm-simd128';
const NATIVE = 'native-';

/** The build that a choice comes to on this machine; null if there is none. */
export function kernelBuild(choice: KernelChoice): string | null {
  const [best] = choice === 'wasm' ? [] : nativeVariants();
  if (best !== undefined) return `${NATIVE}${best}`;
  return choice === 'native' ? null : WASM;
}

const PAGE = 65536;
const MAX_PAGES = 32768;

/** A stack of buffers inside the module's memory. All views are 64-byte aligned. */
export class KernelMemory {
  readonly #memory: WebAssembly.Memory;
  #top: number;

  constructor(memory: WebAssembly.Memory, base: number) {
    this.#memory = memory;
    this.#top = align(base);
  }

  /** Reserves bytes and returns their offset. Grows the memory as needed. */
  reserve(bytes: number): number {
    const at = this.#top;
    const end = align(at + bytes);
    const have = this.#memory.buffer.byteLength;
    if (end > have) {
      const pages = Math.ceil((end - have) / PAGE);
      if (have / PAGE + pages > MAX_PAGES) throw new RangeError(`kernel memory: ${end} bytes asked for, 2 GiB is the most`);
      this.#memory.grow(pages);
    }
    this.#top = end;
    return at;
  }

  mark(): number { return this.#top; }
  release(mark: number): void { this.#top = mark; }

  float32(offset: number, length: number): Float32Array { return new Float32Array(this.#memory.buffer, offset, length); }
  int32(offset: number, length: number): Int32Array { return new Int32Array(this.#memory.buffer, offset, length); }
  uint32(offset: number, length: number): Uint32Array { return new Uint32Array(this.#memory.buffer, offset, length); }
  int16(offset: number, length: number): Int16Array { return new Int16Array(this.#memory.buffer, offset, length); }
  uint16(offset: number, length: number): Uint16Array { return new Uint16Array(this.#memory.buffer, offset, length); }
  int8(offset: number, length: number): Int8Array { return new Int8Array(this.#memory.buffer, offset, length); }
  uint8(offset: number, length: number): Uint8Array { return new Uint8Array(this.#memory.buffer, offset, length); }
  float64(offset: number, length: number): Float64Array { return new Float64Array(this.#memory.buffer, offset, length); }
}

const align = (offset: number): number => (offset + 63) & ~63;

let compiled: WebAssembly.Module | undefined;

/** A fresh instance of the kernels with its own memory; `build` is a name that `kernelBuild` gave. */
export function createKernels(build: string = WASM): Kernels {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./kernels.wasm', import.meta.url)));
  const memory = new WebAssembly.Memory({ initial: 16, maximum: MAX_PAGES, shared: true });
  const instance = new WebAssembly.Instance(compiled, { env: { memory } });
  const base = (instance.exports['__heap_base'] as WebAssembly.Global).value as number;
  const call = instance.exports as unknown as KernelFunctions;
  if (build === WASM) return { call, memory: new KernelMemory(memory, base), lanes: 4, build };
  const { functions, lanes } = bindNative(build.slice(NATIVE.length), memory);
  return { call: { ...call, ...functions }, memory: new KernelMemory(memory, base), lanes, build };
}
