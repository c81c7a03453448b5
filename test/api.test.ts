/** snnc as a library: what the command line does, without a word printed; and its examples. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import * as snnc from '../api/index.ts';
import type { Progress } from '../api/progress.ts';
import { apiFunctions } from '../bench/api-types.ts';
import { typeOf } from '../bench/json-schema-types.ts';
import {
  compileSchema,
  inspectSchema,
  operatorsSchema,
  simulateSchema,
  targetsSchema,
  validateSchema,
} from '../cli/results.ts';
import { DIGITS } from './digits.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-api-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const MODEL = `${DIGITS}/vit-digits.onnx`;
const OUT = join(folder, 'digits.snnc');
const QUICK = { biasCorrection: false, compare: false, effort: 'fast', shift: 3 } as const;

const failure = async (run: Promise<unknown>): Promise<snnc.SnncError> => {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof snnc.SnncError, `${error}`);
  return error;
};

test('a compile: the folder, the result of the command line, every step in its place, an event loop that turns', async () => {
  const told: Progress[] = [];
  let turns = 0;
  const clock = setInterval(() => (turns += 1), 5);
  const made = await snnc.compile(
    MODEL,
    { ...QUICK, out: OUT },
    { onProgress: each => void told.push(each) },
  );
  clearInterval(clock);
  compileSchema.parse(made);
  assert.ok(existsSync(join(OUT, 'manifest.json')));
  assert.deepEqual([made.out, made.fits, made.cores.available], [OUT, true, 120]);
  assert.ok(made.diagnostics.some(({ code }) => code === 'W0301'));
  assert.ok(turns > 10, `${turns}`);
  const begun = told.filter(({ state }) => state === 'begin');
  const last = begun.at(-1)!;
  // Each number is one step of the plan, and none is left out.
  const names = new Map(begun.map(({ number, step }) => [number, step.split(/[ ,:]/)[0]!]));
  assert.deepEqual(
    [...names.keys()],
    Array.from({ length: last.of }, (_, i) => i + 1),
  );
  for (const { number, step } of begun) assert.equal(step.split(/[ ,:]/)[0], names.get(number), step);
  assert.ok(
    told.some(({ state, done, total }) => state === 'advance' && done !== undefined && total! >= done),
  );
  assert.ok(told.some(({ step, found }) => step === 'partition' && found?.includes('tiles on')));
});

test('results are those that their types declare', async () => {
  const data = `${DIGITS}/digits-test.npz`;
  const found = await snnc.validate(OUT, { data, limit: 4, identity: 1 });
  validateSchema.parse(found);
  assert.deepEqual([found.passed, found.samples], [true, 4]);
  assert.equal((await snnc.validate(OUT, { data, limit: 4, tolerance: -100, identity: 0 })).passed, false);
  const simulated = simulateSchema.parse(await snnc.simulate(OUT, { input: data, limit: 2 }));
  assert.equal(simulated.classes.length, 2);
  const listed = inspectSchema.parse(await snnc.inspect(OUT));
  assert.equal(inspectSchema.parse(await snnc.inspect(OUT, { core: '0:1' })).cores[0]!.core, '0:1');
  targetsSchema.parse(await snnc.targets());
  operatorsSchema.parse(await snnc.operators());
  const limit = await snnc.explain(OUT, 'neurons');
  assert.ok(limit.kind === 'limit' && limit.cores === listed.cores.length);
  assert.equal((await snnc.diff(OUT, OUT)).equal, true);
  assert.equal((await snnc.report(OUT)).schema, 'snnc-report');
});

test('what is wrong is one kind of error, with all that is wrong', async () => {
  const missing = await failure(snnc.compile(join(folder, 'nowhere.onnx'), { out: join(folder, 'x') }));
  assert.deepEqual([missing.exitCode, missing.diagnostics.map(({ code }) => code)], [4, ['E0101']]);
  assert.match(missing.message, /^E0101: cannot read/);
  const unknown = await failure(snnc.check(MODEL, { wobble: 1 } as object));
  assert.deepEqual([unknown.exitCode, unknown.diagnostics[0]!.code], [2, 'E0001']);
  assert.match(unknown.message, /wobble/);
  const choice = await failure(snnc.check(MODEL, { mode: 'sideways' as 'auto' }));
  assert.match(choice.message, /sideways/);
  const none = await failure(snnc.explain(OUT, 'wobble'));
  assert.equal(none.diagnostics[0]!.code, 'E0002');
});

test('an aborted signal ends the work, leaves nothing behind and is the reason', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const out = join(folder, 'aborted.snnc');
  const run = snnc.compile(
    MODEL,
    { ...QUICK, out },
    {
      signal: stop.signal,
      onProgress: ({ step, state }) => {
        if (step === 'encode' && state === 'begin') stop.abort(reason);
      },
    },
  );
  await assert.rejects(run, error => error === reason);
  assert.deepEqual(
    readdirSync(folder).filter(name => name.includes('aborted')),
    [],
  );
  await assert.rejects(
    snnc.check(MODEL, {}, { signal: AbortSignal.abort(reason) }),
    error => error === reason,
  );
});

test('nothing is printed', () => {
  const script = `
    const { check, compile } = await import(process.argv[1]);
    await check('nowhere.onnx').catch(() => {});
    await compile('${MODEL}', { steps: 0 }).catch(() => {});`;
  const run = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', script, resolve('build/api/index.js')],
    { encoding: 'utf8' },
  );
  assert.deepEqual([run.status, run.stdout, run.stderr], [0, '', '']);
});

test('the page has every function that is exported', () => {
  const named = apiFunctions().map(({ name }) => name);
  const exported = Object.keys(snnc).filter(name => name !== 'SnncError');
  assert.deepEqual(named.toSorted(), exported.toSorted());
  for (const { signature, says } of apiFunctions()) {
    assert.match(signature, /^\w+\(.*\): Promise<.*>$/);
    assert.ok(says.length > 10 && !says.includes('@throws'), says);
  }
});

test('JSON Schema as a type', () => {
  for (const [schema, type] of [
    [{ type: 'integer' }, 'number'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'string | null'],
    [{ type: 'array', items: { enum: ['a', 'b'] } }, "readonly ('a' | 'b')[]"],
    [{ type: 'array', prefixItems: [{ type: 'number' }, { const: 1 }] }, 'readonly [number, 1]'],
    [{ type: 'object', additionalProperties: { type: 'number' } }, '{ readonly [key: string]: number }'],
    [{}, 'unknown'],
  ] as const)
    assert.equal(typeOf(schema, ''), type);
  const object = { type: 'object', properties: { 'a-b': { type: 'string' } }, additionalProperties: false };
  assert.equal(typeOf(object, ''), "{\n  readonly 'a-b'?: string;\n}");
});

test('the examples run', { skip: !existsSync('dist/api.js') }, () => {
  const run = (script: string, ...args: string[]) => {
    const done = spawnSync(process.execPath, [`examples/${script}`, ...args], { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout;
  };
  assert.match(
    run('own-target/fits.mjs', MODEL),
    /^fits: pipelined, \d+ of 128 cores\n[\s\S]*streaming: \d+ cores/,
  );
  const images = [`${DIGITS}/digits-calib.npz`, `${DIGITS}/digits-test.npz`];
  const table = run('compile-in-a-script/sweep.mjs', MODEL, ...images, join(folder, 'sweep'), '4');
  assert.match(table, /\n4 +\d+ +0\.\d+ +\d+\.\d % of 100\n$/);
});
