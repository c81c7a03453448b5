/**
 * How wide every number of an integer network can become, whatever the image: interval arithmetic from the image
 * to the logits, in the network's own integers, step by step.
 *
 *   proved      the worst case fits the target's width: no image overflows
 *   calibrated  what calibration met fits with headroom; a real overflow saturates and is counted
 *   open        neither; quantize leaves none behind (it takes weight bits, or says E0401 or E0403)
 *
 * Needs   what the image's numbers lie between
 * Cost    about one pass over the weights per timestep; nothing per row of a linear
 */
import { nodeMap, sizeOf, type ValueId } from '../../ir/dialect.ts';
import { pow2, rs } from '../../ir/fixed.ts';
import type { IntGraph, IntOf } from '../../ir/int.ts';
import { gatherOf } from '../../ir/interpret/int.ts';
import { mapIndices } from '../../ir/map.ts';
import type { Coding } from '../../ir/snn.ts';
import { lowestExponent } from '../../ir/step-weights.ts';
import { HEADROOM } from '../integers/formats.ts';
import { type Advance, counted } from '../progress.ts';
import {
  addBox,
  type Box,
  constantBox,
  type Joint,
  mapBox,
  openJoint,
  reachOf,
  saturateBox,
  zeroBox,
} from './box.ts';
import { emissionBox, emissionJoint, membraneReach } from './emission.ts';
import { functionBounds } from './functions.ts';
import { boundProjection, type Gathered, type Sent } from './gathers.ts';

/** `sent`: the sum of payloads, in θ; `inner`: sums inside a norm or softmax. */
export const QUANTITIES = ['accumulator', 'state', 'target', 'membrane', 'sent', 'inner'] as const;
export type Quantity = (typeof QUANTITIES)[number];
export type WidthStatus = 'proved' | 'calibrated' | 'open';

/** One number that the chip keeps; the worst of all neurons and steps. Magnitudes in its own integer unit. */
export interface Width {
  readonly population: ValueId;
  /** The projection, for an accumulator; else the population. */
  readonly node: ValueId;
  readonly origin: string;
  readonly quantity: Quantity;
  readonly worst: number;
  readonly met: number | null;
  /** Signed bits that the worst case and what was met need, and that there are. */
  readonly bits: { readonly worst: number; readonly met: number | null; readonly available: number };
  readonly status: WidthStatus;
}

/** The largest magnitude met of a quantity, in its own unit; undefined where nobody looked. */
export type Met = (node: ValueId, quantity: Quantity) => number | undefined;

/** What the numbers of an image lie between. */
export interface ImageRange {
  readonly low: number;
  readonly high: number;
}

/** Sums inside the group functions (C·S − ΣS, Σ 2^y): design 3 §5. */
const INNER_BITS = 32;

/** How often constants have entered by step t, and what a target is then a multiple of. */
const TIMES: { readonly [C in Coding]: (t: number) => number } = {
  rate: t => t,
  sum: () => 1,
  differential: () => 1,
};

/** Signed bits that a magnitude needs; the most negative number is left out, as saturation leaves it. */
export const bitsFor = (magnitude: number): number =>
  magnitude < 1 ? 1 : Math.ceil(Math.log2(Math.floor(magnitude) + 1)) + 1;

/** Empty where spikes are weighed by their step: the bounds of emission.ts do not know weights. */
export function proveWidths(
  graph: IntGraph,
  image: ImageRange,
  met: Met,
  advance?: Advance,
): readonly Width[] {
  if (graph.attrs.coding === 'differential' && graph.attrs.steps > 1) return [];
  const worst = createWorst();
  const walk = createWalk(graph, image, worst, advance);
  for (let t = 1; t <= graph.attrs.steps; t++) walk(t);
  const { accumulatorBits, stateBits } = graph.attrs;
  return worst.list.map(({ population, node, origin, quantity, size }) => {
    const isPartial = population.attrs.function.kind === 'partial';
    const state = isPartial ? accumulatorBits : stateBits;
    const available =
      quantity === 'accumulator' ? accumulatorBits : quantity === 'inner' ? INNER_BITS : state;
    return judge({ population: population.id, node, origin, quantity }, size, met(node, quantity), available);
  });
}

function judge(
  what: Pick<Width, 'population' | 'node' | 'origin' | 'quantity'>,
  worst: number,
  met: number | undefined,
  available: number,
): Width {
  const limit = pow2(available - 1) - 1;
  const isMet = met !== undefined && met * HEADROOM <= limit;
  const status = worst <= limit ? 'proved' : isMet ? 'calibrated' : 'open';
  const bits = { worst: bitsFor(worst), met: met === undefined ? null : bitsFor(met), available };
  return { ...what, worst, met: met ?? null, bits, status };
}

interface Worst {
  readonly population: IntOf<'population'>;
  readonly node: ValueId;
  readonly origin: string;
  readonly quantity: Quantity;
  size: number;
}

function createWorst() {
  const byKey = new Map<string, Worst>();
  return {
    get list(): readonly Worst[] {
      return [...byKey.values()];
    },
    raise(what: Omit<Worst, 'size'>, size: number): void {
      const key = `${what.node} ${what.quantity}`;
      const known = byKey.get(key);
      if (known === undefined) byKey.set(key, { ...what, size });
      else known.size = Math.max(known.size, size);
    },
  };
}

function createWalk(
  graph: IntGraph,
  image: ImageRange,
  worst: ReturnType<typeof createWorst>,
  advance?: Advance,
) {
  const sent = new Map<ValueId, Sent>();
  const gathered = new Map<ValueId, Gathered>();
  const runs = runsOf(graph);
  const { coding } = graph.attrs;
  const steps = graph.nodes.map((node): ((t: number) => void) => {
    switch (node.kind) {
      case 'input': {
        const size = sizeOf(node.type.shape);
        const end = (x: number) => Math.floor(x * 2 ** node.attrs.fraction + 0.5);
        const [low, high] = [end(image.low), end(image.high)];
        return t => {
          const times = TIMES[coding](t);
          const box = constantBox(size, low * times, high * times);
          sent.set(node.id, { box, joint: openJoint(node.type.shape.at(-1)!) });
        };
      }
      case 'population':
        return boundPopulation(node, graph, { sent, gathered, worst, runs });
      default: {
        const bound = boundProjection(node, graph);
        return t => gathered.set(node.id, bound(sent, TIMES[coding](t)));
      }
    }
  });
  return (t: number) => {
    for (const step of counted(steps, advance)) step(t);
  };
}

interface Known {
  readonly sent: Map<ValueId, Sent>;
  readonly gathered: ReadonlyMap<ValueId, Gathered>;
  readonly worst: ReturnType<typeof createWorst>;
  readonly runs: ReadonlyMap<ValueId, number>;
}

/** Channels of a population that its products read together: a head of queries, keys or values. */
function runsOf(graph: IntGraph): ReadonlyMap<ValueId, number> {
  const byId = nodeMap(graph.nodes);
  const runs = new Map<ValueId, number>();
  for (const node of graph.nodes) {
    if (node.kind !== 'product') continue;
    const { inner, mapA, mapB } = node.attrs;
    const [groups, rows, columns] = node.type.shape as [number, number, number];
    const sides = [
      { id: node.operands[0]!, map: mapA, count: rows },
      { id: node.operands[1]!, map: mapB, count: columns },
    ];
    for (const { id, map, count } of sides) {
      const indices = mapIndices(map, groups * count * inner);
      const run = inner > 1 && indices[1] !== indices[0]! + 1 ? count : inner;
      if (byId.get(id)!.type.shape.at(-1)! % run === 0) runs.set(id, run);
    }
  }
  return runs;
}

function boundPopulation(
  node: IntOf<'population'>,
  graph: IntGraph,
  { sent, gathered, worst, runs }: Known,
): (t: number) => void {
  const { accumulatorBits, stateBits, coding, steps } = graph.attrs;
  const { fraction, outFraction, emit } = node.attrs;
  const size = sizeOf(node.type.shape);
  const isPartial = node.attrs.function.kind === 'partial';
  const inputs = node.operands.map(id => gatherOf(id, node, graph));
  const limit = pow2(accumulatorBits - 1) - 1;
  /** Accumulators that may have saturated keep what saturation left, so nothing closer is known of them. */
  const overflows = new Set<ValueId>();
  const width = runs.get(node.id) ?? node.type.shape.at(-1)!;
  const own = { population: node, node: node.id, origin: node.origin };
  return t => {
    const u = zeroBox(size);
    for (const { id, origin, shifts, factor } of inputs) {
      const current = gathered.get(id)!;
      worst.raise({ population: node, node: id, origin, quantity: 'accumulator' }, current.worst);
      if (current.worst > limit) overflows.add(id);
      const held = overflows.has(id)
        ? constantBox(size, -limit, limit)
        : saturateBox(current.box, accumulatorBits);
      const read = (x: number, i: number) =>
        isPartial ? x : factor(rs(x, shifts[i % shifts.length]! - fraction), t);
      addBox(u, mapBox(held, read));
    }
    worst.raise({ ...own, quantity: 'state' }, reachOf(u));
    const state = isPartial ? u : saturateBox(u, stateBits);
    const times = TIMES[coding](t);
    const together = overflows.size > 0 ? openJoint(width) : togetherOf(gathered.get(inputs[0]!.id)!);
    const { box, joint, inner, reach } = functionBounds(
      { node, constants: graph.constants, stateBits },
      state,
      times,
      together,
    );
    if (node.attrs.function.kind !== 'identity' && !isPartial)
      worst.raise({ ...own, quantity: 'target' }, reach);
    if (inner > 0) worst.raise({ ...own, quantity: 'inner' }, inner);
    const before = t === 1 ? zeroBox(size) : sent.get(node.id)!.box;
    sent.set(node.id, emitted(box, joint, before, t));
  };

  /** Of a population with one projection that is read as it is; rounding adds less than a unit to each neuron. */
  function togetherOf({ norm }: Gathered): Joint {
    if (inputs.length !== 1 || inputs[0]!.of !== undefined || norm === undefined) return openJoint(width);
    const length = norm(width) * pow2(fraction) + Math.sqrt(width);
    return { channels: width, sum: Number.POSITIVE_INFINITY, norm: length };
  }

  function emitted(y: Box, joint: Sent['joint'], before: Box, t: number): Sent {
    const lowest = emit.kind === 'mt' ? lowestExponent(emit.coarse ?? 0, t, steps, emit.levels) : 0;
    const box = emissionBox(y, before, emit, outFraction, lowest);
    if (emit.kind !== 'mt') return { box, joint };
    const membrane = membraneReach(y, before, emit, outFraction);
    worst.raise({ ...own, quantity: 'membrane' }, membrane);
    worst.raise({ ...own, quantity: 'sent' }, reachOf(box));
    return { box, joint: emissionJoint(joint, membrane, emit, outFraction, t, lowest) };
  }
}
