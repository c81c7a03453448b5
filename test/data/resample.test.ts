import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { INTERPOLATIONS } from '../../backends/interpolations.ts';
import type { Interpolation } from '../../backends/preprocess.ts';
import { readNpz } from '../../compiler/data/npz.ts';
import { type Picture, resample } from '../../compiler/data/resample.ts';

/** Made by pillow_goldens.py. */
const goldens = readNpz(readFileSync('test/data/resample.npz'), 'resample.npz');

function picture(name: string): Picture {
  const array = goldens.get(name);
  assert.ok(array?.data instanceof Uint8Array);
  const [height, width, channels] = array.shape;
  assert.ok(height !== undefined && width !== undefined && (channels === 1 || channels === 3));
  return { width, height, channels, data: array.data };
}

test('every filter gives the bytes that Pillow gives, up and down, grey and colour', () => {
  const seen = new Map<Interpolation, number>();
  for (const name of goldens.keys()) {
    const [, source, by, size] = /^(r-\d+)-(\w+)-(\d+x\d+)$/.exec(name) ?? [];
    if (source === undefined || by === undefined || size === undefined) continue;
    const interpolation = INTERPOLATIONS.find(known => known === by);
    assert.ok(interpolation !== undefined, by);
    const [width, height] = size.split('x').map(Number) as [number, number];
    assert.deepEqual(resample(picture(source), width, height, interpolation), picture(name), name);
    seen.set(interpolation, (seen.get(interpolation) ?? 0) + 1);
  }
  assert.deepEqual(
    INTERPOLATIONS.map(name => seen.get(name)),
    INTERPOLATIONS.map(() => 35),
  );
});
