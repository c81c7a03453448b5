/** What stands only in programs of mode `free`, and what they must hold; its numbers are such that 32 bits hold every sum. */
import type { Fault } from './check.ts';
import type {
  ChipProgram,
  EmitProgram,
  Gather,
  HostInput,
  PlainEmit,
  SparseGather,
  TileProgram,
} from './program.ts';

/** Of a sum of what arrives, and of a potential: three of them added still fit 32 bits. */
const MAX_SUM_BITS = 30;
const MAX_STATE_BITS = 31;
const MOST = 2 ** 29 - 1;
/** Of a current and its potential: a potential, a current and a bias added still fit 32 bits. */
const MAX_CURRENT_BITS = 30;
const LEAK_PARTS = 4096;

/** What has no meaning without images has one value. */
const FIXED = { coding: 'sum', steps: 1, depth: 0, period: 1, interval: 1, binary: true, resetNeurons: 1 };

export function checkFreeHeader({ header }: ChipProgram): Fault {
  if (header.mode !== 'free') return undefined;
  const wrong = Object.entries(FIXED).find(([key, value]) => header[key as keyof typeof FIXED] !== value);
  if (wrong !== undefined) return [wrong[0], `not ${wrong[1]}, in mode free`];
  if (header.accumulatorBits > MAX_SUM_BITS) return ['accumulatorBits', `more than ${MAX_SUM_BITS}`];
  return header.stateBits > MAX_STATE_BITS ? ['stateBits', `more than ${MAX_STATE_BITS}`] : undefined;
}

export const isPlainEmit = (emit: EmitProgram): emit is PlainEmit =>
  emit.kind === 'lif' || emit.kind === 'cuba';

export function checkFreeTile({ header }: ChipProgram, tile: TileProgram, neurons: number): Fault {
  const { emit, gathers } = tile;
  if (header.mode !== 'free') {
    if (isPlainEmit(emit)) return ['emit', `a ${emit.kind}, but the mode is ${header.mode}`];
    const sparse = gathers.some(({ kind }) => kind === 'sparse');
    return sparse ? ['gathers', `a sparse one, but the mode is ${header.mode}`] : undefined;
  }
  if (!isPlainEmit(emit)) return ['emit', `a ${emit.kind} in mode free`];
  if (tile.function.kind !== 'identity') return ['function', `a ${tile.function.kind} in mode free`];
  for (const key of ['fraction', 'outFraction'] as const)
    if (tile[key] !== 0) return [key, `${tile[key]} in mode free`];
  const wrong = gathers.find(gather => !isPlain(gather));
  if (wrong !== undefined)
    return ['gathers', `a ${wrong.kind} with more than weights, or other ones, in mode free`];
  return checkNeurons(emit, neurons, header);
}

/** Weights of one row of neurons, in whole numbers. */
const isPlain = (gather: Gather): boolean =>
  gather.kind === 'sparse' ||
  (gather.kind === 'linear' &&
    gather.rows === 1 &&
    gather.bias === undefined &&
    !gather.graded &&
    gather.shift === 0 &&
    gather.scale.every(bits => bits === 0));

function checkNeurons(
  emit: PlainEmit,
  neurons: number,
  { stateBits, accumulatorBits }: ChipProgram['header'],
): Fault {
  const top = 2 ** (stateBits - 1) - 1;
  const isCuba = emit.kind === 'cuba';
  if (isCuba && stateBits > MAX_CURRENT_BITS) return ['emit', `a cuba with ${stateBits} bits of state`];
  const most = isCuba ? top : MOST;
  const ranges = [
    ['bias', emit.bias, -MOST, MOST],
    ['threshold', emit.threshold, -most, most],
    ['leak', emit.leak, 0, LEAK_PARTS],
    ['initial', emit.initial, -top, top],
    ['resetTo', emit.resetTo, -top, top],
    ...(isCuba
      ? ([
          ['currentLeak', emit.currentLeak, 0, LEAK_PARTS],
          ['currentBias', emit.currentBias, -MOST, MOST],
          ['gain', emit.gain, 0, MAX_SUM_BITS - accumulatorBits],
        ] as const)
      : []),
  ] as const;
  for (const [key, values, from, to] of ranges) {
    if (values.length !== 1 && values.length !== neurons)
      return [`emit.${key}`, `${values.length} numbers for ${neurons} neurons`];
    const wrong = values.find(value => value < from || value > to);
    if (wrong !== undefined) return [`emit.${key}`, `${wrong}, not in ${from} … ${to}`];
  }
  const isIdle = emit.reset === 'hard' || (emit.resetTo.length === 1 && emit.resetTo[0] === 0);
  return isIdle ? undefined : ['emit.resetTo', `not 0, but the reset is ${emit.reset}`];
}

export function checkSparse({ starts, targets, weights, bits }: SparseGather, neurons: number): Fault {
  if (weights.length !== targets.length)
    return ['weights', `${weights.length} for ${targets.length} synapses`];
  if (starts.length < 2 || starts[0] !== 0 || starts.at(-1) !== targets.length)
    return ['starts', `not from 0 to ${targets.length}`];
  if (starts.some((start, i) => i > 0 && start < starts[i - 1]!)) return ['starts', 'not in order'];
  const outside = targets.find(target => target < 0 || target >= neurons);
  if (outside !== undefined) return ['targets', `neuron ${outside} of ${neurons}`];
  const top = 2 ** (bits - 1);
  const wide = weights.find(weight => weight < -top || weight >= top);
  return wide === undefined ? undefined : ['weights', `${wide} exceeds ${bits} bits`];
}

export const checkFreeHost = ({ header }: ChipProgram, { fraction }: HostInput): Fault =>
  header.mode === 'free' && fraction !== 0
    ? ['input.fraction', `${fraction}, but the host sends spikes`]
    : undefined;
