/**
 * What a cluster of nodes costs at least, wherever it lies. Every column border between its nodes is crossed by a cut of
 * its flows, and a cut that parts k of n nodes weighs at least λ₂ · k (n − k) / n, λ₂ the second smallest eigenvalue of
 * the flows' Laplacian. However the cluster is laid out, its columns hold no more nodes than it has rows, and the other
 * way round: the least over all shapes is the bound.
 *
 * Source  Fiedler 1973 for the cut; sums over the borders of a line as in Hall 1970
 */

/** Symmetric weights of a small graph, row by row, n × n. */
export function clusterBound(weights: Float64Array, n: number, slots: number): number {
  if (n < 2) return 0;
  // Rounding must not lift a bound.
  const connectivity = secondEigenvalue(laplacian(weights, n), n) * (1 - 1e-9);
  if (connectivity <= 0) return 0;
  const leastCuts = leastCutSums(n);
  let least = Number.POSITIVE_INFINITY;
  for (let rows = 1; rows <= n; rows++) {
    const columns = Math.ceil(n / (rows * slots));
    least = Math.min(least, leastCuts(rows * slots) + leastCuts(columns * slots));
  }
  return (connectivity / n) * least;
}

/** Least Σ A (n − A) over the borders between lines of at most so many nodes each. */
function leastCutSums(n: number): (most: number) => number {
  const known = new Map<number, number>();
  return most => {
    const width = Math.min(most, n);
    const before = known.get(width);
    if (before !== undefined) return before;
    const least = new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY);
    least[0] = 0;
    for (let a = 1; a <= n; a++) {
      for (let step = 1; step <= Math.min(width, a); step++) least[a] = Math.min(least[a]!, least[a - step]!);
      least[a]! += a * (n - a);
    }
    known.set(width, least[n]!);
    return least[n]!;
  };
}

function laplacian(weights: Float64Array, n: number): Float64Array {
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      matrix[i * n + j]! -= weights[i * n + j]!;
      matrix[i * n + i]! += weights[i * n + j]!;
    }
  }
  return matrix;
}

/** Of a symmetric matrix, which is used up. Source: Jacobi 1846, cyclic by rows. */
export function secondEigenvalue(a: Float64Array, n: number): number {
  const scale = a.reduce((sum, x) => sum + x * x, 0);
  for (let sweep = 0; sweep < 60 && offDiagonal(a, n) > 1e-24 * scale; sweep++)
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotate(a, n, p, q);
  const slack = Math.sqrt(offDiagonal(a, n));
  const values = Array.from({ length: n }, (_, i) => a[i * n + i]!).sort((x, y) => x - y);
  return values[1]! - slack;
}

function offDiagonal(a: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (i !== j) sum += a[i * n + j]! ** 2;
  return sum;
}

/** Makes element (p, q) nought. */
function rotate(a: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q]!;
  if (apq === 0) return;
  const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const akp = a[k * n + p]!;
    const akq = a[k * n + q]!;
    a[k * n + p] = c * akp - s * akq;
    a[k * n + q] = s * akp + c * akq;
  }
  for (let k = 0; k < n; k++) {
    const apk = a[p * n + k]!;
    const aqk = a[q * n + k]!;
    a[p * n + k] = c * apk - s * aqk;
    a[q * n + k] = s * apk + c * aqk;
  }
}
