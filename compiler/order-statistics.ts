/**
 * The n-th smallest of `data`, n counted from 1; the data are reordered.
 * Source  C. A. R. Hoare, Algorithm 65: Find, CACM 1961; pivot: median of three
 * Cost    linear on average, where sorting costs a logarithm more
 */
export function nthSmallest(data: Float64Array, n: number): number {
  const wanted = n - 1;
  let [low, high] = [0, data.length - 1];
  while (low < high) {
    const pivot = medianOf(data[low]!, data[(low + high) >> 1]!, data[high]!);
    let [i, j] = [low, high];
    while (i <= j) {
      while (data[i]! < pivot) i++;
      while (pivot < data[j]!) j--;
      if (i > j) break;
      const swapped = data[i]!;
      data[i++] = data[j]!;
      data[j--] = swapped;
    }
    // Everything up to j is at most the pivot, everything from i on at least; what lies between is the pivot.
    if (wanted <= j) high = j;
    else if (wanted >= i) low = i;
    else break;
  }
  return data[wanted]!;
}

const medianOf = (a: number, b: number, c: number): number =>
  Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
