/**
 * Networks of pairs (pair.ts) that look before they run: a first phase of a few steps shows each neuron what is
 * left in its membrane, the second phase, from the resting state, is the answer.
 *
 *     mute     both phases run through the whole network; a half whose membrane ends at or below 0 is silent in
 *              the second (SRP: it would send what the network does not)
 *     shift    population by population: the first phase sees what arrives in the second and sends nothing; a half
 *              that ends below 0 though it fired starts lower, one that ends at θ or more starts higher, each by
 *              what one spike takes (COS: the offset spike)
 *
 * Source  Hao et al., AAAI 2023 (SRP, `MPLayer`: v > 0.001 θ); Hao et al., ICLR 2023 (COS, `MPLayer`, one pass)
 */
import { defect } from '../diagnostics/diagnostic.ts';
import type { ValueId } from '../dialect.ts';
import type { SnnGraph, SnnOf } from '../snn.ts';
import type { Slot } from './emit.ts';
import type { Pair } from './pair.ts';
import {
  createSnnRunner,
  type Emission,
  INTERPRETED,
  prepareSteps,
  type SnnObserver,
  type SnnParts,
  type SnnState,
  type SnnStep,
} from './snn.ts';

export const PHASES = ['mute', 'shift'] as const;
export interface FirstPhase {
  readonly kind: (typeof PHASES)[number];
  readonly steps: number;
}

export interface TwoPhaseRunner {
  /** Readouts of the second phase. `observeFirst` sees what the first one sends, if it does. */
  run(image: Float64Array, observe?: SnnObserver, observeFirst?: SnnObserver): readonly Float64Array[];
}

export const createTwoPhaseRunner = (
  graph: SnnGraph,
  phase: FirstPhase,
  parts: SnnParts = INTERPRETED,
): TwoPhaseRunner => MAKERS[phase.kind](graph, phase.steps, parts);

type Maker = (graph: SnnGraph, firstSteps: number, parts: SnnParts) => TwoPhaseRunner;
const MAKERS: { readonly [K in FirstPhase['kind']]: Maker } = { mute: createMuting, shift: createShifting };

/** Nearly 0, in units of θ, as in both published codes. */
const NEAR = 1e-3;

function createMuting(...[graph, firstSteps, parts]: Parameters<Maker>): TwoPhaseRunner {
  const first = createSnnRunner({ ...graph, attrs: { ...graph.attrs, steps: firstSteps } }, parts);
  const second = createSnnRunner(graph, parts);
  return {
    run(image, observe, observeFirst) {
      const muted = new Map<ValueId, Uint8Array>();
      first.run(image, (step, population, emission) => {
        observeFirst?.(step, population, emission);
        const { pair } = emission;
        if (step === firstSteps && pair !== undefined)
          muted.set(
            population.id,
            Uint8Array.from(pair.rest, v => (v > NEAR ? 0 : 1)),
          );
      });
      return second.run(image, observe, (id, slot) => slot.pair?.isMuted.set(muted.get(id)!));
    },
  };
}

/** Node by node, every node through all steps: a population then knows all that will arrive before it sends. */
function createShifting(...[graph, firstSteps, parts]: Parameters<Maker>): TwoPhaseRunner {
  const { coding, steps } = graph.attrs;
  const nodes = prepareSteps(graph, parts);
  const output = graph.outputs[0] ?? defect('a network without output');
  return {
    run(image, observe) {
      const starts = new Map<ValueId, Float64Array>();
      const begin = (id: ValueId, slot: Slot) => {
        const start = starts.get(id);
        if (start !== undefined) slot.pair?.start.set(start);
      };
      const states = Array.from(
        { length: Math.max(steps, firstSteps) },
        (): SnnState => ({ coding, image, slots: new Map(), currents: new Map(), begin }),
      );
      for (const { node, step } of nodes) {
        if (node.kind === 'population' && node.attrs.emit.kind === 'pair') {
          starts.set(node.id, shiftedStart(node, step, states.slice(0, firstSteps)));
        }
        runThrough(node.id, step, states);
      }
      if (observe !== undefined) replay(graph, states.slice(0, steps), observe);
      return states.slice(0, steps).map((state, t) => {
        const total = state.slots.get(output)!.target;
        return total.map(u => (coding === 'rate' ? u / (t + 1) : u));
      });
    },
  };
}

/** One node through all steps, the state of each step kept by itself. */
function runThrough(id: ValueId, step: SnnStep, states: readonly SnnState[]): void {
  states.forEach((state, i) => {
    const before = states[i - 1];
    state.slots.delete(id);
    if (before !== undefined) {
      const [slot, current] = [before.slots.get(id), before.currents.get(id)];
      if (slot !== undefined) state.slots.set(id, copySlot(slot));
      if (current !== undefined) state.currents.set(id, current.slice());
    }
    step(state, i + 1, undefined);
  });
}

const copySlot = (slot: Slot): Slot => ({
  ...slot,
  values: slot.values.slice(),
  terms: slot.terms.slice(),
  sums: slot.sums.slice(),
  target: slot.target.slice(),
  ...(slot.pair === undefined ? {} : { pair: copyPair(slot.pair) }),
});

const copyPair = (pair: Pair): Pair => ({
  sent: pair.sent.slice(),
  start: pair.start.slice(),
  isMuted: pair.isMuted.slice(),
  rest: pair.rest.slice(),
  fired: pair.fired.slice(),
});

/** Potentials to start with, in units of θ. */
function shiftedStart(
  { id, attrs }: SnnOf<'population'>,
  step: SnnStep,
  states: readonly SnnState[],
): Float64Array {
  runThrough(id, step, states);
  const pairs = states.map(state => state.slots.get(id)!.pair!);
  const last = pairs.at(-1)!;
  const rest = attrs.emit.kind === 'pair' ? attrs.emit.start : 0;
  return last.rest.map((end, half) => {
    const lowestFired = least(pairs.filter(p => p.fired[half] === 1).map(p => p.rest[half]! + 1));
    const highestSilent = -least(pairs.filter(p => p.fired[half] === 0).map(p => -p.rest[half]!));
    if (end < 0 && Number.isFinite(lowestFired)) return rest - Math.max(1, lowestFired - (1 - NEAR));
    if (end >= 1) return rest + (Number.isFinite(highestSilent) ? Math.max(1, 1 + NEAR - highestSilent) : 1);
    return rest;
  });
}

const least = (values: readonly number[]): number =>
  values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);

/** What was sent, in the order of time. */
function replay(graph: SnnGraph, states: readonly SnnState[], observe: SnnObserver): void {
  states.forEach((state, i) => {
    for (const node of graph.nodes) {
      if (node.kind !== 'population') continue;
      const currents = node.operands.map(id => state.currents.get(id)!);
      const emission: Emission = { ...state.slots.get(node.id)!, currents };
      observe(i + 1, node, emission);
    }
  });
}
