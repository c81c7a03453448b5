/** What a NIR file holds, however it is stored: groups of named values. HDF5 is read and written at the edge (cli/nir-file.ts). */

/** Numbers of any width, as doubles or as they were; row-major. */
export interface NirNumbers {
  readonly kind: 'numbers';
  /** Empty: one number. */
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
  /** As what they are written. */
  readonly store: 'float32' | 'float64' | 'int64';
}

export interface NirText {
  readonly kind: 'text';
  readonly text: string;
}

/** A list of rows of strings: edges. */
export interface NirTexts {
  readonly kind: 'texts';
  readonly columns: number;
  readonly texts: readonly string[];
}

export interface NirGroup {
  readonly kind: 'group';
  readonly entries: ReadonlyMap<string, NirValue>;
}

export type NirValue = NirNumbers | NirText | NirTexts | NirGroup;

export const nirGroup = (entries: Iterable<readonly [string, NirValue]>): NirGroup => ({
  kind: 'group',
  entries: new Map(entries),
});
export const nirText = (text: string): NirText => ({ kind: 'text', text });
