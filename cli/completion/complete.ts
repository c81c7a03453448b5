/** What may stand next on a command line; nothing: a file, which the shell completes by itself. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseManifest } from '../../backends/manifest.ts';
import { listTargets } from '../../backends/target.ts';
import { THRESHOLD_RULES } from '../../compiler/thresholds.ts';
import { catalogue } from '../../ir/diagnostics/catalogue.ts';
import { SHELLS } from './scripts.ts';
import { type CommandInfo, commandAt, type OptionInfo } from './tables.ts';

export interface Candidate {
  readonly word: string;
  readonly says: string;
}

/** `words`: what follows `snnc`; the last one, perhaps empty, is being written. */
export async function complete(
  commands: readonly CommandInfo[],
  words: readonly string[],
): Promise<readonly Candidate[]> {
  const current = words.at(-1) ?? '';
  const all = await candidates(commands, words.slice(0, -1), current);
  return all.filter(({ word }) => word.startsWith(current));
}

async function candidates(
  commands: readonly CommandInfo[],
  before: readonly string[],
  current: string,
): Promise<readonly Candidate[]> {
  const found = commandAt(commands, before);
  if (found === undefined && before.length > 0) return [];
  const inner = found === undefined ? commands : found.rest.length === 0 ? found.command.commands() : [];
  if (found === undefined || (inner.length > 0 && !current.startsWith('-')))
    return current.startsWith('-')
      ? GENERAL
      : inner.map(({ name: word, describe }) => ({ word, says: describe }));
  const { command, rest } = found;
  const options = command.options();
  const taking = optionNamed(options, before.at(-1));
  if (rest.length > 0 && taking !== undefined && !taking.isFlag) return valuesOf(taking);
  const [, assigned] = /^--([\w-]+)=/.exec(current) ?? [];
  if (assigned !== undefined) {
    const option = options.find(each => each.name === assigned);
    const values = option === undefined ? [] : await valuesOf(option);
    return values.map(({ word, says }) => ({ word: `--${assigned}=${word}`, says }));
  }
  if (current.startsWith('-')) return namesOf(options, rest);
  return (await POSITIONALS[command.name]?.(positionalsOf(options, rest))) ?? [];
}

const GENERAL: readonly Candidate[] = [
  { word: '--help', says: 'Show help' },
  { word: '--version', says: 'Show version number' },
];

const optionNamed = (options: readonly OptionInfo[], word = ''): OptionInfo | undefined =>
  options.find(({ name }) => word === (name.length === 1 ? `-${name}` : `--${name}`));

/** Options that were not given yet. */
const namesOf = (options: readonly OptionInfo[], given: readonly string[]): readonly Candidate[] =>
  options.flatMap(({ name, describe, isFlag, isOn, isList }) => {
    if (name.length === 1) return [];
    const words = isFlag && isOn ? [`--no-${name}`] : [`--${name}`];
    const known = [`--${name}`, `--no-${name}`];
    return isList || !given.some(word => known.includes(word))
      ? words.map(word => ({ word, says: describe }))
      : [];
  });

/** Words that belong to no option. */
function positionalsOf(options: readonly OptionInfo[], words: readonly string[]): readonly string[] {
  return words.filter((word, i) => {
    if (word.startsWith('-')) return false;
    const taking = optionNamed(options, words[i - 1]);
    return taking === undefined || taking.isFlag;
  });
}

const plain = (words: readonly string[]): readonly Candidate[] => words.map(word => ({ word, says: '' }));

const valuesOf = async ({ name, choices }: OptionInfo): Promise<readonly Candidate[]> =>
  choices.length > 0 ? plain(choices.map(String)) : ((await VALUES[name]?.()) ?? []);

/** Of options whose values are no fixed choice. */
const VALUES: Readonly<Record<string, () => Promise<readonly Candidate[]>>> = {
  target: targets,
  thresholds: async () => plain(THRESHOLD_RULES),
};

async function targets(): Promise<readonly Candidate[]> {
  const all = await listTargets();
  return all.flatMap(({ name, title, boards }) => [
    { word: name, says: title },
    ...boards.map(board => ({ word: board.spec, says: board.title })),
  ]);
}

const POSITIONALS: Readonly<Record<string, (before: readonly string[]) => Promise<readonly Candidate[]>>> = {
  explain: async ([folder]) => (folder === undefined ? codes() : thingsOf(folder)),
  targets: async before => (before.length === 0 ? targets() : []),
  completion: async before => (before.length === 0 ? plain(SHELLS) : []),
};

const codes = (): readonly Candidate[] =>
  Object.entries(catalogue).map(([word, { message }]) => ({ word, says: message }));

/** Populations, limits and cores of a folder, from its manifest alone. */
function thingsOf(folder: string): readonly Candidate[] {
  const path = join(folder, 'manifest.json');
  if (!existsSync(path)) return [];
  const { populations, capacity, cores } = parseManifest(readFileSync(path, 'utf8'), path);
  const seen = new Map<number, number>();
  const names = cores.map(({ chip }) => {
    const number = seen.get(chip) ?? 0;
    seen.set(chip, number + 1);
    return `${chip}:${number}`;
  });
  return [
    ...populations.map(({ name, origin }) => ({ word: name, says: origin })),
    ...Object.keys(capacity).map(word => ({ word, says: 'limit' })),
    ...names.map(word => ({ word, says: 'core' })),
  ];
}
