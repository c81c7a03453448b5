/** `--config FILE`: options of a command in a JSON file. They are as if written on the command line, which has the last word. */
import { readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { z } from 'zod';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { commandAt, commandsOf, type OptionInfo } from './completion/tables.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const schema = z.record(z.string(), z.union([scalar, z.array(scalar), z.null()]));

/** More than any list of options. */
const MOST_BYTES = 2 ** 20;

/** The command line with what the file adds to it. Errors: E0004 */
export function withConfig(parser: Argv, argv: readonly string[]): readonly string[] {
  const path = optionValue(argv, 'config');
  if (path === undefined) return argv;
  const command = commandAt(commandsOf(parser), argv)?.command;
  // Without a command nothing is read: yargs says what is missing.
  if (command === undefined) return argv;
  const options = command.options();
  const rest = Object.entries(readConfig(path)).flatMap(([key, value]) => {
    const option = options.find(({ name }) => plain(name) === plain(key));
    if (option === undefined || option.name === 'config')
      return refuse(path, `${command.name} has no option ${key}${nearest(plain(key), options)}`);
    return value === null || isGiven(option, argv) ? [] : tokensOf(path, option, value);
  });
  return [...argv, ...rest];
}

const refuse = (path: string, problem: string): never => fail('E0004', { origin: path }, { path, problem });

/** `dataLayout`, `data-layout` and `data_layout` are one. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '');

function nearest(key: string, options: readonly OptionInfo[]): string {
  const found = options.find(({ name }) => plain(name).startsWith(key) || key.startsWith(plain(name)));
  return found === undefined || found.name.length === 1 ? '' : `; there is ${found.name}`;
}

function optionValue(argv: readonly string[], name: string): string | undefined {
  const at = argv.findLastIndex(word => word === `--${name}` || word.startsWith(`--${name}=`));
  return at < 0 ? undefined : argv[at]!.includes('=') ? argv[at]!.slice(name.length + 3) : argv[at + 1];
}

function isGiven({ name, aliases }: OptionInfo, argv: readonly string[]): boolean {
  const names = [name, ...aliases].map(plain);
  return argv.some(word => {
    const [, long] = /^--(?:no-)?([\w-]+)/.exec(word) ?? [];
    const [, short] = /^-(\w)/.exec(word) ?? [];
    return [long, short].some(found => found !== undefined && names.includes(plain(found)));
  });
}

type Value = z.infer<typeof schema>[string];

function tokensOf(path: string, { name, isFlag, isList }: OptionInfo, value: Value): readonly string[] {
  if (isFlag) {
    if (typeof value !== 'boolean')
      return refuse(path, `${name} is true or false, not ${JSON.stringify(value)}`);
    return [value ? `--${name}` : `--no-${name}`];
  }
  if (isList) return [`--${name}`, ...[value].flat().map(String)];
  if (Array.isArray(value) || typeof value === 'boolean')
    return refuse(path, `${name} takes one value, not ${JSON.stringify(value)}`);
  return [`--${name}=${value}`];
}

function readConfig(path: string): z.infer<typeof schema> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return refuse(
      path,
      `it cannot be read (${error instanceof Error && 'code' in error ? error.code : 'unknown'})`,
    );
  }
  if (text.length > MOST_BYTES) return refuse(path, 'it is larger than a list of options');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(path, `it is not JSON: ${error instanceof Error ? error.message : 'unknown'}`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const key = parsed.error.issues[0]!.path.join('.');
  return refuse(
    path,
    key === '' ? 'it is no object of options' : `${key} is no text, number, true, false or null`,
  );
}
