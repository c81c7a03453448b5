import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCandidates } from '../backends/target.ts';
import { mapOnSmallest } from '../cli/fitting.ts';
import type { Mapped } from '../compiler/map-network.ts';
import { type Diagnostics, throwIfErrors, UserError } from '../ir/diagnostics/diagnostic.ts';

/** Mapping of a network that needs so many cores. */
const needing =
  (needed: number) =>
  ({ spec, cores }: { spec: string; cores: number }, own: Diagnostics): Mapped => {
    own.report('W0301', { origin: spec }, { count: 1, accuracy: '+0', agreement: '100', energy: '+0' });
    if (cores < needed) own.report('E0502', { origin: spec }, { target: spec, needed, available: cores });
    throwIfErrors(own);
    return {} as Mapped;
  };

test('a board that is too small says nothing where a larger one holds the network', async () => {
  const boards = await loadCandidates('loihi2');
  const { target, said } = mapOnSmallest(boards, needing(500));
  assert.equal(target.spec, 'loihi2:kapoho-point');
  assert.deepEqual(
    said.map(d => `${d.code} ${d.at.origin}`),
    ['W0301 loihi2:kapoho-point'],
  );
});

test('where none holds it the largest says so', async () => {
  const boards = await loadCandidates('loihi2');
  assert.throws(
    () => mapOnSmallest(boards, needing(1e9)),
    (error: unknown) =>
      error instanceof UserError && error.diagnostics.some(d => d.at.origin === 'loihi2:hala-point'),
  );
});
