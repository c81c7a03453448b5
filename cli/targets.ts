/** `snnc targets`: chips and boards; of one of them every figure, with its status and source. */
import { STATUSES } from '../backends/descriptor/figure.ts';
import { allFigures, type RestsOn } from '../backends/rests-on.ts';
import { listTargets, loadTarget, type Target, type TargetSummary } from '../backends/target.ts';
import { type Console, createConsole } from './console.ts';
import type { Shared } from './options.ts';

export async function targetsCommand(args: Shared & { target?: string | undefined }): Promise<number> {
  const out = createConsole(args);
  if (args.target === undefined) {
    const targets = await listTargets();
    for (const target of targets) listOne(target, out);
    out.result({ targets });
    return 0;
  }
  const target = await loadTarget(args.target);
  const figures = allFigures(target);
  printFigures(target, figures, out);
  const { name, spec, title, chips, cores, files } = target;
  out.result({ name, spec, title, chips, cores, files, figures });
  return 0;
}

const big = (n: number): string => n.toLocaleString('en-US', { maximumSignificantDigits: 6 });

function listOne(
  { name, title, description, coresPerChip, capabilities, boards }: TargetSummary,
  out: Console,
) {
  out.line(`${name}: ${title}, ${big(coresPerChip)} cores a chip`);
  out.line(`  ${description}`);
  out.line(`  claims ${capabilities.join(', ') || 'nothing'}`);
  for (const board of boards)
    out.line(`  ${board.spec.padEnd(32)}${big(board.chips)} chip(s), ${big(board.cores)} cores`);
}

function printFigures(target: Target, figures: readonly RestsOn[], out: Console) {
  const { spec, title, chips, cores, files } = target;
  out.line(`${spec}: ${title}, ${big(chips)} chip(s), ${big(cores)} cores`);
  for (const { vlnv, origin } of files) out.line(`  ${vlnv}  ${origin}`);
  const sources = [...new Set(figures.flatMap(({ source }) => source.split('; ')))];
  for (const section of new Set(figures.map(sectionOf))) {
    out.line(`\n${section}`);
    const own = figures.filter(figure => sectionOf(figure) === section);
    for (const figure of own) out.line(describe(figure, sources));
  }
  out.line('\nsources');
  sources.forEach((source, i) => {
    out.line(`  [${i + 1}] ${source}`);
  });
  const counted = STATUSES.map(
    status => `${figures.filter(figure => figure.status === status).length} ${status}`,
  );
  out.line(`\n${figures.length} figures: ${counted.join(', ')}`);
}

const sectionOf = ({ name }: RestsOn): string => name.slice(0, name.lastIndexOf('.'));

function describe({ name, value, unit, status, source, note }: RestsOn, sources: readonly string[]): string {
  const what = name.slice(name.lastIndexOf('.') + 1).padEnd(20);
  const much = `${typeof value === 'number' ? big(value) : value} ${unit}`.trim().padEnd(16);
  const from = source.split('; ').map(part => `[${sources.indexOf(part) + 1}]`);
  return `  ${what}${much} ${status.padEnd(10)}${from.join('')}${note === undefined ? '' : ` ${note}`}`;
}
