/** `snnc explain` of a deployment: whatever it says of populations, cores and limits is what manifest and programs hold. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openFolder } from '../backends/folder.ts';
import { explain } from '../cli/explain/command.ts';
import { readMapping } from '../cli/explain/mapping.ts';
import { type Explained, explainSchema, type Of } from '../cli/explain/result.ts';
import { renderExplained } from '../cli/explain/text.ts';
import { UserError } from '../ir/diagnostics/diagnostic.ts';
import { DIGITS } from './digits.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-explain-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function snnc(...args: string[]) {
  const run = spawnSync(process.execPath, ['build/test/cli-entry.js', ...args], { encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

const DIR = join(folder, 'digits.snnc');
const QUICK = ['--no-bias-correction', '--effort', 'fast', '--simulate', '0', '--shift', '3', '--quiet'];
const compiled = snnc('compile', `${DIGITS}/vit-digits.onnx`, ...QUICK, '--out', DIR);
assert.equal(compiled.code, 0, compiled.err);
const { manifest, programs } = openFolder(DIR);

const plainly = { columns: Number.POSITIVE_INFINITY, paint: (_: string, text: string) => text };

/** As --json prints it, held to its schema. */
function ask<K extends Explained['kind']>(kind: K, ...words: string[]): Of<K> {
  const found = explainSchema.parse(JSON.parse(JSON.stringify(explain(DIR, words))));
  assert.equal(found.kind, kind);
  assert.ok(renderExplained(found, plainly).length > 0);
  return found as Of<K>;
}

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof UserError, `${error}`);
    return error.diagnostics.map(d => d.code).join();
  }
  return 'none';
};

test('every core: its number is that of its program, what it holds is what the manifest says', () => {
  let number = 0;
  for (const { chip, cores } of programs()) {
    for (const [i, core] of cores.entries()) {
      const found = ask('core', `${chip}:${i}`);
      const own = manifest.cores[number++]!;
      assert.deepEqual([found.router, found.slot], [[core.x, core.y], core.slot]);
      assert.deepEqual(Object.fromEntries(found.used.map(f => [f.resource, f.used])), own.used);
      assert.equal(found.binding, own.binding);
      assert.equal(found.tiles.length, core.tiles.length);
      // Tiles of a core share weights, axons and tables: together they take no more than each alone.
      for (const { resource, used } of found.used) {
        const alone = found.tiles.map(tile => tile.alone.find(f => f.resource === resource)!.used);
        const sum = alone.reduce((a, b) => a + b, 0);
        assert.ok(used <= sum && used >= Math.max(...alone), `${chip}:${i} ${resource}: ${used} of ${sum}`);
        if (resource === 'neurons' || resource === 'groups') assert.equal(used, sum);
      }
    }
  }
  assert.equal(number, manifest.cores.length);
});

test('every population: cut, cores and neighbours; what was taken fits, and finer tiles are smaller', () => {
  for (const population of manifest.populations) {
    const found = ask('population', population.name);
    assert.equal(found.origin, population.origin);
    assert.deepEqual([found.cores.length], [population.cores]);
    assert.equal(
      found.cores.reduce((n, core) => n + core.tiles, 0),
      population.tiles,
    );
    const taken = found.cuts.filter(cut => cut.isTaken);
    assert.deepEqual(
      taken.map(({ cut, fits }) => [cut, fits]),
      [[population.split, true]],
    );
    for (const reader of found.readBy) assert.ok(ask('population', reader).reads.includes(population.name));
    const [own] = taken as [(typeof taken)[number]];
    for (const { tiles, fits, binding } of found.cuts) {
      if (tiles > own.tiles) assert.ok(fits, `${population.name} in ${tiles} tiles`);
      assert.equal(fits, binding.used <= binding.available);
    }
  }
});

test('one cut coarser than the fullest core bears is said not to fit, with the numbers', () => {
  const whole = ask('population', 'blocks.0.fc1');
  const coarser = whole.cuts.filter(cut => !cut.fits);
  assert.ok(coarser.length > 0);
  const tokens = coarser.find(({ cut }) => cut.tokens < 3)!;
  assert.deepEqual(tokens.binding, { resource: 'neurons', used: 17 * 256, available: 4096 });
});

test('every limit: sums and counts are those of the manifest', () => {
  for (const [resource, available] of Object.entries(manifest.capacity)) {
    const found = ask('limit', resource);
    assert.equal(found.available, available);
    const used = manifest.cores.map(core => core.used[resource]!);
    assert.equal(
      found.used,
      used.reduce((a, b) => a + b, 0),
    );
    assert.equal(
      found.histogram.reduce((a, b) => a + b, 0),
      manifest.cores.length,
    );
    assert.equal(found.bound, manifest.cores.filter(core => core.binding === resource).length);
    assert.equal(
      found.behind.reduce((n, { cores }) => n + cores, 0),
      found.bound,
    );
    assert.equal(found.fullest[0]!.used, Math.max(...used));
    assert.ok(found.leastCores <= manifest.cores.length);
    assert.ok(found.figure !== null && found.figure.source !== '');
  }
  assert.deepEqual(ask('limit', 'limit', 'synapse words'), ask('limit', 'synapseWords'));
});

test('without a name all of them are listed', () => {
  const { limits, populations, cores, whatIf } = ask('overview');
  assert.deepEqual(
    limits.map(({ resource }) => resource as string),
    Object.keys(manifest.capacity),
  );
  assert.deepEqual([populations.length, cores], [manifest.populations.length, manifest.cores.length]);
  assert.ok(whatIf.length > 0);
});

test('names: by node, by part; what is nothing and what is several is said', () => {
  assert.equal(ask('population', '/blocks.0/mlp/act/Mul').name, 'blocks.0.fc1');
  assert.equal(ask('population', 'population', 'blocks.3.fc1').name, 'blocks.3.fc1');
  assert.equal(
    codeOf(() => explain(DIR, ['wobble'])),
    'E0002',
  );
  assert.equal(
    codeOf(() => explain(DIR, ['core', '9:9'])),
    'E0002',
  );
  assert.equal(
    codeOf(() => explain(DIR, ['fc1'])),
    'E0003',
  );
  assert.equal(
    codeOf(() => explain(join(folder, 'nowhere'), ['fc1'])),
    'E0620',
  );
  const said = snnc('explain', DIR, 'nuerons');
  assert.equal(said.code, 2);
  assert.match(said.err, /help: Nearest: neurons/);
  const several = snnc('explain', DIR, 'fc1', '--json');
  assert.equal(JSON.parse(several.out).diagnostics[0].facts.count, 4);
  const code = snnc('explain', 'e0502');
  assert.deepEqual([code.code, code.out.split(':')[0]], [0, 'E0502']);
  assert.equal(snnc('explain', 'E9999').code, 2);
});

test('a manifest that somebody has edited is refused, not believed', () => {
  const edited = (name: string, change: (text: string) => string) => {
    const copy = join(folder, name);
    cpSync(DIR, copy, { recursive: true });
    const path = join(copy, 'manifest.json');
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    return () => readMapping(openFolder(copy));
  };
  assert.equal(codeOf(edited('bits', text => text.replace('"bits": 8', '"bits": "eight"'))), 'E0611');
  assert.equal(codeOf(edited('limits', text => text.replace('"limits": {', '"limitless": {'))), 'E0611');
  const first = manifest.cores[0]!;
  const fewer = (text: string) => JSON.stringify({ ...JSON.parse(text), cores: [first] });
  assert.equal(codeOf(edited('cores', fewer)), 'E0623');
});
