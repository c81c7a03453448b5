/** Files that are broken, hostile, or something else: one clear message, in bounded time and memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBudget, LIMITS } from '../../compiler/onnx/limits.ts';
import { checkGraph } from '../../compiler/onnx/order.ts';
import { messagesOf, read, readSound } from './read.ts';
import { codesOf, refused } from './run.ts';
import { field, join, message, model, type NodeSpec, node, type Tree, value, varint } from './wire-writer.ts';

const RELU: readonly NodeSpec[] = [{ op: 'Relu', in: ['x'], out: ['y'], name: '/relu' }];
const said = (file: Uint8Array): readonly string[] => messagesOf(read(file).list);
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, c => c.charCodeAt(0));
const opset = (version: number | bigint, domain = ''): Tree => [
  [
    8,
    [
      [1, domain],
      [2, version],
    ],
  ],
];

/** The first bytes of each kind of file, as its own tools write it. */
const CONTAINERS: readonly (readonly [string, string])[] = [
  ['\x1f\x8b\x08\x08vit.onnx\0', 'gzip'],
  ['PK\x03\x04\x14\0\0\0\x08\0\0\0!\0archive/data.pkl', 'PyTorch checkpoint'],
  [`PK\x03\x04${'\0'.repeat(26)}images.npy`, 'NumPy archive'],
  [`PK\x03\x04${'\0'.repeat(26)}model.onnx`, 'zip'],
  ['\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M', 'pickle'],
  ['\x89HDF\r\n\x1a\n\0\0\0\0', 'HDF5'],
  ['\x1c\0\0\0TFL3\x14\0 \0', 'TensorFlow Lite'],
  ['\x18\0\0\0ORTM\0\0', 'ONNX Runtime'],
  ['\x40\x2e\0\0\0\0\0\0{"blocks.0":{"dtype":"F32"', 'safetensors'],
  ['\x93NUMPY\x01\0v\0', 'NumPy array'],
  ['version https://git-lfs.github.com/spec/v1\noid sha256:0', 'Git LFS'],
  ['<!DOCTYPE html><html><body>404', 'web page'],
  ['<\n  ir_version: 8,\n  opset_import: [ "" : 17 ]\n>\nvit (float[1,4] x)', 'ONNX model in text form'],
  ['ir_version: 8\nproducer_name: "torch"\n', 'ONNX model in text form'],
  ['{"irVersion":"8","graph":{}}', 'JSON'],
  ['# Vision Transformer\n\nWeights are below.', 'text'],
  ['\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'PNG'],
];

test('a file of another kind is called by its name', () => {
  for (const [bytes, what] of CONTAINERS) {
    const { model: found, list } = read(latin1(bytes));
    assert.equal(found, undefined);
    assert.deepEqual(codesOf(list), ['E0102'], what);
    assert.ok(list[0]?.message.includes(what), `${what}: ${list[0]?.message}`);
    assert.ok((list[0]?.help ?? '').length > 0);
  }
});

test('protobuf of another kind, and models without what a model needs', () => {
  const reasons = [
    message([
      [1, 1],
      [2, 'saved model'],
    ]),
    message([
      [
        1,
        [
          [1, 'node'],
          [2, 'Const'],
        ],
      ],
    ]),
    model([]),
    message([[7, [[1, node(RELU[0]!)]]]]),
    model(RELU, { opset: 0 }),
    model(RELU, { opset: 9999 }),
    new Uint8Array(),
  ].map(file => said(file).join('\n'));
  const wanted = [
    /of another kind/,
    /of another kind/,
    /no nodes/,
    /no version/,
    /set 0, which/,
    /set 9,?999/,
    /empty/,
  ];
  wanted.forEach((pattern, i) => {
    assert.match(reasons[i] ?? '', pattern);
    assert.match(reasons[i] ?? '', /^E0102 [^\n]*$/);
  });
});

test('bytes that contradict themselves', () => {
  const graph = (...bytes: readonly number[]) => join(field(1, 8), field(7, Uint8Array.from(bytes)));
  const files = [
    [Uint8Array.of(0x3a, ...varint(2 ** 31), 1, 2), /ends too early, after \d+ bytes/],
    [Uint8Array.of(0x3a, ...varint(2n ** 63n), 1), /ends too early/],
    [join(graph(0x0a, 100), new Uint8Array(200)), /longer than the message that holds it/],
    [graph(0x0b), /begins no field/],
    [graph(0x00, 1), /begins no field/],
    [graph(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), /more than ten bytes/],
    [graph(0x08, 1), /wire type 0 in place of 2/],
    [join(model(RELU), field(7, message([[2, 'again']]))), /two graphs/],
  ] as const;
  for (const [bytes, pattern] of files) {
    const messages = said(bytes);
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? '', /^E0102/);
    assert.match(messages[0] ?? '', pattern);
  }
});

test('lists that claim more than there is', () => {
  const ints = join(Uint8Array.of(0x42), Uint8Array.from(varint(2 ** 31)));
  const attribute = join(field(1, 'axes'), field(20, 7), ints);
  assert.match(
    said(model([{ ...RELU[0]!, more: [[5, attribute]] }]))[0] ?? '',
    /^E0102 .*ends too early|longer/,
  );
  const torn = join(field(1, 'axes'), field(20, 7), field(8, Uint8Array.of(1, 0x82)));
  assert.match(
    said(model([{ ...RELU[0]!, more: [[5, join(torn, field(13, 'x'))]] }]))[0] ?? '',
    /within a number/,
  );
});

/** `count` times the same bytes, as the graph of a model. */
function repeated(part: Uint8Array, count: number): Uint8Array {
  const out = new Uint8Array(part.length * count);
  for (let i = 0; i < count; i++) out.set(part, i * part.length);
  return join(message(opset(17)), field(7, out));
}

test('more of anything than a network has', () => {
  const ints = field(8, new Uint8Array(LIMITS.numbers + 1));
  const files: readonly (readonly [Uint8Array, RegExp])[] = [
    [repeated(field(1, new Uint8Array()), 1_000_000), /more than \d+ nodes/],
    [repeated(field(5, new Uint8Array()), 1_000_000), /more than \d+ tensors/],
    [repeated(field(11, new Uint8Array()), 1_000_000), /more than \d+ values/],
    [
      repeated(
        field(
          1,
          message([
            [5, []],
            [5, []],
            [5, []],
            [5, []],
            [5, []],
          ]),
        ),
        110_000,
      ),
      /more than \d+ attributes/,
    ],
    [repeated(field(1, join(...Array(200).fill(field(1, '')))), 11_000), /more than \d+ names/],
    [model([{ ...RELU[0]!, more: [[5, join(field(1, 'axes'), ints)]] }]), /more than \d+ numbers/],
    [repeated(field(1, field(3, 'n'.repeat(4000))), 17_000), /more than \d+ characters/],
    [model([{ ...RELU[0]!, name: 'n'.repeat(5000) }]), /a name has 5000 bytes/],
  ];
  for (const [file, pattern] of files) {
    const messages = said(file);
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? '', /^E0115/);
    assert.match(messages[0] ?? '', pattern);
  }
  const spend = createBudget();
  spend('fields', LIMITS.fields);
  assert.throws(() => spend('fields', 1), /more than/);
});

test('graphs in graphs beyond any use', () => {
  let graph: Tree = [[2, 'innermost']];
  for (let i = 0; i < 80; i++)
    graph = [
      [
        1,
        [
          [4, 'If'],
          [
            5,
            [
              [1, 'then_branch'],
              [20, 5],
              [6, graph],
            ],
          ],
        ],
      ],
    ];
  assert.match(said(message([[7, graph], ...opset(17)]))[0] ?? '', /^E0115 .*nest deeper than 64/);
});

test('an operator set from the future is a warning', () => {
  const { model: found, list } = read(model(RELU, { opset: 40 }));
  assert.ok(found);
  assert.deepEqual(
    list.map(d => [d.code, d.severity]),
    [['W0101', 'warning']],
  );
});

test('nodes tell the module that they came from', () => {
  const entry = (key: string, text: string): Tree => [
    [
      9,
      [
        [1, key],
        [2, text],
      ],
    ],
  ];
  const scope = (more: Tree) => readSound(model([{ ...RELU[0]!, more }])).graph.nodes[0]?.scope;
  const scopes = "['', 'encoder', 'encoder.layer.0', 'relu_3']";
  assert.equal(scope(entry('pkg.torch.onnx.name_scopes', scopes)), 'encoder.layer.0');
  assert.equal(scope(entry('namespace', ': ViT/encoder: Encoder/relu: aten.relu.default')), 'encoder');
  assert.equal(scope(entry('namespace', 'relu: aten.relu.default')), undefined);
  assert.equal(scope([]), undefined);
});

test('texts that are not UTF-8 stay apart', () => {
  const names = [Uint8Array.of(0xff), Uint8Array.of(0xfe)];
  const [a, b] = names.map(out =>
    message([
      [1, 'x'],
      [2, out],
      [4, 'Relu'],
    ]),
  );
  const file = message([
    [
      7,
      [
        [1, a!],
        [1, b!],
        [11, value('x')],
      ],
    ],
    ...opset(17),
  ]);
  assert.deepEqual(checkGraph(readSound(file).graph), []);
});

test('shapes of inputs that cannot be are refused without being believed', () => {
  const shaped = (dims: readonly (number | bigint)[]): Uint8Array => {
    const shape: Tree = dims.map(dim => [1, [[1, dim]]] as const);
    const input: Tree = [
      [1, 'x'],
      [
        2,
        [
          [
            1,
            [
              [1, 1],
              [2, shape],
            ],
          ],
        ],
      ],
    ];
    return message([
      [
        7,
        [
          [1, node(RELU[0]!)],
          [11, input],
          [12, value('y')],
        ],
      ],
      ...opset(17),
    ]);
  };
  for (const dims of [[1, -4], [1, 2n ** 62n], [1, 0], Array(100_000).fill(1)]) {
    const list = refused(shaped(dims));
    assert.deepEqual(codesOf(list), ['E0108']);
    assert.ok((list[0]?.message.length ?? 0) < 200);
  }
});
