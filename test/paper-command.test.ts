/** `snnc methods` and `snnc paper` as commands: what they print, write and refuse. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { XMLValidator } from 'fast-xml-parser';
import { writeNpz } from '../cli/npz.ts';
import { csvText } from '../cli/text-files.ts';
import { METHODS } from '../compiler/methods/table.ts';
import { wilsonInterval } from '../report/interval.ts';
import { chartSvg, roundTicks } from '../report/svg.ts';
import { DIGITS, readDigits } from './digits.ts';

const MODEL = `${DIGITS}/vit-digits.onnx`;
const folder = mkdtempSync(join(tmpdir(), 'snnc-paper-'));
const IMAGES = ['--data', `${DIGITS}/digits-test.npz`, '--calibrate', fewImages(8)];
after(() => rmSync(folder, { recursive: true, force: true }));

/** The first calibration images, normalised: sorting all of them takes longer than the rest. */
function fewImages(count: number): string {
  const path = join(folder, 'few.npz');
  const data = Float64Array.from(
    readDigits(0)
      .calibration.slice(0, count)
      .flatMap(image => [...image]),
  );
  writeFileSync(path, writeNpz([{ name: 'images', shape: [count, 1, 8, 8], data }]));
  return path;
}

function snnc(...args: string[]) {
  const run = spawnSync(process.execPath, ['build/test/cli-entry.js', ...args], { encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

interface Printed {
  readonly samples: number;
  readonly ann: { readonly accuracy: number };
  readonly methods: readonly {
    readonly id: string;
    readonly points: readonly { readonly steps: number; readonly accuracy: number; readonly eq30: number }[];
  }[];
}

test('snnc methods: JSON and CSV say the same, T by T, energy grows with T', () => {
  const csv = join(folder, 'new', 'methods.csv');
  const ids = 'ecmt,srp,ours-sum';
  const options = ['--methods', ids, '--steps', '2,1,2', '--limit', '2', '--csv', csv, '--json'];
  const { code, out, err } = snnc('methods', MODEL, ...IMAGES, ...options);
  assert.equal(code, 0, err);
  const printed = JSON.parse(out) as Printed;
  assert.equal(printed.samples, 2);
  assert.deepEqual(printed.methods.map(m => m.id).join(','), ids.split(',').join(','));
  for (const { id, points } of printed.methods) {
    assert.deepEqual(
      points.map(p => p.steps),
      [1, 2],
    );
    assert.ok(points[0]!.eq30 > 0 && points[0]!.eq30 <= points[1]!.eq30, id);
  }
  const rows = readFileSync(csv, 'utf8').trim().split('\n');
  assert.equal(rows.length, 2 + 3 * 2);
  const [, , first] = rows;
  assert.ok(first!.startsWith('ecmt,1,') && first!.endsWith(`,${printed.methods[0]!.points[0]!.eq30}`));
});

test('without labels there is agreement and no accuracy; compensation alone is lossless', () => {
  const [, , , few] = IMAGES as readonly string[];
  const options = ['--data', few!, '--calibrate', few!, '--methods', 'compensation', '--steps', '1,16'];
  const printed = snnc('methods', MODEL, ...options, '--limit', '3', '--json');
  const { ann, methods } = JSON.parse(printed.out) as {
    ann: { accuracy: null };
    methods: { points: { accuracy: null; agreement: number; logitMse: number }[] }[];
  };
  assert.equal(ann.accuracy, null);
  for (const { accuracy, agreement, logitMse } of methods[0]!.points) {
    assert.equal(accuracy, null);
    assert.equal(agreement, 1);
    assert.ok(logitMse < 1e-24, `${logitMse}`);
  }
  assert.doesNotMatch(snnc('methods', MODEL, ...options, '--limit', '1').out, /accuracy, %/);
});

test('snnc paper: text, CSV, well-formed SVG and JSON in a folder', () => {
  const options = [
    '--only',
    'fig6,table1,table3',
    '--steps',
    '1,2',
    '--limit',
    '1',
    '--out',
    join(folder, 'out'),
  ];
  const { code, out, err } = snnc('paper', MODEL, ...IMAGES, ...options);
  assert.equal(code, 0, err);
  assert.match(out, /Figure 6[\s\S]*Table 1[\s\S]*Table 3/);
  assert.deepEqual(
    readdirSync(join(folder, 'out')).sort(),
    ['fig6-rates.svg', 'fig6.csv', 'fig6.txt', 'paper.json', 'table1-accuracy.svg', 'table1-energy.svg']
      .concat(['table1.csv', 'table1.txt', 'table3.csv', 'table3.txt'])
      .sort(),
  );
  for (const name of readdirSync(join(folder, 'out')).filter(n => n.endsWith('.svg'))) {
    assert.equal(XMLValidator.validate(readFileSync(join(folder, 'out', name), 'utf8')), true, name);
  }
  const { plots } = JSON.parse(readFileSync(join(folder, 'out', 'paper.json'), 'utf8')) as {
    plots: { fig6: { rates: { population: string; positive: number[]; negative: number[] }[] } };
  };
  const rates = plots.fig6.rates.flatMap(r => [...r.positive, ...r.negative]);
  assert.ok(rates.some(r => r > 0) && rates.every(r => r >= 0 && r <= 1));
  const softmax = plots.fig6.rates.find(({ population }) => population.endsWith('.scores'))!;
  assert.equal(Math.max(...softmax.negative), 0, 'a softmax is never negative');
});

test('E0331, E0332, E0333, E0725: what methods and paper refuse, in one message each', () => {
  const refusals = [
    [['methods', MODEL, ...IMAGES, '--methods', 'rmp,no-such'], 'E0331', 2],
    [['paper', MODEL, '--only', 'fig5'], 'E0332', 2],
    [['paper', MODEL, ...IMAGES, '--only', 'fig7'], 'E0333', 2],
  ] as const;
  for (const [args, wanted, exit] of refusals) {
    const { code, err } = snnc(...args);
    assert.match(err, new RegExp(wanted));
    assert.equal(code, exit);
    assert.doesNotMatch(err, /\n\s+at /);
  }
  const inTheWay = join(folder, 'file');
  writeFileSync(inTheWay, '');
  const { code, err } = snnc('paper', MODEL, '--only', 'table3', '--out', join(inTheWay, 'out'));
  assert.match(err, /E0725/);
  assert.equal(code, 4);
  assert.match(snnc('methods', MODEL, ...IMAGES, '--steps', '1,x').err, /E0001/);
});

test('Wilson’s interval: known values, and never outside 0 to 1', () => {
  const near = ([low, high]: readonly [number, number], wanted: readonly [number, number]) => {
    assert.ok(Math.abs(low - wanted[0]) < 5e-5 && Math.abs(high - wanted[1]) < 5e-5, `${low}–${high}`);
  };
  near(wilsonInterval(8, 10), [0.49016, 0.94331]);
  near(wilsonInterval(0, 10), [0, 0.27753]);
  near(wilsonInterval(10, 10), [0.72247, 1]);
  assert.deepEqual(wilsonInterval(0, 0), [0, 1]);
});

test('charts escape what they are given, skip what is not finite and mark round numbers', () => {
  const svg = chartSvg({
    title: 'a < b & "c"',
    x: { label: 'x' },
    y: { label: 'y' },
    series: [
      {
        name: '<script>',
        points: [
          [0, 0.5],
          [1, Number.NaN],
          [2, 7],
        ],
      },
      { name: 'none', points: [], isDashed: true },
    ],
  });
  assert.equal(XMLValidator.validate(svg), true);
  assert.doesNotMatch(svg, /<script>|NaN|Infinity/);
  assert.deepEqual(roundTicks([0, 0.93]), [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
  assert.deepEqual(roundTicks([5, 5]), [5, 6]);
  assert.deepEqual(roundTicks([]), [0, 1]);
  assert.equal(csvText([['a,b', 'say "x"', null, 1]]), '"a,b","say ""x""",,1\n');
  assert.ok(METHODS.every(({ name }) => !name.includes('"')));
});
