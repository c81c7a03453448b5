/** Constants are computed in the file's own element types: they wrap, round and saturate as there. */
import { test } from 'node:test';
import type { ModelBuilder } from './build.ts';
import { ofConstants } from './operators.ts';
import { assertNear } from './run.ts';

const CODES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  float16: 10,
  uint32: 12,
  bfloat16: 16,
} as const;

/** Numbers of a type, by a cast of numbers that it holds exactly. */
const typed = (m: ModelBuilder, type: keyof typeof CODES, values: readonly number[]) =>
  m.op('Cast', [m.weight([values.length], values)], { to: CODES[type] });

type Write = (m: ModelBuilder) => string;

const CASES: readonly (readonly [string, Write, readonly number[]])[] = [
  [
    'int32 wraps',
    m => m.op('Mul', [typed(m, 'int32', [65536, -65536]), typed(m, 'int32', [32768, 65536])]),
    [-(2 ** 31), 0],
  ],
  ['uint8 wraps', m => m.op('Sub', [typed(m, 'uint8', [3, 200]), typed(m, 'uint8', [5, 100])]), [254, 100]],
  [
    'uint32 wraps',
    m =>
      m.op('Mod', [
        m.op('Sub', [typed(m, 'uint32', [1]), typed(m, 'uint32', [2])]),
        typed(m, 'uint32', [65536]),
      ]),
    [65535],
  ],
  ['int64 holds 2^40', m => m.op('Mul', [m.ints(2 ** 20), m.ints(2 ** 20)]), [2 ** 40]],
  [
    'division cuts off',
    m => m.op('Div', [typed(m, 'int32', [-7, 7, -8]), typed(m, 'int32', [2, -2, 3])]),
    [-3, -3, -2],
  ],
  ['Mod has the sign of the divisor', m => m.op('Mod', [m.ints(-7, 7, -6), m.ints(3, -3, 3)]), [2, -2, 0]],
  ['fmod that of the dividend', m => m.op('Mod', [m.ints(-7, 7), m.ints(3, -3)], { fmod: 1 }), [-1, 1]],
  [
    'float16 rounds to 11 bits',
    m => m.op('Add', [typed(m, 'float16', [2048, 1]), typed(m, 'float16', [1, 2 ** -12])]),
    [2048, 1],
  ],
  [
    'float16 overflows',
    m => m.op('Reciprocal', [m.op('Mul', [typed(m, 'float16', [60000]), typed(m, 'float16', [2])])]),
    [0],
  ],
  [
    'bfloat16 rounds to 8 bits',
    m => m.op('Add', [typed(m, 'bfloat16', [256]), typed(m, 'bfloat16', [1])]),
    [256],
  ],
  ['float32 rounds', m => m.op('Add', [typed(m, 'float32', [2 ** 24]), typed(m, 'float32', [1])]), [2 ** 24]],
  ['a cast to int8 wraps', m => typed(m, 'int8', [200, -129]), [-56, 127]],
  [
    'a cast to bool asks for anything but 0',
    m => m.op('Cast', [m.weight([3], [0.3, 0, -2])], { to: 9 }),
    [1, 0, 1],
  ],
  ['bits', m => m.op('BitwiseXor', [m.ints(6, -1), m.ints(3, 5)]), [5, -6]],
  ['bits of uint8', m => m.op('BitwiseNot', [typed(m, 'uint8', [1])]), [254]],
  [
    'a shift of uint8',
    m => m.op('BitShift', [typed(m, 'uint8', [200, 1]), typed(m, 'uint8', [1, 3])], { direction: 'LEFT' }),
    [144, 8],
  ],
  [
    'Xor',
    m => m.op('Xor', [m.op('Cast', [m.ints(0, 1)], { to: 9 }), m.op('Cast', [m.ints(1, 1)], { to: 9 })]),
    [1, 0],
  ],
  [
    'IsInf of one side',
    m => m.op('IsInf', [m.op('Log', [m.weight([2], [0, 1])])], { detect_positive: 0 }),
    [1, 0],
  ],
  [
    'QuantizeLinear rounds to even and saturates',
    m =>
      m.op('QuantizeLinear', [
        m.weight([4], [0.5, 1.5, 300, -9]),
        m.scalar(1),
        m.op('Cast', [m.index(3)], { to: 2 }),
      ]),
    [3, 5, 255, 0],
  ],
  [
    'DequantizeLinear, a scale for each channel',
    m =>
      m.op(
        'DequantizeLinear',
        [m.op('Cast', [m.weight([2, 2], [1, 2, 3, 4])], { to: 3 }), m.weight([2], [0.5, 2])],
        { axis: 0 },
      ),
    [0.5, 1, 6, 8],
  ],
  [
    'DequantizeLinear, a scale for each block',
    m =>
      m.op(
        'DequantizeLinear',
        [m.op('Cast', [m.weight([1, 4], [1, 2, 3, 4])], { to: 3 }), m.weight([1, 2], [0.5, 2])],
        { axis: 1, block_size: 2 },
      ),
    [0.5, 1, 6, 8],
  ],
  ['TopK', m => m.ops('TopK', [m.weight([4], [3, 9, 1, 9]), m.ints(3)], 2)[1]!, [1, 3, 0]],
  [
    'ArgMax, the last of equals',
    m => m.op('ArgMax', [m.weight([4], [3, 9, 1, 9])], { select_last_index: 1 }),
    [3],
  ],
  [
    'OneHot, nowhere when out of range',
    m => m.op('OneHot', [m.ints(1, -1, 5), m.index(3), m.weight([2], [0, 4])]),
    [0, 4, 0, 0, 0, 4, 0, 0, 0],
  ],
  ['NonZero', m => m.op('NonZero', [m.weight([2, 2], [0, 3, 4, 0])]), [0, 1, 1, 0]],
  ['CumSum', m => m.op('CumSum', [m.ints(1, 2, 3), m.index(0)], { exclusive: 1, reverse: 1 }), [5, 3, 0]],
  ['CumProd', m => m.op('CumProd', [m.ints(2, 3, 4), m.index(0)]), [2, 6, 24]],
  ['EyeLike', m => m.op('EyeLike', [m.weight([2, 3], new Float32Array(6))], { k: 1 }), [0, 1, 0, 0, 0, 1]],
  ['Softmax', m => m.op('Softmax', [m.weight([2], [0, Math.log(3)])]), [0.25, 0.75]],
  [
    'LogSoftmax of large numbers',
    m => m.op('LogSoftmax', [m.weight([2], [1000, 1000])]),
    [-Math.LN2, -Math.LN2],
  ],
  ['Hardmax', m => m.op('Hardmax', [m.weight([3], [1, 5, 5])]), [0, 1, 0]],
  [
    'Trilu',
    m =>
      m.op(
        'Trilu',
        [m.ints(1, 2, 3)].map(x => m.op('Reshape', [m.op('Concat', [x, x], { axis: 0 }), m.ints(2, 3)])),
        { upper: 0 },
      ),
    [1, 0, 0, 1, 2, 0],
  ],
];

for (const [name, write, wanted] of CASES) {
  test(`constants: ${name}`, () => {
    assertNear(ofConstants(write, wanted.length), wanted, 1e-6);
  });
}
