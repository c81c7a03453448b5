/** Counts outcomes by mutator and prints them. */
import type { OutcomeKind } from './exercise.ts';
import type { Result } from './worker.ts';

const COLUMNS: readonly OutcomeKind[] = [
  'accepted',
  'refused',
  'crash',
  'hang',
  'memory',
  'wrong',
  'message',
];
const isFine = (kind: OutcomeKind): boolean => kind === 'accepted' || kind === 'refused';

export interface Tally {
  /** Is it a fault? */
  add(result: Result): boolean;
  count(): number;
  faults(): number;
  render(again: string, seconds: number): string;
}

/** Faults that are printed one by one. */
const SHOWN = 40;

export function createTally(): Tally {
  const rows = new Map<string, Map<OutcomeKind, number>>();
  const codes = new Set<string>();
  const faults: Result[] = [];
  let count = 0;
  let slowest = { seconds: 0, run: 0 };
  const countIn = (row: string, kind: OutcomeKind) => {
    const cells = rows.get(row) ?? new Map<OutcomeKind, number>();
    cells.set(kind, (cells.get(kind) ?? 0) + 1);
    rows.set(row, cells);
  };
  return {
    add(result) {
      count++;
      for (const mutator of new Set(result.mutators)) countIn(mutator, result.kind);
      countIn('all', result.kind);
      for (const code of result.codes) codes.add(code);
      if (result.seconds > slowest.seconds) slowest = result;
      if (!isFine(result.kind)) faults.push(result);
      return !isFine(result.kind);
    },
    count: () => count,
    faults: () => faults.length,
    render(again, seconds) {
      const told = faults.slice(0, SHOWN).map(fault => describe(fault, again));
      const speed = `${count} files in ${seconds.toFixed(1)} s, slowest ${slowest.seconds.toFixed(2)} s (run ${slowest.run})`;
      return [
        table(rows),
        ...told,
        `${codes.size} distinct codes: ${[...codes].sort().join(' ')}`,
        speed,
        `${count - faults.length} passed, ${faults.length} failed`,
      ].join('\n');
    },
  };
}

const describe = ({ kind, run, specimen, mutators, detail = '' }: Result, again: string): string =>
  `${kind}: ${specimen}; ${mutators.join('; ')}\n  ${detail.split('\n').slice(0, 6).join('\n  ')}\n  ${again} ${run}`;

function table(rows: ReadonlyMap<string, ReadonlyMap<OutcomeKind, number>>): string {
  const shown = COLUMNS.filter(kind => isFine(kind) || rows.get('all')?.has(kind));
  const width = Math.max(...[...rows.keys()].map(name => name.length));
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(width)}${cells.map(cell => cell.padStart(10)).join('')}`;
  const names = [...rows.keys()].filter(name => name !== 'all').sort();
  return [
    line('mutator', shown),
    ...[...names, 'all'].map(name =>
      line(
        name,
        shown.map(kind => `${rows.get(name)?.get(kind) ?? ''}`),
      ),
    ),
  ].join('\n');
}
