/** Types and reference page of the library, made from the option tables and result schemas of the command line: api/options.ts, api/results.ts, docs/api.md. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { checkSchema } from '../cli/check-result.ts';
import { CHECK_OPTIONS, COMPILE_OPTIONS } from '../cli/command-options.ts';
import { explainSchema } from '../cli/explain/result.ts';
import {
  EXPORT_OPTIONS,
  INSPECT_OPTIONS,
  NUMERICS_OPTIONS,
  SIMULATE_OPTIONS,
  VALIDATE_OPTIONS,
} from '../cli/folder-options.ts';
import { DIFF_OPTIONS, shared } from '../cli/options.ts';
import {
  compileSchema,
  diagnosticSchema,
  exportSchema,
  inspectSchema,
  numericsSchema,
  operatorsSchema,
  simulateSchema,
  targetsSchema,
  validateSchema,
} from '../cli/results.ts';
import { diffSchema } from '../report/diff-result.ts';
import { reportSchema } from '../report/schema.ts';
import { type Json, rootType } from './json-schema-types.ts';

interface Option {
  readonly type?: string;
  readonly choices?: readonly string[];
  readonly array?: boolean;
  readonly describe?: string;
  readonly default?: unknown;
  readonly demandOption?: boolean;
  readonly coerce?: unknown;
}

const OPTIONS: Readonly<Record<string, Readonly<Record<string, Option>>>> = {
  Compile: COMPILE_OPTIONS,
  Check: CHECK_OPTIONS,
  Validate: VALIDATE_OPTIONS,
  Simulate: SIMULATE_OPTIONS,
  Numerics: NUMERICS_OPTIONS,
  Report: shared,
  Inspect: INSPECT_OPTIONS,
  Diff: DIFF_OPTIONS,
  Export: EXPORT_OPTIONS,
};

const RESULTS: Readonly<Record<string, z.ZodType>> = {
  Diagnostic: diagnosticSchema,
  CompileResult: compileSchema,
  CheckResult: checkSchema,
  ValidateResult: validateSchema,
  SimulateResult: simulateSchema,
  NumericsResult: numericsSchema,
  ReportResult: reportSchema,
  InspectResult: inspectSchema,
  DiffResult: diffSchema,
  ExplainResult: explainSchema,
  ExportResult: exportSchema,
  TargetsResult: targetsSchema,
  OperatorsResult: operatorsSchema,
};

const GENERATED = 'Generated from the source by `npm run docs`; a test holds it to that.';

/** Options of the command line that a program has other ways for. */
const UNUSED: ReadonlySet<string> = new Set(Object.keys(shared));

const camel = (name: string): string =>
  name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

const optionsOf = (table: Readonly<Record<string, Option>>) =>
  Object.entries(table)
    .filter(([name]) => !UNUSED.has(name))
    .map(([name, option]) => ({
      name: camel(name),
      type: optionType(option),
      isNeeded: option.demandOption === true,
      says: option.describe ?? '',
      otherwise: option.default,
    }));

function optionType({ type, choices, array, coerce }: Option): string {
  if (array === true) return 'readonly string[]';
  if (choices !== undefined) return choices.map(choice => `'${choice}'`).join(' | ');
  if (type === 'boolean' || type === 'number') return type;
  return coerce === undefined ? 'string' : 'string | number';
}

const sentence = (says: string, otherwise: unknown): string =>
  otherwise === undefined || otherwise === false ? says : `${says}. Default: ${JSON.stringify(otherwise)}`;

export function apiOptions(): string {
  const interfaces = Object.entries(OPTIONS).map(([name, table]) => {
    const lines = optionsOf(table).map(({ name: key, type, isNeeded, says, otherwise }) => {
      const optional = isNeeded ? '' : '?';
      return `  /** ${sentence(says, otherwise)} */\n  readonly ${key}${optional}: ${type}${isNeeded ? '' : ' | undefined'};`;
    });
    if (lines.length === 0) return `export type ${name}Options = Readonly<Record<never, never>>;`;
    return `export interface ${name}Options {\n${lines.join('\n')}\n}`;
  });
  return `/** Options of the library, as the command line has them. ${GENERATED} */\n\n${interfaces.join('\n\n')}\n`;
}

export function apiResults(): string {
  const types = Object.entries(RESULTS).map(
    ([name, schema]) => `export type ${name} = ${rootType(z.toJSONSchema(schema) as Json)};`,
  );
  return `/** Results of the library: what the command line prints with --json. ${GENERATED} */\n\n${types.join('\n\n')}\n`;
}

/** Doc comment and signature of each function that the library exports. */
export function apiFunctions(): readonly {
  readonly name: string;
  readonly signature: string;
  readonly says: string;
}[] {
  const source = readFileSync('api/index.ts', 'utf8');
  const pattern =
    /\/\*\*\s*((?:(?!\*\/)[\s\S])*?)\s*\*\/\nexport (?:const (\w+) = |async function (\w+))\(([\s\S]*?)\): (Promise<[\s\S]*?>)\s*(?:=>|\{\n)/g;
  return [...source.matchAll(pattern)].map(([, comment, constant, named, parameters, result]) => {
    const name = constant ?? named!;
    const says = comment!
      .replaceAll(/\s*\n\s*\*\s*/g, ' ')
      .replace(/@throws \{SnncError\} (.*)$/, ' Fails with `SnncError`: $1.');
    const list = parameters!
      .trim()
      .replace(/,$/, '')
      .replaceAll(/\s+/g, ' ')
      .replaceAll(/ = \{\}/g, '')
      .replaceAll(/\bO\./g, '');
    const given = list.replaceAll(/(\w+): (\w+Options)(?=,|$)/g, (whole, key: string, type: string) =>
      new RegExp(`${key}: [OR.]*${type} = `).test(parameters!) ? `${key}?: ${type}` : whole,
    );
    return {
      name,
      signature: `${name}(${given}): ${result!.replaceAll('R.', '').replaceAll(/\s+/g, ' ')}`,
      says: says.trim(),
    };
  });
}

export function apiPage(): string {
  const functions = apiFunctions().map(
    ({ name, signature, says }) => `### ${name}\n\n\`\`\`ts\n${signature}\n\`\`\`\n\n${says}`,
  );
  const tables = Object.entries(OPTIONS).flatMap(([name, table]) => {
    const rows = optionsOf(table).map(
      ({ name: key, type, isNeeded, says, otherwise }) =>
        `| \`${key}\` | \`${type.replaceAll('|', '\\|')}\` | ${isNeeded ? 'needed' : otherwise === undefined ? '' : `\`${JSON.stringify(otherwise)}\``} | ${says.replaceAll('|', '\\|')} |`,
    );
    return rows.length === 0
      ? []
      : [`### ${name}Options\n\n| option | type | default | |\n|---|---|---|---|\n${rows.join('\n')}`];
  });
  return `${[
    '# Library',
    `<!-- ${GENERATED} Do not edit. -->`,
    INTRODUCTION,
    '## Functions',
    ...functions,
    '## Options',
    'Keys of the command line in camel case; what each means is told where the command is.',
    ...tables,
    '## Results',
    'Each is what the command prints with `--json`; the types stand in the package, schemas of the larger ones in `backends/schema`.',
  ].join('\n\n')}\n`;
}

const INTRODUCTION = `\`\`\`ts
import { check, compile, simulate, SnncError, validate } from 'snnc';

const stop = AbortSignal.timeout(10 * 60_000);
try {
  const made = await compile('vit.onnx', { target: 'loihi2', calibrate: 'images.npz', out: 'vit.snnc' }, {
    signal: stop,
    onProgress: ({ step, number, of, state }) => state === 'begin' && console.error(\`\${number}/\${of} \${step}\`),
  });
  const { accuracy, passed } = await validate('vit.snnc', { data: 'test.npz', limit: 100 });
  console.log(made.cores.used, accuracy.chip.at(-1), passed);
} catch (error) {
  if (!(error instanceof SnncError)) throw error;
  for (const { code, message, at } of error.diagnostics) console.error(code, message, at.origin);
}
\`\`\`

Each function is a command of the command line: the same options, checks and results, byte for byte. It runs in a thread of its
own, so that your event loop stays free; nothing is printed, and nothing of your process is changed but files that a command
writes. Every function takes, last, \`{ signal, onProgress }\`. An aborted \`signal\` ends the work within a step, leaves
nothing half-written, and rejects with the signal's reason. Whatever is wrong with a model, an option or a file comes as one
[SnncError](../api/error.ts) with all its diagnostics ([their codes](errors.md)); \`check\` gives them in its result.

Names, options and results that are declared here change only with a new major version. What else lies in the package is not
for import.`;
