/** What stands beside the bundle: the licences of what it contains, and the types of the library. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `inputs`: files that the bundle was made of. Their licences ask to be passed on. */
export function writeLicences(inputs: readonly string[], path: string): readonly string[] {
  const packages = [
    ...new Set(inputs.flatMap(input => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? [])),
  ];
  const texts = packages.toSorted().map(folder => {
    const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      readonly name: string;
      readonly version: string;
      readonly license?: string;
    };
    const files = readdirSync(folder).filter(name => /^(licen[cs]e|copying|notice)/i.test(name));
    const texts = files.map(name => readFileSync(join(folder, name), 'utf8').trim());
    const text = texts.length === 0 ? `Licensed under ${about.license}.` : texts.join('\n\n');
    return `${about.name} ${about.version} (${about.license})\n\n${text}\n`;
  });
  const rule = `\n${'-'.repeat(80)}\n\n`;
  writeFileSync(path, `The files of this folder contain the following packages.\n${rule}${texts.join(rule)}`);
  return packages;
}

/** Declarations of api/ alone: nothing in them leads out of it. */
export function copyTypes(from: string, to: string): void {
  if (!existsSync(from)) throw new Error(`${from} is missing: npm run build makes it`);
  mkdirSync(to, { recursive: true });
  const wanted = ['index', 'error', 'options', 'progress', 'results'];
  for (const name of wanted) {
    const text = readFileSync(join(from, `${name}.d.ts`), 'utf8').replaceAll(
      /(from ')(\.\/\w+)\.ts'/g,
      "$1$2.js'",
    );
    const outside = [...text.matchAll(/from '([^']+)'/g)].map(match => match[1]!);
    const strange = outside.find(path => !wanted.some(own => path === `./${own}.js`));
    if (strange !== undefined) throw new Error(`the types of the library lead to ${strange}`);
    writeFileSync(join(to, `${name}.d.ts`), text);
  }
}
