/** The fast runners against the interpreters: every value of every node, bit for bit. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compileKernels, KERNEL_FOLDERS, kernelsPath, printKernels } from '../bench/kernels.ts';
import { calibrate } from '../compiler/calibrate.ts';
import { convert } from '../compiler/passes/convert.ts';
import { quantize } from '../compiler/passes/quantize.ts';
import { splitFanIn } from '../compiler/passes/split-fan-in.ts';
import { measureRanges } from '../compiler/ranges.ts';
import { findSites } from '../compiler/sites.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../ir/dialect.ts';
import { createFastAnnRunner } from '../ir/fast/ann.ts';
import { arenaOn, createArena, plainMemory } from '../ir/fast/arena.ts';
import { createFastIntRunner } from '../ir/fast/int.ts';
import { createPlainKernels } from '../ir/fast/plain-kernels.ts';
import { prepareWeighted } from '../ir/fast/real-product.ts';
import { createFastSnnRunner } from '../ir/fast/snn.ts';
import { interpretAnn } from '../ir/interpret/ann.ts';
import { createIntRunner, type IntRunner } from '../ir/interpret/int.ts';
import { createSnnRunner, type SnnRunner } from '../ir/interpret/snn.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { randomModern } from '../ir/random/modern.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { CODINGS, type Coding, type SnnEmit } from '../ir/snn.ts';
import { descend, randomImages } from './kit.ts';

/** What was seen, in order: the same bits are the same text, −0 included. */
function createTrace() {
  const lines: string[] = [];
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
    Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  return {
    lines,
    add: (name: string, ...arrays: readonly ArrayBufferView[]) =>
      lines.push(`${name} ${arrays.map(bytes).join(' ')}`),
  };
}

const UNTIDY = { tokens: 10, dim: 27, heads: 3, mlp: 41, depth: 1, classes: 5, patch: 13 } as const;

/** Networks of all kinds of parts, with sizes that fill no block of the kernels. */
const networks = (count: number): readonly AnnGraph[] =>
  Array.from({ length: count }, (_, seed) => seed).flatMap(seed => [
    randomAnn(seed),
    randomModern(seed),
    randomAnn(seed, { ...UNTIDY, tokens: 2 + (seed % 9), mlp: 30 + seed }),
  ]);

test('the committed kernels are what their sources compile to', () => {
  for (const folder of KERNEL_FOLDERS)
    assert.equal(readFileSync(kernelsPath(folder), 'utf8'), printKernels(compileKernels(folder)));
});

test('products in plain loops, where no WebAssembly memory can be had', () => {
  const arenas = [createArena(), arenaOn(plainMemory(), createPlainKernels)];
  const random = createRandom(7);
  for (const shape of [
    { rows: 5, inner: 7, columns: 9 },
    { rows: 3, inner: 4, columns: 8 },
  ]) {
    const draw = (n: number, scale: number) =>
      Float64Array.from({ length: n }, () => scale * random.normal());
    const [x, w, y] = [draw(shape.rows * shape.inner, 1), draw(shape.inner * shape.columns, 1), draw(45, 1)];
    const answers = arenas.map(arena => {
      const trace = createTrace();
      for (const weight of [w, Float32Array.from(w)]) {
        const out = y.slice();
        prepareWeighted(arena, shape, weight)((to, at) => to.set(x, at), out);
        trace.add('real', out);
      }
      return trace.lines;
    });
    assert.deepEqual(answers[1], answers[0]);
  }
});

test('ann: every value of every node', () => {
  for (const graph of networks(15)) {
    const runner = createFastAnnRunner(graph);
    for (const image of randomImages(graph, 2, 1)) {
      const [wanted, got] = [createTrace(), createTrace()];
      for (const [name, y] of interpretAnn(graph, image, (n, y) => wanted.add(n.id, y))) wanted.add(name, y);
      for (const [name, y] of runner.run(image, (n, y) => got.add(n.id, y))) got.add(name, y);
      assert.deepEqual(got.lines, wanted.lines, graph.name);
    }
  }
});

function traceSnn(runner: SnnRunner, image: Float64Array): readonly string[] {
  const trace = createTrace();
  const readouts = runner.run(image, (step, node, { values, terms, sums, target, currents }) =>
    trace.add(`${step} ${node.id}`, values, terms, sums, target, ...currents),
  );
  trace.add('readouts', ...readouts);
  return trace.lines;
}

function traceInt(runner: IntRunner, image: Float64Array): readonly string[] {
  const trace = createTrace();
  const readouts = runner.run(image, (step, node, { values, terms, sums }) =>
    trace.add(`${step} ${node.id}`, values, terms, sums),
  );
  trace.add('readouts', ...readouts);
  trace.lines.push(JSON.stringify([...runner.saturations]));
  return trace.lines;
}

const CASES = [
  { coding: 'sum', steps: 1, shift: 4, terms: 3 },
  { coding: 'sum', steps: 3, shift: 2, terms: 1 },
  { coding: 'rate', steps: 4, shift: 3, terms: 2 },
  { coding: 'differential', steps: 3, shift: 2, terms: 2 },
  { coding: 'differential', steps: 5, shift: 4, terms: 1, coarse: 1 },
  { coding: 'sum', steps: 3, shift: 4, terms: 2, coarse: 1 },
] as const;

/** Nothing fires: graded values everywhere, too wide for 16 bits here and there. */
function graded(
  graph: AnnGraph,
  images: readonly Float64Array[],
  coding: Coding,
  { accumulatorBits, stateBits }: { readonly accumulatorBits: number; readonly stateBits: number },
) {
  const { report } = createDiagnostics();
  const snn = convert.run(graph, { coding, steps: 2, emits: new Map() }, report);
  const widths = { weightBits: 8, accumulatorBits, stateBits, inputFraction: 12 };
  return { snn, int: quantize.run(snn, { ranges: measureRanges(snn, images), ...widths }, report) };
}

/** Populations in doubles, and in integers of 32 bits. */
const WIDTHS = [
  { accumulatorBits: 48, stateBits: 31 },
  { accumulatorBits: 24, stateBits: 24 },
] as const;

test('int: doubles where bounds do not prove 16 and 32 bits, for the images that need them', () => {
  for (const graph of networks(5)) {
    for (const [coding, widths] of CODINGS.flatMap(c => WIDTHS.map(w => [c, w] as const))) {
      const [image] = randomImages(graph, 1, 1);
      const wide = image!.map(x => 40 * x);
      const { int } = graded(graph, [image!], coding, widths);
      const largest = { value: 0 };
      createIntRunner(int).run(wide, (_, __, { sums }) => {
        for (const sum of sums) largest.value = Math.max(largest.value, Math.abs(sum));
      });
      assert.ok(largest.value >= 2 ** 15, graph.name);
      const [fast, slow] = [createFastIntRunner(int), createIntRunner(int)];
      for (const x of [image!, wide, image!]) {
        assert.deepEqual(traceInt(fast, x), traceInt(slow, x), `${graph.name} ${coding}`);
      }
    }
  }
});

test("snn: the paper's neurons, with a threshold for each sign", () => {
  for (const graph of networks(5)) {
    for (const coding of CODINGS) {
      const images = randomImages(graph, 2, 3);
      const sites = findSites(graph);
      const { report } = createDiagnostics();
      const emits = new Map(
        [...calibrate(graph, sites, images)].map(([id, { theta1, theta2 }]): [ValueId, SnnEmit] => {
          const rule = id.length % 2 === 0 ? 'paper' : 'nearest';
          return [id, { kind: 'mt', theta1: theta1 / 4, theta2, levels: 5, terms: 2, band: 0.5, rule }];
        }),
      );
      const snn = convert.run(graph, { coding, steps: 3, emits }, report);
      const [fast, slow] = [createFastSnnRunner(snn), createSnnRunner(snn)];
      for (const image of images) assert.deepEqual(traceSnn(fast, image), traceSnn(slow, image), graph.name);
    }
  }
});

test('snn and int: every payload, sum and count of every population and step', () => {
  for (const graph of networks(10)) {
    const images = randomImages(graph, 4, 1);
    for (const options of CASES) {
      const { snn, int } = descend(graph, images.slice(0, 2), options);
      const [realFast, realSlow] = [createFastSnnRunner(snn), createSnnRunner(snn)];
      const [wholeFast, wholeSlow] = [createFastIntRunner(int), createIntRunner(int)];
      for (const image of images.slice(1)) {
        const place = `${graph.name} ${options.coding}`;
        assert.deepEqual(traceSnn(realFast, image), traceSnn(realSlow, image), place);
        assert.deepEqual(traceInt(wholeFast, image), traceInt(wholeSlow, image), place);
      }
    }
  }
});

test('int: partial sums of a split fan-in, which are weighed where they are added up', () => {
  const { report } = createDiagnostics();
  for (const graph of networks(2)) {
    const images = randomImages(graph, 2, 5);
    const { int } = descend(graph, images, { coding: 'differential', steps: 4, shift: 3, terms: 2 });
    const split = splitFanIn.run(int, { piecesOf: () => 3 }, report);
    assert.ok(split.nodes.length > int.nodes.length);
    const [fast, slow] = [createFastIntRunner(split), createIntRunner(split)];
    for (const image of images) assert.deepEqual(traceInt(fast, image), traceInt(slow, image), graph.name);
  }
});
