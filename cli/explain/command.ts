/** `snnc explain`: what a message means; what stands behind a population, a core or a limit of a deployment. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { openFolder } from '../../backends/folder.ts';
import { type Code, catalogue } from '../../ir/diagnostics/catalogue.ts';
import { defect, fail } from '../../ir/diagnostics/diagnostic.ts';
import { type WhatIf, whatIfSchema } from '../../report/what-if.ts';
import { createConsole } from '../console.ts';
import type { Shared } from '../options.ts';
import { explainCore, type Head } from './core.ts';
import { findThing, type Thing } from './find.ts';
import { explainLimit } from './limit.ts';
import { type Mapping, readMapping } from './mapping.ts';
import { explainPopulation } from './population.ts';
import type { Explained, Of } from './result.ts';
import { renderExplained } from './text.ts';

export interface ExplainArguments extends Shared {
  /** A code, or a deployment folder. */
  readonly what: string;
  /** Of the folder. */
  readonly thing?: readonly string[] | undefined;
}

const isCode = (text: string): text is Code => Object.hasOwn(catalogue, text);

/** Errors: E0001 no such code · E0002, E0003 no such thing · those of the folder */
export async function explainCommand(args: ExplainArguments): Promise<number> {
  const { what, thing = [] } = args;
  const out = createConsole(args);
  const code = what.toUpperCase();
  if (thing.length === 0 && /^[EW]\d+$/.test(code) && !existsSync(what)) {
    if (!isCode(code))
      return fail('E0001', { origin: 'explain' }, { problem: `no message has the code ${what}` });
    const { message, why, help, exit } = catalogue[code];
    out.line(`${out.paint('bold', code)}: ${message}\n\n${why}\n\nWay out: ${help}\nExit code: ${exit}`);
    out.result({ code, message, why, help, exit });
    return 0;
  }
  const found = explain(what, thing);
  out.line(renderExplained(found, out));
  out.result(found);
  return 0;
}

/** What stands behind a thing of a folder; without a name, what there is. */
export function explain(dir: string, words: readonly string[]): Explained {
  const mapping = readMapping(openFolder(dir));
  const { mode } = mapping.chip.attrs;
  const head: Head = {
    schema: 'snnc-explain',
    schemaVersion: 0,
    folder: dir,
    mode,
    whatIf: whatIfsBeside(dir),
  };
  return words.length === 0
    ? overview(mapping, head)
    : explainThing(mapping, findThing(mapping, words), head);
}

function explainThing(mapping: Mapping, thing: Thing, head: Head): Explained {
  switch (thing.kind) {
    case 'population':
      return explainPopulation(mapping, thing.number, head);
    case 'core':
      return explainCore(mapping, thing.number, head);
    case 'limit':
      return explainLimit(mapping, thing.resource, head);
    default:
      return defect(`no such kind: ${thing satisfies never}`);
  }
}

function overview(mapping: Mapping, head: Head): Of<'overview'> {
  const { manifest, resources, accounting } = mapping;
  return {
    ...head,
    kind: 'overview',
    target: manifest.target.spec,
    cores: manifest.cores.length,
    limits: resources.map(resource => {
      const available = accounting.capacity[resource];
      const amounts = manifest.cores.map(core => core.used[resource] ?? 0);
      return {
        ...{ resource, available, fullest: amounts.reduce((a, b) => Math.max(a, b), 0) },
        bound: manifest.cores.filter(core => core.binding === resource).length,
        mean: amounts.reduce((a, b) => a + b, 0) / Math.max(1, amounts.length),
      };
    }),
    populations: manifest.populations.map(({ name, origin, tiles, cores }) => ({
      name,
      origin,
      tiles,
      cores,
    })),
  };
}

const changes = z.union([
  z
    .looseObject({ alternatives: z.looseObject({ changes: z.array(whatIfSchema) }) })
    .transform(report => report.alternatives.changes),
  z
    .looseObject({ alternatives: z.looseObject({ changes: z.array(whatIfSchema) }) })
    .transform(report => report.alternatives.changes),
]);

/** Changes that the report of the folder knows; a folder without one has none. */
function whatIfsBeside(dir: string): WhatIf[] {
  const path = join(dir, 'report.json');
  if (!existsSync(path)) return [];
  try {
    return changes.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return [];
  }
}
