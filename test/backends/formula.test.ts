import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { all, create } from 'mathjs/number';
import { compileCondition, compileFormula } from '../../backends/descriptor/closure.ts';
import { parseCondition, parseFormula, variablesOf } from '../../backends/descriptor/formula.ts';
import { createFormulaParser } from '../../backends/descriptor/mathjs.ts';

const parse = createFormulaParser();
const NAMES: ReadonlySet<string> = new Set(['n', 'bits', 'word']);

const number = fc.oneof(
  fc.nat(300).map(String),
  fc.integer({ min: 1, max: 999 }).map(x => `${x / 100}`),
  fc.constantFrom('1e3', '.5', '2e-3', '64'),
);
const { formula } = fc.letrec<{ formula: string; operand: string; condition: string }>(tie => ({
  operand: fc.oneof(
    { depthSize: 'small' },
    number,
    fc.constantFrom('n', 'bits', 'word'),
    tie('formula').map(f => `(${f})`),
  ),
  condition: fc
    .tuple(
      tie('operand'),
      fc.array(fc.tuple(fc.constantFrom('<', '<=', '>', '>=', '==', '!='), tie('operand')), {
        minLength: 1,
        maxLength: 2,
      }),
    )
    .map(([first, rest]) => [first, ...rest.map(([op, value]) => `${op} ${value}`)].join(' ')),
  formula: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('operand'),
    fc
      .tuple(tie('operand'), fc.constantFrom('+', '-', '*', '/'), tie('operand'))
      .map(parts => parts.join(' ')),
    // No parentheses: precedence is mathjs' own.
    fc
      .tuple(
        tie('operand'),
        fc.constantFrom('+', '-'),
        tie('operand'),
        fc.constantFrom('*', '/', '-'),
        tie('operand'),
      )
      .map(parts => parts.join(' ')),
    tie('operand').map(operand => `-${operand}`),
    fc
      .tuple(fc.constantFrom('ceil', 'floor', 'log2', 'sqrt', 'abs'), tie('formula'))
      .map(([fn, of]) => `${fn}(${of})`),
    fc
      .tuple(fc.constantFrom('min', 'max'), fc.array(tie('formula'), { minLength: 1, maxLength: 3 }))
      .map(([fn, of]) => `${fn}(${of.join(', ')})`),
    fc
      .tuple(tie('condition'), tie('operand'), tie('operand'))
      .map(([when, yes, no]) => `${when} ? ${yes} : ${no}`),
  ),
}));
const vars = fc.record({
  n: fc.oneof(
    fc.nat(5000),
    fc.integer({ min: -500, max: 500 }).map(x => x / 8),
  ),
  bits: fc.integer({ min: 0, max: 32 }),
  word: fc.constantFrom(0, 1, 32, 64),
});

const same = (a: unknown, b: number): boolean =>
  typeof a === 'number' && (a === b || (Number.isNaN(a) && Number.isNaN(b)));

test("a compiled formula gives mathjs' own value, bit for bit", () => {
  const math = create({ ...all }, {});
  let tried = 0;
  fc.assert(
    fc.property(formula, vars, (text, values) => {
      fc.pre(text.length <= 500);
      const admitted = parseFormula(parse, text, NAMES);
      assert.ok(admitted.ok, admitted.ok ? '' : `${text}: ${admitted.reason}`);
      const expected: unknown = math.evaluate(text, { ...values });
      const found = compileFormula(admitted.node)(values);
      assert.ok(same(expected, found), `${text} with ${JSON.stringify(values)}: ${expected} ≠ ${found}`);
      tried += 1;
    }),
    { numRuns: 1500, seed: 7 },
  );
  assert.ok(tried >= 1500);
});

test("a compiled condition gives mathjs' own verdict", () => {
  const math = create({ ...all }, {});
  const comparator = fc.constantFrom('<', '<=', '>', '>=', '==', '!=');
  fc.assert(
    fc.property(formula, comparator, formula, vars, (left, op, right, values) => {
      const text = `(${left}) ${op} (${right})`;
      fc.pre(text.length <= 500);
      const admitted = parseCondition(parse, text, NAMES);
      assert.ok(admitted.ok, text);
      assert.equal(compileCondition(admitted.node)(values), math.evaluate(text, { ...values }), text);
    }),
    { numRuns: 400, seed: 8 },
  );
});

test('rounding noise costs no word', () => {
  const words = parseFormula(parse, 'ceil(0.07 * n)', NAMES);
  assert.ok(words.ok);
  assert.ok(0.07 * 100 > 7);
  assert.equal(compileFormula(words.node)({ n: 100 }), 7);
  assert.equal(compileFormula(words.node)({ n: 101 }), 8);
});

test('what a formula may not hold is refused without being run', () => {
  const hostile = [
    'range(0, 1e9)',
    'zeros(1e9)',
    '0:1e9',
    'n.constructor',
    'n.constructor("return process")()',
    'n["constructor"]',
    'a = 3',
    'f(x) = x',
    'f(n)',
    'import(n)',
    'createUnit(n)',
    'evaluate("1")',
    'parse("1")',
    'simplify("n")',
    'n; n',
    '[n, n]',
    '"n"',
    "n'",
    'n!',
    'n ^ 2',
    'n % 2',
    'n mod 2',
    'n to bits',
    '3 cm',
    '2 n',
    '1i',
    'true',
    'null',
    'pi',
    'e',
    'Infinity',
    'NaN',
    '1e400',
    'n and bits',
    'not n',
    'n | bits',
    'n ? 1 : 2',
    'n > 2',
    'ceil',
    'ceil()',
    'ceil(n, 2)',
    'max()',
    '__proto__',
    'toString',
    'n +',
    '(n',
    '# n',
    '',
    ' ',
    'n\nn',
    'π',
    '('.repeat(499),
    `${'('.repeat(240)}n${')'.repeat(240)}`,
    `n${' + n'.repeat(200)}`,
  ];
  for (const text of hostile) {
    const admitted = parseFormula(parse, text, NAMES);
    assert.ok(!admitted.ok && admitted.reason !== '', text.slice(0, 40));
  }
  for (const text of ['n', '1', 'n + (bits > 2)', 'max(n, 2)'])
    assert.ok(!parseCondition(parse, text, NAMES).ok, text);
});

test('a formula says what it reads', () => {
  const admitted = parseFormula(parse, 'n > 3 ? ceil(bits / 2) : -(word)', NAMES);
  assert.ok(admitted.ok);
  assert.deepEqual([...variablesOf(admitted.node)].sort(), ['bits', 'n', 'word']);
});
