/** Where the operands of a chip lie in the memory of the kernels, and how what a sender sends comes there. */
import type { ChipProgram } from '../../backends/program/program.ts';
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
import { HOLE, type StridedMap } from '../../ir/map.ts';
import { runsOf } from '../../ir/runs.ts';
import { stepWeight } from '../../ir/step-weights.ts';
import { HOST, type Layout, type Operand } from './layout.ts';
import type { Wiring } from './wiring.ts';

export interface OperandPlace {
  readonly operand: Operand;
  readonly at: number;
  /** Of sums: the powers of two of this step; else 0. */
  readonly terms: number;
  /** Elements of 16 bits; else of 32. */
  readonly isShort: boolean;
  /** No element is larger. */
  top: number;
  /** How often something was written to it, and how often there was when its bound was found. */
  written: number;
  settled: number;
}

/** Where a sender's numbers of this step lie: values of 16 bits or of 32. */
export interface Slot {
  readonly values: number;
  readonly isShort: boolean;
  readonly terms: number;
  readonly sums: number;
}

/** Largest value that each sender has sent in this step: [sender + 1]. */
export type Tops = Float64Array;

export interface Memory {
  readonly places: readonly OperandPlace[];
  /** Writes what a sender sent in step t to wherever it is read. */
  send(sender: number, slot: Slot, t: number, tops: Tops): void;
  /** Before what reads it is executed: how large may its elements be? */
  settle(place: OperandPlace, t: number, tops: Tops): void;
}

/** Integers of 32 bits end here. */
export const WHOLE_LIMIT = 2 ** 31;
export const SHORT_TOP = 2 ** 15 - 1;
const RUN_BYTES = 16;

const FEED_BYTES = 16;

/** What a sender feeds of one operand. */
interface Job {
  readonly place: OperandPlace;
  /** As kernels read them: first neuron, runs, how many, first element. */
  readonly feeds: number;
  readonly count: number;
}

export function createMemory(
  layout: Layout,
  { maps, header }: Pick<Wiring, 'maps' | 'header'>,
  arena: EngineArena,
): Memory {
  const { kernels } = arena;
  const bounds = layout.stacks.map(({ program }) => payloadBound(program.emit));
  const places = layout.operands.map((operand): OperandPlace => {
    // Sums of all steps are as large as what all of them send.
    const isSum = hasTerms(operand);
    const times = isSum ? header.steps : 1;
    const isShort =
      SHORT_KINDS.has(operand.kind) &&
      !(isSum && operand.weighed > 0) &&
      operand.feeds.every(({ sender }) => sender !== HOST && bounds[sender]! * times <= SHORT_TOP);
    // What is computed with may read whole vectors.
    const at = arena.reserve(operand.size * (isShort ? 2 : 4) + VECTOR);
    const terms = hasTerms(operand) ? arena.reserve(operand.size) : 0;
    return { operand, at, terms, isShort, top: 0, written: 0, settled: -1 };
  });
  const tables = createRunTables(maps, arena);
  const jobs = new Map<number, Job[]>();
  for (const place of places) {
    const ofSender = new Map<number, number[]>();
    for (const { sender, from, map, to } of place.operand.feeds) {
      const own = ofSender.get(sender) ?? [];
      ofSender.set(sender, own);
      const { runs, count } = tables(map);
      own.push(from, runs, count, to);
    }
    for (const [sender, words] of ofSender) {
      const feeds = arena.reserve(words.length * 4);
      arena.views().i32.set(words, feeds / 4);
      const own = jobs.get(sender) ?? [];
      jobs.set(sender, own);
      own.push({ place, feeds, count: words.length / (FEED_BYTES / 4) });
    }
  }
  return {
    places,
    send(sender, { values, isShort, terms }, t, tops) {
      for (const { place, feeds, count } of jobs.get(sender) ?? []) {
        place.written += 1;
        const isSum = place.terms !== 0;
        const adds = isSum && t > 1 ? 1 : 0;
        if (isSum) kernels.scatterTerms(terms, feeds, count, place.terms);
        if (place.isShort) {
          const scatter = isShort ? kernels.scatterShorts : kernels.scatterNarrow;
          scatter(values, feeds, count, place.at, adds);
          continue;
        }
        const weight = isSum ? stepWeight(t, place.operand.weighed) : 1;
        // What does not fit shows in the bound.
        if (tops[sender + 1]! * weight >= WHOLE_LIMIT) continue;
        kernels.scatterWhole(values, isShort ? 1 : 0, feeds, count, place.at, weight, adds);
      }
    },
    settle(place, t, tops) {
      // Whoever else reads it has done it.
      if (place.settled === place.written) return;
      place.settled = place.written;
      const { feeds, weighed } = place.operand;
      const sent = feeds.reduce((most, { sender }) => Math.max(most, tops[sender + 1]!), 0);
      place.top = place.terms === 0 ? sent : (t === 1 ? 0 : place.top) + sent * stepWeight(t, weighed);
    },
  };
}

const VECTOR = 32;

/** What is computed of 16 bits where all senders' payloads fit. */
const SHORT_KINDS: ReadonlySet<Operand['kind']> = new Set(['linear', 'relay', 'product']);

/** Operands that are sums of all steps, with the powers of two of this one beside them. */
const hasTerms = ({ kind }: Operand): boolean =>
  kind === 'product' || kind === 'hadamard' || kind === 'maximum';

type Emit = ChipProgram['cores'][number]['tiles'][number]['emit'];

/** No payload is larger. */
const payloadBound = (emit: Emit): number =>
  emit.kind === 'mt' ? 2 ** (emit.levels - 1) * emit.terms : Number.POSITIVE_INFINITY;

type RunTables = (map: number) => { readonly runs: number; readonly count: number };

/** Runs of a map as kernels read them: first source, first place, distance of places, how many. */
function createRunTables(maps: readonly StridedMap[], arena: EngineArena): RunTables {
  const known = new Map<number, ReturnType<RunTables>>();
  return map => {
    const old = known.get(map);
    if (old !== undefined) return old;
    const { starts, strides, counts } = runsOf(maps[map]!.segments);
    const runs = arena.keep(starts.length * RUN_BYTES, at => {
      const { i32 } = arena.views();
      let [from, to] = [0, at / 4];
      starts.forEach((start, i) => {
        if (start !== HOLE) {
          i32.set([from, start, strides[i]!, counts[i]!], to);
          to += RUN_BYTES / 4;
        }
        from += counts[i]!;
      });
    });
    const table = { runs, count: starts.reduce((n, start) => (start === HOLE ? n : n + 1), 0) };
    known.set(map, table);
    return table;
  };
}
