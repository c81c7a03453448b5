/** Commands and options as yargs was told of them, so that what is completed is what is parsed. */
import type { Argv } from 'yargs';
import yargs from 'yargs';

export interface OptionInfo {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly describe: string;
  /** It stands alone: no value follows. */
  readonly isFlag: boolean;
  /** Its default is to be on: `--no-NAME` turns it off. */
  readonly isOn: boolean;
  readonly isList: boolean;
  readonly choices: readonly string[];
}

export interface CommandInfo {
  readonly name: string;
  readonly describe: string;
  /** Made when asked for: the tables of one command are as much work as a keypress bears. */
  readonly options: () => readonly OptionInfo[];
  /** `shard validate`. */
  readonly commands: () => readonly CommandInfo[];
}

/** What is read of yargs beyond its types. */
interface Inside {
  getInternalMethods(): {
    getCommandInstance(): {
      getCommandHandlers(): Readonly<
        Record<string, { readonly builder: (y: Argv) => unknown; readonly description?: string }>
      >;
    };
    getUsageInstance(): { getDescriptions(): Readonly<Record<string, string | undefined>> };
  };
  getOptions(): {
    readonly key: Readonly<Record<string, unknown>>;
    readonly alias: Readonly<Record<string, readonly string[] | undefined>>;
    readonly boolean: readonly string[];
    readonly array: readonly string[];
    readonly hiddenOptions: readonly string[];
    readonly choices: Readonly<Record<string, readonly string[] | undefined>>;
    readonly default: Readonly<Record<string, unknown>>;
  };
  getGroups(): Readonly<Record<string, readonly string[]>>;
}

const insideOf = (parser: Argv): Inside => parser as unknown as Inside;

export function commandsOf(parser: Argv): readonly CommandInfo[] {
  const handlers = insideOf(parser).getInternalMethods().getCommandInstance().getCommandHandlers();
  return Object.entries(handlers).map(([name, { builder, description = '' }]) => ({
    name,
    describe: description,
    options: () => optionsOf(builtBy(builder)),
    commands: () => commandsOf(builtBy(builder)),
  }));
}

/** The command that words name, its own ones included, and the words behind it. */
export function commandAt(
  commands: readonly CommandInfo[],
  words: readonly string[],
): { readonly command: CommandInfo; readonly rest: readonly string[] } | undefined {
  const at = words.findIndex(word => !word.startsWith('-'));
  const command = commands.find(({ name }) => name === words[at]);
  if (command === undefined) return undefined;
  const rest = words.slice(at + 1);
  return commandAt(command.commands(), rest.slice(0, 1)) === undefined
    ? { command, rest }
    : commandAt(command.commands(), rest);
}

function builtBy(builder: (y: Argv) => unknown): Argv {
  const own = yargs([]).locale('en').help().version(false);
  builder(own);
  return own;
}

function optionsOf(parser: Argv): readonly OptionInfo[] {
  const inside = insideOf(parser);
  const { key, alias, boolean, array, hiddenOptions, choices, default: defaults } = inside.getOptions();
  const descriptions = inside.getInternalMethods().getUsageInstance().getDescriptions();
  const positional = new Set(inside.getGroups()['Positionals:'] ?? []);
  return Object.keys(key)
    .filter(name => !positional.has(name) && !hiddenOptions.includes(name))
    .map(name => ({
      name,
      aliases: alias[name] ?? [],
      describe: (descriptions[name] ?? '').replace('__yargsString__:', ''),
      isFlag: boolean.includes(name),
      isOn: defaults[name] === true,
      isList: array.includes(name),
      choices: choices[name] ?? [],
    }));
}
