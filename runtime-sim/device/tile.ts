/** One tile: what it holds of an image, and what it does in one step or with one row. */
import type { Gather, ProgramHeader, TileProgram } from '../../backends/program/program.ts';
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

export const createTileState = ({ gathers, size, program: { emit } }: Tile): TileState => ({
  operands: gathers.map(gather => createOperand(gather, size)),
  sent: new Int32Array(size),
  target: Float64Array.from({ length: size }, (_, i) =>
    emit.kind === 'lif' ? emit.initial[i % emit.initial.length]! : 0,
  ),
});

export function clearTileState({ operands, sent, target }: TileState): void {
  for (const operand of operands) clearOperand(operand);
  sent.fill(0);
  target.fill(0);
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

/** One timestep of plain neurons; docs/rationale/plain-neurons.md. */
export function executePlain(
  tile: Tile,
  { operands, target: potential }: TileState,
  isFirst: boolean,
  header: ProgramHeader,
  stateBits: number,
): Outcome {
  const { emit } = tile.program;
  const neurons = neuronsOf(tile, undefined);
  const payloads = new Int32Array(neurons.length);
  for (const neuron of emit.kind === 'lif' ? neurons : []) {
    if (emit.kind !== 'lif') continue;
    let sum = 0;
    for (const { arrived } of operands) {
      sum += arrived[0]![neuron]!;
      arrived[0]![neuron] = 0;
    }
    let v = potential[neuron]!;
    if (!isFirst) v = Math.trunc((v * (4096 - at(emit.leak, neuron))) / 4096);
    v = clamp(v + clamp(sum, header.accumulatorBits) + at(emit.bias, neuron), stateBits);
    if (v > at(emit.threshold, neuron)) {
      payloads[neuron] = 1;
      if (emit.reset === 'hard') v = at(emit.resetTo, neuron);
      if (emit.reset === 'soft') v = clamp(v - at(emit.threshold, neuron), stateBits);
    }
    potential[neuron] = v + 0;
  }
  return { neurons, payloads, terms: Uint8Array.from(payloads), targets: potential };
}
