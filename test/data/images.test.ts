import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { zipSync } from 'fflate';
import { openImages, type Taker } from '../../cli/images.ts';
import type { DataOptions } from '../../cli/options.ts';
import { findPreprocess, isAssumed } from '../../cli/preprocess.ts';
import { createDiagnostics, type Diagnostic, UserError } from '../../ir/diagnostics/diagnostic.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-images-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function npy(descr: string, shape: readonly number[], data: Uint8Array): Uint8Array {
  const tuple = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
  const header = new TextEncoder().encode(
    `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`,
  );
  return Uint8Array.of(
    0x93,
    ...new TextEncoder().encode('NUMPY'),
    1,
    0,
    header.length,
    0,
    ...header,
    ...data,
  );
}
const bytes = (shape: readonly number[]) =>
  npy(
    '|u1',
    shape,
    Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * 7) % 256),
  );
const floats = (shape: readonly number[], data: readonly number[]) =>
  npy('<f4', shape, new Uint8Array(Float32Array.from(data).buffer));

function file(name: string, content: Uint8Array | string | Record<string, Uint8Array>): string {
  const path = join(folder, name);
  const isZip = typeof content === 'object' && !(content instanceof Uint8Array);
  writeFileSync(
    path,
    isZip ? zipSync(Object.fromEntries(Object.entries(content).map(([k, v]) => [`${k}.npy`, v]))) : content,
  );
  return path;
}

const flags = { mean: '0.5', std: '0.25', rescale: '1/255' };

function takerOf(shape: readonly number[], own: Partial<Taker> = {}, said: object = flags): Taker {
  const resolved = findPreprocess(said, join(folder, 'model.onnx'), {}, shape, createDiagnostics().report);
  return { shape, preprocess: resolved.preprocess, centre: [0], isAssumed: isAssumed(resolved), ...own };
}

async function open(path: string, taker: Taker, options: DataOptions = {}) {
  const { report, list } = createDiagnostics();
  return { ...(await openImages(path, taker, options, report)), list };
}

const isRefused = (code: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error));
  const [first] = error.diagnostics as readonly Diagnostic[];
  assert.equal(first?.code, code);
  assert.match(`${first?.message} ${first?.help}`, words);
  return true;
};

const PIXELS = Array.from({ length: 18 }, (_, i) => (i * 7) % 256);

test('arrays under the names that people give, with the labels that go with them', async () => {
  const labels = npy('<i8', [2], new Uint8Array(BigInt64Array.of(3n, 1n).buffer));
  const taker = takerOf([1, 3, 3]);
  for (const [images, own] of [
    ['images', 'labels'],
    ['x_test', 'y_test'],
    ['X', 'y'],
    ['arr_0', 'arr_1'],
  ] as const) {
    const set = await open(
      file(`${images}.npz`, { [images]: bytes([2, 3, 3]), [own]: labels, other: labels }),
      taker,
    );
    assert.deepEqual([set.count, [...Array.from(set.labels ?? [])]], [2, [3, 1]]);
    assert.deepEqual([...(await set.image(1))], PIXELS.slice(9));
  }
  const mnist = file('mnist.npz', { x_train: bytes([1, 3, 3]), x_test: bytes([2, 3, 3]), y_test: labels });
  await assert.rejects(
    open(mnist, taker),
    isRefused('E0120', /several.*x_train, x_test, y_test.*mnist.npz\/x_train/),
  );
  assert.deepEqual([...Array.from((await open(`${mnist}/x_test`, taker)).labels ?? [])], [3, 1]);
  await assert.rejects(open(`${mnist}/x_val`, taker), isRefused('E0120', /no array x_val/));
  const short = file('short.npz', { images: bytes([3, 3, 3]), labels });
  await assert.rejects(open(short, taker), isRefused('E0120', /2 labels for 3 images/));
  const hot = file('hot.npz', { images: bytes([2, 3, 3]), labels: floats([2, 2], [0, 1, 1, 0]) });
  await assert.rejects(open(hot, taker), isRefused('E0120', /labels \[2, 2\]/));
});

test('a zip that claims more than its bytes can hold is refused before memory is asked for', async () => {
  const zip = zipSync({ 'images.npy': bytes([2, 3, 3]) });
  const view = new DataView(zip.buffer);
  for (let i = 0; i + 46 < zip.length; i++) {
    // the size before compression, in the central directory
    if (view.getUint32(i, true) === 0x02014b50) view.setUint32(i + 24, 2 ** 30 - 1, true);
  }
  await assert.rejects(open(file('bomb.npz', zip), takerOf([1, 3, 3])), isRefused('E0113', /cannot hold/));
});

test('channels first or last are told by the shape; where they are not, the user says it', async () => {
  const chw = [0, 3, 6, 9, 12, 15, 1, 4, 7, 10, 13, 16, 2, 5, 8, 11, 14, 17].map(i => PIXELS[i]!);
  const taker = takerOf([3, 2, 3]);
  const last = file('last.npy', bytes([1, 2, 3, 3]));
  assert.deepEqual([...(await (await open(last, taker)).image(0))], chw);
  assert.deepEqual([...(await (await open(file('first.npy', bytes([1, 3, 2, 3])), taker)).image(0))], PIXELS);
  assert.deepEqual([...(await (await open(last, takerOf([2, 3, 3]))).image(0))].length, 18);
  assert.deepEqual([...(await (await open(last, takerOf([4, 2, 3, 3, 1].slice(1, 4)))).image(0))], PIXELS);
  const cube = file('cube.npy', bytes([1, 3, 3, 3]));
  await assert.rejects(open(cube, takerOf([3, 3, 3])), isRefused('E0120', /--data-layout/));
  const ways = [];
  for (const dataLayout of ['chw', 'hwc'] as const) {
    ways.push([...(await (await open(cube, takerOf([3, 3, 3]), { dataLayout })).image(0))]);
  }
  assert.equal(ways[0]?.[1], 7);
  assert.equal(ways[1]?.[1], 21);
  const blue = await open(last, takerOf([3, 2, 3], {}, { ...flags, channelsOrder: 'bgr' }));
  assert.deepEqual([...(await blue.image(0))], [...chw.slice(12), ...chw.slice(6, 12), ...chw.slice(0, 6)]);
});

test('pixels are normalised, floats are taken as normalised; on pixels it is the other way round', async () => {
  const pixels = file('pixels.npy', bytes([1, 3, 3]));
  const normal = PIXELS.slice(0, 9).map(p => (p / 255 - 0.5) / 0.25);
  const host = takerOf([1, 3, 3], { centre: null });
  const near = (a: Iterable<number>, b: readonly number[]) => {
    for (const [i, x] of [...a].entries()) assert.ok(Math.abs(x - b[i]!) < 1e-4, `${i}: ${x} is not ${b[i]}`);
  };
  near(await (await open(pixels, host)).image(0), normal);
  const real = file('real.npy', floats([1, 3, 3], normal));
  const set = await open(real, host);
  near(await set.image(0), normal);
  assert.deepEqual(set.list, []);
  near(await (await open(real, takerOf([1, 3, 3]))).image(0), PIXELS.slice(0, 9));
  const unlike = await open(file('unlike.npy', floats([1, 3, 3], PIXELS.slice(0, 9))), host);
  assert.deepEqual(
    unlike.list.map(d => d.code),
    ['W0126'],
  );
  const nothing = await open(pixels, takerOf([1, 3, 3], { centre: null }, {}));
  assert.deepEqual(
    nothing.list.map(d => d.code),
    ['W0121'],
  );
  assert.deepEqual([...(await nothing.image(0))], PIXELS.slice(0, 9));
  const nan = await open(file('nan.npy', floats([1, 3, 3], [...normal.slice(1), Number.NaN])), host);
  await assert.rejects(nan.image(0), isRefused('E0120', /not finite/));
  const wide = npy('<i4', [1, 3, 3], new Uint8Array(Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 256).buffer));
  await assert.rejects(
    (await open(file('wide.npy', wide), host)).image(0),
    isRefused('E0120', /pixel of 256/),
  );
});

test('raw tensors: of the input’s size, of a type that the size or the user tells', async () => {
  const taker = takerOf([1, 3, 3]);
  const two = await open(file('two.raw', Uint8Array.from(PIXELS)), taker);
  assert.deepEqual([two.count, ...(await two.image(1))], [2, ...PIXELS.slice(9)]);
  const four = file('four.bin', new Uint8Array(36));
  await assert.rejects(open(four, taker), isRefused('E0120', /--data-type/));
  assert.equal((await open(four, taker, { dataType: 'uint8' })).count, 4);
  assert.equal((await open(four, taker, { dataType: 'float32' })).count, 1);
  await assert.rejects(open(file('odd.bin', new Uint8Array(10)), taker), isRefused('E0120', /10 bytes/));
  await assert.rejects(open(file('odd.txt', new Uint8Array(9)), taker), isRefused('E0120', /no npz/));
  const disguised = await open(file('like-a-zip.raw', Uint8Array.of(80, 75, 1, 1, 1, 1, 1, 1, 1)), taker);
  assert.deepEqual([...(await disguised.image(0))].slice(0, 3), [80, 75, 1]);
  await assert.rejects(open(file('none.bin', ''), taker), isRefused('E0120', /empty/));
});

test('folders of pictures: classes, labels beside them, sizes that need a resize', async () => {
  const source = 'test/data/pictures';
  const root = join(folder, 'classes');
  for (const [name, pictures] of Object.entries({ cat: ['rgb.png'], dog: ['grey.png', 'rgb420.jpg'] })) {
    mkdirSync(join(root, name), { recursive: true });
    for (const picture of pictures) cpSync(join(source, picture), join(root, name, picture));
  }
  const sized = { ...flags, resize: '12', crop: '8' };
  const taker = takerOf([3, 8, 8], { classes: 2 }, sized);
  const set = await open(root, taker);
  assert.deepEqual([set.count, [...Array.from(set.labels ?? [])], set.list], [3, [0, 1, 1], []]);
  const grey = await set.image(1);
  assert.equal(grey.length, 192);
  assert.deepEqual(grey.slice(0, 64), grey.slice(64, 128));
  assert.deepEqual(
    (await open(root, { ...taker, classes: 10 })).list.map(d => d.code),
    ['W0124'],
  );
  const small = await open(root, takerOf([3, 8, 8]));
  await assert.rejects(small.image(0), isRefused('E0125', /21×29.*8×8/));

  const flat = join(folder, 'flat');
  mkdirSync(flat);
  for (const name of ['b.png', 'a.png']) cpSync(join(source, 'rgb.png'), join(flat, name));
  assert.equal((await open(flat, taker)).labels, undefined);
  writeFileSync(join(flat, 'labels.txt'), '7\n8\n');
  assert.deepEqual([...Array.from((await open(flat, taker)).labels ?? [])], [7, 8]);
  writeFileSync(join(flat, 'labels.csv'), 'file,label\nb.png,1\na.png,0\n');
  assert.deepEqual([...Array.from((await open(flat, taker)).labels ?? [])], [0, 1]);
  writeFileSync(join(flat, 'labels.csv'), 'b.png,1\n');
  await assert.rejects(open(flat, taker), isRefused('E0120', /no label for a.png/));
  mkdirSync(join(flat, 'more'));
  await assert.rejects(open(flat, taker), isRefused('E0120', /side by side/));
  mkdirSync(join(folder, 'void'));
  await assert.rejects(open(join(folder, 'void'), taker), isRefused('E0120', /no PNG/));
  await assert.rejects(open(join(folder, 'nowhere'), taker), isRefused('E0101', /ENOENT/));

  const vast = await open(root, takerOf([3, 8, 8], {}, { ...flags, resize: '60000', crop: '8' }));
  await assert.rejects(vast.image(0), isRefused('E0123', /more than/));
  await assert.rejects(open('/dev/null', taker), isRefused('E0101', /not a file/));

  const single = await open(join(source, 'rgb.png'), takerOf([3, 21, 29]));
  assert.deepEqual(
    [single.count, single.labels, (await single.image(0)).length],
    [1, undefined, 3 * 21 * 29],
  );
});

test('the file beside the model is found, flags go before it', () => {
  const model = join(folder, 'with', 'model.onnx');
  mkdirSync(join(folder, 'with'));
  const find = (own: object) => findPreprocess(own, model, {}, [3, 8, 8], createDiagnostics().report);
  assert.ok(isAssumed(find({})));
  const config = { image_processor_type: 'ViTImageProcessor', size: { height: 8, width: 8 } };
  writeFileSync(join(folder, 'with', 'preprocessor_config.json'), JSON.stringify(config));
  const { preprocess, sources } = find({ mean: '0.4' });
  assert.deepEqual([preprocess.mean, sources.mean], [[0.4], 'command line']);
  assert.deepEqual([preprocess.resize?.kind, sources.std], ['exact', 'preprocessor_config.json']);
  // means are of pixels between 0 and 1 where nothing says otherwise
  const alone = findPreprocess({ mean: '0.4' }, 'model.onnx', {}, [3, 8, 8], createDiagnostics().report);
  assert.deepEqual([alone.preprocess.scale, alone.sources.scale], [1 / 255, 'default']);
  for (const [flag, value] of Object.entries({ mean: 'half', rescale: '1,2', resize: '0', crop: '8x8x8' })) {
    assert.throws(() => find({ [flag]: value }), isRefused('E0121', new RegExp(`--${flag}`)));
  }
  writeFileSync(join(folder, 'with', 'preprocessor_config.json'), '{');
  assert.throws(() => find({}), isRefused('E0121', /not JSON/));
  assert.throws(() => find({ preprocess: join(folder, 'none.json') }), isRefused('E0101', /none.json/));
});
