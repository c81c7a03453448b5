import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ann } from '../ir/ann.ts';
import { UserError } from '../ir/diagnostics/diagnostic.ts';
import type { AnyGraph } from '../ir/dialect.ts';
import { int } from '../ir/int.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { snn } from '../ir/snn.ts';
import { parseGraph, printGraph } from '../ir/text.ts';
import { verifyGraph } from '../ir/verify.ts';
import { descend, randomImages } from './kit.ts';

function roundTrip(graph: AnyGraph): void {
  const printed = printGraph(graph);
  const parsed = parseGraph(printed, graph.dialect);
  assert.deepEqual(verifyGraph(parsed), []);
  const again = printGraph(parsed);
  assert.equal(again.text, printed.text);
  assert.deepEqual(again.tensors, printed.tensors);
}

test('print → parse → print is the identity at ann, snn and int', () => {
  for (let seed = 0; seed < 12; seed++) {
    const graph = randomAnn(seed);
    roundTrip(graph);
    const { snn: spiking, int: whole } = descend(graph, randomImages(graph, 3, seed), {
      coding: 'sum',
      steps: 1,
      shift: 4,
      terms: 3,
    });
    roundTrip(spiking);
    roundTrip(whole);
  }
});

test('text that is no text of the stage is refused with its line', () => {
  const printed = printGraph(randomAnn(1));
  const wrong: readonly (readonly [string, string])[] = [
    ['snnir 0 ann', 'snnir 9 ann'],
    ['= linear(', '= lineal('],
    ['weight=', 'wait='],
    [': real[', ': float['],
    ['%0 = ', '0 = '],
  ];
  for (const [from, to] of wrong) {
    const text = printed.text.replace(from, to);
    assert.notEqual(text, printed.text);
    assert.throws(
      () => parseGraph({ ...printed, text }, ann),
      (error: unknown) => error instanceof UserError && error.diagnostics[0]!.code === 'E0201',
    );
  }
  assert.throws(() => parseGraph(printed, snn), UserError);
  assert.throws(() => parseGraph(printed, int), UserError);
  const short = { ...printed, tensors: printed.tensors.slice(1) };
  assert.throws(
    () => parseGraph(short, ann),
    (error: unknown) => error instanceof UserError && error.diagnostics[0]!.code === 'E0202',
  );
});

test('the verifier names what is wrong', () => {
  const graph = randomAnn(2);
  const [first, second, ...rest] = graph.nodes;
  const swapped = { ...graph, nodes: [second!, first!, ...rest] };
  assert.match(verifyGraph(swapped)[0]!.message, /not defined before/);
  const bent = {
    ...graph,
    nodes: graph.nodes.map(n => (n.kind === 'linear' ? { ...n, type: { ...n.type, shape: [3, 3, 3] } } : n)),
  };
  assert.ok(verifyGraph(bent).length > 0);
  assert.match(verifyGraph({ ...graph, outputs: [] })[0]!.message, /returns nothing/);
});
