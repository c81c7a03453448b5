import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTarget } from '../backends/target.ts';
import { readPins } from '../cli/pins.ts';
import { type Mapped, mapNetwork } from '../compiler/map-network.ts';
import { meshOf } from '../compiler/mapping/mesh.ts';
import { type Pin, parsePins, resolvePins } from '../compiler/placement/pins.ts';
import { createDiagnostics, UserError } from '../ir/diagnostics/diagnostic.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { descend, randomImages } from './kit.ts';

const said = (run: () => unknown): readonly string[] => {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error.diagnostics.map(d => `${d.code} ${d.at.origin}`);
    throw error;
  }
  return [];
};

test('text and JSON say the same', () => {
  const text = '# cores\nblocks.0.fc1:2 0 3 2 1\n\n17 1 0 0   # a core by its number\nhead 0 1 1\n';
  const json = `[
    { "population": "blocks.0.fc1", "part": 2, "chip": 0, "x": 3, "y": 2, "slot": 1 },
    { "core": 17, "chip": 1, "x": 0, "y": 0 },
    { "population": "head", "chip": 0, "x": 1, "y": 1 }
  ]`;
  const plain = (pins: readonly Pin[]) =>
    pins.map(({ of, part, chip, x, y, slot }) => [of, part, chip, x, y, slot]);
  assert.deepEqual(plain(parsePins(text, 'p')), [
    ['blocks.0.fc1', 2, 0, 3, 2, 1],
    [17, undefined, 1, 0, 0, undefined],
    ['head', undefined, 0, 1, 1, undefined],
  ]);
  assert.deepEqual(plain(parsePins(json, 'p')), plain(parsePins(text, 'p')));
  assert.deepEqual(parsePins('', 'p'), []);
  assert.deepEqual(parsePins('[]', 'p'), []);
});

test('E0520: what is no pin is named with its line', () => {
  const bad = ['a 1 2', 'a -1 0 0', 'a 0 0 0 0 0', 'a 0 0 x', 'a 0 0 1.5', '0 1', 'a 99999999999 0 0'];
  for (const line of bad)
    assert.deepEqual(
      said(() => parsePins(`x 0 0 0\n${line}`, 'p')),
      ['E0520 p:2'],
      line,
    );
  const json = ['[', '[1]', '[{"chip":0,"x":0,"y":0}]', '[{"core":1,"population":"a","chip":0,"x":0,"y":0}]'];
  for (const text of json)
    assert.deepEqual(
      said(() => parsePins(text, 'p')),
      ['E0520 p'],
      text,
    );
});

/** Two routers of two slots on each of two chips; population `a` on cores 0 and 1, `b` on 2. */
const NETWORK = {
  cores: 4,
  coresOf: (name: string) => ({ a: [0, 1], b: [2] })[name],
  positions: Array.from({ length: 8 }, (_, i) => ({ chip: i >> 2, x: (i >> 1) & 1, y: 0, slot: i & 1 })),
};

function resolved(text: string): readonly [readonly number[], readonly string[]] {
  const { report, list } = createDiagnostics();
  const seats = resolvePins(parsePins(text, 'p'), NETWORK, report);
  return [[...seats], list.map(d => `${d.code} ${d.at.origin}`)];
}

test('pins become seats; one without a slot takes what those with one leave', () => {
  assert.deepEqual(resolved('a:1 1 0 0\nb 1 0 0 0\n3 0 1 0 1'), [[-1, 5, 4, 3], []]);
});

test('pins that cannot be: E0521 names, E0522 places, E0523 clashes, all of them at once', () => {
  assert.deepEqual(resolved('c 0 0 0\na 0 0 0\na:2 0 0 0\n4 0 0 0\nb:0 0 0 0')[1], [
    ...['E0521 p:1', 'E0521 p:2', 'E0521 p:3', 'E0521 p:4'],
  ]);
  assert.deepEqual(resolved('b 2 0 0\n3 0 0 1\na:0 0 0 0 2')[1].toSorted(), [
    ...['E0522 p:1', 'E0522 p:2', 'E0522 p:3'],
  ]);
  assert.deepEqual(resolved('b 0 0 0 1\n3 0 0 0 1')[1], ['E0523 p:2']);
  assert.deepEqual(resolved('b 0 0 0 1\nb 0 0 0 0')[1], ['E0523 p:2']);
  assert.deepEqual(resolved('0 0 0 0\n1 0 0 0\n2 0 0 0')[1], ['E0523 p:3']);
});

test('a mapped network has its pinned cores where the file says, and the rest around them', async () => {
  const target = await loadTarget('loihi2:kapoho-point');
  const graph = randomAnn(3);
  const { int } = descend(graph, randomImages(graph, 4, 1), { coding: 'sum', steps: 1, shift: 3, terms: 2 });
  const folder = mkdtempSync(join(tmpdir(), 'snnc-pins-'));
  try {
    const file = join(folder, 'pins.txt');
    writeFileSync(file, '0 5 7 3 2\n');
    const map = (pins?: readonly Pin[]): Mapped => {
      const context = { diagnostics: createDiagnostics(), step: () => {} };
      return mapNetwork(int, target, new Map(), { weightBits: 8, seed: 1, effort: 'fast', pins }, context);
    };
    const { chip, placement } = map(readPins(file));
    const { columns, rows } = chip.tables.cores;
    assert.deepEqual([columns.chip![0], columns.x![0], columns.y![0], columns.slot![0]], [5, 7, 3, 2]);
    const places = Array.from({ length: rows }, (_, i) =>
      ['chip', 'x', 'y', 'slot'].map(name => columns[name]![i]).join(' '),
    );
    assert.equal(new Set(places).size, rows);
    const usable = new Set(meshOf(target).positions.map(p => `${p.chip} ${p.x} ${p.y} ${p.slot}`));
    assert.ok(places.every(place => usable.has(place)));
    assert.ok(
      placement.lowerBound <= placement.cost && placement.cost <= placement.baselines.hilbertForce.cost,
    );
    writeFileSync(file, 'nobody 0 0 0\n0 8 0 0\n');
    assert.deepEqual(
      said(() => map(readPins(file))),
      [`E0521 ${file}:1`, `E0522 ${file}:2`],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
