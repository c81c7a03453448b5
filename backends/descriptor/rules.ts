/**
 * Which parameters a descriptor has, section by section: the checker, the types of a resolved target and
 * the reference page all come from these tables. A parameter that is not here is a typing mistake, unless
 * it stands under <extensions>.
 */
import type { Capability, Figure, Formula } from './figure.ts';
import type { KeptUnit } from './units.ts';

export interface ParameterRule {
  readonly unit: KeptUnit;
  /** Least and greatest value that make sense, in the kept unit. */
  readonly range: readonly [number, number];
  readonly whole?: true;
  /** May be absent: unknown is left out, never written as 0. */
  readonly optional?: true;
  readonly means: string;
}
export interface RuleTable {
  readonly [name: string]: ParameterRule;
}

type Simplify<T> = { [K in keyof T]: T[K] };
type OptionalKeys<T> = { [K in keyof T]: T[K] extends { readonly optional: true } ? K : never }[keyof T];
/** The figures that a checked section holds. */
export type FiguresOf<T> = Simplify<
  { readonly [K in Exclude<keyof T, OptionalKeys<T>>]: Figure } & { readonly [K in OptionalKeys<T>]?: Figure }
>;

const COUNT = [1, 1e9] as const;
const WIDTH = [1, 64] as const;
const ENERGY = [0, 1e6] as const;
const TIME = [0, 1e9] as const;
const BUFFER = [1, 1024] as const;

export const CORE_LIMITS = {
  neuronsPerCore: {
    unit: 'neuron',
    range: COUNT,
    whole: true,
    optional: true,
    means: 'neurons of a core, whatever their state; absent: only memory limits them',
  },
  inAxons: {
    unit: 'axon',
    range: COUNT,
    whole: true,
    optional: true,
    means: 'entries of the table of arriving axons; absent: no such table',
  },
  outAxonEntries: {
    unit: 'entry',
    range: COUNT,
    whole: true,
    optional: true,
    means: 'entries of the table of leaving axons; absent: no such table',
  },
  neuronGroups: {
    unit: 'group',
    range: COUNT,
    whole: true,
    optional: true,
    means: 'soma programs of a core, one a tile; absent: any number',
  },
  delayMax: { unit: 'step', range: [0, 1e4], whole: true, means: 'longest delay of a synapse' },
  payloadBits: { unit: 'bit', range: [0, 64], whole: true, means: 'payload of a spike; 0: binary spikes' },
  weightBitsMin: { unit: 'bit', range: WIDTH, whole: true, means: 'narrowest stored weight' },
  weightBitsMax: { unit: 'bit', range: WIDTH, whole: true, means: 'widest stored weight' },
  softResetNeurons: {
    unit: 'neuron',
    range: [1, 16],
    whole: true,
    optional: true,
    means: 'neurons that one with soft reset takes, where the core has no such reset of its own',
  },
  axonWords: {
    unit: 'word',
    range: COUNT,
    whole: true,
    optional: true,
    means: 'synaptic words that one axon may lead to; absent: all',
  },
  synapseFormats: {
    unit: 'entry',
    range: COUNT,
    whole: true,
    optional: true,
    means: 'exponents that the weights of a core may have; absent: any number',
  },
  axonTypes: {
    unit: 'axon',
    range: COUNT,
    whole: true,
    optional: true,
    means: 'weights of a neuron, one for each type of axon; absent: every synapse has its own',
  },
} as const satisfies RuleTable;

export const CORE_MEMORIES = {
  stateWords: { unit: 'word', range: COUNT, whole: true, means: 'words of neuron state of a core' },
  stateWordBits: { unit: 'bit', range: WIDTH, whole: true, means: 'bits of such a word' },
  synapseWords: { unit: 'word', range: COUNT, whole: true, means: 'words of synaptic memory of a core' },
  synapseWordBits: { unit: 'bit', range: WIDTH, whole: true, means: 'bits of such a word' },
  sramBytes: { unit: 'byte', range: COUNT, whole: true, optional: true, means: 'all memory of a core' },
  dataBytes: {
    unit: 'byte',
    range: COUNT,
    whole: true,
    optional: true,
    means: 'state and synapses together, where they share one memory',
  },
} as const satisfies RuleTable;

export const CORE_ARITHMETIC = {
  accumulatorBits: { unit: 'bit', range: WIDTH, whole: true, means: 'the sum of what a neuron receives' },
  stateBits: { unit: 'bit', range: WIDTH, whole: true, means: 'a membrane and what is kept beside it' },
  bookkeepingBits: { unit: 'bit', range: [0, 64], whole: true, means: 'step count and flags of a neuron' },
  operandBits: { unit: 'bit', range: WIDTH, whole: true, means: 'a stored operand of a product' },
  tableEntryBits: { unit: 'bit', range: WIDTH, whole: true, means: 'an entry of a function table' },
} as const satisfies RuleTable;

export const CAPABILITIES = {
  gradedSpikes: 'a spike carries an integer payload',
  programmableNeuron: 'the soma runs a program',
  sharedWeights: 'one stored weight serves many positions',
  dynamicWeights: 'a spike can write a weight, so that two spiking operands can be multiplied',
  softReset: 'a spike subtracts its value from the membrane at no extra neuron',
  tableLookup: 'a soma program reads tables',
  leadingZeros: 'a soma program finds the leading one of a word at the price of one operation',
} as const;

/** What a core may leave open; unclaimed is not there. */
export const OPTIONAL_CAPABILITIES = {
  stateMultiply: 'a soma program multiplies and divides two words of its state',
} as const;

export const CORE_COSTS = {
  synop: { unit: 'pJ', range: ENERGY, optional: true, means: 'one weight accumulated because of one spike' },
  updateActive: {
    unit: 'pJ',
    range: ENERGY,
    optional: true,
    means: 'step of a neuron that has input or state to work on',
  },
  updateInactive: {
    unit: 'pJ',
    range: ENERGY,
    optional: true,
    means: 'step of a neuron that has nothing to do',
  },
  spikeOut: { unit: 'pJ', range: ENERGY, optional: true, means: 'a neuron fires, on top of its update' },
  axonIn: { unit: 'pJ', range: ENERGY, optional: true, means: 'a message arrives at a core' },
  axonOut: { unit: 'pJ', range: ENERGY, optional: true, means: 'a message leaves a core' },
  multiply: {
    unit: 'pJ',
    range: ENERGY,
    optional: true,
    means: 'what an 8-bit multiplication would add to a synop, for the 8-bit network beside',
  },
} as const satisfies RuleTable;

export const CHIP_COSTS = {
  spikeInTile: {
    unit: 'pJ',
    range: ENERGY,
    optional: true,
    means: 'a message passes the router of its own tile',
  },
  hopEastWest: { unit: 'pJ', range: ENERGY, optional: true, means: 'a message crosses a horizontal link' },
  hopNorthSouth: { unit: 'pJ', range: ENERGY, optional: true, means: 'a message crosses a vertical link' },
  hopBetweenChips: { unit: 'pJ', range: ENERGY, optional: true, means: 'a message crosses to another chip' },
  barrier: { unit: 'pJ', range: ENERGY, optional: true, means: 'one barrier synchronisation of a chip' },
  staticPower: { unit: 'mW', range: ENERGY, optional: true, means: 'a powered chip that does nothing' },
  hostPower: { unit: 'mW', range: ENERGY, optional: true, means: 'the embedded processors of a chip' },
} as const satisfies RuleTable;

export const CORE_TIMING = {
  synop: { unit: 'ns', range: TIME, optional: true, means: 'one weight accumulated' },
  updateActive: {
    unit: 'ns',
    range: TIME,
    optional: true,
    means: 'step of a neuron that has input or state to work on',
  },
  updateInactive: {
    unit: 'ns',
    range: TIME,
    optional: true,
    means: 'step of a neuron that has nothing to do',
  },
  spikeOut: { unit: 'ns', range: TIME, optional: true, means: 'a neuron fires, on top of its update' },
  axonIn: { unit: 'ns', range: TIME, optional: true, means: 'a message is taken in' },
  axonOut: { unit: 'ns', range: TIME, optional: true, means: 'a message is sent' },
  memoryRead: { unit: 'ns', range: TIME, optional: true, means: 'one word of synaptic memory' },
} as const satisfies RuleTable;

export const CHIP_TIMING = {
  hopEastWest: { unit: 'ns', range: TIME, optional: true, means: 'a message crosses a horizontal link' },
  hopNorthSouth: { unit: 'ns', range: TIME, optional: true, means: 'a message crosses a vertical link' },
  linkMessage: { unit: 'ns', range: TIME, optional: true, means: 'a link is busy with one message' },
  localLink: {
    unit: 'ns',
    range: TIME,
    optional: true,
    means: 'a message crosses between a core and its router, one way',
  },
  localLinkMessage: {
    unit: 'ns',
    range: TIME,
    optional: true,
    means: 'the way between core and router is busy with one message',
  },
  hopBetweenChips: {
    unit: 'ns',
    range: TIME,
    optional: true,
    means: 'a message crosses to another chip, besides the time of its bits',
  },
  credit: {
    unit: 'ns',
    range: TIME,
    optional: true,
    means: 'until a sender knows of room that becomes free ahead',
  },
  barrierOneTile: { unit: 'ns', range: TIME, optional: true, means: 'barrier when one router is in use' },
  barrierAllTiles: {
    unit: 'ns',
    range: TIME,
    optional: true,
    means: 'barrier when all are; linear between the two',
  },
  tick: {
    unit: 'ns',
    range: [1e-3, TIME[1]],
    optional: true,
    means: 'a timestep of a clocked chip; absent: a step ends at a barrier',
  },
  interchipBandwidth: {
    unit: 'GB/s',
    range: [1e-9, 1e9],
    optional: true,
    means: 'off one chip, all links together',
  },
} as const satisfies RuleTable;

export const CHIP_TOPOLOGY = {
  cores: { unit: 'core', range: COUNT, whole: true, means: 'neurocores on the die' },
  usableCores: {
    unit: 'core',
    range: COUNT,
    whole: true,
    means: 'of these, open to programs; the first in order',
  },
  routersX: { unit: 'router', range: COUNT, whole: true, means: 'routers of the mesh from west to east' },
  routersY: { unit: 'router', range: COUNT, whole: true, means: 'routers of the mesh from north to south' },
  coresPerRouter: { unit: 'core', range: COUNT, whole: true, means: 'neurocores at each router' },
  messageBits: { unit: 'bit', range: [1, 1024], whole: true, means: 'a message without payload' },
  gradedMessageBits: { unit: 'bit', range: [1, 1024], whole: true, means: 'a message with payload' },
  routerBuffer: {
    unit: 'message',
    range: BUFFER,
    whole: true,
    optional: true,
    means: 'messages that wait at most in each input of a router',
  },
  coreBuffer: {
    unit: 'message',
    range: BUFFER,
    whole: true,
    optional: true,
    means: 'messages that wait at most in front of a core',
  },
  hostCores: {
    unit: 'core',
    range: COUNT,
    whole: true,
    optional: true,
    means: 'embedded processors; nothing is mapped to them',
  },
} as const satisfies RuleTable;

/** Of which costs a figure of a section may say that it includes them, the other file's among them. */
export const INCLUDABLE: { readonly [section: string]: RuleTable } = {
  costSet: { ...CORE_COSTS, ...CHIP_COSTS },
  timing: { ...CORE_TIMING, ...CHIP_TIMING },
};

export const BOARD_TOPOLOGY = {
  chips: { unit: 'chip', range: [1, 1e6], whole: true, means: 'chips on the board' },
  chipsX: { unit: 'chip', range: [1, 1e6], whole: true, means: 'their arrangement, first axis' },
  chipsY: { unit: 'chip', range: [1, 1e6], whole: true, means: 'second axis' },
  chipsZ: { unit: 'chip', range: [1, 1e6], whole: true, means: 'third axis; boards stack along it' },
  usableCores: {
    unit: 'core',
    range: COUNT,
    whole: true,
    optional: true,
    means: 'usable cores of each chip, where the board has another number than the chip',
  },
} as const satisfies RuleTable;

export const BOARD_TIMING = {
  barrierAllChips: { unit: 'ns', range: TIME, optional: true, means: 'barrier over all chips of the board' },
} as const satisfies RuleTable;

/** What a formula of an encoding may read besides the encoding's own parameters, and in which unit it counts. */
export const WEIGHT_FORMULAS = {
  rowWords: {
    unit: 'word',
    inputs: ['n', 'weightBits', 'delay', 'wordBits'],
    means: 'synaptic words of a row of n weights',
  },
} as const;
export const DYNAMIC_FORMULAS = {
  rowWords: {
    unit: 'word',
    inputs: ['n', 'operandBits', 'wordBits'],
    means: 'synaptic words of n dynamic weights',
  },
} as const;
const STATE_INPUTS = ['wordBits', 'accumulatorBits', 'stateBits', 'bookkeepingBits'] as const;
export const STATE_FORMULAS = {
  neuronWords: { unit: 'word', inputs: STATE_INPUTS, means: 'state words of a neuron' },
  delayWords: { unit: 'word', inputs: ['delay', ...STATE_INPUTS], means: 'what a delay adds to each neuron' },
  constantWords: {
    unit: 'word',
    inputs: ['n', ...STATE_INPUTS],
    means: 'a row of n constants (bias, position)',
  },
  operandWords: {
    unit: 'word',
    inputs: ['n', 'operandBits', ...STATE_INPUTS],
    means: 'n values of a row operand',
  },
  tableWords: {
    unit: 'word',
    inputs: ['n', 'tableEntryBits', ...STATE_INPUTS],
    means: 'a table of n entries',
  },
} as const;

const AXON_INPUTS = ['rows', 'neurons', 'axons', 'readers', 'chips'] as const;
/**
 * Of a source tile: `rows` and `neurons` that are read there, `axons` of each neuron (1; two for each threshold where
 * spikes are binary), `readers` the tiles that read it, `chips` of the board.
 */
export const AXON_FORMULAS = {
  inAxons: { unit: 'axon', inputs: AXON_INPUTS, means: 'in-axons of a core for one source tile' },
  outAxonEntries: {
    unit: 'entry',
    inputs: AXON_INPUTS,
    means: 'out-axon entries of a source tile for one that reads it',
  },
} as const;

export interface FormulaRules {
  readonly [name: string]: {
    readonly unit: KeptUnit;
    readonly inputs: readonly string[];
    readonly means: string;
  };
}
export type FormulasOf<T> = { readonly [K in keyof T]: Formula };
export type Capabilities = { readonly [C in keyof typeof CAPABILITIES]: Capability } & {
  readonly [C in keyof typeof OPTIONAL_CAPABILITIES]?: Capability;
};

/** What holds in every descriptor of a kind, beside the assertions that it states itself. */
export const BUILT_IN_ASSERTIONS = {
  core: [
    ['the narrowest weight is not the widest', 'weightBitsMin <= weightBitsMax'],
    ['a weight fits a word', 'weightBitsMax <= synapseWordBits'],
  ],
  chip: [
    ['routers hold all cores', 'cores == routersX * routersY * coresPerRouter'],
    ['usable cores exist', 'usableCores <= cores'],
    ['a barrier over more tiles is not faster', 'barrierOneTile <= barrierAllTiles'],
    ['a payload makes no message shorter', 'messageBits <= gradedMessageBits'],
  ],
  board: [['the arrangement holds all chips', 'chips == chipsX * chipsY * chipsZ']],
} as const;
