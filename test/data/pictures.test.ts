import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { decodePicture } from '../../cli/decode.ts';
import { readNpz } from '../../compiler/data/npz.ts';
import { convertChannels, cropCentre, cropStart, shortestSize } from '../../compiler/data/pixels.ts';
import { UserError } from '../../ir/diagnostics/diagnostic.ts';

const FOLDER = 'test/data/pictures';
const folder = mkdtempSync(join(tmpdir(), 'snnc-pictures-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const isRefused = (code: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error));
  assert.equal(error.diagnostics[0]?.code, code);
  assert.match(error.diagnostics[0]?.message ?? '', words);
  return true;
};

test('every form of picture gives the pixels of Pillow’s convert, in colour and in grey', async () => {
  const goldens = readNpz(readFileSync('test/data/pictures.npz'), 'pictures.npz');
  const names = readdirSync(FOLDER).filter(name => name !== 'grey16.png');
  assert.ok(names.length >= 18);
  for (const name of names) {
    const picture = await decodePicture(join(FOLDER, name));
    assert.deepEqual([picture.height, picture.width], [21, 29], name);
    for (const [mode, channels] of [
      ['RGB', 3],
      ['L', 1],
    ] as const) {
      const wanted = goldens.get(`${name}-${mode}`)?.data;
      assert.ok(wanted !== undefined);
      const got = convertChannels(picture, channels).data;
      assert.equal(Buffer.compare(got, wanted as Uint8Array), 0, `${name} as ${mode}`);
    }
  }
});

const file = (name: string, content: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

/** A PNG of so many pixels with no more than a header in it. */
function hugePng(): Uint8Array {
  const head = Buffer.alloc(25);
  head.writeUInt32BE(13, 0);
  head.write('IHDR', 4, 'latin1');
  head.writeUInt32BE(60_000, 8);
  head.writeUInt32BE(60_000, 12);
  head.set([8, 2, 0, 0, 0], 16);
  head.writeUInt32BE(crc(head.subarray(4, 21)), 21);
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), head]);
}

function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return (value ^ 0xffffffff) >>> 0;
}

test('pictures that are none, are broken or would fill the memory: one diagnostic that names the file', async () => {
  const jpeg = readFileSync(join(FOLDER, 'rgb444.jpg'));
  const png = readFileSync(join(FOLDER, 'rgb.png'));
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
  const cases: readonly (readonly [string, Uint8Array | string])[] = [
    ['cut.jpg', jpeg.subarray(0, jpeg.length - 200)],
    ['cut.png', png.subarray(0, 150)],
    ['head.png', png.subarray(0, 8)],
    ['drawing.png', svg],
    ['empty.png', ''],
    ['huge.png', hugePng()],
  ];
  for (const [name, content] of cases) {
    await assert.rejects(decodePicture(file(name, content)), isRefused('E0123', new RegExp(name)));
  }
  await assert.rejects(decodePicture(join(FOLDER, 'grey16.png')), isRefused('E0123', /16-bit/));
  await assert.rejects(decodePicture(join(folder, 'nowhere.png')), isRefused('E0101', /ENOENT/));
});

test('a picture without a decoder says what to install', async () => {
  const path = join(FOLDER, 'rgb.png');
  await assert.rejects(decodePicture(path, 'no-such-decoder'), isRefused('E0124', /sharp is not installed/));
});

test('the shorter edge, the longer one cut down to a whole number', () => {
  assert.deepEqual(shortestSize({ width: 500, height: 375 }, { edge: 256, longest: null }), {
    width: 341,
    height: 256,
  });
  assert.deepEqual(shortestSize({ width: 375, height: 500 }, { edge: 256, longest: null }), {
    width: 256,
    height: 341,
  });
  assert.deepEqual(shortestSize({ width: 7, height: 7 }, { edge: 5, longest: null }), {
    width: 5,
    height: 5,
  });
  // 224 · 900/300 = 672 is more than 512: both edges by 512/672
  assert.deepEqual(shortestSize({ width: 900, height: 300 }, { edge: 224, longest: 512 }), {
    width: 512,
    height: 170,
  });
});

test('centre crops as torchvision (half to even) and Hugging Face (half down) cut them', () => {
  //            from, to, torchvision, Hugging Face
  for (const [from, to, torchvision, huggingface] of [
    [341, 224, 58, 58], // 58.5: 58 is even
    [343, 224, 60, 59], // 59.5: 60 is even
    [256, 224, 16, 16],
    [224, 224, 0, 0],
    [5, 8, -1, -2], // one and a half pixel missing on either side
    [6, 8, -1, -1],
  ] as const) {
    assert.equal(cropStart(from, to, 'torchvision') + 0, torchvision);
    assert.equal(cropStart(from, to, 'huggingface') + 0, huggingface);
  }
  const picture = { width: 3, height: 2, channels: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) } as const;
  assert.deepEqual([...cropCentre(picture, 2, 1, 'torchvision').data], [2, 5]);
  assert.deepEqual([...cropCentre(picture, 1, 5, 'torchvision').data], [0, 1, 2, 3, 0]);
  assert.deepEqual([...cropCentre(picture, 4, 1, 'huggingface').data], [0, 2, 5, 0]);
  assert.deepEqual([...cropCentre(picture, 3, 2, 'huggingface').data], [0, 0, 1, 2, 4, 5]);
  assert.deepEqual([...cropCentre(picture, 3, 2, 'torchvision').data], [1, 2, 4, 5, 0, 0]);
});
