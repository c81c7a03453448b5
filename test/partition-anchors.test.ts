/** Published partitions, row by row: the rules that gave them, and ours that needs no more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LAVA_TABLES, measureAnchors, printAnchors } from '../bench/partition-anchors.ts';
import { inputsOf, lavaCores, weightWords } from '../bench/partition-lava.ts';
import { NXTF_ANCHORS } from '../bench/partition-loihi1.ts';
import { partitionTable } from '../bench/partition-ours.ts';
import {
  LAVA_MNIST,
  NXTF_MNIST,
  NXTF_MOBILENET,
  OXFORD,
  PILOTNET_LIF,
  PILOTNET_SDNN,
  YOLO_KP,
} from '../bench/partition-tables.ts';
import { lavaChunk2023, lavaPieces, lavaPieces2023 } from '../compiler/mapping/strategies/lava.ts';
import { type Layer, sizeOfShape, weightsOf } from '../compiler/mapping/strategies/layers.ts';

const rowsOf = (table: (typeof LAVA_TABLES)[number]) => table.rows.map((_, row) => lavaCores(table, row));

test("Lava's rule gives the published cores of every row", () => {
  assert.deepEqual(rowsOf(YOLO_KP), [224, 112, 56, 28, 56, 16, 32, 14, 32, 4]);
  assert.deepEqual(rowsOf(LAVA_MNIST), [3, 1, 1]);
  assert.deepEqual(rowsOf(PILOTNET_LIF), [13, 25, 13, 3, 3, 2, 12, 1, 1, 1]);
  assert.deepEqual(rowsOf(PILOTNET_SDNN), [25, 13, 3, 3, 2, 12, 1, 1, 1]);
  for (const table of LAVA_TABLES) {
    assert.equal(
      table.rows.reduce((sum, row) => sum + row.cores, 0),
      table.cores,
    );
  }
});

test('Oxford is the one table that the rule does not give: it needs a core less than was published', () => {
  assert.deepEqual(rowsOf(OXFORD), [2, 2]);
  assert.deepEqual(
    OXFORD.rows.map(row => row.cores),
    [3, 2],
  );
});

test('words of weights are those that the reports print', () => {
  // Channels of a core, as the reports print them.
  const channels = [16, 32, 64, 128, 128, 64, 64, 256, 64, 48];
  YOLO_KP.rows.forEach((row, i) => {
    assert.equal(weightWords(row, inputsOf(YOLO_KP, i), channels[i]!), row.words, row.layer.name);
  });
  for (const table of [LAVA_MNIST, PILOTNET_LIF, PILOTNET_SDNN]) {
    table.rows.forEach((row, i) => {
      if (row.words === undefined) return;
      assert.equal(weightWords(row, inputsOf(table, i), row.layer.shape[2]), row.words, row.layer.name);
    });
  }
  // What the report of Oxford says before anything is cut, and that of PilotNet before and after.
  assert.equal(weightWords(OXFORD.rows[0]!, inputsOf(OXFORD, 0), 256), 16200);
  assert.equal(weightWords(OXFORD.rows[1]!, inputsOf(OXFORD, 1), 200), 16128);
  const wide = PILOTNET_LIF.rows[6]!;
  assert.equal(weightWords(wide, inputsOf(PILOTNET_LIF, 6), 100), 61440);
  assert.equal(weightWords(wide, inputsOf(PILOTNET_LIF, 6), 17), 12800);
});

test('powers of two: the fewest cores of all, and only axes that may be cut', () => {
  const axis = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(
      fc.tuple(axis, axis, axis),
      fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
      fc.nat(4000),
      (shape, cuttable, most) => {
        const fits = (pieces: readonly number[]) =>
          shape.reduce((size, n, i) => size * Math.ceil(n / pieces[i]!), 1) <= most;
        const found = lavaPieces(shape, cuttable, fits);
        let fewest = Number.POSITIVE_INFINITY;
        const isDense = shape.filter(n => n > 1).length < 2;
        const counts = shape.map((n, i) => {
          if (!cuttable[i]) return [1];
          return Array.from({ length: n }, (_, k) => k + 1).filter(
            count => isDense || [1, 2, 4, 8, 16, 32, 64].some(p => Math.ceil(n / Math.ceil(n / p)) === count),
          );
        });
        for (const a of counts[0]!)
          for (const b of counts[1]!)
            for (const c of counts[2]!) if (fits([a, b, c])) fewest = Math.min(fewest, a * b * c);
        const product = found?.reduce((all, count) => all * count, 1) ?? Number.POSITIVE_INFINITY;
        assert.equal(product, fewest);
        if (found !== undefined) assert.ok(fits(found) && found.every((n, i) => cuttable[i] || n === 1));
      },
    ),
  );
  // Equally many cores: channels stay whole.
  assert.deepEqual(
    lavaPieces([4, 4, 4], [true, true, true], p => p[0]! * p[1]! * p[2]! >= 4),
    [4, 1, 1],
  );
  assert.equal(
    lavaChunk2023(20, length => length <= 40),
    16,
  );
  assert.equal(
    lavaChunk2023(20, () => false),
    undefined,
  );
  assert.equal(
    lavaPieces2023(100, n => n * 10, 300),
    4,
  );
  assert.equal(
    lavaPieces2023(3, () => 400, 300),
    3,
  );
});

const sum = (layers: readonly Layer[], of: (layer: Layer, i: number) => number): number =>
  layers.reduce((all, layer, i) => all + of(layer, i), 0);

/** With a bias for each channel; pooling learns nothing. */
const parametersOf = (layers: readonly Layer[]): number =>
  sum(layers, (layer, i) =>
    i === 0 || layer.kind === 'pooling' ? 0 : weightsOf(layer, layers[i - 1]!.shape) + layer.shape[2],
  );

test('tables of NxTF have the parameters and neurons that were published', () => {
  assert.equal(parametersOf(NXTF_MNIST), 33_802);
  assert.equal(parametersOf(NXTF_MOBILENET), 142_986);
  assert.equal(
    sum(NXTF_MOBILENET.slice(1), layer => sizeOfShape(layer.shape)),
    76_810,
  );
});

const ANCHORS = measureAnchors();

test("NxTF's packing gives the published cores and refuses as many grids", () => {
  const [paper, tutorial, mobile] = ANCHORS.filter(({ by }) => by === 'NxTF');
  assert.equal(paper!.total.rule, 14);
  assert.deepEqual(
    tutorial!.rows.map(row => row.refused),
    NXTF_ANCHORS[1]!.refused,
  );
  assert.deepEqual(NXTF_ANCHORS[1]!.refused, [0, 3, 16, 4, 0]);
  assert.deepEqual(
    tutorial!.rows.map(row => row.rule),
    [1, 4, 7, 3, 1],
  );
  assert.equal(mobile!.total.rule, 157);
});

test('our own cut and packing never need more cores than were published, within every limit', () => {
  for (const table of LAVA_TABLES) {
    const ours = partitionTable(table);
    assert.ok(ours.cores <= table.cores, `${table.name}: ${ours.cores}`);
    assert.equal(ours.loads.length, ours.cores);
    for (const load of ours.loads)
      assert.ok(
        load.every((used, r) => used <= ours.capacity[r]!),
        `${table.name}: ${load}`,
      );
    // No neuron is lost: a convolution has one more for every tile.
    const extra = ours.rows.reduce(
      (all, row, i) => all + (table.rows[i]!.layer.kind === 'dense' ? 0 : row.tiles),
      0,
    );
    assert.equal(
      ours.loads.reduce((all, load) => all + load[0]!, 0),
      sum(
        table.rows.map(row => row.layer),
        layer => sizeOfShape(layer.shape),
      ) + extra,
    );
  }
});

test('no network takes more cores than were published, or than the rule takes; all are printed', () => {
  const text = printAnchors(ANCHORS);
  for (const { net, rows, total, least } of ANCHORS) {
    const others = [total.published, total.rule].filter(cores => cores !== undefined);
    assert.ok(others.length > 0 && others.every(cores => total.ours! <= cores), net);
    assert.ok(least <= total.ours!, net);
    assert.ok(text.includes(net));
    for (const { layer } of rows) assert.ok(text.includes(layer));
  }
});
