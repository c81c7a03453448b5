/**
 * One small Vision Transformer in the spellings of several exporters, written by hand after what they write
 * (C = 48, 3 heads, 10 tokens, so nothing rests on powers of two).
 */
import { createRandom } from '../../ir/random/seeded.ts';
import { buildModel, type ModelBuilder } from './build.ts';

export interface Spelling {
  readonly opset: number;
  readonly norm: 'op' | 'pow' | 'mul' | 'rsqrt' | 'reciprocal';
  readonly gelu: 'op' | 'right' | 'dynamo' | 'half-first' | 'commuted';
  readonly token: 'expand' | 'constant';
  readonly qkv: 'split' | 'slice' | 'gather' | 'separate' | 'gemm' | 'interleaved';
  readonly scale: 'query' | 'scores' | 'division' | 'folded-shape';
  readonly product: 'matmul' | 'einsum';
}

export const FUSED: Spelling = {
  opset: 17,
  norm: 'op',
  gelu: 'right',
  token: 'expand',
  qkv: 'split',
  scale: 'query',
  product: 'matmul',
};

const [SIDE, PATCH, DIM, HEADS, MLP, CLASSES, DEPTH] = [9, 3, 48, 3, 80, 7, 2];
const TOKENS = (SIDE / PATCH) ** 2 + 1;
const WIDTH = DIM / HEADS;
/** 1/√16 is exact, so every way to scale gives the same number. */
const SCALE = 1 / Math.sqrt(WIDTH);
export const IMAGE_SIZE = SIDE * SIDE;

interface Writer {
  readonly m: ModelBuilder;
  readonly spelling: Spelling;
  /** The same numbers for the same name in every spelling. */
  numbers(name: string, length: number, size?: number): Float32Array;
}

export function writeVit(spelling: Spelling): Uint8Array {
  const m = buildModel(spelling.opset);
  const numbers: Writer['numbers'] = (name, length, size = 0.3) => {
    const random = createRandom([...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 1e6);
    return Float32Array.from({ length }, () => random.normal() * size);
  };
  const w: Writer = { m, spelling, numbers };
  let x = embed(w);
  for (let block = 0; block < DEPTH; block++) {
    const attention = attend(w, norm(w, x, `${block}.ln1`), `${block}`);
    x = block === 0 ? m.op('Add', [x, attention]) : m.op('Add', [attention, x]);
    const hidden = gelu(w, linear(w, norm(w, x, `${block}.ln2`), DIM, MLP, `${block}.fc1`));
    x = m.op('Add', [linear(w, hidden, MLP, DIM, `${block}.fc2`), x]);
  }
  const token = m.op('Gather', [norm(w, x, 'ln'), m.index(0)], { axis: 1 });
  const head = m.weight([CLASSES, DIM], numbers('head', CLASSES * DIM));
  const logits = m.op('Gemm', [token, head, m.weight([CLASSES], numbers('head.bias', CLASSES))], {
    transB: 1,
  });
  return m.bytes(['batch', 1, SIDE, SIDE], [logits]);
}

function embed({ m, spelling, numbers }: Writer): string {
  const kernel = m.weight([DIM, 1, PATCH, PATCH], numbers('patch', DIM * PATCH ** 2));
  const bias = m.weight([DIM], numbers('patch.bias', DIM));
  const patches = m.op('Conv', ['input', kernel, bias], {
    strides: [PATCH, PATCH],
    kernel_shape: [PATCH, PATCH],
  });
  const flat = m.op('Reshape', [patches, m.ints(0, DIM, -1)]);
  const tokens = m.op('Transpose', [flat], { perm: [0, 2, 1] });
  const token = m.weight([1, 1, DIM], numbers('token', DIM));
  const rows = m.op(
    'Concat',
    [spelling.token === 'constant' ? token : expandToken(m, token, tokens), tokens],
    {
      axis: 1,
    },
  );
  return m.op('Add', [rows, m.weight([1, TOKENS, DIM], numbers('position', TOKENS * DIM))]);
}

/** As tracing writes `token.expand(batch, -1, -1)`. */
function expandToken(m: ModelBuilder, token: string, tokens: string): string {
  const batch = m.op('Gather', [m.op('Shape', [tokens]), m.ints(0)], { axis: 0 });
  const wanted = m.op('Concat', [batch, m.ints(-1), m.ints(-1)], { axis: 0 });
  const ones = m.op('ConstantOfShape', [m.op('Shape', [wanted])], {
    value: { tensor: { dims: [1], dataType: 7, int64Data: [1] } },
  });
  const isOpen = m.op('Equal', [wanted, m.op('Mul', [ones, m.ints(-1)])]);
  return m.op('Expand', [token, m.op('Where', [isOpen, ones, wanted])]);
}

function norm({ m, spelling, numbers }: Writer, x: string, name: string): string {
  const gamma = m.weight([DIM], numbers(`${name}.gamma`, DIM));
  const beta = m.weight([DIM], numbers(`${name}.beta`, DIM));
  if (spelling.norm === 'op')
    return m.op('LayerNormalization', [x, gamma, beta], { axis: -1, epsilon: 1e-6 });
  const mean = (y: string) =>
    spelling.opset >= 18 ? m.op('ReduceMean', [y, m.ints(-1)]) : m.op('ReduceMean', [y], { axes: [-1] });
  const centred = m.op('Sub', [x, mean(x)]);
  // Some exporters subtract twice.
  const again = spelling.norm === 'mul' ? m.op('Sub', [x, mean(x)]) : centred;
  const squares = spelling.norm === 'mul' ? m.op('Mul', [again, again]) : m.op('Pow', [again, m.scalar(2)]);
  const variance = m.op(
    'Add',
    spelling.norm === 'mul' ? [m.scalar(1e-6), mean(squares)] : [mean(squares), m.scalar(1e-6)],
  );
  const quotient = divideByRoot(m, spelling, centred, variance);
  return m.op('Add', [beta, m.op('Mul', spelling.norm === 'mul' ? [gamma, quotient] : [quotient, gamma])]);
}

function divideByRoot(m: ModelBuilder, { norm: style }: Spelling, x: string, variance: string): string {
  if (style === 'rsqrt') return m.op('Mul', [m.op('Pow', [variance, m.scalar(-0.5)]), x]);
  const root = m.op('Sqrt', [variance]);
  return style === 'reciprocal' ? m.op('Mul', [x, m.op('Reciprocal', [root])]) : m.op('Div', [x, root]);
}

function linear({ m, numbers }: Writer, x: string, inputs: number, outputs: number, name: string): string {
  const weight = m.weight([inputs, outputs], numbers(name, inputs * outputs, 0.15));
  return m.op('Add', [m.weight([outputs], numbers(`${name}.bias`, outputs)), m.op('MatMul', [x, weight])]);
}

function gelu({ m, spelling }: Writer, x: string): string {
  if (spelling.gelu === 'op') return m.op('Gelu', [x]);
  const [half, one, root] = [m.scalar(0.5), m.scalar(1), m.scalar(Math.SQRT2)];
  if (spelling.gelu === 'commuted') {
    const erf = m.op('Erf', [m.op('Mul', [m.scalar(Math.SQRT1_2), x])]);
    return m.op('Mul', [half, m.op('Mul', [m.op('Add', [one, erf]), x])]);
  }
  const step = m.op('Add', [m.op('Erf', [m.op('Div', [x, root])]), one]);
  if (spelling.gelu === 'right') return m.op('Mul', [m.op('Mul', [x, step]), half]);
  return spelling.gelu === 'dynamo'
    ? m.op('Mul', [x, m.op('Mul', [half, step])])
    : m.op('Mul', [m.op('Mul', [x, half]), step]);
}

/** Columns of query, key and value in the order of the fused weight. */
function attend(w: Writer, x: string, block: string): string {
  const { m, spelling } = w;
  const [q, k, v] = heads(w, x, block);
  const query = spelling.scale === 'query' ? m.op('Mul', [q, m.scalar(SCALE)]) : q;
  const scores =
    spelling.product === 'einsum'
      ? m.op('Einsum', [query, k], { equation: 'bhid,bhjd->bhij' })
      : m.op('MatMul', [query, m.op('Transpose', [k], { perm: [0, 1, 3, 2] })]);
  const weights = m.op('Softmax', [scaled(w, scores, q)], { axis: -1 });
  const mixed =
    spelling.product === 'einsum'
      ? m.op('Einsum', [weights, v], { equation: 'bhij,bhjd->bhid' })
      : m.op('MatMul', [weights, v]);
  const joined = m.op('Reshape', [
    m.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
    m.ints(0, TOKENS, DIM),
  ]);
  return linear(w, joined, DIM, DIM, `${block}.proj`);
}

function scaled({ m, spelling }: Writer, scores: string, q: string): string {
  switch (spelling.scale) {
    case 'query':
      return scores;
    case 'scores':
      return m.op('Mul', [m.scalar(SCALE), scores]);
    case 'division':
      return m.op('Div', [scores, m.scalar(1 / SCALE)]);
    case 'folded-shape': {
      const width = m.op('Cast', [m.op('Slice', [m.op('Shape', [q]), m.ints(-1), m.ints(2 ** 62)])], {
        to: 1,
      });
      return m.op('Div', [m.op('Cast', [scores], { to: 1 }), m.op('Sqrt', [width])]);
    }
    default:
      return spelling.scale satisfies never;
  }
}

function heads(w: Writer, x: string, block: string): readonly [string, string, string] {
  const { m, spelling } = w;
  const parts = ['q', 'k', 'v'].map(part => ({
    weight: w.numbers(`${block}.${part}`, DIM * DIM, 0.2),
    bias: w.numbers(`${block}.${part}.bias`, DIM),
  }));
  if (spelling.qkv === 'separate' || spelling.qkv === 'gemm') {
    const [q, k, v] = parts.map(part => separateHead(m, x, part, spelling.qkv === 'gemm'));
    return [q ?? '', k ?? '', v ?? ''];
  }
  const isMixed = spelling.qkv === 'interleaved';
  // Column c of the fused weight is column `from` of part `part`; interleaved: the three parts of each head together.
  const columns = Array.from({ length: 3 * DIM }, (_, c) => {
    const group = Math.floor(c / WIDTH);
    return isMixed
      ? { part: parts[group % 3]!, from: Math.floor(group / 3) * WIDTH + (c % WIDTH) }
      : { part: parts[Math.floor(c / DIM)]!, from: c % DIM };
  });
  const data = Array.from({ length: DIM }, (_, k) =>
    columns.map(({ part, from }) => part.weight[k * DIM + from]!),
  );
  const product = m.op('MatMul', [x, m.weight([DIM, 3 * DIM], data.flat())]);
  const fused = m.op('Add', [
    product,
    m.weight(
      [3 * DIM],
      columns.map(({ part, from }) => part.bias[from]!),
    ),
  ]);
  const shape = isMixed ? m.ints(0, TOKENS, HEADS, 3, WIDTH) : m.ints(0, TOKENS, 3, HEADS, WIDTH);
  const perm = isMixed ? [3, 0, 2, 1, 4] : [2, 0, 3, 1, 4];
  return cutHeads(w, m.op('Transpose', [m.op('Reshape', [fused, shape])], { perm }));
}

function separateHead(
  m: ModelBuilder,
  x: string,
  { weight, bias }: { weight: Float32Array; bias: Float32Array },
  isGemm: boolean,
): string {
  const transposed = weight.map((_, i) => weight[(i % DIM) * DIM + Math.floor(i / DIM)]!);
  const y = isGemm
    ? m.op(
        'Gemm',
        [m.op('Reshape', [x, m.ints(-1, DIM)]), m.weight([DIM, DIM], transposed), m.weight([DIM], bias)],
        { transB: 1 },
      )
    : m.op('Add', [m.op('MatMul', [x, m.weight([DIM, DIM], weight)]), m.weight([DIM], bias)]);
  return m.op('Transpose', [m.op('Reshape', [y, m.ints(-1, TOKENS, HEADS, WIDTH)])], { perm: [0, 2, 1, 3] });
}

function cutHeads({ m, spelling }: Writer, all: string): readonly [string, string, string] {
  const squeeze = (part: string) =>
    spelling.opset >= 13 ? m.op('Squeeze', [part, m.ints(0)]) : m.op('Squeeze', [part], { axes: [0] });
  const one = (i: number): string => {
    if (spelling.qkv === 'gather') return m.op('Gather', [all, m.index(i)], { axis: 0 });
    if (spelling.opset < 10) return squeeze(m.op('Slice', [all], { starts: [i], ends: [i + 1], axes: [0] }));
    return squeeze(m.op('Slice', [all, m.ints(i), m.ints(i + 1), m.ints(0)]));
  };
  if (spelling.qkv !== 'split') return [one(0), one(1), one(2)];
  const [q = '', k = '', v = ''] =
    spelling.opset >= 13
      ? m.ops('Split', [all, m.ints(1, 1, 1)], 3, { axis: 0 })
      : m.ops('Split', [all], 3, { axis: 0, split: [1, 1, 1] });
  return [squeeze(q), squeeze(k), squeeze(v)];
}
