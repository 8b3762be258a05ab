/** The part of the WebAssembly API that the kernels use; Node has it, @types/node 20 does not declare it. */
declare namespace WebAssembly {
  class Module { constructor(bytes: Uint8Array) }
  class Instance { constructor(module: Module, imports: object); readonly exports: Readonly<Record<string, unknown>> }
  class Memory { constructor(descriptor: { initial: number; maximum: number; shared: boolean }); readonly buffer: SharedArrayBuffer; grow(pages: number): number }
  interface Global { readonly value: unknown }
}
