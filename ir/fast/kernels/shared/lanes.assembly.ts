// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// What kernels on vectors of four numbers share.

export const WORD: usize = 4;
export const FOUR: usize = 16;

/** All ones in the first lanes of a vector that has `count` of them, count < 4. */
export function firstLanes(count: usize): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(<i32>count));
}

// @ts-ignore: a decorator of AssemblyScript
@inline
export function lanesOf(mask: v128): i32 {
  return popcnt(i32x4.bitmask(mask));
}

// @ts-ignore: a decorator of AssemblyScript
@inline
export function sumOf(x: v128): i32 {
  return (
    i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) + i32x4.extract_lane(x, 2) + i32x4.extract_lane(x, 3)
  );
}

/** What `shifted` adds so that it rounds. */
// @ts-ignore: a decorator of AssemblyScript
@inline
export function halfOf(shift: i32): v128 {
  return i32x4.splat(shift > 0 ? 1 << (shift - 1) : 0);
}

// @ts-ignore: a decorator of AssemblyScript
@inline
export function shifted(x: v128, half: v128, right: i32, left: i32): v128 {
  return i32x4.shl(i32x4.shr_s(i32x4.add(x, half), right), left);
}

/** Four entries of a table of 32 bits. */
// @ts-ignore: a decorator of AssemblyScript
@inline
export function lookUp(table: usize, entries: v128): v128 {
  const bytes = i32x4.shl(entries, 2);
  let x = v128.load32_zero(table + <usize>i32x4.extract_lane(bytes, 0));
  x = v128.load_lane<u32>(table + <usize>i32x4.extract_lane(bytes, 1), x, 1);
  x = v128.load_lane<u32>(table + <usize>i32x4.extract_lane(bytes, 2), x, 2);
  return v128.load_lane<u32>(table + <usize>i32x4.extract_lane(bytes, 3), x, 3);
}
