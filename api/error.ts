/** What a command could not do, as an error that carries its messages. */
import type { Diagnostic } from './results.ts';

/**
 * A command that failed: what is wrong with model, options or files (`diagnostics`, each with a code, a place and a way out),
 * or, without any, a fault of snnc itself.
 */
export class SnncError extends Error {
  /** Every message, errors and warnings; empty where the fault is snnc's own. */
  readonly diagnostics: readonly Diagnostic[];
  /** As the command line ends: 1 the model or the result does not pass · 2 usage · 3 the target cannot hold it · 4 I/O · 70 a fault of snnc. */
  readonly exitCode: number;
  constructor(message: string, diagnostics: readonly Diagnostic[], exitCode: number) {
    super(message);
    this.name = 'SnncError';
    this.diagnostics = diagnostics;
    this.exitCode = exitCode;
  }
}
