/** Functions of the model's own: their bodies stand in place of their calls. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OnnxAttribute, OnnxNode } from '../../compiler/onnx/model.ts';
import { checkGraph } from '../../compiler/onnx/order.ts';
import { messagesOf, read, readSound } from './read.ts';
import { assertNear, imported, outputsOf } from './run.ts';
import { model, type NodeSpec, node, type Tree } from './wire-writer.ts';

interface FunctionSpec {
  readonly name: string;
  readonly domain?: string;
  readonly in: readonly string[];
  readonly out: readonly string[];
  readonly nodes: readonly NodeSpec[];
  readonly opset?: number;
  readonly more?: Tree;
}
const fn = (spec: FunctionSpec): Tree => [
  [1, spec.name],
  ...spec.in.map(name => [4, name] as const),
  ...spec.out.map(name => [5, name] as const),
  ...spec.nodes.map(n => [7, node(n)] as const),
  [
    9,
    [
      [1, ''],
      [2, spec.opset ?? 17],
    ],
  ],
  [10, spec.domain ?? 'local'],
  ...(spec.more ?? []),
];
const build = (nodes: readonly NodeSpec[], functions: readonly FunctionSpec[]): Uint8Array =>
  model(nodes, { more: functions.map(f => [25, fn(f)] as const) });
const call = (op: string, inputs: readonly string[], out: readonly string[], more: Tree = []): NodeSpec => ({
  ...{ op, domain: 'local', name: `/${op.toLowerCase()}`, in: inputs, out },
  more,
});
const float = (name: string, f32: number): Tree => [
  [
    5,
    [
      [1, name],
      [20, 1],
      [2, { f32 }],
    ],
  ],
];
const reference = (name: string, to: string): Tree => [
  [
    5,
    [
      [1, name],
      [20, 1],
      [21, to],
    ],
  ],
];

const printed = (nodes: readonly OnnxNode[]): readonly string[] =>
  nodes.map(n => `${n.name}: ${n.outputs} = ${n.operator}(${n.inputs})`);
const numberOf = (found: OnnxAttribute | undefined): unknown => found?.kind === 'numbers' && found.values[0];

const TWICE: FunctionSpec = {
  ...{ name: 'Twice', in: ['a'], out: ['b'] },
  nodes: [
    { op: 'Neg', in: ['a'], out: ['t'], name: 'neg' },
    { op: 'Sub', in: ['a', 't'], out: ['b'], name: 'sub' },
  ],
};

test('a call becomes its body; values and nodes keep the call in their names', () => {
  const file = build([call('Twice', ['x'], ['y'])], [TWICE]);
  const { graph } = readSound(file);
  assert.deepEqual(printed(graph.nodes), [
    '/twice/neg: /twice/t = Neg(x)',
    '/twice/sub: y = Sub(x,/twice/t)',
  ]);
  assertNear(outputsOf(imported(file), [1, -2, 3, 0.5]), [2, -4, 6, 1], 0);
});

test('functions call functions; two calls do not share names, nor take those of others', () => {
  const four: FunctionSpec = {
    ...{ name: 'Four', in: ['a'], out: ['b'] },
    nodes: [call('Twice', ['a'], ['t']), call('Twice', ['t'], ['b'])],
  };
  const taken = { op: 'Relu', in: ['x'], out: ['/four/t'] };
  const file = build([taken, call('Four', ['/four/t'], ['m']), call('Four', ['m'], ['y'])], [four, TWICE]);
  const { graph } = readSound(file);
  assert.deepEqual(checkGraph(graph), []);
  assert.equal(graph.nodes.length, 9);
  assertNear(outputsOf(imported(file), [1, -2, 3, 0.5]), [16, 0, 48, 8], 0);
});

test('attributes: given by the call, by default, or left out', () => {
  const leaky: FunctionSpec = {
    ...{ name: 'Leaky', in: ['a'], out: ['c'] },
    nodes: [
      { op: 'LeakyRelu', in: ['a'], out: ['b'], more: reference('alpha', 'slope') },
      { op: 'LeakyRelu', in: ['b'], out: ['c'], more: reference('alpha', 'other') },
    ],
    more: [
      [6, 'other'],
      [
        11,
        [
          [1, 'slope'],
          [20, 1],
          [2, { f32: 0.25 }],
        ],
      ],
    ],
  };
  const alphas = (more: Tree) =>
    readSound(build([call('Leaky', ['x'], ['y'], more)], [leaky])).graph.nodes.map(n =>
      numberOf(n.attributes.get('alpha')),
    );
  assert.deepEqual(alphas([]), [0.25, false]);
  assert.deepEqual(alphas(float('slope', 0.5)), [0.5, false]);
  assert.deepEqual(alphas(float('other', 2)), [0.25, 2]);
});

test('a function’s nodes keep its operator set', () => {
  const nodes = (opset: number) =>
    readSound(build([call('Twice', ['x'], ['y'])], [{ ...TWICE, opset }])).graph.nodes.map(n => n.opset);
  assert.deepEqual(nodes(13), [13, 13]);
  assert.deepEqual(nodes(17), [undefined, undefined]);
});

test('results that are inputs or stand twice, inputs and results that are left out', () => {
  const odd: FunctionSpec = {
    ...{ name: 'Odd', in: ['a', 'unused'], out: ['a', 'b', 'b', 'c'] },
    nodes: [
      { op: 'Neg', in: ['a'], out: ['b'], name: 'neg' },
      { op: 'Clip', in: ['a', 'unused'], out: ['c'], name: 'clip' },
    ],
  };
  const { graph } = readSound(build([call('Odd', ['x'], ['p', 'q', 'y'])], [odd]));
  assert.deepEqual(printed(graph.nodes), [
    '/odd/neg: q = Neg(x)',
    '/odd/clip: /odd/c = Clip(x,)',
    '/odd/a: p = Identity(x)',
    '/odd/b: y = Identity(q)',
  ]);
});

test('graphs in a function are part of its body', () => {
  const branch = (op: string): Tree => [
    [1, node({ op, in: ['a'], out: ['inner'], name: op.toLowerCase() })],
    [12, [[1, 'inner']]],
  ];
  const choose: FunctionSpec = {
    ...{ name: 'Choose', in: ['c', 'a'], out: ['b'] },
    nodes: [
      {
        ...{ op: 'If', in: ['c'], out: ['b'], name: 'if' },
        more: [
          [
            5,
            [
              [1, 'then_branch'],
              [20, 5],
              [6, branch('Relu')],
            ],
          ],
          [
            5,
            [
              [1, 'else_branch'],
              [20, 5],
              [6, branch('Neg')],
            ],
          ],
        ],
      },
    ],
  };
  const graph: Tree = [
    [
      5,
      [
        [8, 'c'],
        [2, 9],
        [5, 1],
      ],
    ],
  ];
  const file = model([call('Choose', ['c', 'x'], ['y'])], { graph, more: [[25, fn(choose)]] });
  const { graph: read } = readSound(file);
  assert.deepEqual(checkGraph(read), []);
  const then = read.nodes[0]?.attributes.get('then_branch');
  assert.ok(then?.kind === 'graph');
  assert.deepEqual(printed(then.graph.nodes), ['/choose/relu: /choose/inner = Relu(x)']);
  assert.deepEqual(
    then.graph.outputs.map(o => o.name),
    ['/choose/inner'],
  );
});

test('overloads are told apart', () => {
  const more = (overload: string): Tree => [[13, overload]];
  const one = { ...TWICE, more: more('one') };
  const two: FunctionSpec = { ...TWICE, nodes: [{ op: 'Relu', in: ['a'], out: ['b'] }], more: more('two') };
  const { graph } = readSound(build([call('Twice', ['x'], ['y'], [[8, 'two']])], [one, two]));
  assert.deepEqual(
    graph.nodes.map(n => n.operator),
    ['Relu'],
  );
});

function refused(nodes: readonly NodeSpec[], ...functions: readonly FunctionSpec[]): readonly string[] {
  const { model, list } = read(build(nodes, functions));
  assert.equal(model, undefined);
  return messagesOf(list);
}

test('functions that do not end or do not fit are refused', () => {
  const self = (name: string, to: string): FunctionSpec => ({
    ...{ name, in: ['a'], out: ['b'] },
    nodes: [call(to, ['a'], ['b'])],
  });
  const main = [call('A', ['x'], ['y'])];
  assert.deepEqual(refused(main, self('A', 'A')), ['E0116 function local.A calls itself: local.A → local.A']);
  assert.match(refused(main, self('A', 'B'), self('B', 'A'))[0] ?? '', /local.A → local.B → local.A/);
  const wide = [call('Twice', ['x', 'x', 'x'], ['y'])];
  assert.match(refused(wide, TWICE)[0] ?? '', /E0116 .* has 1 inputs; \/twice gives 3/);
  assert.match(refused([call('Twice', ['x'], ['y', 'z'])], TWICE)[0] ?? '', /has 1 outputs; \/twice reads 2/);
  const { list } = read(build([call('Twice', ['x'], ['y'])], [TWICE, TWICE]));
  assert.match(messagesOf(list)[0] ?? '', /E0116 .* stands twice/);
  const stray = read(model([{ op: 'LeakyRelu', in: ['x'], out: ['y'], more: reference('alpha', 'slope') }]));
  assert.match(messagesOf(stray.list)[0] ?? '', /E0117 attribute alpha .* outside of any/);
});

test('functions that grow without bound are refused', () => {
  const bomb = Array.from(
    { length: 40 },
    (_, i): FunctionSpec => ({
      ...{ name: `F${i}`, in: ['a'], out: ['b'] },
      nodes:
        i === 39
          ? [{ op: 'Relu', in: ['a'], out: ['b'] }]
          : [call(`F${i + 1}`, ['a'], ['t']), call(`F${i + 1}`, ['t'], ['b'])],
    }),
  );
  assert.match(refused([call('F0', ['x'], ['y'])], ...bomb)[0] ?? '', /E0115 .*more than \d+/);
  const chain = Array.from(
    { length: 3000 },
    (_, i): FunctionSpec => ({
      ...{ name: `F${i}`, in: ['a'], out: ['b'] },
      nodes: [call(`F${i + 1}`, ['a'], ['b'])],
    }),
  );
  assert.match(refused([call('F0', ['x'], ['y'])], ...chain)[0] ?? '', /E0115 .*deeper than 64/);
});
