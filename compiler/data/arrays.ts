/** Which arrays of an .npz are the images and the labels. */
import { fail } from '../../ir/diagnostics/diagnostic.ts';

/** Names that people give, with the names of the labels that go with them. */
const PAIRS: readonly (readonly [images: string, ...labels: string[]])[] = [
  ['images', 'labels', 'label', 'y', 'targets'],
  ['x_test', 'y_test'],
  ['X_test', 'y_test', 'Y_test'],
  ['test_images', 'test_labels'],
  ['x_val', 'y_val'],
  ['X_val', 'y_val'],
  ['val_images', 'val_labels'],
  ['x_train', 'y_train'],
  ['X_train', 'y_train'],
  ['train_images', 'train_labels'],
  ['x', 'y', 'labels'],
  ['X', 'y', 'Y', 'labels'],
  ['data', 'target', 'targets', 'labels'],
  ['inputs', 'labels', 'targets'],
  ['pixel_values', 'labels'],
  ['arr_0', 'arr_1'],
];

export interface Chosen {
  readonly images: string;
  readonly labels: string | undefined;
}

/**
 * `wanted`: the array that the user names. `images` goes before every other name; two of the others leave it open.
 * Errors  E0120
 */
export function chooseArrays(names: readonly string[], path: string, wanted: string | undefined): Chosen {
  const refuse = (problem: string): never =>
    fail(
      'E0120',
      { origin: path },
      { path, problem: `${problem}: ${names.join(', ')}` },
      `Name the array: ${path}/${names[0]} takes that one.`,
    );
  if (wanted !== undefined && !names.includes(wanted)) return refuse(`it has no array ${wanted}, but`);
  const known = PAIRS.map(([images]) => images).filter(name => names.includes(name));
  const candidates = wanted !== undefined ? [wanted] : known.includes('images') ? ['images'] : known;
  const [first, ...others] = candidates.length === 0 && names.length === 1 ? names : candidates;
  if (first === undefined) return refuse('no array has a name that images have');
  if (others.length > 0) return refuse('several arrays may be the images');
  const [, ...labels] = PAIRS.find(([images]) => images === first) ?? ['', 'labels'];
  return { images: first, labels: labels.find(name => names.includes(name)) };
}
