/**
 * How a population of stage `snn` turns what is still missing of its target into spikes. One rule for each kind
 * of neuron, all of them soft reset: m = U − E is the membrane, telescoped.
 */
import { channelsPerNeuron, type EmitOf, type SnnEmit } from '../snn.ts';
import { clearPair, createPair, type Pair, pairRule } from './pair.ts';

/** One population's side of the run: what it sent in this step, what it has sent so far, what it should have. */
export interface Slot {
  /** One number for everything that is sent, which is `channelsPerNeuron` for each neuron. */
  values: Float64Array;
  terms: Uint8Array;
  sums: Float64Array;
  target: Float64Array;
  step: number;
  /** Of populations that send by pairs. */
  pair?: Pair;
}

/** `neurons`: how many targets there are. */
export function createSlot(neurons: number, emit: SnnEmit): Slot {
  const sent = neurons * channelsPerNeuron(emit);
  const slot = {
    values: new Float64Array(sent),
    terms: new Uint8Array(sent),
    sums: new Float64Array(sent),
    target: new Float64Array(neurons),
    step: 0,
  };
  return emit.kind === 'pair' ? { ...slot, pair: createPair(neurons, emit) } : slot;
}

/** Before step 1 of an image. */
export function clearSlot(slot: Slot, emit: SnnEmit): void {
  slot.sums.fill(0);
  if (emit.kind === 'pair' && slot.pair !== undefined) clearPair(slot.pair, emit);
}

/**
 * What neuron i sends in this step; its sums are brought up to date by whoever calls. `factor` brings what is missing to
 * the scale of a spike (1 but in `differential`); nothing below 2^lowest θ fires.
 */
export function emitRule(emit: SnnEmit, factor = 1, lowest = 0): (slot: Slot, i: number) => void {
  switch (emit.kind) {
    case 'mt': {
      const term = termRule(emit, lowest);
      return (slot, i) => {
        let rest = factor * (slot.target[i]! - slot.sums[i]!); // Eq. 21: m = v + I, telescoped
        let value = 0;
        let terms = 0;
        for (; terms < emit.terms; terms++) {
          const x = term(rest); // Eqs. 22-23
          if (x === 0 || (terms > 0 && Math.abs(rest - x) >= Math.abs(rest))) break;
          value += x;
          rest -= x; // Eq. 24: soft reset
        }
        send(slot, i, value, terms);
      };
    }
    case 'channels':
      return channelRule(emit);
    case 'pair': {
      const fire = pairRule(emit);
      return (slot, i) => {
        const { value, spikes } = fire(slot.pair!, i, slot.target[i]!, slot.step);
        send(slot, i, value, spikes);
      };
    }
    case 'relay':
    case 'readout':
      return (slot, i) => {
        const value = slot.target[i]! - slot.sums[i]!;
        send(slot, i, value, value === 0 ? 0 : 1);
      };
    default:
      return emit satisfies never;
  }
}

function send(slot: Slot, i: number, value: number, terms: number): void {
  slot.values[i] = value;
  slot.terms[i] = terms;
}

type Ladder = Pick<EmitOf<'mt'>, 'theta1' | 'theta2' | 'levels' | 'ties'>;

/** m → the signed threshold that it crosses, or 0. */
export const termRule = (emit: EmitOf<'mt'>, lowest = 0): ((m: number) => number) =>
  emit.rule === 'paper' ? paperTerm(emit, lowest) : nearestTerm(emit, lowest);

/**
 * Eq. 25 with the thresholds of Eq. 19, edges half a base threshold below each. Ties fire on both sides, as in
 * the authors' code, or as Eq. 25 has them: every edge belongs to the interval on its right, so that a negative
 * membrane on an edge takes the smaller threshold. A base threshold ≤ 0 silences its side.
 */
function paperTerm({ theta1, theta2, levels, ties }: Ladder, lowest = 0): (m: number) => number {
  const [plus, minus] = [sideOf(theta1, levels, lowest), sideOf(theta2, levels, lowest)];
  const isOpenBelow = ties === 'paper';
  return m => {
    const isNegative = m < 0;
    const { edges, thresholds } = isNegative ? minus : plus;
    const [magnitude, isOpen] = [Math.abs(m), isNegative && isOpenBelow];
    let crossed = 0;
    while (crossed < edges.length && (isOpen ? magnitude > edges[crossed]! : magnitude >= edges[crossed]!))
      crossed++;
    if (crossed === 0) return 0;
    return isNegative ? -thresholds[crossed - 1]! : thresholds[crossed - 1]!;
  };
}

/** λ_1 … λ_n of one sign in ascending order and where each begins; nothing for a silent side. */
function sideOf(theta: number, levels: number, lowest: number) {
  const length = theta > 0 ? levels - lowest : 0;
  const thresholds = Float64Array.from({ length }, (_, p) => 2 ** (p + lowest) * theta);
  return { thresholds, edges: thresholds.map(lambda => lambda - theta / 2) };
}

/** The power of two nearest to |m|, silent below band · 2^lowest θ; edges at 1.5 · 2^p θ. */
function nearestTerm({ theta1, theta2, levels, band }: EmitOf<'mt'>, lowest: number): (m: number) => number {
  return m => {
    const theta = m < 0 ? theta2 : theta1;
    const magnitude = Math.abs(m);
    if (theta <= 0 || magnitude < band * 2 ** lowest * theta) return 0;
    let p = lowest;
    while (p < levels - 1 && magnitude >= 1.5 * 2 ** p * theta) p++;
    return (m < 0 ? -theta : theta) * 2 ** p;
  };
}

/** Eqs. 26-29: the paper's neuron, its answer a 1 in the channel of the threshold that it crosses. */
function channelRule(emit: EmitOf<'channels'>): (slot: Slot, i: number) => void {
  const lambdas = channelThresholds(emit);
  const term = paperTerm(emit);
  return (slot, i) => {
    const first = i * lambdas.length;
    let sent = 0;
    for (let c = 0; c < lambdas.length; c++) sent += slot.sums[first + c]! * lambdas[c]!;
    const x = term(slot.target[i]! - sent);
    for (let c = 0; c < lambdas.length; c++) {
      const fires = x !== 0 && lambdas[c] === x ? 1 : 0;
      send(slot, first + c, fires, fires);
    }
  };
}

/** Signed thresholds in the order of the channels: λ_1, −λ_1, λ_2, … (Eq. 19). */
export const channelThresholds = ({ theta1, theta2, levels }: Ladder): Float64Array =>
  Float64Array.from({ length: 2 * levels }, (_, c) =>
    c % 2 === 0 ? 2 ** (c / 2) * theta1 : -(2 ** ((c - 1) / 2)) * theta2,
  );
