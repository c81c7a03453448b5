/**
 * Files that nobody should have to think about, through the real command line: one JSON object with diagnostics,
 * an exit code of the catalogue, nothing on stderr, nothing left behind.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import onnxProto from 'onnx-proto';
import { catalogue } from '../../ir/diagnostics/catalogue.ts';
import { faultOf } from '../fuzz/messages.ts';
import { decodeModel, encodeModel, graphOf, type ModelProto, type TensorProto } from '../fuzz/model.ts';
import { buildModel, type ModelBuilder } from './build.ts';

const digits = (): Uint8Array => new Uint8Array(readFileSync('examples/digits/vit-digits.onnx'));

/** The digits model with something changed. */
function changed(change: (model: ModelProto) => void): Uint8Array {
  const model = decodeModel(digits());
  change(model);
  return encodeModel(model);
}
const changedTensor = (change: (tensor: TensorProto) => void): Uint8Array =>
  changed(model => change(graphOf(model).initializer.find(({ name }) => name === 'patch.weight')!));
const changedInput = (dim: readonly { dimValue?: number; dimParam?: string }[]): Uint8Array =>
  changed(model => {
    graphOf(model).input[0]!.type!.tensorType!.shape!.dim = [...dim];
  });
const outside = (location: string, others: Readonly<Record<string, string>> = {}): Uint8Array =>
  changedTensor(tensor => {
    tensor.rawData = new Uint8Array();
    tensor.dataLocation = 1;
    tensor.externalData = Object.entries({ location, ...others }).map(([key, value]) => ({ key, value }));
  });

function network(
  input: readonly (number | string)[],
  build: (m: ModelBuilder) => readonly string[],
): Uint8Array {
  const m = buildModel();
  return m.bytes(input, build(m));
}

/** One that reads itself. */
const cyclic = (): Uint8Array =>
  changed(model => {
    const node = graphOf(model).node.find(({ opType }) => opType === 'Add')!;
    node.input![0] = node.output![0]!;
  });

const lengthBomb = (): Uint8Array =>
  Uint8Array.from([...digits().subarray(0, 64), 0x3a, 0xff, 0xff, 0xff, 0xff, 0x07]);

function deep(levels: number): Uint8Array {
  let graph: onnxProto.onnx.IGraphProto = { name: 'inner', node: [{ opType: 'Relu' }] };
  for (let i = 0; i < levels; i++)
    graph = { node: [{ opType: 'If', attribute: [{ name: 'then_branch', type: 5, g: graph }] }] };
  return onnxProto.onnx.ModelProto.encode({ graph, opsetImport: [{ version: 17 }] }).finish();
}

const weights = (m: ModelBuilder, ...dims: readonly number[]): string =>
  m.weight(dims, new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.1));

function textModel(): Uint8Array {
  const bytes = network(['batch', 16], m => [
    m.op('MatMul', [m.op('Gather', [weights(m, 100, 8), 'input']), weights(m, 8, 2)]),
  ]);
  const model = decodeModel(bytes);
  graphOf(model).input[0]!.type!.tensorType!.elemType = onnxProto.onnx.TensorProto.DataType.INT64;
  return encodeModel(model);
}

function detector(m: ModelBuilder): readonly string[] {
  const features = m.op('Relu', [m.op('Conv', ['input', weights(m, 6, 3, 3, 3)])]);
  const boxes = m.op('Reshape', [features, m.ints(1, -1, 4)]);
  const scores = m.op('Sigmoid', [m.op('Reshape', [features, m.ints(1, 1, -1)])]);
  const chosen = m.op('NonMaxSuppression', [boxes, scores, m.index(10), m.scalar(0.5)]);
  return [m.op('GatherND', [boxes, chosen]), m.op('TopK', [scores, m.ints(5)])];
}

function quantized(m: ModelBuilder): readonly string[] {
  const [scale, zero] = [m.scalar(0.1), m.tensor({ name: 'zero', dims: [], dataType: 3, int32Data: [0] })];
  const q = m.op('QuantizeLinear', ['input', scale, zero]);
  const x = m.op('DequantizeLinear', [q, scale, zero]);
  return [m.op('MatMul', [x, weights(m, 8, 4)])];
}

interface Hostile {
  readonly what: string;
  readonly bytes: () => Uint8Array;
  /** Codes of which at least one must be given. */
  readonly codes: readonly string[];
}

const CASES: readonly Hostile[] = [
  // All twenty go through the importer in import.test.ts.
  ...[0, 1, 7, 13, 19].map(i => ({
    what: `cut at ${i}/20`,
    bytes: () => digits().subarray(0, Math.floor((i * digits().length) / 20)),
    codes: ['E0102'],
  })),
  {
    what: 'garbage',
    bytes: () => Uint8Array.from({ length: 9000 }, (_, i) => (i * i * 31 + i * 7) % 256),
    codes: ['E0102'],
  },
  { what: 'a cycle', bytes: cyclic, codes: ['E0107'] },
  {
    what: 'a value that nobody makes',
    bytes: () => changed(model => graphOf(model).node.splice(100, 1)),
    codes: ['E0107'],
  },
  {
    what: 'a value made twice',
    bytes: () =>
      changed(model => {
        const { node } = graphOf(model);
        node[10]!.output = [...node[9]!.output!];
      }),
    codes: ['E0107'],
  },
  {
    what: 'sizes that lie',
    bytes: () =>
      changedTensor(tensor => {
        tensor.dims = [65, 1, 2, 2];
      }),
    codes: ['E0112'],
  },
  {
    what: 'huge sizes',
    bytes: () =>
      changedTensor(tensor => {
        tensor.dims = [2 ** 40, 2 ** 40];
      }),
    codes: ['E0112'],
  },
  {
    what: 'negative sizes',
    bytes: () =>
      changedTensor(tensor => {
        tensor.dims = [-64, -1, 2, 2];
      }),
    codes: ['E0112'],
  },
  {
    what: 'an unknown element type',
    bytes: () =>
      changedTensor(tensor => {
        tensor.dataType = 99;
      }),
    codes: ['E0112'],
  },
  {
    what: 'a type that lies',
    bytes: () =>
      changedTensor(tensor => {
        tensor.dataType = 7;
      }),
    codes: ['E0112'],
  },
  {
    what: 'weights that are no numbers',
    bytes: () =>
      changedTensor(tensor => {
        tensor.rawData = new Uint8Array(new Float32Array(tensor.rawData!.length / 4).fill(Number.NaN).buffer);
      }),
    codes: ['E0104'],
  },
  {
    what: 'infinite weights',
    bytes: () =>
      changedTensor(tensor => {
        tensor.rawData = new Uint8Array(new Float32Array(tensor.rawData!.length / 4).fill(-1 / 0).buffer);
      }),
    codes: ['E0104', 'E0106'],
  },
  {
    what: 'a huge image',
    bytes: () =>
      changedInput([{ dimValue: 1 }, { dimValue: 1 }, { dimValue: 2 ** 23 }, { dimValue: 2 ** 23 }]),
    codes: ['E0106', 'E0108', 'E0110'],
  },
  {
    what: 'a negative image',
    bytes: () => changedInput([{ dimValue: 1 }, { dimValue: -8 }, { dimValue: 8 }]),
    codes: ['E0108'],
  },
  {
    what: 'an image of unknown size',
    bytes: () => changedInput([{ dimParam: 'b' }, { dimParam: 'c' }, {}, {}]),
    codes: ['E0108'],
  },
  { what: 'a length of 2 GB', bytes: lengthBomb, codes: ['E0102'] },
  { what: 'graphs in graphs', bytes: () => deep(200), codes: ['E0115', 'E0102'] },
  {
    what: 'no operator set',
    bytes: () =>
      changed(model => {
        model.opsetImport = [];
      }),
    codes: ['E0102'],
  },
  {
    what: 'an operator set of old',
    bytes: () =>
      changed(model => {
        model.opsetImport = [{ version: 3 }];
      }),
    codes: ['E0111'],
  },
  {
    what: 'an operator set that is none',
    bytes: () =>
      changed(model => {
        model.opsetImport = [{ version: 2 ** 40 }];
      }),
    codes: ['E0102', 'E0111'],
  },
  ...[
    '../secret.bin',
    '/etc/hostname',
    'a/../../secret.bin',
    'weights\u0000.bin',
    'link',
    'missing.bin',
    '.',
    '',
  ].map(location => ({
    what: `weights in ${JSON.stringify(location)}`,
    bytes: () => outside(location),
    codes: location === '' ? ['E0112'] : ['E0105'],
  })),
  { what: 'a data file that is short', bytes: () => outside('short.bin'), codes: ['E0105', 'E0112'] },
  {
    what: 'an offset behind the end',
    bytes: () => outside('short.bin', { offset: '999999' }),
    codes: ['E0105', 'E0112'],
  },
  {
    what: 'a recurrent network',
    bytes: () =>
      network(['batch', 5, 8], m => [
        m.op('LSTM', ['input', weights(m, 1, 16, 8), weights(m, 1, 16, 4)], { hidden_size: 4 }),
      ]),
    codes: ['E0103'],
  },
  { what: 'a text model', bytes: textModel, codes: ['E0110'] },
  { what: 'a detector', bytes: () => network(['batch', 3, 8, 8], detector), codes: ['E0103'] },
  { what: 'a quantized network', bytes: () => network(['batch', 8], quantized), codes: ['E0106'] },
  {
    what: 'a small CNN with an operator of its own',
    bytes: () =>
      network(['batch', 3, 8, 8], m => [
        m.op('DeformConv', [m.op('Relu', ['input']), weights(m, 4, 3, 3, 3)]),
      ]),
    codes: ['E0103'],
  },
];

const folder = mkdtempSync(join(tmpdir(), 'snnc-hostile-'));
const models = join(folder, 'models');
before(() => {
  mkdirSync(models);
  writeFileSync(join(folder, 'secret.bin'), new Uint8Array(4096));
  writeFileSync(join(models, 'short.bin'), new Uint8Array(100));
  symlinkSync('../secret.bin', join(models, 'link'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Longer than this no file may take, on a machine that does other things as well. */
const PATIENCE_MS = 60_000;

function snnc(...args: readonly string[]): Promise<Run> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, ['bin/snnc.js', ...args], { timeout: PATIENCE_MS });
    let [out, err] = ['', ''];
    child.stdout.on('data', chunk => {
      out += chunk;
    });
    child.stderr.on('data', chunk => {
      err += chunk;
    });
    child.on('close', code => resolve({ code, out, err }));
  });
}

function assertRefused({ code, out, err }: Run, codes: readonly string[]): void {
  assert.equal(err, '');
  assert.ok(code !== null && code >= 1 && code <= 4, `exit ${code}`);
  const { diagnostics } = JSON.parse(out);
  assert.ok(Array.isArray(diagnostics) && diagnostics.length > 0);
  for (const diagnostic of diagnostics) assert.equal(faultOf(diagnostic), undefined, diagnostic.message);
  const found: string[] = diagnostics.map(d => d.code);
  assert.ok(
    codes.some(wanted => found.includes(wanted)),
    `${found} has none of ${codes}`,
  );
  const exits = diagnostics.flatMap(d =>
    d.severity === 'error' && d.code in catalogue ? [catalogue[d.code as keyof typeof catalogue].exit] : [],
  );
  assert.equal(code, Math.max(...exits));
}

describe('hostile files end in diagnostics', { concurrency: Math.min(2, availableParallelism()) }, () => {
  CASES.forEach(({ what, bytes, codes }, at) => {
    test(`compile: ${what}`, async () => {
      const path = join(models, `${at}.onnx`);
      const out = join(folder, `${at}.snnc`);
      writeFileSync(path, bytes());
      assertRefused(await snnc('compile', path, '--json', '--out', out), codes);
      assert.ok(!existsSync(out));
      if (at % 3 === 0) assertRefused(await snnc('check', path, '--json'), codes);
    });
  });
});
