/** A name for exactly this program: whatever is recorded of a run says of which program it is. */
import { createHash } from 'node:crypto';
import { emitProgram } from './emit.js';
import type { Program } from './program.js';

/** SHA-256, in hexadecimal digits, of the bytes that this version writes for the program: that of its `.spk` file, if this version wrote that. */
export const programSha256 = (program: Program): string => createHash('sha256').update(emitProgram(program)).digest('hex');
