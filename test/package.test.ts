/** What is published: small, whole by itself, and at work with the network cut off. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';

const folder = mkdtempSync(join(tmpdir(), 'snnc-package-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = !existsSync('dist/snnc.js');

interface About {
  readonly version: string;
  readonly dependencies?: object;
  readonly optionalDependencies: object;
  readonly peerDependencies: object;
}
const about = JSON.parse(readFileSync('package.json', 'utf8')) as About;
const LARGEST = 3 * 2 ** 20;

/** A new network without a way out, where the machine allows one. */
const isCutOff = spawnSync('unshare', ['-rn', 'true']).status === 0;
function offline(command: string, args: readonly string[], cwd: string) {
  const [first, ...rest] = isCutOff ? ['unshare', '-rn', command, ...args] : [command, ...args];
  const env = { ...process.env, npm_config_cache: join(folder, 'cache'), npm_config_offline: 'true' };
  const run = spawnSync(first!, rest, { cwd, encoding: 'utf8', env });
  assert.equal(run.status, 0, `${command} ${args.join(' ')}\n${run.stderr}`);
  return run.stdout;
}

test('the bundle imports nothing that does not come with it or is optional', { skip }, () => {
  assert.equal(about.dependencies, undefined);
  const optional = [...Object.keys(about.optionalDependencies), ...Object.keys(about.peerDependencies)];
  const outside = new Set<string>();
  for (const name of readdirSync('dist').filter(each => each.endsWith('.js'))) {
    const text = readFileSync(join('dist', name), 'utf8');
    for (const [, specifier] of text.matchAll(/(?:^|[;}\s])(?:import|export)[^;'"()]*from"([^"]+)"/g))
      if (!specifier!.startsWith('.') && !isBuiltin(specifier!)) outside.add(specifier!);
    for (const [, specifier] of text.matchAll(/\bimport\("([^"]+)"\)/g))
      if (!specifier!.startsWith('.') && !isBuiltin(specifier!)) outside.add(specifier!);
  }
  for (const specifier of outside) assert.ok(optional.includes(specifier.split('/')[0]!), specifier);
  const licences = readFileSync('dist/LICENCES.txt', 'utf8');
  for (const name of ['yargs', 'zod', 'mathjs', 'fast-xml-parser', 'fflate'])
    assert.match(licences, new RegExp(`^${name} \\d.*\\((MIT|Apache-2.0)\\)$`, 'm'));
});

test('packed, installed in an empty project and run, all without a network', { skip }, () => {
  const packed = spawnSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    encoding: 'utf8',
  });
  const [{ filename, size, files }] = JSON.parse(packed.stdout) as [
    { filename: string; size: number; files: readonly { path: string }[] },
  ];
  assert.ok(size <= LARGEST, `${size} bytes`);
  const paths = files.map(({ path }) => path);
  for (const wanted of [
    ...['dist/snnc.js', 'dist/api.js', 'dist/types/index.d.ts', 'docs/api.md', 'LICENSE', 'NOTICE'],
    ...['backends/schema/manifest.schema.json', 'backends/descriptor.xsd', 'backends/loihi2/core.xml'],
    ...['examples/digits/vit-digits.onnx', 'examples/own-target/board.xml', 'CHANGELOG.md'],
  ])
    assert.ok(paths.includes(wanted), wanted);
  assert.deepEqual(
    paths.filter(path => /^(build|test|node_modules|ir|compiler)\//.test(path)),
    [],
  );
  const project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{"name":"fresh","private":true,"type":"module"}');
  offline('npm', ['install', '--no-audit', '--no-fund', resolve(folder, filename)], project);
  assert.equal(offline('npx', ['snnc', '--version'], project).trim(), about.version);
  const quick = ['--quiet', '--no-compare', '--no-bias-correction', '--effort', 'fast', '--simulate', '1'];
  const made = offline('npx', ['snnc', 'compile', ...quick, '--shift', '3', '--json'], project);
  assert.equal((JSON.parse(made) as { fits: boolean }).fits, true);
  const script =
    "import { report } from 'snnc'; console.log((await report('vit-digits.snnc')).schemaVersion);";
  writeFileSync(join(project, 'use.mjs'), script);
  assert.match(offline(process.execPath, ['use.mjs'], project), /^\d+\n$/);
});
