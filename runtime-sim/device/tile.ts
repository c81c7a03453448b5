/** One tile: what it holds of an image, and what it does in one step or with one row. */
import type { Gather, PlainEmit, ProgramHeader, TileProgram } from '../../backends/program/program.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { clamp, shiftRound } from './arithmetic.ts';
import { neuronsOf, type Tile } from './boot.ts';
import { neuronRule, type Sent } from './neuron.ts';
import { arrivedSizes, clearOperand, createOperand, type Operand, scaleOf, settle } from './operands.ts';

export interface TileState {
  readonly operands: readonly Operand[];
  /** Sum of all payloads, each times the weight of its step; mode free: nothing. */
  readonly sent: Int32Array;
  /** Result of the function in the last step; mode free: the potential. */
  readonly target: Float64Array;
  /** Of plain neurons that have one: the current. */
  readonly current: Float64Array;
}

/** What neurons of a tile did; all lists are alike. */
export interface Outcome {
  readonly neurons: Int32Array;
  readonly payloads: Int32Array;
  /** Signed powers of two of each payload. */
  readonly terms: Uint8Array;
  readonly targets: Float64Array;
}

/** Numbers that the state of one image takes. */
export const stateSize = ({ gathers, size }: Tile): number =>
  gathers.reduce(
    (sum, { gather }) => sum + size + arrivedSizes(gather, size).reduce((a, b) => a + b, 0),
    2 * size,
  );

/** Neurons of mode `free`; undefined: others. */
const plainOf = ({ emit }: TileProgram): PlainEmit | undefined =>
  emit.kind === 'lif' || emit.kind === 'cuba' ? emit : undefined;

export function createTileState({ gathers, size, program }: Tile): TileState {
  const state = {
    operands: gathers.map(gather => createOperand(gather, size)),
    sent: new Int32Array(size),
    target: new Float64Array(size),
    current: new Float64Array(program.emit.kind === 'cuba' ? size : 0),
  };
  clearTileState(state, program);
  return state;
}

export function clearTileState({ operands, sent, target, current }: TileState, program: TileProgram): void {
  for (const operand of operands) clearOperand(operand);
  sent.fill(0);
  current.fill(0);
  const initial = plainOf(program)?.initial;
  for (let i = 0; i < target.length; i++) target[i] = initial === undefined ? 0 : at(initial, i);
}

const MEAN_FUNCTIONS: ReadonlySet<TileProgram['function']['kind']> = new Set(['pointwise', 'softmax']);

/**
 * In coding rate sums have grown with t, products of two sums with t²: identities and norms want t times the mean,
 * functions the mean itself. 1/t has 16 fraction bits, 1/t² has 24.
 */
function toMean(gather: Gather, fn: TileProgram['function']['kind'], t: number): (sum: number) => number {
  const isProduct = gather.kind === 'product' || gather.kind === 'hadamard';
  const power = (isProduct ? 1 : 0) + (MEAN_FUNCTIONS.has(fn) ? 1 : 0);
  if (power === 0) return sum => sum;
  const bits = power === 1 ? 16 : 24;
  const factor = Math.floor(2 ** bits / t ** power + 0.5);
  return sum => shiftRound(sum * factor, bits);
}

/** Step t of the neurons of a row, or of all. `stateBits`: width of the state, narrower where it is broken. */
export function executeTile(
  tile: Tile,
  state: TileState,
  t: number,
  row: number | undefined,
  header: ProgramHeader,
  stateBits: number,
): Outcome {
  const { program, gathers } = tile;
  const isRate = header.coding === 'rate';
  const isPartial = program.function.kind === 'partial';
  const neurons = neuronsOf(tile, row);
  const u = new Float64Array(neurons.length);
  gathers.forEach((own, g) => {
    const mean = isRate ? toMean(own.gather, program.function.kind, t) : (sum: number) => sum;
    neurons.forEach((neuron, i) => {
      const held = settle(own, state.operands[g]!, neuron, t, isRate, header.accumulatorBits);
      u[i]! += isPartial ? held : mean(shiftRound(held, scaleOf(own.gather, neuron) - program.fraction));
    });
  });
  const y = tile.apply(isPartial ? u : u.map(x => clamp(x, stateBits)), t);
  return fireNeurons(tile, state, neurons, y, t, header);
}

function fireNeurons(
  { program }: Tile,
  { sent, target }: TileState,
  neurons: Int32Array,
  y: Float64Array,
  t: number,
  header: ProgramHeader,
): Outcome {
  const rule = neuronRule(program.emit, program.outFraction, header, t);
  const payloads = new Int32Array(neurons.length);
  const terms = new Uint8Array(neurons.length);
  const answer: Sent = { payload: 0, terms: 0 };
  neurons.forEach((neuron, i) => {
    rule.fire(y[i]!, sent[neuron]!, answer);
    payloads[i] = answer.payload;
    terms[i] = answer.terms;
    sent[neuron]! += answer.payload * rule.weight;
    target[neuron] = y[i]!;
  });
  return { neurons, payloads, terms, targets: y };
}

const at = (list: Int32Array, i: number): number => list[list.length === 1 ? 0 : i]!;

const leak = (x: number, parts: number): number => Math.trunc((x * (4096 - parts)) / 4096);

/** Timestep `age` (0: the first) of a tile of plain neurons, before which it hears nothing; docs/rationale/plain-neurons.md. */
export function executePlain(
  tile: Tile,
  state: TileState,
  age: number,
  header: ProgramHeader,
  stateBits: number,
): Outcome {
  const { target: potential, operands } = state;
  const plain = plainOf(tile.program) ?? defect(`a ${tile.program.emit.kind} in mode free`);
  const neurons = neuronsOf(tile, undefined);
  const payloads = new Int32Array(neurons.length);
  for (const neuron of neurons) {
    let sum = 0;
    for (const { arrived } of operands) {
      sum += arrived[0]![neuron]!;
      arrived[0]![neuron] = 0;
    }
    if (age < 0) continue;
    const input = takeIn(plain, state, neuron, clamp(sum, header.accumulatorBits), age, stateBits);
    let v = potential[neuron]!;
    if (age > 0) v = leak(v, at(plain.leak, neuron));
    v = clamp(v + input + at(plain.bias, neuron), stateBits);
    if (v > at(plain.threshold, neuron)) {
      payloads[neuron] = 1;
      if (plain.reset === 'hard') v = at(plain.resetTo, neuron);
      if (plain.reset === 'soft') v = clamp(v - at(plain.threshold, neuron), stateBits);
    }
    // −0 is 0.
    potential[neuron] = v + 0;
  }
  return { neurons, payloads, terms: Uint8Array.from(payloads), targets: potential };
}

/** What is added to a potential: the sum, or the current that it goes into. */
function takeIn(
  plain: PlainEmit,
  { current }: TileState,
  neuron: number,
  sum: number,
  age: number,
  bits: number,
): number {
  if (plain.kind === 'lif') return sum;
  const before = current[neuron]!;
  const held = age > 0 ? leak(before, at(plain.currentLeak, neuron)) : before;
  const more = sum * 2 ** at(plain.gain, neuron) + at(plain.currentBias, neuron);
  current[neuron] = clamp(held + more, bits) + 0;
  return current[neuron]!;
}
