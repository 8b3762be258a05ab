/**
 * What a process that runs commands hears: Ctrl-C, a reader that goes away, an error nobody caught.
 * Ctrl-C ends at once: outputs are written whole in one go, and those that grow during a run
 * (`streamed-outputs.ts`) are removed as the process ends, so nothing half-done can be left.
 */
import { EXIT, exitCode } from './exit-code.js';
import { notice } from './output.js';

/** Call once, before the first command. */
export function listen(): void {
  const interrupted = (): void => {
    notice('\ninterrupted');
    process.exit(EXIT.interrupted);
  };
  process.on('SIGINT', interrupted);
  process.on('SIGTERM', interrupted);
  process.on('uncaughtException', (error) => process.exit(exitCode(error, false)));
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(EXIT.ok);
      throw error;
    });
  }
}
