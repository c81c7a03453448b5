/** Graphs that cannot be, attributes that say two things, inputs that are none: all of it told at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkGraph, orderNodes } from '../../compiler/onnx/order.ts';
import { messagesOf, read, readSound } from './read.ts';
import { message, model, type NodeSpec, node, type Tree, value } from './wire-writer.ts';

const RELU: readonly NodeSpec[] = [{ op: 'Relu', in: ['x'], out: ['y'], name: '/relu' }];
const said = (file: Uint8Array): readonly string[] => messagesOf(read(file).list);
const opset = (version: number | bigint, domain = ''): Tree => [
  [
    8,
    [
      [1, domain],
      [2, version],
    ],
  ],
];

test('names that stand twice or nowhere', () => {
  const w: Tree = [
    [8, 'w'],
    [1, 1],
    [2, 1],
    [9, new Uint8Array(4)],
  ];
  const unnamed: Tree = [
    [1, 1],
    [2, 1],
    [9, new Uint8Array(4)],
  ];
  const graph: Tree = [
    [5, w],
    [5, w],
    [5, unnamed],
    [11, value('x')],
    [12, value('y')],
  ];
  const axis: Tree = [
    [
      5,
      [
        [1, 'axis'],
        [20, 2],
        [3, 1],
      ],
    ],
  ];
  const nodes: readonly NodeSpec[] = [
    { op: '', in: ['x'], out: ['z'], name: '/nothing' },
    { op: 'Relu', in: ['x'], out: ['y'], name: '/relu', more: [...axis, ...axis] },
  ];
  assert.deepEqual(said(model(nodes, { graph, more: opset(18) })), [
    'E0107 the graph is not sound: initializer w stands twice',
    'E0107 the graph is not sound: an initializer has no name',
    'E0107 the graph is not sound: input x stands twice',
    'E0107 the graph is not sound: output y stands twice',
    'E0107 the graph is not sound: node /nothing names no operator',
    'E0117 attribute axis of /relu stands twice',
    'E0107 the graph is not sound: it names versions 17 and 18 of one operator set',
  ]);
});

test('everything that is wrong with a graph is told at once', () => {
  const { graph } = readSound(
    model([
      { op: 'Add', in: ['x', 'b2'], out: ['a1'], name: '/a' },
      { op: 'Relu', in: ['a1'], out: ['b2'], name: '/b' },
      { op: 'Add', in: ['lost', 'b2'], out: ['c'], name: '/c' },
      { op: 'Relu', in: ['x'], out: ['c'], name: '/d' },
      { op: 'Neg', in: ['n'], out: ['n'], name: '/n' },
      { op: 'Relu', in: ['gone', ''], out: ['y', ''], name: '/e' },
    ]),
  );
  assert.deepEqual(checkGraph(graph), [
    'value c is made twice',
    'value lost, which /c reads, is never made',
    'value gone, which /e reads, is never made',
    'node /a needs its own result: /b → /a → /b',
    'node /n needs its own result: /n → /n',
  ]);
  const lost = Array.from({ length: 50 }, (_, i) => ({ op: 'Relu', in: [`lost${i}`], out: [`o${i}`] }));
  const many = checkGraph(readSound(model([...RELU, ...lost])).graph);
  assert.deepEqual([many.length, many.at(-1)], [21, 'and 30 more like these']);
});

const branch = (nodes: readonly NodeSpec[], output: string, more: Tree = []): Tree => [
  ...nodes.map(n => [1, node(n)] as const),
  [12, [[1, output]]],
  ...more,
];
const condition = (then: Tree): NodeSpec => ({
  ...{ op: 'If', in: ['x'], out: ['y'], name: '/if' },
  more: [
    [
      5,
      [
        [1, 'then_branch'],
        [20, 5],
        [6, then],
      ],
    ],
  ],
});

test('inner graphs see the values around them and must not hide them', () => {
  const inner = branch([{ op: 'Relu', in: ['later'], out: ['i'] }], 'i');
  const { graph } = readSound(
    model([condition(inner), { op: 'Neg', in: ['x'], out: ['later'], name: '/neg' }]),
  );
  assert.deepEqual(checkGraph(graph), []);
  assert.deepEqual(
    orderNodes(graph).map(n => n.name),
    ['/neg', '/if'],
  );
  const problems = (then: Tree) => checkGraph(readSound(model([condition(then)])).graph);
  assert.deepEqual(problems(branch([{ op: 'Relu', in: ['lost'], out: ['x'], name: '/r' }], 'nothing')), [
    'value x of an inner graph hides an outer one',
    'value lost, which /r reads, is never made',
    'output nothing of an inner graph is never made',
  ]);
  assert.match(
    problems(branch([{ op: 'Relu', in: ['y'], out: ['i'] }], 'i'))[0] ?? '',
    /\/if needs its own result/,
  );
});

const attribute = (...fields: Tree): readonly string[] =>
  said(model([{ ...RELU[0]!, more: [[5, [[1, 'a'], ...fields]]] }]));

test('an attribute is read from the field that its type declares, or not at all', () => {
  const kept = (...fields: Tree) => {
    const { graph } = readSound(model([{ ...RELU[0]!, more: [[5, [[1, 'a'], ...fields]]] }]));
    return graph.nodes[0]?.attributes.get('a');
  };
  assert.deepEqual(kept([20, 1], [2, { f32: 0.5 }]), { kind: 'numbers', values: [0.5] });
  assert.deepEqual(kept([20, 2]), { kind: 'numbers', values: [0] });
  assert.deepEqual(kept([20, 7]), { kind: 'numbers', values: [] });
  assert.deepEqual(kept([20, 7], [8, 1], [8, Uint8Array.of(2, 3)], [8, -1]), {
    kind: 'numbers',
    values: [1, 2, 3, -1],
  });
  assert.deepEqual(kept([2, { f32: 0.5 }]), { kind: 'numbers', values: [0.5] });
  assert.deepEqual(kept([3, 0], [4, 'text']), { kind: 'strings', values: ['text'] });
  assert.deepEqual(kept([20, 2], [3, 5], [2, { f32: 0 }]), { kind: 'numbers', values: [5] });
  assert.deepEqual(kept([20, 9], [10, []]), { kind: 'other', type: 'TENSORS' });
  assert.deepEqual(attribute([20, 1], [3, 5]), [
    'E0117 attribute a of /relu is declared FLOAT and holds INT',
  ]);
  assert.deepEqual(attribute([20, 4]), ['E0117 attribute a of /relu is declared TENSOR and holds nothing']);
  assert.deepEqual(attribute([3, 5], [8, 5]), [
    'E0117 attribute a of /relu declares no type and holds INT and INTS',
  ]);
  assert.match(attribute([20, 77], [3, 5])[0] ?? '', /type number 77/);
});

test('inputs that are no tensors of numbers', () => {
  const input = (type: Tree): readonly string[] =>
    said(
      message([
        [
          7,
          [
            [1, node(RELU[0]!)],
            [
              11,
              [
                [1, 'x'],
                [2, type],
              ],
            ],
            [12, value('y')],
          ],
        ],
        ...opset(17),
      ]),
    );
  assert.deepEqual(input([[4, []]]), ['E0110 input x is a sequence, an image is a tensor']);
  assert.deepEqual(input([[1, [[1, 8]]]]), ['E0110 input x holds string, an image holds real numbers']);
});
