/** Which blocks of a chip's file a compiler needs. Apart from the schema, whose library takes long to load. */
export const COMPILE_BLOCKS = ['board', 'mesh', 'core', 'memory', 'numbers'] as const;
