/**
 * Populations of stage `snn` in loops over whole arrays, with thresholds and edges computed once: the numbers of
 * interpret/snn.ts and interpret/emit.ts, in their order.
 */
import { nodeMap, sizeOf } from '../dialect.ts';
import { clearSlot, type Slot } from '../interpret/emit.ts';
import { isProductKind, type SnnStep, slotOf, targetFunction } from '../interpret/snn.ts';
import type { SnnEmit, SnnGraph, SnnOf } from '../snn.ts';
import { lowestExponent, membraneFactor } from '../step-weights.ts';

/** undefined: a kind of neuron that the interpreter has to do. */
export function prepareRealPopulation(node: SnnOf<'population'>, graph: SnnGraph): SnnStep | undefined {
  const { coding } = graph.attrs;
  const emit = prepareEmit(node.attrs.emit, graph.attrs);
  if (emit === undefined) return undefined;
  const size = sizeOf(node.type.shape);
  const apply = targetFunction(node.attrs.function, node.type.shape.at(-1)!, graph.constants);
  const byId = nodeMap(graph.nodes);
  const isProduct = node.operands.map(id => isProductKind(byId.get(id)?.kind));
  return (state, t, observe) => {
    const slot = slotOf(state, node.id, size, node.attrs.emit);
    if (t === 1) {
      clearSlot(slot, node.attrs.emit);
      state.begin?.(node.id, slot);
    }
    slot.step = t;
    const { target } = slot;
    target.fill(0);
    node.operands.forEach((operand, i) => {
      addMean(target, state.currents.get(operand)!, coding !== 'rate' ? 1 : isProduct[i] ? t * t : t);
    });
    apply(target);
    if (coding === 'rate') for (let i = 0; i < size; i++) target[i] = t * target[i]!;
    emit(slot);
    observe?.(t, node, { ...slot, currents: node.operands.map(id => state.currents.get(id)!) });
  };
}

function addMean(mean: Float64Array, current: Float64Array, divisor: number): void {
  if (divisor === 1) for (let i = 0; i < mean.length; i++) mean[i]! += current[i]!;
  else for (let i = 0; i < mean.length; i++) mean[i]! += current[i]! / divisor;
}

/** What all neurons of a population send in a step, their sums brought up to date. */
type Emit = (slot: Slot) => void;

/** Attributes that are known here; a neuron with any other is left to the interpreter. */
const KNOWN: ReadonlySet<string> = new Set([
  ...['kind', 'theta1', 'theta2', 'levels', 'terms', 'band', 'rule', 'coarse'],
]);

function prepareEmit(emit: SnnEmit, { coding, steps }: SnnGraph['attrs']): Emit | undefined {
  const isPlain = Object.entries(emit).every(
    ([name, value]) => KNOWN.has(name) || value === undefined || value === 'symmetric',
  );
  if (!isPlain) return undefined;
  if (emit.kind === 'relay' || emit.kind === 'readout') return sendGraded;
  if (emit.kind !== 'mt') return undefined;
  const ladders = Array.from({ length: steps }, (_, i) => {
    const lowest = lowestExponent(emit.coarse ?? 0, i + 1, steps, emit.levels);
    return emit.rule === 'paper' ? paperLadder(emit, lowest) : nearestLadder(emit, lowest);
  });
  return slot => fire(slot, emit.terms, ladders[slot.step - 1]!, membraneFactor(coding, slot.step));
}

function sendGraded({ values, terms, sums, target }: Slot): void {
  for (let i = 0; i < target.length; i++) {
    const value = target[i]! - sums[i]!;
    values[i] = value;
    terms[i] = value === 0 ? 0 : 1;
    sums[i]! += value;
  }
}

/** Thresholds of both signs, smallest first, and the magnitude from which on each is crossed. */
interface Ladder {
  readonly positive: Side;
  readonly negative: Side;
}
interface Side {
  readonly edges: Float64Array;
  readonly thresholds: Float64Array;
  /** 1/θ where that is exact and edges lie between powers of two: then the leading bits say the threshold. */
  readonly unit: number;
}
type MtEmit = Extract<SnnEmit, { kind: 'mt' }>;

const SILENT: Side = { edges: new Float64Array(0), thresholds: new Float64Array(0), unit: 0 };

const isPowerOfTwo = (x: number): boolean => 2 ** Math.round(Math.log2(x)) === x;

/** A lower threshold belongs to every magnitude below the edge of the next; see interpret/emit.ts. */
function nearestLadder({ theta1, theta2, levels, band }: MtEmit, lowest: number): Ladder {
  const side = (theta: number, signed: number): Side => {
    if (theta <= 0) return SILENT;
    const length = levels - lowest;
    const edges = Float64Array.from({ length }, (_, i) =>
      i === 0 ? band * 2 ** lowest * theta : 1.5 * 2 ** (i + lowest - 1) * theta,
    );
    const thresholds = Float64Array.from({ length }, (_, i) => signed * 2 ** (i + lowest));
    return { edges, thresholds, unit: isPowerOfTwo(theta) ? 2 ** -lowest / theta : 0 };
  };
  return { positive: side(theta1, theta1), negative: side(theta2, -theta2) };
}

function paperLadder({ theta1, theta2, levels }: MtEmit, lowest: number): Ladder {
  const side = (theta: number, sign: number): Side => {
    if (theta <= 0) return SILENT;
    const powers = Float64Array.from({ length: levels - lowest }, (_, i) => 2 ** (i + lowest) * theta);
    return { edges: powers.map(x => x - theta / 2), thresholds: powers.map(x => sign * x), unit: 0 };
  };
  return { positive: side(theta1, 1), negative: side(theta2, -1) };
}

/** Number of the largest threshold that a magnitude crosses which crosses the first. */
function crossed(magnitude: number, { edges, unit }: Side): number {
  const halves = 2 * magnitude * unit;
  if (unit > 0 && halves < 2 ** 31) {
    if (halves < 3) return 0;
    // The leading one of m/θ, one more where the next bit is set.
    const bits = halves | 0;
    const leading = 30 - Math.clz32(bits);
    return Math.min(edges.length - 1, leading + ((bits >> leading) & 1));
  }
  let p = 0;
  while (p + 1 < edges.length && magnitude >= edges[p + 1]!) p++;
  return p;
}

/** A spike counts for 1/factor of itself. */
function fire(
  { values, terms, sums, target }: Slot,
  most: number,
  { positive, negative }: Ladder,
  factor: number,
): void {
  for (let i = 0; i < target.length; i++) {
    let rest = factor * (target[i]! - sums[i]!);
    let value = 0;
    let count = 0;
    for (; count < most; count++) {
      const side = rest < 0 ? negative : positive;
      const magnitude = rest < 0 ? -rest : rest;
      if (!(magnitude >= side.edges[0]!)) break;
      const x = side.thresholds[crossed(magnitude, side)]!;
      const left = rest - x;
      if (count > 0 && (left < 0 ? -left : left) >= magnitude) break;
      value += x;
      rest = left;
    }
    values[i] = value;
    terms[i] = count;
    sums[i]! += value / factor;
  }
}
