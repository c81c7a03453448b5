/** What long work tells of itself while it runs; nobody has to listen. */

/** So many parts of the step are done, of so many. */
export type Advance = (done: number, total: number) => void;

export interface Progress {
  /** Called before each step. */
  readonly step: (name: string) => void;
  readonly advance?: Advance | undefined;
  /** What the step came to, in a few words. */
  readonly found?: ((text: string) => void) | undefined;
}

/** The same items; after each, how far it has come. */
export function* counted<T>(items: readonly T[], advance: Advance | undefined): Generator<T, void> {
  let done = 0;
  for (const item of items) {
    yield item;
    done += 1;
    advance?.(done, items.length);
  }
}
