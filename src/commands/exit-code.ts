/**
 * What goes wrong, as the exit code of the command. 0: done. 1: the input is at fault; its diagnostics
 * are printed, no stack. 2: the command was not understood. 70: a bug of ours, with its stack. 130:
 * interrupted.
 */
import { CommanderError } from 'commander';
import { CompileError } from '../diagnostics.js';
import { notice, sayJson } from './output.js';

export const EXIT = { ok: 0, input: 1, usage: 2, bug: 70, interrupted: 130 } as const;

const SAID = 'spikeveil.said';
/** Ends a command that has itself printed what is wrong with the input. */
export const inputAtFault = (): never => { throw new CommanderError(EXIT.input, SAID, 'the input is at fault'); };

/** Prints what was thrown and says with which code to end. With `json`, diagnostics are on stdout as well. */
export function exitCode(error: unknown, json: boolean): number {
  if (error instanceof CommanderError && error.code === SAID) return EXIT.input;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CompileError) {
    notice(error.message);
    if (json) sayJson({ diagnostics: error.diagnostics });
    return EXIT.input;
  }
  notice(error instanceof Error && error.stack !== undefined ? error.stack : String(error));
  notice('\nThis is a bug in Spikeveil, not in your input. Please report it, with the command\nline and the lines above.');
  return EXIT.bug;
}
