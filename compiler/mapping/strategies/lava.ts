/**
 * How Lava's compiler cuts a layer, as read from the reports that it prints.
 *
 * The compiler is closed; the rules were found by fitting them to the reports (docs/rationale/anchors.md says which
 * rows they give exactly and which not). Two are known: the newer one, of 2024, that `--strategy lava` follows, and
 * that of 2023.
 *
 * Source  reports in lava-nc/lava-dl, tutorials/lava/lib/dl/netx
 */

/**
 * Newer rule: of all cuts into powers of two along each axis, rounded up to whole elements, the one with the fewest
 * cores; one tile a core. A layer of one axis (a dense one) is cut into any number of pieces.
 *
 * @param fits  whether the largest tile of such a cut fits a core
 * @returns pieces along each axis; undefined where no cut fits. Of cuts into equally many the one that parts the
 *          later axes less: channels that are parted read the same inputs twice.
 */
export function lavaPieces(
  shape: readonly number[],
  isCuttable: readonly boolean[],
  fits: (pieces: readonly number[]) => boolean,
): readonly number[] | undefined {
  const isDense = shape.filter(size => size > 1).length < 2;
  const counts = shape.map((size, axis) =>
    isCuttable[axis] ? (isDense ? anyPieces(size) : halvings(size)) : [1],
  );
  let best: readonly number[] | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const pieces of combinations(counts)) {
    const cores = pieces.reduce((product, count) => product * count, 1);
    const isBetter = cores < fewest || (cores === fewest && isLater(best!, pieces));
    if (isBetter && fits(pieces)) [best, fewest] = [pieces, cores];
  }
  return best;
}

/** Pieces that are left of 1, 2, 4, … once each is rounded up to whole elements. */
function halvings(size: number): readonly number[] {
  const counts: number[] = [];
  for (let parts = 1; counts.at(-1) !== size; parts *= 2) {
    const count = Math.ceil(size / Math.ceil(size / parts));
    if (count !== counts.at(-1)) counts.push(count);
  }
  return counts;
}

const anyPieces = (size: number): readonly number[] => Array.from({ length: size }, (_, i) => i + 1);

function combinations(counts: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return counts.reduce<readonly (readonly number[])[]>(
    (all, axis) => all.flatMap(pieces => axis.map(count => [...pieces, count])),
    [[]],
  );
}

/** Does `b` part later axes less than `a`? */
function isLater(a: readonly number[], b: readonly number[]): boolean {
  for (let axis = a.length - 1; axis >= 0; axis--) if (a[axis] !== b[axis]) return b[axis]! < a[axis]!;
  return false;
}

/** Rule of 2023 for convolutions: along x, the largest power of two that fits. Returns that length. */
export function lavaChunk2023(columns: number, fits: (length: number) => boolean): number | undefined {
  for (let length = 2 ** Math.floor(Math.log2(columns)); length >= 1; length /= 2) {
    if (fits(length)) return length;
  }
  return undefined;
}

/** Rule of 2023 for dense layers: as many pieces as the layer is too large, then twice as many until they fit. */
export function lavaPieces2023(size: number, words: (neurons: number) => number, capacity: number): number {
  let pieces = Math.max(1, Math.ceil(words(size) / capacity));
  while (pieces < size && words(Math.ceil(size / pieces)) > capacity) pieces *= 2;
  return Math.min(pieces, size);
}
