/** The functions of interpret/soma.ts on the kernels, in place on doubles. */
import { defect } from '../diagnostics/diagnostic.ts';
import { LOG_FRACTION, lg, pow2, rs } from '../fixed.ts';
import type { IntFunction, IntGraph, IntOf } from '../int.ts';
import { hasLogarithms } from '../interpret/soma.ts';
import { ENTRY_BITS, SOMA_FORMS } from '../soma-forms.ts';
import { type Arena, aligned, type Kernels } from './arena.ts';
import { placeIntegers, placeReals } from './places.ts';

/** rs(x, k) as floor(x · factor + half). */
export interface Shift {
  readonly factor: number;
  readonly half: number;
}
export const shiftOf = (k: number): Shift => ({ factor: pow2(-k), half: k > 0 ? 0.5 : 0 });

/** The largest signed integer of so many bits. */
export const topOf = (bits: number): number => pow2(bits - 1) - 1;

export interface FastSoma {
  /** y = F(u) at step t, in place; `room` is where its own bytes are. */
  readonly apply: (u: number, size: number, t: number, room: number) => void;
  readonly room: number;
}
type Base = (u: number, size: number, t: number, room: number) => void;

export function prepareSoma(node: IntOf<'population'>, graph: IntGraph, arena: Arena<Kernels>): FastSoma {
  const fn = node.attrs.function;
  const base = prepareBase(node, fn, graph, arena);
  const isScaled = graph.attrs.coding === 'rate' && fn.kind !== 'identity';
  const top = topOf(graph.attrs.stateBits);
  return {
    room: aligned(node.type.shape.at(-1)! * 8),
    apply: (u, size, t, room) => {
      base(u, size, t, room);
      if (fn.kind !== 'partial') arena.kernels.settle(u, size, isScaled ? t : 1, top);
    },
  };
}

function prepareBase(
  node: IntOf<'population'>,
  fn: IntFunction,
  graph: IntGraph,
  arena: Arena<Kernels>,
): Base {
  const { kernels } = arena;
  const { fraction, outFraction } = node.attrs;
  const channels = node.type.shape.at(-1)!;
  switch (fn.kind) {
    case 'partial':
      return () => {};
    case 'identity': {
      const { factor, half } = shiftOf(fraction - outFraction);
      return (u, size) => kernels.shift(u, size, factor, half);
    }
    case 'pointwise':
      return preparePointwise(node, fn, graph, arena);
    case 'layernorm':
    case 'rmsnorm':
      return prepareNorm(node, fn, graph, arena);
    case 'softmax': {
      const [log2, exp2] = placeLogarithms(fn, graph, arena);
      const { factor, half } = shiftOf(fraction + fn.shift - LOG_FRACTION);
      const wide = BigInt(outFraction);
      return (u, size) => kernels.softmax(u, size, channels, fn.scale, factor, half, wide, log2, exp2);
    }
    default:
      return fn satisfies never;
  }
}

/** What multiplies does not come here: population.ts leaves it to the reference. */
const logarithmsOf = (fn: IntFunction) =>
  hasLogarithms(fn) ? fn : defect(`a ${fn.kind} without tables has no kernel`);

function placeLogarithms(fn: IntFunction, graph: IntGraph, arena: Arena): readonly [number, number] {
  const { log2, exp2 } = logarithmsOf(fn);
  return [placeIntegers(log2, graph, arena), placeIntegers(exp2, graph, arena)];
}

function preparePointwise(
  node: IntOf<'population'>,
  fn: Extract<IntFunction, { kind: 'pointwise' }>,
  graph: IntGraph,
  arena: Arena<Kernels>,
): Base {
  const { kernels } = arena;
  const { fraction, outFraction } = node.attrs;
  const form = SOMA_FORMS[fn.name];
  const stored = fn.table === undefined ? [] : Array.from(graph.constants.get(fn.table).data);
  const remainders = stored.map(r => rs(r, fn.tableFraction - outFraction));
  const table = placeReals(remainders, arena);
  const entries = remainders.length;
  const entry = shiftOf(fraction - ENTRY_BITS);
  const constant = (x: number) => Math.floor(x * 2 ** outFraction + 0.5);
  const ramp = shiftOf(fraction - outFraction + (form.kind === 'odd' ? form.slope : 0));
  const read = [ramp.factor, ramp.half, table, entries, entry.factor, entry.half] as const;
  switch (form.kind) {
    case 'clip': {
      const limit = constant(form.limit);
      return (u, size) => kernels.clip(u, size, ramp.factor, ramp.half, limit);
    }
    case 'even':
      return (u, size) => kernels.even(u, size, ...read);
    case 'odd': {
      const [limit, centre] = [constant(form.limit), constant(form.centre)];
      return (u, size) => kernels.odd(u, size, ...read, limit, centre);
    }
    default:
      return form satisfies never;
  }
}

function prepareNorm(
  node: IntOf<'population'>,
  fn: Extract<IntFunction, { kind: 'layernorm' | 'rmsnorm' }>,
  graph: IntGraph,
  arena: Arena<Kernels>,
): Base {
  const channels = node.type.shape.at(-1)!;
  const data = (id: typeof fn.gain) => (id === undefined ? undefined : graph.constants.get(id).data);
  const tables = placeLogarithms(fn, graph, arena);
  const [gain, offset] = [placeReals(data(fn.gain), arena), placeReals(data(fn.offset), arena)];
  const isCentred = fn.kind === 'layernorm' ? 1 : 0;
  const log2 = Int32Array.from(graph.constants.get(logarithmsOf(fn).log2).data);
  const isRate = graph.attrs.coding === 'rate';
  const [channelKey, fraction] = [BigInt(fn.channelKey), BigInt(node.attrs.outFraction)];
  return (u, size, t, room) => {
    const epsilonKey = BigInt(fn.epsilonKey + (isRate ? 2 * lg(t, log2) : 0));
    const keys = [epsilonKey, channelKey, fraction] as const;
    arena.kernels.normalise(u, size, channels, isCentred, ...keys, ...tables, gain, offset, room);
  };
}
