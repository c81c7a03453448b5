/** Folders of pictures: a folder for each class, or all in one with their labels beside them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, type Report } from '../ir/diagnostics/diagnostic.ts';
import { cannotRead } from './data.ts';

const PICTURE = /\.(png|jpe?g|webp|gif)$/i;
const LABEL_FILES = ['labels.csv', 'labels.txt'] as const;

export interface PictureFiles {
  readonly paths: readonly string[];
  readonly labels: readonly number[] | undefined;
}

/**
 * `classes`: what the network tells apart, where it is known.
 * Errors  E0101, E0120 · W0124 folder names that look as if they meant other labels
 */
export function listPictures(folder: string, classes: number | undefined, report: Report): PictureFiles {
  try {
    return list(folder, classes, report);
  } catch (error) {
    return cannotRead(folder, error);
  }
}

function list(folder: string, classes: number | undefined, report: Report): PictureFiles {
  const entries = readdirSync(folder, { withFileTypes: true });
  const refuse = (problem: string): never => fail('E0120', { origin: folder }, { path: folder, problem });
  const names = entries
    .filter(entry => !entry.isDirectory() && PICTURE.test(entry.name))
    .map(entry => entry.name)
    .toSorted(byName);
  const folders = entries
    .filter(entry => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(entry => entry.name)
    .toSorted(byName);
  if (names.length > 0) {
    if (folders.length > 0) return refuse('pictures and folders side by side leave open what the labels are');
    return { paths: names.map(name => join(folder, name)), labels: readLabels(folder, names, refuse) };
  }
  const perClass = folders.map(name => picturesBelow(join(folder, name)));
  const paths = perClass.flat();
  if (paths.length === 0) return refuse('no PNG, JPEG, WebP or GIF in it');
  checkClassNames(folder, folders, classes, report);
  return { paths, labels: perClass.flatMap((own, label) => own.map(() => label)) };
}

/** By code points, as Python sorts. */
const byName = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const picturesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => PICTURE.test(name))
    .toSorted(byName)
    .map(name => join(folder, name));

/** Labels count folders by name; a name that is a number of its own may have meant another one. */
function checkClassNames(
  folder: string,
  names: readonly string[],
  classes: number | undefined,
  report: Report,
): void {
  const other = names.findIndex((name, label) => /^\d+$/.test(name) && Number(name) !== label);
  const warn = (problem: string) => report('W0124', { origin: folder }, { path: folder, problem });
  if (names.every(name => /^\d+$/.test(name)) && other >= 0) {
    warn(`folder ${names[other]} is label ${other}`);
  } else if (classes !== undefined && names.length !== classes) {
    warn(`${names.length} folders, and the network tells ${classes} classes apart`);
  }
}

/** `name,label` or `name label` for each picture, or one label a line in the order of their names. */
function readLabels(
  folder: string,
  names: readonly string[],
  refuse: (problem: string) => never,
): readonly number[] | undefined {
  const file = LABEL_FILES.find(name => readdirSync(folder).includes(name));
  if (file === undefined) return undefined;
  const lines = readFileSync(join(folder, file), 'utf8')
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '');
  if (lines.every(line => /^\d+$/.test(line))) {
    if (lines.length !== names.length)
      return refuse(`${file} has ${lines.length} labels for ${names.length} pictures`);
    return lines.map(Number);
  }
  const byFile = new Map<string, number>();
  lines.forEach((line, i) => {
    const match = /^(.*?)\s*[,\s]\s*(\d+)$/.exec(line);
    if (match !== null) byFile.set(match[1]!.replace(/^"|"$/g, ''), Number(match[2]));
    else if (i > 0) refuse(`${file}, line ${i + 1}: neither a label nor a name and a label`);
  });
  return names.map(name => byFile.get(name) ?? refuse(`${file} has no label for ${name}`));
}
