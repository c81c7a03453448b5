import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nthSmallest } from '../compiler/order-statistics.ts';

test('the n-th smallest is what stands there after sorting, ties and sorted input included', () => {
  const numbers = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(numbers, fc.nat(), (list, pick) => {
      const sorted = Float64Array.from(list).sort();
      const n = 1 + (pick % list.length);
      assert.equal(nthSmallest(Float64Array.from(list), n), sorted[n - 1]);
      assert.equal(nthSmallest(Float64Array.from(sorted), n), sorted[n - 1]);
    }),
  );
  const random = Float64Array.from({ length: 5000 }, (_, i) => Math.sin(i * i));
  const sorted = random.slice().sort();
  for (const n of [1, 50, 2500, 4950, 5000]) assert.equal(nthSmallest(random, n), sorted[n - 1]);
});
