/** Whatever operands and attributes an operator gets, it gives values or says why not: it never crashes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createDraft, finishDraft, putInput, putOutput } from '../../compiler/ann/draft.ts';
import {
  constantOf,
  dataOf,
  type OpContext,
  Refusal,
  refuse,
  type Value,
} from '../../compiler/onnx/context.ts';
import type { OnnxAttribute } from '../../compiler/onnx/model.ts';
import { fullName, movesNumbers, ruleOf, supportedOperators } from '../../compiler/onnx/ops/table.ts';
import { ELEMENTS, isFloat, makeNumbers } from '../../compiler/onnx/tensor.ts';
import { createConstants } from '../../ir/constants.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { verifyGraph } from '../../ir/verify.ts';

const NUMBER_ATTRIBUTES = [
  ...[
    'axis',
    'keepdims',
    'alpha',
    'beta',
    'epsilon',
    'group',
    'num_groups',
    'blocksize',
    'block_size',
    'p',
    'k',
  ],
  ...['num_heads', 'q_num_heads', 'kv_num_heads', 'batch_dims', 'to', 'dtype', 'size', 'ceil_mode', 'scale'],
  ...[
    'batch_axis',
    'time_axis',
    'num_outputs',
    'transA',
    'transBatchA',
    'output_dtype',
    'is_causal',
    'softcap',
  ],
  ...['rotary_embedding_dim', 'interleaved', 'antialias', 'start', 'end', 'allowzero', 'upper', 'exclusive'],
];
const LIST_ATTRIBUTES = [
  ...[
    'axes',
    'perm',
    'pads',
    'strides',
    'dilations',
    'kernel_shape',
    'output_shape',
    'output_padding',
    'scales',
  ],
  ...['split', 'starts', 'ends', 'repeats', 'qkv_hidden_sizes', 'value_ints'],
];
const STRING_ATTRIBUTES: { readonly [name: string]: readonly string[] } = {
  mode: ['constant', 'reflect', 'edge', 'wrap', 'nearest', 'linear', 'cubic', 'DCR', 'CRD', 'x'],
  auto_pad: ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID', 'x'],
  equation: ['ij,jk->ik', '...i,...i->...', 'ii->i', 'ij->j', 'a,b->ab', '->', ',', 'i1->', 'ij,jk'],
  coordinate_transformation_mode: ['half_pixel', 'align_corners', 'tf_crop_and_resize', 'asymmetric', 'x'],
  reduction: ['none', 'add', 'mul', 'max', 'x'],
  direction: ['LEFT', 'RIGHT'],
  activation: ['Relu', 'Clip', 'x'],
};

const smallNumber = fc.oneof(
  fc.integer({ min: -4, max: 6 }),
  fc.constantFrom(0.5, 2 ** 31, -(2 ** 40), 2 ** 62, Number.NaN, Number.POSITIVE_INFINITY),
);
const attributes = fc.dictionary(
  fc.constantFrom(...NUMBER_ATTRIBUTES, ...LIST_ATTRIBUTES, ...Object.keys(STRING_ATTRIBUTES)),
  fc.record({ numbers: fc.array(smallNumber, { maxLength: 8 }), pick: fc.nat(20) }),
  { maxKeys: 6, noNullPrototype: true },
);

function attributeOf(name: string, numbers: readonly number[], pick: number): OnnxAttribute {
  const words = STRING_ATTRIBUTES[name];
  return words === undefined
    ? { kind: 'numbers', values: numbers }
    : { kind: 'strings', values: [words[pick % words.length]!] };
}

const operand = fc.record({
  element: fc.constantFrom(...ELEMENTS),
  shape: fc.array(fc.constantFrom(0, 1, 1, 2, 2, 3, 4, 6), { maxLength: 4 }),
  numbers: fc.array(smallNumber, { minLength: 1, maxLength: 8 }),
  kind: fc.constantFrom('constant', 'constant', 'data', 'missing'),
});

const call = fc.record({
  opset: fc.constantFrom(7, 10, 11, 13, 18, 23),
  attributes,
  operands: fc.array(operand, { maxLength: 6 }),
  outputs: fc.integer({ min: 1, max: 4 }),
});

/** More and other ones with RUNS=… and SEED=…. */
const SEED = Number(process.env.SEED ?? 7);
const RUNS = Number(process.env.RUNS ?? 40);

for (const { domain, operator } of supportedOperators) {
  test(`${fullName(domain, operator)} of anything gives values or a reason`, () => {
    const rule = ruleOf(domain, operator)!;
    fc.assert(
      fc.property(call, ({ opset, attributes: attrs, operands, outputs }) => {
        const draft = createDraft(createConstants());
        const inputs = operands.map(({ element, shape, numbers, kind }, at): Value | undefined => {
          if (kind === 'missing') return undefined;
          const isData = kind === 'data' && isFloat(element) && sizeOf(shape) > 0;
          if (isData) return dataOf({ ...putInput(draft, `x${at}`, shape, 'image'), shape });
          const data = makeNumbers(element, sizeOf(shape)).map((_, i) => numbers[i % numbers.length]!);
          return constantOf(element, shape, data);
        });
        const context: OpContext = {
          node: {
            name: '/node',
            domain,
            operator,
            inputs: inputs.map((_, at) => `x${at}`),
            outputs: Array.from({ length: outputs }, (_, at) => `y${at}`),
            attributes: new Map(
              Object.entries(attrs).map(([name, { numbers, pick }]) => [
                name,
                attributeOf(name, numbers, pick),
              ]),
            ),
          },
          opset,
          draft,
          inputs,
          load: () => refuse('no tensors here'),
          run: () => refuse('no graphs here'),
          spend: () => undefined,
        };
        if (!movesNumbers(domain, operator) && inputs.some(x => x?.kind === 'data' && sizeOf(x.shape) === 0))
          return;
        const results = outcomeOf(() => rule(context));
        for (const value of results) checkValue(value);
        const made = results.filter(value => value.kind === 'data' && sizeOf(value.shape) > 0);
        made.forEach((value, at) => {
          if (value.kind === 'data') putOutput(draft, value, `y${at}`, 'y');
        });
        if (made.length > 0)
          assert.deepEqual(
            verifyGraph(finishDraft(draft, 'any')).map(d => d.message),
            [],
          );
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
}

function outcomeOf(run: () => readonly Value[]): readonly Value[] {
  try {
    return run();
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}

function checkValue(value: Value): void {
  assert.ok(
    value.shape.every(size => Number.isInteger(size) && size >= 0),
    `shape [${value.shape}]`,
  );
  if (value.kind === 'constant') assert.equal(value.data.length, sizeOf(value.shape));
}
