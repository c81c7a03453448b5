/** Where the operands of a chip lie in the memory of the kernels, and how what a sender sends comes there. */
import type { ChipProgram } from '../../backends/program/program.ts';
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
import { HOLE, type StridedMap } from '../../ir/map.ts';
import { runsOf } from '../../ir/runs.ts';
import { stepWeight } from '../../ir/step-weights.ts';
import { HOST, type Layout, type Operand } from './layout.ts';

export interface OperandPlace {
  readonly operand: Operand;
  readonly at: number;
  /** Of sums: the powers of two of this step; else 0. */
  readonly terms: number;
  /** 16 bits an element, rows of an even number of them; else 32, one behind the other. */
  readonly isNarrow: boolean;
  readonly stride: number;
  /** No element is larger. */
  top: number;
}

/** Largest value that each sender has sent in this step: [sender + 1]. */
export type Tops = Float64Array;

export interface Memory {
  readonly places: readonly OperandPlace[];
  /** Writes what a sender sent in step t to wherever it is read. */
  send(sender: number, values: number, terms: number, t: number, tops: Tops): void;
  /** Before what reads it is executed: how large may its elements be? */
  settle(place: OperandPlace, t: number, tops: Tops): void;
}

/** Integers of 32 bits end here. */
export const WHOLE_LIMIT = 2 ** 31;
export const NARROW_TOP = 2 ** 15 - 1;
const RUN_BYTES = 16;

interface Job {
  readonly place: OperandPlace;
  readonly runs: number;
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

export function createMemory(
  layout: Layout,
  maps: readonly StridedMap[],
  arena: EngineArena,
  /** Columns of the weights that read it: the largest sum of magnitudes; undefined: it is not read by weights alone. */
  columnBound: ReadonlyMap<number, number>,
): Memory {
  const { kernels } = arena;
  const bounds = layout.stacks.map(({ program }) => payloadBound(program.emit));
  const places = layout.operands.map((operand): OperandPlace => {
    const bound = operand.feeds.reduce(
      (most, { sender }) => Math.max(most, sender === HOST ? Number.POSITIVE_INFINITY : bounds[sender]!),
      0,
    );
    const column = columnBound.get(operand.number);
    const isNarrow = column !== undefined && bound <= NARROW_TOP && bound * column < WHOLE_LIMIT;
    const stride = isNarrow ? 2 * Math.ceil(operand.width / 2) : operand.width;
    const elements = (operand.size / operand.width) * stride;
    const at = arena.reserve(elements * (isNarrow ? 2 : 4));
    const terms = operand.kind === 'sums' ? arena.reserve(operand.size) : 0;
    return { operand, at, terms, isNarrow, stride, top: 0 };
  });
  const tables = createRunTables(maps, arena);
  const jobs = new Map<number, Job[]>();
  for (const place of places) {
    for (const { sender, from, map, to } of place.operand.feeds) {
      const { width } = place.operand;
      const own = jobs.get(sender) ?? [];
      jobs.set(sender, own);
      own.push({ place, ...tables(map, width, place.stride), from, to: (to / width) * place.stride });
    }
  }
  return {
    places,
    send(sender, values, terms, t, tops) {
      for (const { place, runs, count, from, to } of jobs.get(sender) ?? []) {
        const first = values + 4 * from;
        if (place.isNarrow) kernels.scatterNarrow(first, runs, count, place.at + 2 * to);
        else {
          const isSum = place.terms !== 0;
          const weight = isSum ? stepWeight(t, place.operand.weighed) : 1;
          // What does not fit shows in the bound.
          if (tops[sender + 1]! * weight >= WHOLE_LIMIT) continue;
          kernels.scatterWhole(first, runs, count, place.at + 4 * to, weight, isSum && t > 1 ? 1 : 0);
          if (isSum) kernels.scatterTerms(terms + from, runs, count, place.terms + to);
        }
      }
    },
    settle(place, t, tops) {
      const sent = place.operand.feeds.reduce((most, { sender }) => Math.max(most, tops[sender + 1]!), 0);
      const { weighed, kind } = place.operand;
      place.top = kind === 'payload' ? sent : (t === 1 ? 0 : place.top) + sent * stepWeight(t, weighed);
    },
  };
}

type Emit = ChipProgram['cores'][number]['tiles'][number]['emit'];

/** No payload is larger. */
const payloadBound = (emit: Emit): number =>
  emit.kind === 'mt' ? 2 ** (emit.levels - 1) * emit.terms : Number.POSITIVE_INFINITY;

type RunTables = (
  map: number,
  width: number,
  stride: number,
) => { readonly runs: number; readonly count: number };

/** Runs of a map as kernels read them: first source, first place, distance of places, how many. */
function createRunTables(maps: readonly StridedMap[], arena: EngineArena): RunTables {
  const known = new Map<string, ReturnType<RunTables>>();
  return (map, width, stride) => {
    const key = stride === width ? `${map}` : `${map} ${width}`;
    const old = known.get(key);
    if (old !== undefined) return old;
    const list = runList(maps[map]!, width, stride);
    const runs = arena.reserve(Math.max(1, list.length) * RUN_BYTES);
    const { i32 } = arena.views();
    for (const [i, run] of list.entries()) i32.set(run, runs / 4 + 4 * i);
    const table = { runs, count: list.length };
    known.set(key, table);
    return table;
  };
}

type Run = readonly [from: number, to: number, step: number, count: number];

function runList(map: StridedMap, width: number, stride: number): readonly Run[] {
  const { starts, strides, counts } = runsOf(map.segments);
  const list: Run[] = [];
  let from = 0;
  for (let i = 0; i < starts.length; i++) {
    const [start, count, step] = [starts[i]!, counts[i]!, strides[i]!];
    if (start !== HOLE) {
      if (stride === width) list.push([from, start, step, count]);
      else cutAtRows(list, [from, start, step, count], width, stride);
    }
    from += count;
  }
  return list;
}

/** Rows lie further apart than they are wide: no run crosses their ends. */
function cutAtRows(list: Run[], [from, start, step, count]: Run, width: number, stride: number): void {
  for (let done = 0; done < count; ) {
    const position = start + done * step;
    const place = position % width;
    const left =
      step > 0 ? Math.ceil((width - place) / step) : step < 0 ? Math.floor(place / -step) + 1 : count - done;
    const many = Math.min(left, count - done);
    list.push([from + done, Math.floor(position / width) * stride + place, step, many]);
    done += many;
  }
}
