import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { readNpy } from '../../compiler/data/npy.ts';
import { readNpz } from '../../compiler/data/npz.ts';
import { applyPreprocess, preprocessOf } from '../../compiler/preprocess.ts';
import { UserError } from '../../ir/diagnostics/diagnostic.ts';

function npy(descriptor: string, shape: string, data: Uint8Array, order = 'False', version = 1): Uint8Array {
  const header = new TextEncoder().encode(
    `{'descr': '${descriptor}', 'fortran_order': ${order}, 'shape': (${shape}), }`.padEnd(117),
  );
  const size = version === 1 ? [header.length, 0] : [header.length, 0, 0, 0];
  return Uint8Array.of(0x93, ...new TextEncoder().encode('NUMPY'), version, 0, ...size, ...header, ...data);
}

const bytesOf = (data: { buffer: ArrayBufferLike }) => new Uint8Array(data.buffer);

test('arrays of every type', () => {
  assert.deepEqual([...readNpy(npy('<f4', '2,', bytesOf(Float32Array.of(1.5, -2))), 'x').data], [1.5, -2]);
  assert.deepEqual([...readNpy(npy('<f8', '1, 2', bytesOf(Float64Array.of(0.1, 7))), 'x').data], [0.1, 7]);
  assert.deepEqual([...readNpy(npy('<i8', '2,', bytesOf(BigInt64Array.of(-3n, 5n))), 'x').data], [-3, 5]);
  assert.deepEqual([...readNpy(npy('|u1', '3,', Uint8Array.of(1, 2, 255)), 'x').data], [1, 2, 255]);
  assert.deepEqual([...readNpy(npy('<i4', '', bytesOf(Int32Array.of(-9)), 'False', 2), 'x').data], [-9]);
  assert.deepEqual(readNpy(npy('<f4', '2, 3', new Uint8Array(24)), 'x').shape, [2, 3]);
});

const BROKEN: readonly (readonly [string, Uint8Array])[] = [
  ['empty', new Uint8Array()],
  ['text', new TextEncoder().encode('0.5, 0.25, 0.125\n')],
  ['header cut', npy('<f4', '2,', new Uint8Array(8)).subarray(0, 40)],
  ['data cut', npy('<f4', '2,', new Uint8Array(7))],
  ['data too long', npy('<f4', '2,', new Uint8Array(12))],
  ['big-endian', npy('>f4', '2,', new Uint8Array(8))],
  ['objects', npy('|O', '2,', new Uint8Array(8))],
  ['Fortran order', npy('<f4', '2,', new Uint8Array(8), 'True')],
];

for (const [name, bytes] of BROKEN) {
  test(`an array file that is broken: ${name}`, () => {
    assert.throws(
      () => readNpy(bytes, 'data.npy'),
      (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === 'E0113',
    );
  });
}

test('archives: the shipped one, and broken ones', () => {
  const file = readFileSync('examples/digits/digits-test.npz');
  const arrays = readNpz(file, 'digits-test.npz');
  assert.deepEqual([...arrays.keys()].sort(), ['images', 'index', 'labels']);
  assert.deepEqual([arrays.get('images')?.dtype, arrays.get('images')?.shape], ['uint8', [500, 8, 8]]);
  const isRefused = (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === 'E0113';
  for (let i = 0; i < 10; i++) {
    assert.throws(() => readNpz(file.subarray(0, Math.floor((i * file.length) / 10)), 'cut.npz'), isRefused);
  }
  assert.throws(() => readNpz(zipSync({ 'readme.txt': new Uint8Array(3) }), 'text.npz'), isRefused);
  assert.throws(() => readNpz(zipSync({ 'a.npy': new Uint8Array(3) }), 'short.npz'), isRefused);
});

test('preprocessing is read from the model', () => {
  assert.equal(preprocessOf({ dataset: 'x' }), undefined);
  const one = preprocessOf({ input_scale: '1/255', input_mean: '0.286', input_std: '0.353' });
  assert.ok(one);
  assert.deepEqual([...applyPreprocess([255, 0], one)], [(1 - 0.286) / 0.353, -0.286 / 0.353]);
  const three = preprocessOf({ input_mean: '0.5, 0.25, 0', input_std: '1,2,4' });
  assert.ok(three);
  assert.deepEqual([...applyPreprocess([1, 1, 1, 1, 1, 1], three)], [0.5, 0.5, 0.375, 0.375, 0.25, 0.25]);
  for (const metadata of [{ input_mean: 'half' }, { input_scale: '1/0' }, { input_std: '0' }]) {
    assert.throws(
      () => preprocessOf(metadata),
      (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === 'E0114',
    );
  }
});
