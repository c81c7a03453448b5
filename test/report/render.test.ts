/** report.html as text: what it may hold, what it must not, and how large it gets. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { ASSETS_PATH, bundleAssets, printAssets } from '../../bench/page-assets.ts';
import { digits, format, formatBand, short } from '../../report/html/format.ts';
import { html, packData } from '../../report/html/markup.ts';
import { renderReport } from '../../report/html/render.ts';
import type { Report } from '../../report/schema.ts';
import { compilePerceptron, knowingLittle } from './reports.ts';

const SPACE = '\u00a0';

test('numbers have three digits, thousands and units', () => {
  const cases: readonly (readonly [number | null, string, string])[] = [
    [0, '', '0'],
    [6867, '', '6,867'],
    [0.17681, '', '0.177'],
    [0.25, '', '0.25'],
    [-3, '', '−3'],
    [0.0000123, '', '1.23·10⁻⁵'],
    [9999, '#', '9,999'],
    [46854.25, '#', '46.9 k'],
    [2332202.75, '#', '2.33 M'],
    [3.44e9, '#', '3.44 G'],
    [59129460.4, 'pJ', '59.1 µJ'],
    [999.99, 'pJ', '1 nJ'],
    [0.00124161, 's', '1.24 ms'],
    [2e-7, 's', '200 ns'],
    [0, 's', '0 s'],
    [1, '%', '100 %'],
    [0.99999, '%', '99.9 %'],
    [0.000687, '%', '0.07 %'],
    [0.00001, '%', '<\u20090.01 %'],
    [0.26, '%', '26.0 %'],
    [null, '%', 'unknown'],
    [30.25, 'dB', '30.3 dB'],
  ];
  for (const [value, unit, text] of cases)
    assert.equal(format(value, unit).replaceAll(SPACE, ' '), text, `${value} ${unit}`);
  assert.equal(formatBand(59.1e6, 94.8e6, 'pJ'), `59.1–94.8${SPACE}µJ`);
  assert.equal(formatBand(900e3, 94.8e6, 'pJ'), `900${SPACE}nJ – 94.8${SPACE}µJ`);
  assert.equal(formatBand(1, 1, 'pJ'), `1${SPACE}pJ`);
  assert.equal(digits(123456), '123,456');
  assert.equal(short(12), '12');
});

test('what is put into a page is escaped, in markup, attributes and data', () => {
  const evil = `"><img src=x onerror='alert(1)'>&`;
  assert.equal(html`<p title="${evil}">${[evil, null, false, 3]}</p>`.markup.includes('<img'), false);
  const data = { name: '</script><script>alert(1)</script>\u2028' };
  const packed = packData(data);
  assert.match(packed, /^[A-Za-z0-9+/=]+$/);
  assert.deepEqual(JSON.parse(inflateRawSync(Buffer.from(packed, 'base64')).toString()), data);
});

test(`${ASSETS_PATH} is what its sources bundle to`, async () => {
  assert.equal(readFileSync(ASSETS_PATH, 'utf8'), printAssets(await bundleAssets()), 'run `npm run page`');
});

describe('the page as text', () => {
  let report: Report;
  before(() => {
    report = compilePerceptron();
  });

  test('names of the user are text, wherever they stand', () => {
    const evil = `"><img src=x onerror=alert(1)></script><script>alert(2)</script>`;
    const renamed: Report = {
      ...report,
      header: { ...report.header, model: { ...report.header.model, file: evil, name: evil } },
      layers: report.layers.map(layer => ({ ...layer, name: evil, origin: evil })),
      tensors: report.tensors.map(tensor => ({ ...tensor, name: evil, origin: evil })),
      provenance: {
        ...report.provenance,
        diagnostics: [{ code: 'W0001', message: evil, at: evil }],
        options: { [evil]: evil },
      },
    };
    const page = renderReport(renamed);
    assert.equal(page.includes('<img'), false);
    assert.equal(page.match(/<script/g)!.length, 2);
    assert.equal(page.match(/<\/script/g)!.length, 2);
  });

  test('its policy names its one script and its one style, and nothing is taken from elsewhere', () => {
    const page = renderReport(report);
    const [, policy] = /Content-Security-Policy" content="([^"]*)"/.exec(page)!;
    assert.ok(policy!.startsWith('default-src &#39;none&#39;;'));
    const hash = (text: string) => createHash('sha256').update(text, 'utf8').digest('base64');
    const [, style] = /<style>([\s\S]*?)<\/style>/.exec(page)!;
    const [, script] = /<script>([\s\S]*?)<\/script>/.exec(page)!;
    assert.ok(policy!.includes(`script-src &#39;sha256-${hash(script!)}&#39;`));
    assert.ok(policy!.includes(`style-src &#39;sha256-${hash(style!)}&#39;`));
    assert.equal(/unsafe/.test(policy!), false);
    assert.equal(
      / (?:src|srcset|action|style|on\w+)=|<link|@import|url\(/.test(
        page.replace(style!, '').replace(script!, ''),
      ),
      false,
    );
    assert.deepEqual(
      [...page.matchAll(/ href="([^"]*)"/g)].filter(([, to]) => !to!.startsWith('#')),
      [],
    );
  });

  test('the same report gives the same bytes; every id is there once', () => {
    const page = renderReport(report);
    assert.equal(renderReport(report), page);
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const [, to] of page.matchAll(/ href="#([^"]*)"/g))
      assert.ok(ids.includes(to) || to!.startsWith('core-'), to);
  });

  test('a report that knows little makes a page all the same', () => {
    const page = renderReport(knowingLittle(report));
    assert.equal(
      /NaN|undefined|Infinity|\[object/.test(page.replace(/<script[\s\S]*?<\/script>/g, '')),
      false,
    );
    assert.equal(
      /NaN|undefined|Infinity|\[object/.test(renderReport(report).replace(/<script[\s\S]*?<\/script>/g, '')),
      false,
    );
  });
});
