/**
 * The memory of a network's kernels: what stays (packed weights, what populations hold between steps), and behind it
 * one room for the work of a moment, which every kernel uses in turn.
 */
import { defect } from '../diagnostics/diagnostic.ts';
import { KERNELS } from './kernels/binary.ts';
import { createPlainKernels } from './plain-kernels.ts';

/** x, w, y: places in bytes; see kernels/products.assembly.ts. */
type Multiply = (x: number, w: number, y: number, rows: number, inner: number, panels: number) => void;
/** Arguments of the kernels in populations.assembly.ts: places, sizes and factors, and integers of 64 bits. */
export type Numbers<N extends number, T extends number[] = []> = T['length'] extends N
  ? T
  : Numbers<N, [...T, number]>;
type Wides<N extends number, T extends bigint[] = []> = T['length'] extends N ? T : Wides<N, [...T, bigint]>;
/** Events that add their rows of weights; see kernels/events.assembly.ts. */
export interface EventKernels {
  /** x, its stride, rows, inner, starts, segments, events, room. */
  readonly listRows: (...args: Numbers<8>) => void;
  /** starts, segments, events, weights, y, its stride, rows, inner, columns, room. */
  readonly multiplyListed: (...args: Numbers<10>) => void;
}
/** Dense products of integers; see kernels/dense.assembly.ts. */
export interface DenseKernels {
  /** x, its stride, rows, inner, place of the largest magnitude. */
  readonly surveyRows: (...args: Numbers<5>) => number;
  /** x, its stride, rows, inner, out. */
  readonly packRows: (...args: Numbers<5>) => void;
  /** b, its stride, columns, inner, out. */
  readonly packColumns: (...args: Numbers<5>) => void;
  /** Packed rows, packed columns, y, its stride, rows, inner, columns, room. */
  readonly multiplyPacked: (...args: Numbers<8>) => void;
  /** Packed rows, weights, y, its stride, rows, inner, columns, room. */
  readonly multiplyDense: (...args: Numbers<8>) => void;
}
export interface ProductKernels extends EventKernels, DenseKernels {
  readonly multiplyF64: Multiply;
  readonly multiplyF32: Multiply;
}
export interface Kernels extends ProductKernels, IntakeKernels, NeuronKernels {
  readonly gather: (...args: Numbers<7>) => number;
  readonly scaleBy: (...args: Numbers<4>) => void;
  readonly add: (...args: Numbers<3>) => void;
  readonly settle: (...args: Numbers<4>) => number;
  readonly shift: (...args: Numbers<4>) => void;
  readonly clip: (...args: Numbers<5>) => void;
  readonly even: (...args: Numbers<8>) => void;
  readonly odd: (...args: Numbers<10>) => void;
  readonly normalise: (...args: [...Numbers<4>, bigint, bigint, bigint, ...Numbers<5>]) => void;
  readonly softmax: (...args: [...Numbers<6>, bigint, ...Numbers<2>]) => void;
  readonly fire: (...args: [...Numbers<5>, ...Wides<7>, number, bigint]) => number;
  readonly relay: (...args: Numbers<5>) => void;
}
/** What was sent, as projections read it: places and counts, indices or 0; see kernels/intake.assembly.ts. */
export interface IntakeKernels {
  readonly narrowWords: (...args: Numbers<4>) => number;
  readonly pickShorts: (...args: Numbers<4>) => void;
  readonly addWords: (...args: Numbers<4>) => void;
  readonly addShorts: (...args: Numbers<4>) => void;
}
/** Neurons in integers of 32 bits: the parameters are those of kernels/neurons.assembly.ts and fire.assembly.ts. */
export interface NeuronKernels {
  readonly gatherShifted: (...args: Numbers<6>) => number;
  readonly gatherScaled: (...args: Numbers<9>) => number;
  readonly holdReals: (...args: Numbers<4>) => number;
  readonly addScaled: (...args: Numbers<5>) => void;
  readonly settleWords: (...args: Numbers<4>) => number;
  readonly shiftWords: (...args: Numbers<3>) => void;
  readonly clipWords: (...args: Numbers<4>) => void;
  readonly evenWords: (...args: Numbers<6>) => void;
  readonly oddWords: (...args: Numbers<8>) => void;
  readonly normaliseWords: (...args: Numbers<15>) => void;
  readonly softmaxWords: (...args: Numbers<10>) => void;
  readonly fireWords: (...args: Numbers<16>) => number;
  readonly fireOnce: (...args: Numbers<15>) => number;
  readonly relayWords: (...args: Numbers<6>) => void;
  readonly widenPayloads: (...args: Numbers<3>) => void;
}

/** The whole memory, as numbers of each kind; element i of a view lies at byte i · its size. */
export interface Views {
  readonly f64: Float64Array;
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  readonly i16: Int16Array;
  readonly u16: Uint16Array;
  readonly i8: Int8Array;
  readonly u8: Uint8Array;
}

/** Where WebAssembly is not to be had, there are products only. */
export interface Arena<K extends ProductKernels = ProductKernels> {
  readonly kernels: K;
  /** Views of now: growing makes new ones. Nothing grows once every part of a network is prepared. */
  views(): Views;
  /** A place that stays. */
  reserve(bytes: number): number;
  /** A place of what never changes: `write` fills it, unless whoever shares this memory has. */
  keep(bytes: number, write: (at: number) => void): number;
  /** Is there still room for weights that stay? Those of very large networks are packed anew at every use. */
  canKeep(bytes: number): boolean;
  /** Is there still room for so many bytes at all, those that are only needed now and then included? */
  fits(bytes: number): boolean;
  /** Makes sure that the room behind what stays has so many bytes. */
  needScratch(bytes: number): void;
  /** Where that room begins. */
  scratch(): number;
  /** Rooms for up to so many others that prepare the same, each on a thread of its own; fewer where 4 GiB end. */
  divide(count: number): readonly ArenaRoom[];
}

/** A part of a memory that threads share: what never changes is there, everything else has a place of its own. */
export interface ArenaRoom {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  /** Places of what never changes, in the order in which it is asked for. */
  readonly kept: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const PAGE = 2 ** 16;
const MOST_PAGES = 2 ** 16;
const ALIGNMENT = 16;
/** Where kernels/events.assembly.ts looks for its orders of lanes: at the beginning, which is no place of anything. */
const ORDERS = 16;
const ORDER_BYTES = 256 * 16;
/** The memory has 4 GiB at most; what stays of weights may end here, what stays of populations there. */
const KEEP_BYTES = 2 ** 31;
const FULL_BYTES = 3 * 2 ** 30;

export const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

export const hasAllKernels = (arena: Arena): arena is Arena<Kernels> => 'fire' in arena.kernels;

export function createArena(): Arena {
  const memory = reserveMemory();
  if (memory === undefined) return arenaOn(plainMemory(), createPlainKernels);
  const module = new WebAssembly.Module(Buffer.from(KERNELS, 'base64'));
  return arenaOn(memory, kernelsOf(module, memory), { module, memory });
}

/** The same as another has prepared, in a room of its memory. */
export function joinArena(room: ArenaRoom): Arena {
  return arenaOn(room.memory, kernelsOf(room.module, room.memory), { ...room, room });
}

/** The exports are those of the sources that binary.ts is made of. */
const kernelsOf = (module: WebAssembly.Module, memory: WebAssembly.Memory) => () =>
  new WebAssembly.Instance(module, { env: { memory } }).exports as Kernels;

/** What can be shared, and whose part of it this is. */
interface Shared extends Pick<ArenaRoom, 'memory' | 'module'> {
  readonly room?: ArenaRoom;
}

type Memory = Pick<WebAssembly.Memory, 'buffer' | 'grow'>;

/** undefined: the process may not reserve so much address space (`ulimit -v`). */
function reserveMemory(): WebAssembly.Memory | undefined {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES, shared: true });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export function plainMemory(): Memory {
  let buffer = new ArrayBuffer(PAGE);
  return {
    get buffer() {
      return buffer;
    },
    grow(pages) {
      const larger = new Uint8Array(buffer.byteLength + pages * PAGE);
      larger.set(new Uint8Array(buffer));
      buffer = larger.buffer;
      return pages;
    },
  };
}

export function arenaOn<K extends ProductKernels>(
  memory: Memory,
  kernelsOn: (views: () => Views) => K,
  shared?: Shared,
): Arena<K> {
  const given = shared?.room;
  let views = viewsOf(memory);
  if (given === undefined) placeOrders(views.u8);
  let kept = given?.begin ?? ORDERS + ORDER_BYTES;
  let room = 0;
  const places: number[] = [];
  let ownBytes = 0;
  const grow = () => {
    const { byteLength } = memory.buffer;
    const missing = kept + room - (given?.end ?? byteLength);
    if (missing <= 0) return;
    if (given !== undefined) defect('a thread needs more memory than another did');
    // Growing is slow, and a page costs nothing before it is written.
    const pages = Math.ceil(Math.max(missing, byteLength / 2) / PAGE);
    memory.grow(Math.min(pages, Math.max(Math.ceil(missing / PAGE), MOST_PAGES - byteLength / PAGE)));
    views = viewsOf(memory);
  };
  const take = (bytes: number) => {
    const at = kept;
    kept += aligned(bytes);
    grow();
    return at;
  };
  return {
    kernels: kernelsOn(() => views),
    views: () => views,
    reserve(bytes) {
      ownBytes += aligned(bytes);
      return take(bytes);
    },
    keep(bytes, write) {
      const at = given === undefined ? take(bytes) : (given.kept[places.length] ?? defect('nothing is kept'));
      places.push(at);
      if (given === undefined) write(at);
      return at;
    },
    canKeep: bytes => kept + bytes <= KEEP_BYTES,
    fits: bytes => kept + room + bytes <= FULL_BYTES,
    needScratch(bytes) {
      room = Math.max(room, aligned(bytes));
      grow();
    },
    scratch: () => kept,
    divide: count =>
      shared === undefined ? [] : divideMemory(shared, places, [kept + room, ownBytes + room, count]),
  };
}

function divideMemory(
  { memory, module }: Shared,
  kept: readonly number[],
  [first, bytes, count]: readonly [first: number, bytes: number, count: number],
): readonly ArenaRoom[] {
  const most = Math.min(count, Math.floor((MOST_PAGES * PAGE - first) / Math.max(1, bytes)));
  const missing = Math.ceil((first + most * bytes - memory.buffer.byteLength) / PAGE);
  try {
    if (missing > 0) memory.grow(missing);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
  return Array.from({ length: most }, (_, i) => {
    const begin = first + i * bytes;
    return { memory, module, kept, begin, end: begin + bytes };
  });
}

/** For every mask of eight: the bytes of those lanes of 16 bits, in their order. */
function placeOrders(u8: Uint8Array): void {
  for (let mask = 0; mask < 256; mask++) {
    let to = ORDERS + mask * 16;
    for (let lane = 0; lane < 8; lane++) {
      if (((mask >> lane) & 1) === 0) continue;
      u8[to++] = 2 * lane;
      u8[to++] = 2 * lane + 1;
    }
  }
}

const viewsOf = ({ buffer }: Memory): Views => ({
  f64: new Float64Array(buffer),
  f32: new Float32Array(buffer),
  i32: new Int32Array(buffer),
  i16: new Int16Array(buffer),
  u16: new Uint16Array(buffer),
  i8: new Int8Array(buffer),
  u8: new Uint8Array(buffer),
});
