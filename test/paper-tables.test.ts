/** Tables 1 and 3 of the paper: its convention of counting, from shapes and rates. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opTable } from '../compiler/paper/op-table.ts';
import { energyFromRates, type MacShares } from '../compiler/paper/rates.ts';
import { type AnnGraph, type AnnNode, type AnnOf, ann } from '../ir/ann.ts';
import { createConstants } from '../ir/constants.ts';
import type { ValueId } from '../ir/dialect.ts';
import { holeMap } from '../ir/map.ts';

interface Sizes {
  readonly tokens: number;
  readonly channels: number;
  readonly hidden: number;
  readonly heads: number;
  readonly blocks: number;
  readonly classes: number;
}

const EVA: Sizes = { tokens: 577, channels: 1408, hidden: 6144, heads: 16, blocks: 40, classes: 1000 };
const vit = (channels: number, heads: number, blocks: number): Sizes => ({
  ...{ tokens: 197, channels, hidden: 4 * channels, heads, blocks, classes: 1000 },
});

/** A Vision Transformer of these sizes whose weights cannot be read. */
function hollowTransformer(s: Sizes): AnnGraph {
  const constants = createConstants();
  const nodes: AnnNode[] = [];
  const add = <K extends AnnNode['kind']>(
    kind: K,
    operands: ValueId[],
    attrs: AnnOf<K>['attrs'],
    shape: readonly number[],
  ): ValueId => {
    const id: ValueId = `%${nodes.length}`;
    nodes.push({
      kind,
      id,
      operands,
      attrs,
      type: { element: 'real', shape },
      origin: id,
    } as unknown as AnnNode);
    return id;
  };
  const linear = (x: ValueId, inputs: number, outputs: number, rows = s.tokens) => {
    const key = `${nodes.length}`;
    const read = () => assert.fail('a weight was read');
    const weight = constants.addLazy({ dtype: 'f32', shape: [inputs, outputs], key, origin: key, read });
    return add('linear', [x], { weight }, [rows, outputs]);
  };
  const view = (x: ValueId, shape: readonly number[]) =>
    add('view', [x], { map: holeMap(shape.reduce((a, b) => a * b)) }, shape);
  const norm = (x: ValueId) => add('layernorm', [x], { epsilon: 1e-6 }, [s.tokens, s.channels]);
  const d = s.channels / s.heads;
  const grid = [s.tokens, s.channels];
  let x = linear(add('input', [], { name: 'x' }, [s.tokens, 588]), 588, s.channels);
  for (let block = 0; block < s.blocks; block++) {
    const ln1 = norm(x);
    const head = () => view(linear(ln1, s.channels, s.channels), [s.heads, s.tokens, d]);
    const scores = add('matmul', [head(), head()], {}, [s.heads, s.tokens, s.tokens]);
    const softmax = add('softmax', [scores], { scale: d ** -0.5, base: 'e' }, [s.heads, s.tokens, s.tokens]);
    const v = view(linear(ln1, s.channels, s.channels), [s.heads, d, s.tokens]);
    const attended = view(add('matmul', [softmax, v], {}, [s.heads, s.tokens, d]), grid);
    x = add('add', [x, linear(attended, s.channels, s.channels)], {}, grid);
    const active = add('pointwise', [linear(norm(x), s.channels, s.hidden)], { function: 'gelu' }, [
      s.tokens,
      s.hidden,
    ]);
    x = add('add', [x, linear(active, s.hidden, s.channels)], {}, grid);
  }
  const logits = linear(view(norm(x), [1, s.channels]), s.channels, s.classes, 1);
  const outputs = [add('output', [logits], { name: 'logits' }, [1, s.classes])];
  return { dialect: ann, name: 'hollow', attrs: {}, nodes, outputs, constants, tables: {} };
}

/** Cut after two decimals, as the paper prints millions. */
const millions = (x: number): string => (Math.floor(x / 1e4) / 100).toFixed(2);

test('Table 3: a block of EVA from shapes alone, every row as printed but q·k, whose formula is corrected', () => {
  const { rows, blocks, macs } = opTable(hollowTransformer(EVA));
  assert.equal(blocks, 40);
  const inBlock = (label: string) => rows.find(row => row.label === label)!.total / blocks;
  const of = (label: string) => millions(inBlock(label));
  assert.deepEqual(['qkv', 's·v', 'proj', 'fc1', 'gelu', 'fc2', 'softmax'].map(of), [
    '3431.64',
    '468.76',
    '1143.88',
    '4991.48',
    '3.54',
    '4991.48',
    '5.32',
  ]);
  const norms = rows.find(row => row.label === 'layernorm')!;
  assert.equal(norms.nodes, 2 * blocks + 1);
  assert.equal(millions(norms.total / norms.nodes), '0.81');
  const scores = rows.find(row => row.label === 'q·k')!;
  assert.equal(millions(scores.total / blocks), '468.76');
  assert.equal(millions(scores.printed! / blocks), '71.49');
  assert.equal(millions((macs.linear + macs.product) / blocks), '15496.02');
  assert.equal(macs.head, 1408 * 1000);
  assert.equal(((macs.linear + macs.product) / 1e9).toFixed(2), '619.84');
  const asPrinted = macs.linear + macs.product - scores.total + scores.printed!;
  assert.equal((asPrinted / 1e9).toFixed(2), '603.95');
});

/** Rates of step 1, step 2 and all further ones. */
const threeRates = (first: number, second: number, steady: number): readonly number[] =>
  Array.from({ length: 12 }, (_, t) => [first, second][t] ?? steady);

test('Table 1: the energy convention rebuilds the printed ratios within 0.01 from three rates of each model', () => {
  const shares = (sizes: Sizes): MacShares => opTable(hollowTransformer(sizes)).macs;
  const near = (found: number, printed: number, what: string) =>
    assert.ok(Math.abs(found - printed) <= 0.01, `${what}: ${found.toFixed(4)} for ${printed}`);
  const eva = energyFromRates(shares(EVA), threeRates(0.308, 0.424, 0.458));
  const printed = [
    [1, 0.06],
    [2, 0.15],
    [4, 0.35],
    [6, 0.55],
    [8, 0.74],
    [10, 0.93],
    [12, 1.13],
  ] as const;
  for (const [t, ratio] of printed) near(eva[t - 1]!, ratio, `EVA T = ${t}`);
  const others = [
    [vit(384, 6, 12), threeRates(0.308, 0.414, 0.503), 0.06, 1.25],
    [vit(768, 12, 12), threeRates(0.208, 0.387, 0.429), 0.04, 1.01],
    [vit(1024, 16, 24), threeRates(0.207, 0.392, 0.38), 0.04, 0.89],
  ] as const;
  for (const [sizes, rates, first, last] of others) {
    const energies = energyFromRates(shares(sizes), rates);
    near(energies[0]!, first, `${sizes.channels} T = 1`);
    near(energies[11]!, last, `${sizes.channels} T = 12`);
  }
});
