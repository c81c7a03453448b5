/** The search on whole networks: within the limit, never dearer than a profile that is, the same every time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadTarget } from '../../backends/target.ts';
import { convertMeasured } from '../../cli/convert.ts';
import { curveCsv, renderSearch, searchRecord } from '../../cli/search.ts';
import { defaultProfile } from '../../compiler/profile.ts';
import type { Goal } from '../../compiler/search/goal.ts';
import { parseSettings, printSettings } from '../../compiler/site-settings.ts';
import { createDiagnostics } from '../../ir/diagnostics/diagnostic.ts';
import { randomAnn } from '../../ir/random/ann.ts';
import { logitsOf, randomImages } from '../kit.ts';

const target = await loadTarget('generic');
const shape = { tokens: 5, dim: 10, heads: 2, mlp: 13, depth: 1, classes: 4, patch: 5 };
const graph = randomAnn(3, shape);
const images = randomImages(graph, 24, 8);
const labels = images.map(image => {
  const logits = logitsOf(graph, image);
  return logits.indexOf(Math.max(...logits));
});

function compile(goal: Goal | undefined, more: Partial<Parameters<typeof convertMeasured>[2]> = {}) {
  const diagnostics = createDiagnostics();
  const options = {
    ...({ coding: 'sum', steps: 1, thresholds: 'pow2', shift: 4, weightBits: 8 } as const),
    ...{ seed: 1, effort: 'fast' as const },
    ...{ biasCorrection: true, keepUnread: false, profileOf: (shift: number) => defaultProfile(shift) },
    search: goal && { goal, labels, maxTerms: 3 },
    ...more,
  } as const;
  const about = { target, isPixels: false, origin: 'test' };
  const chosen = convertMeasured(graph, images, options, about, { diagnostics, step: () => {} });
  return { ...chosen.made, diagnostics };
}

const within = (value: number): Goal => ({ optimize: 'energy', limit: { kind: 'divergence', value } });

const searched = compile(within(0.05));
const strict = compile(within(0.002));

test('what is found runs within the limit on both halves and costs no more than a profile that does', () => {
  const { found } = searched;
  const { best, trials } = found!;
  const profile = compile(undefined, { shift: 3 });
  assert.ok(best.chosen!.mse <= 0.05 && best.verified!.mse <= 0.05);
  assert.ok(profile.logitMse <= 0.05 && searched.activity.paperAcs <= profile.activity.paperAcs);
  assert.ok(trials.some(({ from }) => from === 'curve'));
});

test('where errors are small, predicted accumulations are those of the integer network, nearly', () => {
  const near = strict.found!.trials.filter(({ chosen }) => chosen!.mse < 0.01);
  assert.ok(near.some(({ from }) => from === 'curve'));
  for (const { predicted, chosen } of near) {
    assert.ok(Math.abs(predicted.acs / chosen!.acs - 1) < 0.1, `${predicted.acs}, run ${chosen!.acs}`);
  }
});

test('a looser limit costs no more', () => {
  assert.ok(searched.found!.best.chosen!.acs < strict.found!.best.chosen!.acs);
});

test('the same input gives the same result, and the saved thresholds give the same network', () => {
  const [first, second] = [searched, compile(within(0.05))];
  assert.deepEqual(searchRecord(first.found!), searchRecord(second.found!));
  const text = printSettings(first.settings);
  const again = compile(undefined, { settingsOf: sites => parseSettings(text, 'x.json', sites) });
  assert.deepEqual(again.int.nodes, first.int.nodes);
  assert.deepEqual(again.settings, first.settings);
});

test('accuracy is the limit where labels are known; fewer bits where cores count', () => {
  const drop: Goal = { optimize: 'energy', limit: { kind: 'drop', value: 0.2 } };
  const { best } = compile(drop).found!;
  assert.ok(best.chosen!.accuracy!.drop + best.chosen!.accuracy!.dropError <= 0.2);
  const cores = compile({ optimize: 'cores', limit: { kind: 'divergence', value: 0.1 } });
  assert.ok(cores.weightBits < 8);
});

test('report: a row for every run, an arrow at the one that is taken, a CSV with both kinds', () => {
  const record = searchRecord(searched.found!);
  const text = renderSearch(record);
  assert.equal(text.split('\n').filter(line => line.startsWith('→')).length, 1);
  assert.match(text, /chosen on 12 calibration images, verified on 12 others/);
  const rows = curveCsv(record).trimEnd().split('\n');
  assert.equal(rows.length, 1 + record.curve.length + record.trials.length);
  assert.ok(rows.every(row => row.split(',').length === 9));
});

test('W0340: few images choose and verify on the same', () => {
  const diagnostics = createDiagnostics();
  const few = images.slice(0, 6);
  const options = {
    ...({ coding: 'sum', steps: 1, thresholds: 'pow2', shift: 4, weightBits: 8 } as const),
    ...{ seed: 1, effort: 'fast' as const },
    ...{ biasCorrection: true, keepUnread: false, profileOf: (shift: number) => defaultProfile(shift) },
    search: { goal: within(0.1), labels: undefined, maxTerms: 3 },
  } as const;
  const about = { target, isPixels: false, origin: 'test' };
  const { made } = convertMeasured(graph, few, options, about, { diagnostics, step: () => {} });
  assert.deepEqual(made.found!.images, { chosenOn: 6, verifiedOn: 6, isSplit: false });
  assert.deepEqual(
    diagnostics.list.map(d => d.code),
    ['W0340'],
  );
});

test('E0343: a limit that nothing meets says how near it came', () => {
  assert.throws(() => compile(within(1e-12)), /E0343.*0\.\d*/s);
});
