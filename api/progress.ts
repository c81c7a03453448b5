/** How a command of the library is run, and what it tells while it runs. */

/** Where a command stands. */
export interface Progress {
  /** Such as `calibrate`; step `number` of `of`, which is 0 where nobody knows. */
  readonly step: string;
  readonly number: number;
  readonly of: number;
  readonly state: 'begin' | 'advance' | 'end';
  /** While it advances: parts that are done, of so many. */
  readonly done?: number;
  readonly total?: number;
  /** At its end: how long it took, and what it came to, in a few words. */
  readonly seconds?: number;
  readonly found?: string;
}

/** Whatever a command does. */
export interface RunOptions {
  /** Stops the work: the promise is rejected with the signal's reason, and nothing half-written is left. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}
