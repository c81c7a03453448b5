/** Cores of two deployments, seat by seat: what each holds there, and where it differs. */
import type { Known } from '../backends/program/bytes.ts';
import { decodeTables } from '../backends/program/decode.ts';
import type { Box } from '../backends/program/program.ts';
import { UserError } from '../ir/diagnostics/diagnostic.ts';
import type { Deployed } from './deployed.ts';
import type { DiffResult } from './diff-result.ts';

type Cores = DiffResult['cores'];
type Columns = Cores['a'];

/** Of a core in its seat. */
export const SEATS = ['same', 'changed', 'only here'] as const;

interface Core {
  readonly name: string;
  readonly chip: number;
  readonly x: number;
  readonly y: number;
  readonly slot: number;
  readonly binding: string;
  readonly fill: number;
  /** Of most of its neurons first; empty where no program is at hand. */
  readonly populations: readonly string[];
  /** Equal where nothing that the core takes or holds differs. */
  readonly print: string;
}

/** Cost: linear in the tables of all programs of both. */
export function diffCores(a: Deployed, b: Deployed): Cores {
  const [left, right] = [coresOf(a), coresOf(b)];
  const seatOf = ({ chip, x, y, slot }: Core) => `${chip} ${x} ${y} ${slot}`;
  const [inA, inB] = [
    new Map(left.map(core => [seatOf(core), core])),
    new Map(right.map(core => [seatOf(core), core])),
  ];
  const numbers = { resource: createNumbers(), population: createNumbers() };
  const columns = (own: readonly Core[], other: ReadonlyMap<string, Core>): Columns => ({
    core: own.map(({ name }) => name),
    chip: own.map(({ chip }) => chip),
    x: own.map(({ x }) => x),
    y: own.map(({ y }) => y),
    slot: own.map(({ slot }) => slot),
    binding: own.map(({ binding }) => numbers.resource.of(binding)),
    fill: own.map(({ fill }) => fill),
    population: own.map(({ populations: [first] }) =>
      first === undefined ? -1 : numbers.population.of(first),
    ),
    state: own.map(core => {
      const there = other.get(seatOf(core));
      return there === undefined ? 2 : there.print === core.print ? 0 : 1;
    }),
  });
  const sides = { a: columns(left, inB), b: columns(right, inA) };
  const about = (core: Core | undefined) =>
    core === undefined
      ? null
      : { core: core.name, binding: core.binding, fill: core.fill, populations: [...core.populations] };
  const changed = [...new Set([...inA.keys(), ...inB.keys()])].flatMap(seat => {
    const [before, after] = [inA.get(seat), inB.get(seat)];
    if (before?.print === after?.print) return [];
    const { chip, x, y, slot } = (before ?? after)!;
    return [{ seat: { chip, x, y, slot }, a: about(before), b: about(after) }];
  });
  return {
    resources: numbers.resource.names(),
    populations: numbers.population.names(),
    ...sides,
    changed,
  };
}

function createNumbers() {
  const numbers = new Map<string, number>();
  return {
    names: () => [...numbers.keys()],
    of(name: string): number {
      const known = numbers.get(name) ?? numbers.size;
      numbers.set(name, known);
      return known;
    },
  };
}

function coresOf(deployed: Deployed): readonly Core[] {
  const { cores, capacity } = deployed.manifest;
  const held = heldOf(deployed);
  const numbers = new Map<number, number>();
  return cores.map((core): Core => {
    const { chip, x, y, slot, binding, used } = core;
    const number = numbers.get(chip) ?? 0;
    numbers.set(chip, number + 1);
    const { populations = [], boxes = '' } = held?.get(`${chip} ${x} ${y} ${slot}`) ?? {};
    const limit = capacity[binding];
    return {
      ...{ name: `${chip}:${number}`, chip, x, y, slot, binding, populations },
      fill: limit === undefined || limit === 0 ? 0 : (used[binding] ?? 0) / limit,
      print: JSON.stringify([core, boxes]),
    };
  });
}

/** Populations and boxes of each core's tiles, from the programs; undefined beside a bare manifest. */
function heldOf({ manifest, read }: Deployed) {
  if (read === undefined) return undefined;
  const held = new Map<string, { readonly populations: readonly string[]; readonly boxes: string }>();
  const known: Known = new Map();
  for (const { path } of manifest.files) {
    if (!path.startsWith('program/')) continue;
    const program = decoded(read(path), path, known);
    if (program === undefined) return undefined;
    const { chip, header, cores } = program;
    for (const { x, y, slot, tiles } of cores) {
      const neurons = new Map<string, number>();
      const boxes = tiles.map(({ population, box }) => {
        const { name } = header.populations[population]!;
        neurons.set(name, (neurons.get(name) ?? 0) + sizeOfBox(box));
        return [name, box.group, box.row, box.channel];
      });
      const populations = [...neurons].sort((p, q) => q[1] - p[1]).map(([name]) => name);
      held.set(`${chip} ${x} ${y} ${slot}`, { populations, boxes: JSON.stringify(boxes) });
    }
  }
  return held;
}

/** Programs of another format are compared byte for byte, and nothing is known of what their cores hold. */
function decoded(bytes: Uint8Array, path: string, known: Known) {
  try {
    return decodeTables(bytes, path, known);
  } catch (error) {
    if (error instanceof UserError && error.diagnostics.every(({ code }) => code === 'E0602'))
      return undefined;
    throw error;
  }
}

const sizeOfBox = ({ group, row, channel }: Box): number =>
  [group, row, channel].reduce((size, [from, to]) => size * (to - from), 1);
