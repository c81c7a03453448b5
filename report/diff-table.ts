/** A difference as a table for people: what changed, section by section; the long tail is counted. */
import type { Change, DiffResult, Value } from './diff-result.ts';

/** Rows of one section, and populations, that are printed; --json has all. */
const MOST_ROWS = 12;
const MOST_POPULATIONS = 40;

export function renderDiff(diff: DiffResult, columns = Number.POSITIVE_INFINITY): string {
  const sides = (['a', 'b'] as const).map(name => {
    const { path, model, target, isValidated } = diff[name];
    return `${name}           ${path}  (${model}, ${target}${isValidated ? ', validated' : ''})`;
  });
  const sections = [...new Set(diff.changes.map(change => change.section))];
  const tables = sections.flatMap(section => [
    '',
    ...table(
      section,
      diff.changes.filter(change => change.section === section),
      columns,
    ),
  ]);
  const verdict = diff.equal ? 'equal, byte for byte' : 'different';
  const rest = [...populationLines(diff), ...fileLines(diff), ...stageLines(diff)];
  return `${[...sides, ...tables, ...rest, '', verdict].join('\n')}\n`;
}

function table(title: string, changes: readonly Change[], columns: number): readonly string[] {
  const rows = changes.slice(0, MOST_ROWS).map(change => [change.name, ...cells(change)]);
  const widths = [0, 1, 2, 3].map(column => Math.max(...rows.map(row => row[column]!.length)));
  const isWide = widths.reduce((sum, width) => sum + width + 2, 3) <= columns;
  const lines = rows.flatMap(([name, a, b, by]) =>
    isWide
      ? `  ${name!.padEnd(widths[0]!)}  ${a!.padStart(widths[1]!)} → ${b!.padEnd(widths[2]!)}  ${by}`.trimEnd()
      : [`  ${name}`, `    ${a} → ${b}  ${by}`.trimEnd()],
  );
  return [title, ...lines, ...more(changes.length - rows.length)];
}

const more = (hidden: number): readonly string[] =>
  hidden > 0 ? [`  and ${hidden} more (--json lists them)`] : [];

/** Before, after, and by how much. */
export function cells({ a, b, unit, delta, ratio }: Change): readonly string[] {
  if (delta === null) return [printValue(a, unit), printValue(b, unit), ''];
  const share = ratio === null ? '' : ` (${sign(100 * (ratio - 1), 1)} %)`;
  return [printValue(a, unit), printValue(b, unit), `${signed(delta, unit)}${share}`];
}

const sign = (x: number, digits: number): string => `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(digits)}`;
const signed = (x: number, unit: string): string => `${x < 0 ? '−' : '+'}${printValue(Math.abs(x), unit)}`;

/** Larger units of those in which small figures are hard to read. */
const SCALES: Readonly<Record<string, readonly (readonly [from: number, factor: number, unit: string])[]>> = {
  s: [
    [1, 1, 's'],
    [1e-3, 1e3, 'ms'],
    [0, 1e6, 'µs'],
  ],
  'pJ/image': [
    [1e9, 1e-9, 'mJ/image'],
    [0, 1e-6, 'µJ/image'],
  ],
};

const LONGEST = 40;

export function printValue(value: Value, unit: string): string {
  if (value === null) return '–';
  if (typeof value === 'string')
    return value.length > LONGEST ? `${value.slice(0, LONGEST - 1)}…` : value || '""';
  if (typeof value === 'boolean') return `${value}`;
  const scale = SCALES[unit]?.find(([from]) => Math.abs(value) >= from);
  const [number, name] = scale === undefined ? [value, unit] : [value * scale[1], scale[2]];
  const text = Number.isInteger(number)
    ? number.toLocaleString('en-US')
    : Math.abs(number) >= 1000
      ? Math.round(number).toLocaleString('en-US')
      : `${Number(number.toPrecision(3))}`;
  return name === '' ? text : `${text} ${name}`;
}

function populationLines({ populations }: DiffResult): readonly string[] {
  const { onlyA, onlyB, changed } = populations;
  if (onlyA.length + onlyB.length + changed.length === 0) return [];
  const shown = changed.slice(0, MOST_POPULATIONS).map(({ name, changes }) => {
    const parts = changes.map(
      ({ name: figure, a, b }) => [figure, printValue(a, ''), printValue(b, '')] as const,
    );
    const visible = parts.filter(([, before, after]) => before !== after);
    const text = visible.map(([figure, before, after]) => `${figure} ${before} → ${after}`).join('; ');
    return [name, text === '' ? 'by less than a thousandth' : text] as const;
  });
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  const only = (side: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`  only in ${side}: ${shortList(names)}`];
  return [
    '',
    `populations: ${changed.length} changed, ${onlyA.length} only in a, ${onlyB.length} only in b`,
    ...only('a', onlyA),
    ...only('b', onlyB),
    ...shown.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`),
    ...more(changed.length - MOST_POPULATIONS),
  ];
}

const shortList = (names: readonly string[]): string =>
  names.length <= MOST_ROWS
    ? names.join(', ')
    : `${names.slice(0, MOST_ROWS).join(', ')} and ${names.length - MOST_ROWS} more`;

function fileLines({ files }: DiffResult): readonly string[] {
  const programs = files.filter(file => file.isProgram);
  const others = files.filter(file => !file.isProgram && !file.equal).map(file => file.path);
  const different = programs.filter(file => !file.equal);
  const head =
    different.length === 0
      ? `programs    all ${programs.length} equal, byte for byte`
      : `programs    ${different.length} of ${programs.length} differ`;
  const size = (bytes: number | null) => (bytes === null ? 'not there' : `${printValue(bytes, '')} bytes`);
  const lines = different.slice(0, MOST_ROWS).map(({ path, bytes, firstByte }) => {
    const at = firstByte === null ? '' : `, first at byte ${printValue(firstByte, '')}`;
    return `  ${path}  ${size(bytes.a)} → ${size(bytes.b)}${at}`;
  });
  const rest = others.length === 0 ? [] : [`other files ${shortList(others)} differ`];
  return ['', head, ...lines, ...more(different.length - MOST_ROWS), ...rest];
}

function stageLines({ stages }: DiffResult): readonly string[] {
  return stages.map(({ name, equal, first }) => {
    const label = `${`stage ${name}`.padEnd(12)}`;
    if (equal) return `${label}equal`;
    if (first === null) return `${label}differs`;
    const { where, origin, a, b } = first;
    const from = origin === null ? '' : ` (from ${origin})`;
    return `${label}first at ${where}${from}: ${a ?? 'not there'} → ${b ?? 'not there'}`;
  });
}
