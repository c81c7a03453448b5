/** Which mode is taken, and what a stream of images takes in each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCandidates, loadTarget } from '../backends/target.ts';
import { mapFastest } from '../cli/fitting.ts';
import type { Mapped } from '../compiler/map-network.ts';
import type { Mode } from '../ir/chip.ts';
import { type Diagnostics, throwIfErrors, UserError } from '../ir/diagnostics/diagnostic.ts';
import { createCounts } from '../runtime-sim/counts.ts';
import { stepBound } from '../runtime-sim/timing.ts';
import { said } from './kit.ts';

/** Mapping of a network that needs so many cores in each mode, or fits none of them. */
const needing =
  (needed: { readonly [M in Mode]?: number }, fault?: 'E0501' | 'E0504' | 'E0511') =>
  ({ spec, cores }: { spec: string; cores: number }, own: Diagnostics, mode: Mode): Mapped => {
    const facts = { target: spec, needed: needed[mode] ?? 0, available: cores };
    if (needed[mode] === undefined)
      own.report(
        fault ?? 'E0501',
        { origin: mode },
        { ...facts, population: 'p', resource: 'r', delay: 1, limit: 0, bits: 9, least: 1, most: 8 },
      );
    else if (cores < needed[mode]) own.report('E0502', { origin: spec }, facts);
    throwIfErrors(own);
    return { mode } as unknown as Mapped;
  };

test('auto takes the first mode that fits any board, each on the smallest board that holds it', async () => {
  const boards = await loadCandidates('loihi2');
  const take = (needed: Parameters<typeof needing>[0], fault?: 'E0504' | 'E0511') => {
    const { target, mapped } = mapFastest(boards, ['pipelined', 'streaming'], needing(needed, fault));
    return `${(mapped as unknown as { mode: string }).mode} ${target.spec}`;
  };
  assert.equal(take({ pipelined: 500, streaming: 90 }), 'pipelined loihi2:kapoho-point');
  assert.equal(take({ pipelined: 1e7, streaming: 90 }), 'streaming loihi2:oheo-gulch');
  assert.equal(take({ streaming: 500 }), 'streaming loihi2:kapoho-point');
  assert.equal(take({ streaming: 500 }, 'E0504'), 'streaming loihi2:kapoho-point');
  const codes = (error: unknown) => (error instanceof UserError ? error.diagnostics[0]!.code : 'none');
  assert.throws(
    () => take({ pipelined: 1e7, streaming: 1e6 }),
    error => codes(error) === 'E0502',
  );
  // No mode gets round what the target cannot do at all.
  assert.throws(
    () => take({ streaming: 1 }, 'E0511'),
    error => codes(error) === 'E0511',
  );
});

test('a stream takes what images that follow each other do in the same timestep', async () => {
  const { timing } = await loadTarget('loihi2');
  const barrier = timing.barrierAllTiles!.value;
  const updates = [0, 6, 2, 1, 7].map(n => (n * 1e4) / timing.updateActive!.value);
  const at = (interval: number) => {
    const counts = createCounts(updates.length - 1, interval, 1, 1);
    counts.images = 1;
    counts.ran.fill(1);
    updates.forEach((n, k) => {
      counts.work[k]!.updates[0] = n;
      counts.work[k]!.active[0] = n;
    });
    return stepBound(counts, timing);
  };
  const NS = 1e-9;
  const near = (a: number, b: number) => assert.ok(Math.abs(a / b - 1) < 1e-9, `${a} and ${b}`);
  const long = (n: number) => Math.max(barrier, n * 1e4) * NS;
  for (const interval of [1, 2, 3])
    near(at(interval).layerwiseSeconds, long(6) + long(2) + long(1) + long(7));
  near(at(1).intervalSeconds, long(16));
  near(at(2).intervalSeconds, long(0 + 2 + 7) + long(6 + 1));
  near(at(2).pipelinedStepSeconds, at(2).intervalSeconds / 2);
  near(at(3).intervalSeconds, long(0 + 1) + long(6 + 7) + long(2));
  near(at(3).terms.updates!, 13e4);
});

test('E0530 and E0531: modes that the options leave no room for', async () => {
  const compiled = (...args: string[]) => said('compile', 'examples/digits/vit-digits.onnx', ...args);
  assert.match(await compiled('--mode', 'streaming', '--steps', '3'), /^1 [\s\S]*E0530[\s\S]*3 steps/);
  assert.match(await compiled('--mode', 'pipelined', '--anytime'), /^1 [\s\S]*E0531[\s\S]*--mode pipelined/);
});
