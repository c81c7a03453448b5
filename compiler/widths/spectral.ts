/** How much a matrix can stretch a vector: an upper bound of its largest singular value, cheap and never too low. */

/** Columns that are looked at together; wider matrices are bounded piece by piece. */
const SLICE = 64;
/** What rounding of doubles may take away from the bound. */
const ROUNDING = 1 + 1e-9;

/** The largest divisor of a width that is at most SLICE. */
function sliceOf(width: number): number {
  for (let slice = Math.min(width, SLICE); slice > 1; slice--) if (width % slice === 0) return slice;
  return 1;
}

/**
 * Bounds of |M x| / |x| for every run of `width` columns: √Σ σ² over slices of the run, each σ by
 * σ⁸ ≤ ‖(MᵀM)⁴‖, the Frobenius norm.
 * Shapes  matrix [rows, columns]; width divides columns
 * Cost    rows · columns · slice
 */
export function stretchBounds(matrix: Float64Array, columns: number, width: number): Float64Array {
  const slice = sliceOf(width);
  const out = new Float64Array(columns / width);
  for (let at = 0; at < columns; at += slice) {
    const square = squared(squared(gram(matrix, columns, at, slice), slice), slice);
    const sigma = frobenius(square) ** (1 / 8);
    out[Math.floor(at / width)]! += sigma * sigma;
  }
  return out.map(sum => Math.sqrt(sum) * ROUNDING);
}

/** MᵀM of some columns. */
function gram(matrix: Float64Array, columns: number, at: number, width: number): Float64Array {
  const out = new Float64Array(width * width);
  for (let row = at; row < matrix.length; row += columns) {
    for (let i = 0; i < width; i++) {
      const x = matrix[row + i]!;
      if (x === 0) continue;
      for (let j = i; j < width; j++) out[i * width + j]! += x * matrix[row + j]!;
    }
  }
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) out[i * width + j] = out[j * width + i]!;
  return out;
}

/** G² of a symmetric matrix. */
function squared(matrix: Float64Array, size: number): Float64Array {
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const x = matrix[i * size + k]!;
      for (let j = 0; j < size; j++) out[i * size + j]! += x * matrix[k * size + j]!;
    }
  }
  return out;
}

const frobenius = (matrix: Float64Array): number => Math.sqrt(matrix.reduce((sum, x) => sum + x * x, 0));
