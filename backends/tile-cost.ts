/**
 * What a tile costs on a core, gather by gather, and what the tables of its function cost. The formulas are the
 * target's (accounting.ts).
 */
import { defect } from '../ir/diagnostics/diagnostic.ts';
import type { IntFunction } from '../ir/int.ts';
import { isMultiplied } from '../ir/interpret/soma.ts';
import { tableEntries } from '../ir/soma-forms.ts';
import type { Accounting, AxonDemand, CostSum, TileCost, WeightAccounting } from './accounting.ts';

/**
 * A box of a population: `groups` × `rows` × `channels` neurons, all unrolled in space. Where rows pass through time the
 * tile has the neurons of one row, and what waits for its row is held beside them.
 */
export interface TileRequest {
  readonly groups: number;
  readonly rows: number;
  readonly channels: number;
  /** What the neurons of the tile gather; all of it lands in the one state of each neuron. */
  readonly gathers: readonly Gather[];
  /**
   * Channels that a group function (layernorm, softmax) needs together. A tile must hold whole groups:
   * then this equals `channels`.
   */
  readonly wholeGroup?: number;
  /** Longest delay of what comes in, in steps; rows whose sums wait for their turn. */
  readonly delay: number;
  /** Tiles that read this one through shared, dynamic or relay axons; for a readout the host counts as one. */
  readonly destinationTiles: number;
  /** Tiles that read it through private weights: they need an axon for every single neuron. */
  readonly privateDestinationTiles?: number;
  /** Axons of each of its neurons (accounting.ts, axonsPerNeuron); 1 where absent. */
  readonly axons?: number;
  /** Its neurons subtract what they send from their membranes. */
  readonly isSoftReset?: boolean;
}

export type Gather =
  | LinearGather
  | ProductGather
  | HadamardGather
  | DepthwiseGather
  | MaximumGather
  | ConstantGather
  | RelayGather;

/** inputs × channels weights for every row. */
export interface LinearGather {
  readonly kind: 'linear';
  /** Inputs of each row that reach this tile (fewer than the layer's where the fan-in is split). */
  readonly inputs: number;
  readonly weightBits: number;
  /** Name of a weight encoding of the target; its default one where absent. */
  readonly encoding?: string;
  readonly sourceTiles: number;
  /** Axons of each source neuron, each with weights of its own; 1 where absent. */
  readonly axons?: number;
  /** Rows of constants kept here: 0 none, 1 a bias shared by all rows, `rows` with a position embedding. */
  readonly biasRows: number;
}

/** a[rows, inner] · b[inner, channels] in each group: a is the row operand, b is broadcast over rows. */
export interface ProductGather {
  readonly kind: 'product';
  readonly inner: number;
  readonly sourceTilesA: number;
  readonly sourceTilesB: number;
  /** Rows of a that are held; absent: those of the tile. */
  readonly rowsHeld?: number;
  /** How much of b is held, in times all of it: the next image's rows come while this one's are read; absent: 1. */
  readonly copies?: number;
}

/** Every neuron keeps the sums of its own two operands. */
export interface HadamardGather {
  readonly kind: 'hadamard';
  /** Rows of both operands together that are held; absent: twice those of the tile. */
  readonly rowsHeld?: number;
  readonly sourceTilesA: number;
  readonly sourceTilesB: number;
}

/** `taps` weights for each of `width` neurons; the neurons of the tile share them in turn. */
export interface DepthwiseGather {
  readonly kind: 'depthwise';
  readonly taps: number;
  readonly width: number;
  readonly weightBits: number;
  readonly sourceTiles: number;
  /** Axons of each source neuron; 1 where absent. */
  readonly axons?: number;
}

/** Every neuron keeps the sums of its `taps`. */
export interface MaximumGather {
  readonly kind: 'maximum';
  readonly taps: number;
  /** Rows that are held; absent: those of the tile. */
  readonly rowsHeld?: number;
  readonly sourceTiles: number;
}

export interface ConstantGather {
  readonly kind: 'bias';
  /** Numbers kept here: one for each neuron, or fewer where they repeat. */
  readonly numbers: number;
}

export interface RelayGather {
  readonly kind: 'relay';
  readonly sourceTiles: number;
}

/**
 * What one tile takes of a core, tables apart (tableWords: once per function and core, not per tile).
 *
 * Source: the cost table of docs/descriptors.md. Units: see TileCost. Cost: a handful of multiplications
 * for each gather. Delays beyond the target's longest are the scheduler's to avoid.
 */
export function tileCost(accounting: Accounting, request: TileRequest): TileCost {
  const { groups, rows, channels, delay, wholeGroup, gathers } = request;
  if (wholeGroup !== undefined && wholeGroup !== channels) {
    return defect(`a group of ${wholeGroup} channels is cut: the tile holds ${channels}`);
  }
  const { destinationTiles, axons = 1 } = request;
  const neurons = groups * rows * channels;
  const held = neurons * (request.isSoftReset === true ? accounting.softResetNeurons : 1);
  const own = { rows: groups * rows, neurons, axons, readers: destinationTiles };
  const axonsOut = destinationTiles === 0 ? 0 : destinationTiles * accounting.outAxonEntries(own);
  const sum: CostSum = {
    neurons: held,
    stateWords: held * (accounting.neuronWords + (delay > 0 ? accounting.delayWords(delay) : 0)),
    synapseWords: 0,
    inAxons: 0,
    outAxonEntries: axonsOut + neurons * (request.privateDestinationTiles ?? 0),
    groups: 1,
  };
  if (held > neurons) addResetLoop(accounting, own, sum);
  for (const gather of gathers) {
    switch (gather.kind) {
      case 'linear':
        addLinear(accounting, request, gather, sum);
        break;
      case 'product':
        addProduct(accounting, request, gather, sum);
        break;
      case 'hadamard':
        sum.stateWords +=
          gather.rowsHeld === undefined
            ? groups * rows * accounting.operandWords(2 * channels)
            : groups * gather.rowsHeld * accounting.operandWords(channels);
        sum.inAxons += gather.sourceTilesA + gather.sourceTilesB;
        break;
      case 'depthwise':
        addDepthwise(accounting, request, gather, sum);
        break;
      case 'maximum':
        sum.stateWords +=
          groups * (gather.rowsHeld ?? rows) * accounting.operandWords(gather.taps * channels);
        sum.inAxons += gather.sourceTiles;
        break;
      case 'bias':
        sum.stateWords += accounting.constantWords(gather.numbers);
        break;
      case 'relay':
        // Added into the word that the neuron has anyway.
        sum.inAxons += gather.sourceTiles;
        break;
      default:
        gather satisfies never;
    }
  }
  return sum;
}

const defaultWeights = ({ weights }: Accounting): WeightAccounting =>
  weights.get('') ?? defect('a target without weight encodings');

/** Each neuron leads one axon back to itself, through one synapse; the tile is its own and only reader. */
function addResetLoop(accounting: Accounting, own: AxonDemand, sum: CostSum): void {
  const loop = { ...own, axons: 1, readers: 1 };
  sum.synapseWords += own.neurons * accounting.resetWords;
  sum.inAxons += accounting.inAxons(loop, defaultWeights(accounting).sharing);
  sum.outAxonEntries += accounting.outAxonEntries(loop);
}

function addLinear(accounting: Accounting, request: TileRequest, gather: LinearGather, sum: CostSum): void {
  const { groups, rows, channels, delay } = request;
  const { axons = 1 } = gather;
  const encoding = accounting.weights.get(gather.encoding ?? '');
  if (encoding === undefined) defect(`the target has no weight encoding ${gather.encoding}`);
  const words = gather.inputs * axons * encoding.rowWords(channels, gather.weightBits, delay);
  if (encoding.sharing === 'shared') {
    sum.synapseWords += groups * words;
    sum.inAxons += gather.sourceTiles;
  } else {
    sum.synapseWords += groups * rows * words;
    const read = { rows: groups * rows, neurons: groups * rows * gather.inputs, axons, readers: 1 };
    sum.inAxons += accounting.inAxons(read, 'private');
  }
  if (gather.biasRows > 0) sum.stateWords += groups * gather.biasRows * accounting.constantWords(channels);
}

/** Private weights: a source leads to few neurons, so that every synapse is charged as a row of its own. */
function addDepthwise(
  accounting: Accounting,
  { groups, rows, channels, delay }: TileRequest,
  { taps, width, weightBits, sourceTiles, axons = 1 }: DepthwiseGather,
  sum: CostSum,
): void {
  const encoding = defaultWeights(accounting);
  if (encoding.sharing === 'shared') {
    sum.synapseWords += taps * axons * encoding.rowWords(width, weightBits, delay);
    sum.inAxons += sourceTiles;
    return;
  }
  const synapses = groups * rows * channels * taps;
  sum.synapseWords += synapses * axons * encoding.rowWords(1, weightBits, delay);
  sum.inAxons += accounting.inAxons({ rows: groups * rows, neurons: synapses, axons, readers: 1 }, 'private');
}

function addProduct(accounting: Accounting, request: TileRequest, gather: ProductGather, sum: CostSum): void {
  const { groups, rows, channels } = request;
  const { dynamicRowWords } = accounting;
  if (dynamicRowWords === undefined) defect('the target cannot multiply two spiking operands');
  const { inner, rowsHeld = rows, copies = 1 } = gather;
  sum.synapseWords += groups * Math.ceil(copies * inner * dynamicRowWords(channels));
  sum.stateWords += groups * rowsHeld * accounting.operandWords(inner);
  sum.inAxons += gather.sourceTilesA + gather.sourceTilesB;
}

/** log2 and 2^x. */
const LOG_TABLES = 2;
const LOG_ENTRIES = 64;

/** State words of the tables of a function; to be charged once per function and core, log2 and 2^x once a core. */
export function functionWords(accounting: Accounting, fn: IntFunction): number {
  if (isMultiplied(fn)) return 0;
  switch (fn.kind) {
    case 'identity':
    case 'partial':
      return 0;
    case 'pointwise': {
      const entries = tableEntries(fn.name);
      return entries === 0 ? 0 : accounting.tableWords(entries);
    }
    case 'layernorm':
    case 'rmsnorm':
    case 'softmax':
      return LOG_TABLES * accounting.tableWords(LOG_ENTRIES);
    default:
      return fn satisfies never;
  }
}

/** State words of the constants of a function (γ with its sign, β), for each tile that computes it. */
export function functionConstantWords(accounting: Accounting, fn: IntFunction, channels: number): number {
  if (fn.kind !== 'layernorm' && fn.kind !== 'rmsnorm') return 0;
  const vectors = [fn.gain, fn.offset].filter(id => id !== undefined).length;
  return vectors * accounting.constantWords(channels);
}
