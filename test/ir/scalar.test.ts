import assert from 'node:assert/strict';
import { test } from 'node:test';
import { POINTWISE } from '../../ir/ann.ts';
import { erf, erfc, scalarFunction } from '../../ir/scalar.ts';

/** The error function as tabulated, rounded to double precision. */
const ERF: readonly (readonly [number, number])[] = [
  [0.1, 0.1124629160182849],
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [1.5, 0.9661051464753108],
  [2, 0.9953222650189527],
  [2.5, 0.999593047982555],
  [3, 0.9999779095030014],
  [5, 0.9999999999984626],
];
const ERFC: readonly (readonly [number, number])[] = [
  [2.5, 4.069520174449589e-4],
  [3, 2.209049699858544e-5],
  [5, 1.5374597944280349e-12],
  [10, 2.088487583762545e-45],
];

test('the error function to double precision', () => {
  for (const [x, wanted] of ERF) {
    assert.ok(Math.abs(erf(x) / wanted - 1) < 2e-15, `erf(${x}) = ${erf(x)}`);
    assert.equal(erf(-x), -erf(x));
  }
  for (const [x, wanted] of ERFC)
    assert.ok(Math.abs(erfc(x) / wanted - 1) < 1e-13, `erfc(${x}) = ${erfc(x)}`);
  assert.deepEqual([erf(0), erf(40), erfc(40), erfc(-40)], [0, 1, 0, 2]);
  assert.ok(Number.isNaN(erf(Number.NaN)));
});

test('series and continued fraction meet', () => {
  for (let x = 2.2; x < 2.3; x += 0.001) {
    const slope = (erf(x + 0.001) - erf(x)) / 0.001;
    const middle = x + 0.0005;
    assert.ok(Math.abs(slope - (2 / Math.sqrt(Math.PI)) * Math.exp(-middle * middle)) < 1e-7);
  }
});

test('activations at points that are known', () => {
  const at = (name: (typeof POINTWISE)[number], x: number) => scalarFunction(name)(x);
  assert.ok(Math.abs(at('gelu', -5) / -1.4332582858e-6 - 1) < 1e-6);
  assert.ok(Math.abs(at('silu', 1) - 0.7310585786300049) < 1e-15);
  assert.ok(Math.abs(at('quick-gelu', 1) - 1 / (1 + Math.exp(-1.702))) < 1e-15);
  assert.ok(Math.abs(at('tanh-gelu', 1) - 0.8411919906082768) < 1e-12);
  assert.deepEqual([at('relu', -1), at('relu', 2), at('cube', -2), at('negate', 3)], [0, 2, -8, -3]);
});

test('every function is finite far out, where it has a value', () => {
  for (const name of POINTWISE.slice(0, 5)) {
    const f = scalarFunction(name);
    assert.deepEqual([f(800), f(-800) === 0], [800, true], name);
  }
});

test('the tabulated complement has the slope −2/√π · e^{−x²} everywhere, across the points of the table', () => {
  const step = 1e-4;
  for (let x = 0.01; x < 6.5; x += 0.0037) {
    const slope = (erfc(x + step) - erfc(x - step)) / (2 * step);
    const wanted = (-2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
    assert.ok(Math.abs(slope / wanted - 1) < 1e-5, `${x}`);
  }
});
