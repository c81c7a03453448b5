/** What a measure takes and gives. */
export interface Measure {
  readonly value: number;
  readonly unit: string;
  readonly anchor: string;
  /** Ours against the anchor; above 1 is better. */
  readonly ratio: number;
}

export interface MeasureOptions {
  /** Folder of the measure's files. */
  readonly data?: string | undefined;
  /** Folder for what it wrote. */
  readonly save?: string | undefined;
  /** Part of the names of the cases to run. */
  readonly only?: string | undefined;
  /** Script that generates models, and what runs it. */
  readonly tool?: string | undefined;
  readonly python?: string | undefined;
  readonly target?: string | undefined;
  readonly mode?: string | undefined;
  /** Outlines alone, under this reading of the neurons of a core: neurons or stateWords. */
  readonly reading?: string | undefined;
  /** What follows the measure's name. */
  readonly rest?: readonly string[] | undefined;
  /** One file instead of a folder, where a measure takes graphs. */
  readonly graph?: string | undefined;
  readonly effort?: string | undefined;
  readonly seed?: string | undefined;
  /** A program to run beside ours. */
  readonly peer?: string | undefined;
}
