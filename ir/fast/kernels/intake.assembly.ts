// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// What was sent, as projections read it: through a map of indices, or in its own order where there is none (0). An index
// below 0 is a hole, which reads 0.

const SHORT: usize = 2;
const WORD: usize = 4;

/** out[i] = x[indices[i]], from 32 bits to 16. Returns the largest magnitude, which may be too large for them. */
export function narrowWords(x: usize, indices: usize, count: usize, out: usize): f64 {
  let high: i32 = 0;
  let low: i32 = 0;
  if (indices !== 0) {
    for (let i: usize = 0; i < count; i++) {
      const index = load<i32>(indices + i * WORD);
      const value = index < 0 ? 0 : load<i32>(x + <usize>index * WORD);
      high = max(high, value);
      low = min(low, value);
      store<i16>(out + i * SHORT, <i16>value);
    }
    return <f64>max(<i64>high, -(<i64>low));
  }
  const whole = count & ~7;
  let most = i32x4.splat(0);
  let least = most;
  for (let i: usize = 0; i < whole; i += 8) {
    const a = v128.load(x + i * WORD);
    const b = v128.load(x + i * WORD, 16);
    most = i32x4.max_s(most, i32x4.max_s(a, b));
    least = i32x4.min_s(least, i32x4.min_s(a, b));
    v128.store(out + i * SHORT, i16x8.narrow_i32x4_s(a, b));
  }
  for (let i = whole; i < count; i++) {
    const value = load<i32>(x + i * WORD);
    high = max(high, value);
    low = min(low, value);
    store<i16>(out + i * SHORT, <i16>value);
  }
  high = max(high, max(i32x4.extract_lane(most, 0), i32x4.extract_lane(most, 1)));
  high = max(high, max(i32x4.extract_lane(most, 2), i32x4.extract_lane(most, 3)));
  low = min(low, min(i32x4.extract_lane(least, 0), i32x4.extract_lane(least, 1)));
  low = min(low, min(i32x4.extract_lane(least, 2), i32x4.extract_lane(least, 3)));
  return <f64>max(<i64>high, -(<i64>low));
}

/** out[i] = x[indices[i]], 16 bits each. */
export function pickShorts(x: usize, indices: usize, count: usize, out: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const index = load<i32>(indices + i * WORD);
    store<i16>(out + i * SHORT, index < 0 ? 0 : load<i16>(x + <usize>index * SHORT));
  }
}

/** y[i] += x[indices[i]], 32 bits each. */
export function addWords(x: usize, indices: usize, count: usize, y: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const index = indices === 0 ? <i32>i : load<i32>(indices + i * WORD);
    if (index < 0) continue;
    store<i32>(y + i * WORD, load<i32>(y + i * WORD) + load<i32>(x + <usize>index * WORD));
  }
}

/** The same of 16 bits. */
export function addShorts(x: usize, indices: usize, count: usize, y: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const index = indices === 0 ? <i32>i : load<i32>(indices + i * WORD);
    if (index < 0) continue;
    store<i32>(y + i * WORD, load<i32>(y + i * WORD) + <i32>load<i16>(x + <usize>index * SHORT));
  }
}
