/** Numbers of tensors: every element type, both encodings, packed and not, in memory and in parts of large files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ByteSource } from '../../compiler/onnx/source.ts';
import { ELEMENTS, type ElementType, FORMATS, type TensorSource } from '../../compiler/onnx/tensor.ts';
import { messagesOf, read, readSound } from './read.ts';
import { field, join, message, model, type Payload, type Tree, varint } from './wire-writer.ts';

const NODE = [{ op: 'Relu', in: ['x'], out: ['y'] }];

function tensor(fields: Tree): TensorSource {
  const file = model(NODE, { graph: [[5, [[8, 'w'], ...fields]]] });
  return readSound(file).graph.initializers.get('w')!;
}

const dims = (...sizes: readonly (number | bigint)[]): Tree => sizes.map(size => [1, size] as const);
const type = (element: ElementType): Tree => [[2, FORMATS[element].code]];

/** Values that each type holds exactly, and their little-endian bytes. */
const SAMPLES: { readonly [E in ElementType]: { values: readonly number[]; raw: ArrayBufferView } } = {
  float32: { values: [1.5, -0.25, 2 ** 127], raw: Float32Array.of(1.5, -0.25, 2 ** 127) },
  float64: { values: [1.1, -1e300, 0], raw: Float64Array.of(1.1, -1e300, 0) },
  float16: { values: [1.5, -0.25, 2 ** -24], raw: Uint16Array.of(0x3e00, 0xb400, 1) },
  bfloat16: { values: [1.5, -0.25, 2 ** 100], raw: Uint16Array.of(0x3fc0, 0xbe80, 0x7180) },
  int64: { values: [1, -(2 ** 53), 2 ** 53], raw: BigInt64Array.of(1n, -(2n ** 53n), 2n ** 53n) },
  int32: { values: [1, -(2 ** 31), 7], raw: Int32Array.of(1, -(2 ** 31), 7) },
  int16: { values: [1, -32768, 7], raw: Int16Array.of(1, -32768, 7) },
  int8: { values: [1, -128, 7], raw: Int8Array.of(1, -128, 7) },
  uint64: { values: [1, 2 ** 63, 7], raw: BigUint64Array.of(1n, 2n ** 63n, 7n) },
  uint32: { values: [1, 2 ** 32 - 1, 7], raw: Uint32Array.of(1, 2 ** 32 - 1, 7) },
  uint16: { values: [1, 65535, 7], raw: Uint16Array.of(1, 65535, 7) },
  uint8: { values: [1, 255, 7], raw: Uint8Array.of(1, 255, 7) },
  bool: { values: [1, 0, 1], raw: Uint8Array.of(1, 0, 1) },
};
const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

/** The entries of the typed field: numbers, or the bits of 16-bit floats. */
function entriesOf(element: ElementType): readonly Payload[] {
  const { values, raw } = SAMPLES[element];
  if (element === 'float32') return values.map(f32 => ({ f32 }));
  if (element === 'float64') return values.map(f64 => ({ f64 }));
  const isHalf = element === 'float16' || element === 'bfloat16';
  return isHalf ? [...(raw as Uint16Array)] : values.map(BigInt);
}
const FIELD = { float: 4, int32: 5, int64: 7, double: 10, uint64: 11 } as const;
/** The payload of one entry, without its tag. */
const packed = (entry: Payload): Uint8Array =>
  typeof entry === 'number' || typeof entry === 'bigint'
    ? Uint8Array.from(varint(entry))
    : field(1, entry).subarray(1);

for (const element of ELEMENTS) {
  test(`${element}: raw, packed, unpacked and mixed`, () => {
    const { values, raw } = SAMPLES[element];
    const entries = entriesOf(element);
    const at = FIELD[FORMATS[element].field];
    const [first, ...others] = entries;
    const forms: Tree[] = [
      [[9, bytesOf(raw)]],
      [[at, join(...entries.map(packed))]],
      entries.map(entry => [at, entry] as const),
      [
        [at, first!],
        [12, 'between'],
        [at, join(...others.map(packed))],
      ],
    ];
    for (const form of forms) {
      const source = tensor([...dims(3), ...type(element), ...form]);
      assert.equal(source.problem, undefined);
      const loaded = source.load();
      assert.deepEqual([...loaded.data], values);
      assert.deepEqual([loaded.element, loaded.shape], [element, [3]]);
      assert.notEqual(source.load().data, loaded.data);
    }
  });
}

/** IEEE 754 binary16, by its definition. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

test('binary16: all 65,536 of them', () => {
  const raw = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const source = tensor([...dims(256, 256), ...type('float16'), [9, bytesOf(raw)]]);
  const { data } = source.load();
  for (let i = 0; i < 65536; i++) assert.ok(Object.is(data[i], float16(i)), `${i}: ${data[i]}`);
  assert.deepEqual(source.countNonFinite(), { nans: 2 * 1023, infinities: 2 });
});

test('numbers that are not finite are counted as a loop over the values counts them', () => {
  const floats = ELEMENTS.filter(element => FORMATS[element].float !== undefined);
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 5000, size: 'max' });
  const shares = fc.array(fc.constantFrom(0x7f, 0x80, 0xff, 0xf0, 0x7c, 0xfc, 0x00), { maxLength: 64 });
  fc.assert(
    fc.property(fc.constantFrom(...floats), bytes, shares, fc.nat(), (element, raw, special, seed) => {
      special.forEach((byte, i) => {
        if (raw.length > 0) raw[(seed + i * 7) % raw.length] = byte;
      });
      const count = Math.floor(raw.length / FORMATS[element].bytes);
      const whole = raw.slice(0, count * FORMATS[element].bytes);
      const source = tensor([...dims(count), ...type(element), [9, whole]]);
      const values = [...source.load().data];
      const nans = values.filter(Number.isNaN).length;
      const infinities = values.filter(x => x === Infinity || x === -Infinity).length;
      assert.deepEqual(source.countNonFinite(), { nans, infinities });
    }),
    { numRuns: 200 },
  );
});

test('shapes and numbers that do not go together', () => {
  const f32 = bytesOf(new Float32Array(16));
  const problem = (fields: Tree) => {
    const found = tensor(fields).problem;
    return found?.kind === 'broken' ? found.reason : undefined;
  };
  const float = type('float32');
  assert.match(problem([...dims(4, 5), ...float, [9, f32]]) ?? '', /\[4, 5\] wants 20 numbers, 16 are there/);
  assert.match(problem([...dims(4, 4), ...float, [9, f32.subarray(1)]]) ?? '', /15\.75 are there/);
  assert.match(problem([...dims(-4, -4), ...float, [9, f32]]) ?? '', /its shape is \[-4, -4\]/);
  assert.match(problem([...dims(2n ** 62n, 4), ...float, [9, f32]]) ?? '', /its shape is/);
  assert.match(problem([...dims(2 ** 31, 2 ** 31, 0), ...float]) ?? 'sound', /sound/);
  assert.match(problem([...dims(...Array(65).fill(1)), ...float, [9, f32]]) ?? '', /of 65 axes/);
  assert.match(
    problem([...dims(3), ...type('int32'), [5, Uint8Array.of(1, 2, 0x83)]]) ?? '',
    /ends within a number/,
  );
  const endless = new Uint8Array(40).fill(0x81);
  assert.match(problem([...dims(3), ...type('int64'), [7, endless]]) ?? '', /ends within a number/);
  assert.match(problem([...dims(1), ...float, [3, []], [9, f32.subarray(0, 4)]]) ?? '', /segment/);
  assert.equal(problem([...dims(0), ...float]), undefined);
});

test('types that no network is computed with are named', () => {
  const reasons = [8, 14, 17, 22, 26, 99].map(code => {
    const { problem } = tensor([...dims(1), [2, code], [9, Uint8Array.of(0)]]);
    return problem?.kind === 'broken'
      ? (/type is (type number \d+|\w+)/.exec(problem.reason)?.[1] ?? '')
      : '';
  });
  assert.deepEqual(reasons, ['string', 'complex64', 'float8e4m3fn', 'int4', 'int2', 'type number 99']);
});

test('sparse tensors are dense when they are loaded', () => {
  const sparse = (indices: readonly number[], indexDims: Tree, shape: Tree): TensorSource => {
    const values: Tree = [...dims(2), ...type('float32'), [8, 's'], [9, bytesOf(Float32Array.of(5, 7))]];
    const places: Tree = [...indexDims, ...type('int64'), ...indices.map(i => [7, i] as const)];
    const file = model(NODE, {
      graph: [[15, [[1, values], [2, places], ...shape.map(([, d]) => [3, d] as const)]]],
    });
    return readSound(file).graph.initializers.get('s')!;
  };
  const flat = sparse([1, 5], dims(2), dims(2, 3));
  assert.deepEqual([...flat.load().data], [0, 5, 0, 0, 0, 7]);
  assert.deepEqual([flat.shape, flat.countNonFinite()], [[2, 3], { nans: 0, infinities: 0 }]);
  assert.deepEqual([...sparse([0, 1, 1, 2], dims(2, 2), dims(2, 3)).load().data], [0, 5, 0, 0, 0, 7]);
  const reasonOf = ({ problem }: TensorSource) => (problem?.kind === 'broken' ? problem.reason : '');
  assert.match(reasonOf(sparse([1, 6], dims(2), dims(2, 3))), /outside/);
  assert.match(reasonOf(sparse([0, 1, 1, 3], dims(2, 2), dims(2, 3))), /outside/);
  assert.match(reasonOf(sparse([1], dims(1), dims(2, 3))), /do not go together/);
  assert.match(reasonOf(sparse([1, 5], dims(2), dims(2 ** 20, 2 ** 20))), /sparse shape is/);
});

/** A file of zeros but for its beginning and end: as long as one wants, without a byte of it anywhere. */
function hollow(head: Uint8Array, zeros: number, tail: Uint8Array): ByteSource & { reads: number } {
  const source = {
    size: head.length + zeros + tail.length,
    reads: 0,
    read(offset: number, length: number) {
      source.reads += length;
      const out = new Uint8Array(length);
      for (const [part, at] of [
        [head, 0],
        [tail, head.length + zeros],
      ] as const) {
        const from = Math.max(offset, at);
        const to = Math.min(offset + length, at + part.length);
        if (from < to) out.set(part.subarray(from - at, to - at), from - offset);
      }
      return out;
    },
  };
  return source;
}

test('a model of 5 GB: 2^32 bytes and more into the file, weights are found and not read', () => {
  const zeros = 5 * 2 ** 30;
  const small = message([...dims(2), [2, 1], [8, 'small'], [9, bytesOf(Float32Array.of(3, 4))]]);
  const big = join(
    message([...dims(zeros / 4), [2, 1], [8, 'big']]),
    Uint8Array.of(9 * 8 + 2, ...varint(zeros)),
  );
  const bigHead = Uint8Array.of(5 * 8 + 2, ...varint(big.length + zeros));
  const front = message([
    [
      1,
      [
        [1, 'x'],
        [2, 'y'],
        [4, 'Relu'],
      ],
    ],
    [11, [[1, 'x']]],
    [12, [[1, 'y']]],
  ]);
  const back = field(5, small);
  const length = front.length + bigHead.length + big.length + zeros + back.length;
  const graphHead = Uint8Array.of(7 * 8 + 2, ...varint(length));
  const head = join(field(1, 8), field(8, message([[2, 17]])), graphHead, front, bigHead, big);
  const bytes = hollow(head, zeros, back);
  const { graph } = readSound({ source: 'big.onnx', bytes, open: () => ({ problem: 'none' }) });
  assert.ok(bytes.reads < 2 ** 18, `${bytes.reads} bytes read`);
  assert.deepEqual([...graph.initializers.get('small')!.load().data], [3, 4]);
  const large = graph.initializers.get('big')!;
  assert.deepEqual([large.bytes, large.problem], [zeros, undefined]);
});

test('what is wrong with a tensor is said when it is wanted, not for those that nobody reads', () => {
  const { list } = read(model(NODE, { graph: [[5, [[8, 'w'], ...dims(3), ...type('float32')]]] }));
  assert.deepEqual(messagesOf(list), []);
});
