import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import onnxProto from 'onnx-proto';

const MODEL = 'examples/digits/vit-digits.onnx';
const folder = mkdtempSync(join(tmpdir(), 'snnc-errors-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function snnc(...args: string[]) {
  const run = spawnSync(process.execPath, ['build/test/cli-entry.js', ...args], { encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

/** The model with something changed, as a file. */
function damaged(name: string, change: (model: onnxProto.onnx.ModelProto) => void): string {
  const model = onnxProto.onnx.ModelProto.decode(readFileSync(MODEL));
  change(model);
  const path = join(folder, name);
  writeFileSync(path, onnxProto.onnx.ModelProto.encode(model).finish());
  return path;
}

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const coreXml = () => readFileSync('backends/loihi2/core.xml', 'utf8');
const chipXml = () => readFileSync('backends/loihi2/chip.xml', 'utf8');
/** A user's own chip with a core of its own name, changed. */
function target(name: string, change: (core: string) => string): string {
  const own = (xml: string) => xml.replaceAll('loihi2-core', 'test-core');
  file('core.xml', change(own(coreXml())));
  return file(name, own(chipXml()).replace('<coreRef ', '<coreRef file="core.xml" '));
}

const thresholds = (site: string, changes: object) =>
  JSON.stringify({ settings: [{ site, kind: 'embedding', shift: 3, terms: 3, band: 0.75, ...changes }] });

const CASES: readonly { what: string; args: () => string[]; code: string; exit: number }[] = [
  {
    what: 'a truncated file',
    args: () => ['compile', file('short.onnx', readFileSync(MODEL).subarray(0, 400_000))],
    code: 'E0102',
    exit: 1,
  },
  { what: 'a missing file', args: () => ['compile', join(folder, 'nowhere.onnx')], code: 'E0101', exit: 4 },
  {
    what: 'an unknown operator',
    args: () => [
      'compile',
      damaged('operator.onnx', model => {
        model.graph!.node!.find(node => node.opType === 'Erf')!.opType = 'Wobble';
      }),
    ],
    code: 'E0103',
    exit: 1,
  },
  {
    what: 'NaN weights',
    args: () => [
      'compile',
      damaged('nan.onnx', model => {
        const tensor = model.graph!.initializer!.find(t => t.name === 'patch.weight')!;
        const bytes = Buffer.from(tensor.rawData!);
        bytes.writeFloatLE(Number.NaN, 8);
        tensor.rawData = bytes;
      }),
    ],
    code: 'E0104',
    exit: 1,
  },
  { what: 'a mistyped flag', args: () => ['compile', MODEL, '--shfit', '3'], code: 'E0001', exit: 2 },
  { what: 'an impossible number', args: () => ['compile', MODEL, '--steps', 'abc'], code: 'E0001', exit: 2 },
  { what: 'an unknown target', args: () => ['compile', MODEL, '--target', 'loihi9'], code: 'E0569', exit: 2 },
  {
    what: 'a descriptor without a source',
    args: () => [
      'compile',
      MODEL,
      '--target',
      target('chip.xml', core => core.replace(' sourceRef="LDL"', '')),
    ],
    code: 'E0557',
    exit: 2,
  },
  {
    what: 'a layer that no cut can fit',
    args: () => [
      'compile',
      MODEL,
      '--target',
      target('chip.xml', core =>
        core.replace('name="stateWords" value="8192"', 'name="stateWords" value="40"'),
      ),
    ],
    code: 'E0501',
    exit: 3,
  },
  {
    what: 'thresholds that are no JSON',
    args: () => ['compile', MODEL, '--thresholds', file('bad.json', '{"settings": [')],
    code: 'E0340',
    exit: 1,
  },
  {
    what: 'thresholds out of range',
    args: () => ['compile', MODEL, '--thresholds', file('range.json', thresholds('%0', { terms: 99 }))],
    code: 'E0340',
    exit: 1,
  },
  {
    what: 'a threshold rule that is none, nor a file',
    args: () => ['compile', MODEL, '--thresholds', join(folder, 'pow3')],
    code: 'E0101',
    exit: 4,
  },
  {
    what: 'thresholds of another network',
    args: () => ['compile', MODEL, '--thresholds', file('other.json', thresholds('%elsewhere', {}))],
    code: 'E0341',
    exit: 1,
  },
  {
    what: 'a largest drop without labels',
    args: () => ['compile', MODEL, '--max-drop', '1%'],
    code: 'E0342',
    exit: 2,
  },
  {
    what: 'a search with the thresholds of the paper',
    args: () => ['compile', MODEL, '--max-divergence', '0.1', '--thresholds', 'paper'],
    code: 'E0344',
    exit: 2,
  },
  {
    what: 'a search with ladders of a fixed length',
    args: () => ['compile', MODEL, '--max-divergence', '0.1', '--levels', '6'],
    code: 'E0344',
    exit: 2,
  },
  {
    what: 'a curve without a search',
    args: () => ['compile', MODEL, '--save-curve', join(folder, 'curve.csv')],
    code: 'E0345',
    exit: 2,
  },
  {
    what: 'a largest drop that is no share',
    args: () => ['compile', MODEL, '--max-drop', '1'],
    code: 'E0001',
    exit: 2,
  },
  {
    what: 'a largest divergence of nothing',
    args: () => ['compile', MODEL, '--max-divergence', '0'],
    code: 'E0001',
    exit: 2,
  },
  { what: 'a folder that is none of ours', args: () => ['report', folder], code: 'E0620', exit: 4 },
  { what: 'a code that nobody gives', args: () => ['explain', 'E9999'], code: 'E0001', exit: 2 },
];

for (const { what, args, code, exit } of CASES) {
  test(`${what}: ${code}, exit ${exit}, no stack trace, nothing written`, () => {
    const list = args();
    const before = readdirSync(folder);
    const out = list[0] === 'compile' ? ['--out', join(folder, 'never.snnc')] : [];
    const run = snnc(...list, ...out);
    assert.match(run.err, new RegExp(`error\\[${code}\\]`), run.err);
    assert.match(run.err, /--> /);
    assert.match(run.err, /help: /);
    assert.doesNotMatch(run.err, /\n\s+at /);
    assert.equal(run.code, exit);
    assert.ok(!existsSync(join(folder, 'never.snnc')));
    assert.deepEqual(readdirSync(folder), before);
    assert.equal(run.out, '');
  });
}
