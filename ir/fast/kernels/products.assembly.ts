// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// Dense products of reals. Weights come in panels: some columns side by side, k by k, so that one panel is read from front
// to back. Every output has one accumulator and takes its products in the order of k, as the interpreters do: the
// same bits, four columns at a time.

/** Columns of a panel. */
const REAL_COLUMNS: usize = 4;
const REAL: usize = 8;

/** y[rows, panels · 4] += x[rows, inner] · w, all double. */
export function multiplyF64(x: usize, w: usize, y: usize, rows: usize, inner: usize, panels: usize): void {
  multiplyReal<f64>(x, w, y, rows, inner, panels);
}

/** The same with weights in single precision. */
export function multiplyF32(x: usize, w: usize, y: usize, rows: usize, inner: usize, panels: usize): void {
  multiplyReal<f32>(x, w, y, rows, inner, panels);
}

function multiplyReal<W>(x: usize, w: usize, y: usize, rows: usize, inner: usize, panels: usize): void {
  const rowOfY = panels * REAL_COLUMNS * REAL;
  for (let panel: usize = 0; panel < panels; panel++) {
    let row: usize = 0;
    for (; row + 3 < rows; row += 4) {
      fourRows<W>(x + row * inner * REAL, w, y + row * rowOfY, inner, rowOfY);
    }
    for (; row < rows; row++) oneRow<W>(x + row * inner * REAL, w, y + row * rowOfY, inner);
    w += inner * REAL_COLUMNS * sizeof<W>();
    y += REAL_COLUMNS * REAL;
  }
}

function twoWeights<W>(at: usize): v128 {
  return sizeof<W>() == 8 ? v128.load(at) : f64x2.promote_low_f32x4(v128.load64_zero(at));
}

function fourRows<W>(x0: usize, w: usize, y0: usize, inner: usize, rowOfY: usize): void {
  const rowOfX = inner * REAL;
  const x1 = x0 + rowOfX;
  const x2 = x1 + rowOfX;
  const x3 = x2 + rowOfX;
  const y1 = y0 + rowOfY;
  const y2 = y1 + rowOfY;
  const y3 = y2 + rowOfY;
  let a00 = v128.load(y0);
  let a01 = v128.load(y0, 16);
  let a10 = v128.load(y1);
  let a11 = v128.load(y1, 16);
  let a20 = v128.load(y2);
  let a21 = v128.load(y2, 16);
  let a30 = v128.load(y3);
  let a31 = v128.load(y3, 16);
  for (let at: usize = 0; at < rowOfX; at += REAL) {
    const w0 = twoWeights<W>(w);
    const w1 = twoWeights<W>(w + 2 * sizeof<W>());
    w += REAL_COLUMNS * sizeof<W>();
    const f0 = v128.load64_splat(x0 + at);
    a00 = f64x2.add(a00, f64x2.mul(f0, w0));
    a01 = f64x2.add(a01, f64x2.mul(f0, w1));
    const f1 = v128.load64_splat(x1 + at);
    a10 = f64x2.add(a10, f64x2.mul(f1, w0));
    a11 = f64x2.add(a11, f64x2.mul(f1, w1));
    const f2 = v128.load64_splat(x2 + at);
    a20 = f64x2.add(a20, f64x2.mul(f2, w0));
    a21 = f64x2.add(a21, f64x2.mul(f2, w1));
    const f3 = v128.load64_splat(x3 + at);
    a30 = f64x2.add(a30, f64x2.mul(f3, w0));
    a31 = f64x2.add(a31, f64x2.mul(f3, w1));
  }
  v128.store(y0, a00);
  v128.store(y0, a01, 16);
  v128.store(y1, a10);
  v128.store(y1, a11, 16);
  v128.store(y2, a20);
  v128.store(y2, a21, 16);
  v128.store(y3, a30);
  v128.store(y3, a31, 16);
}

function oneRow<W>(x: usize, w: usize, y: usize, inner: usize): void {
  let a0 = v128.load(y);
  let a1 = v128.load(y, 16);
  const end = x + inner * REAL;
  for (; x < end; x += REAL) {
    const factor = v128.load64_splat(x);
    a0 = f64x2.add(a0, f64x2.mul(factor, twoWeights<W>(w)));
    a1 = f64x2.add(a1, f64x2.mul(factor, twoWeights<W>(w + 2 * sizeof<W>())));
    w += REAL_COLUMNS * sizeof<W>();
  }
  v128.store(y, a0);
  v128.store(y, a1, 16);
}
