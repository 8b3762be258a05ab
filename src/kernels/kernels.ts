/**
 * The numeric kernels: one WebAssembly module (SIMD128) built from `c/*.c` and committed as
 * `kernels.wasm`. Each thread has its own instance with its own memory; the memory is shared-typed so
 * that views stay valid when it grows. `KernelMemory` is a stack allocator: take a mark, allocate,
 * release to the mark.
 */
import { readFileSync } from 'node:fs';

/** Functions exported by the C sources; pointers are byte offsets into the memory. */
export type KernelFunctions = Readonly<Record<string, (...args: number[]) => number>>;

export interface Kernels {
  readonly call: KernelFunctions;
  readonly memory: KernelMemory;
  /** Floats of a vector: learning rounds its channels up to it. */
  readonly lanes: number;
  /** Name of the build, printed in reports. */
  readonly build: 'wasm-simd128';
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

/** A fresh instance of the kernels with its own memory. */
export function createKernels(): Kernels {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./kernels.wasm', import.meta.url)));
  const memory = new WebAssembly.Memory({ initial: 16, maximum: MAX_PAGES, shared: true });
  const instance = new WebAssembly.Instance(compiled, { env: { memory } });
  const base = (instance.exports['__heap_base'] as WebAssembly.Global).value as number;
  return { call: instance.exports as unknown as KernelFunctions, memory: new KernelMemory(memory, base), lanes: 4, build: 'wasm-simd128' };
}
