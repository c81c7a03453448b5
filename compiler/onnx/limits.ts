/**
 * Bounds on what is taken from a file, so that no file costs more than seconds and some hundred megabytes before it
 * is refused. The largest Vision Transformers stay below a tenth of each.
 */
export const LIMITS = {
  nodes: 2 ** 17,
  /** Nodes that come out of calls of functions: a few functions that call each other make any number. */
  copies: 2 ** 15,
  attributes: 2 ** 19,
  tensors: 2 ** 17,
  values: 2 ** 18,
  names: 2 ** 21,
  /** In attributes and shapes; the numbers of tensors stay in the file. */
  numbers: 2 ** 22,
  characters: 2 ** 26,
  fields: 2 ** 25,
} as const;
export type Countable = keyof typeof LIMITS;

/** Graphs in graphs, and functions that call functions. */
export const DEEPEST = 64;
export const LONGEST_NAME = 2 ** 12;
/** Of texts that are values: metadata, attributes. Longer ones are left in the file. */
export const LONGEST_TEXT = 2 ** 16;

/** Long texts of a file are cut in messages. */
export const clip = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}…` : text);

/** The model goes beyond what is read: E0115. */
export class BeyondLimit extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'BeyondLimit';
  }
}

export type Spend = (what: Countable, amount: number) => void;

/** Counts up, and throws BeyondLimit at the first bound that is passed. */
export function createBudget(): Spend {
  const left: { [W in Countable]: number } = { ...LIMITS };
  return (what, amount) => {
    left[what] -= amount;
    if (left[what] < 0) throw new BeyondLimit(`it has more than ${LIMITS[what]} ${what}`);
  };
}
