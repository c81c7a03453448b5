/** A device that has booted: its cores and tiles, and where every message goes. Nothing is known but the images' bytes. */
import type { Known } from '../../backends/program/bytes.ts';
import { findCrossTrouble } from '../../backends/program/check.ts';
import type {
  Box,
  CoreProgram,
  Gather,
  HostInput,
  ProgramHeader,
  Route,
  TileProgram,
} from '../../backends/program/program.ts';
import { UserError } from '../../ir/diagnostics/diagnostic.ts';
import { expandMap, HOLE, type StridedMap } from '../../ir/map.ts';
import { type TileFunction, tileFunction } from './functions.ts';
import { type Block, type ChipImage, readImage } from './image.ts';
import { refuse } from './refusal.ts';

export interface Core {
  /** Over all chips. */
  readonly number: number;
  readonly chip: number;
  /** Number within its chip. */
  readonly index: number;
  readonly program: CoreProgram;
}

export interface Tile {
  readonly number: number;
  readonly core: Core;
  readonly program: TileProgram;
  readonly groups: number;
  readonly rows: number;
  readonly channels: number;
  readonly size: number;
  /** Neuron of the tile → neuron of the population. */
  readonly members: Int32Array;
  readonly gathers: readonly TileGather[];
  readonly apply: TileFunction;
  readonly routes: readonly Way[];
}

export interface TileGather {
  readonly gather: Gather;
  /** Weights that it reads, and the bytes in which they stand. */
  readonly block: Block | undefined;
  readonly bytes: Uint8Array;
}

/** One way from a sender to a core: what its messages feed there. */
export interface Way {
  readonly number: number;
  /** The host has none. */
  readonly from: Core | undefined;
  readonly to: Core;
  readonly links: readonly Link[];
  /** 1 for each neuron that sends here; undefined: all. */
  readonly sends: Uint8Array | undefined;
}

export interface Link {
  /** Number of the tile, which may not be there yet when the link is made. */
  readonly tile: number;
  readonly gather: number;
  readonly side: 0 | 1;
  readonly delay: number;
  /** Neuron number in the message → position in the operand, or HOLE. */
  readonly positions: Int32Array;
}

export interface Host {
  readonly input: HostInput;
  /** Streaming: timestep of each element. */
  readonly steps: Int32Array | undefined;
  readonly ways: readonly Way[];
}

export interface Booted {
  readonly header: ProgramHeader;
  readonly images: readonly ChipImage[];
  readonly cores: readonly Core[];
  readonly tiles: readonly Tile[];
  readonly host: Host | undefined;
}

/** Numbers that a device holds of its tables: what a small file may not be able to ask for without end. */
const MAX_TABLE_ELEMENTS = 2 ** 27;

/** `chips`: the bytes of each program, by number of the chip. Errors: Refusal */
export function bootDevice(chips: ReadonlyMap<number, Uint8Array>): Booted {
  const known: Known = new Map();
  const images = [...chips].map(([chip, bytes]) => {
    const image = readable(() => readImage(bytes, `chip ${chip}`, known));
    if (image.program.chip !== chip)
      refuse('INVALID_ARGUMENT', `the program of chip ${chip} says that it is of chip ${image.program.chip}`);
    return image;
  });
  const header = images[0]?.program.header ?? refuse('INVALID_ARGUMENT', 'no program');
  const programs = images.map(({ program }) => program);
  const trouble = findCrossTrouble(programs);
  if (trouble !== undefined) refuse('INVALID_ARGUMENT', `${trouble.place}: ${trouble.problem}`);
  const expand = expander();
  const cores = images.flatMap(({ program }) =>
    program.cores.map((core, index) => ({ chip: program.chip, index, program: core })),
  );
  const numbered = cores.map((core, number): Core => ({ ...core, number }));
  const finder = createFinder(numbered, expand);
  const tiles = tilesOf(images, numbered, header, finder);
  const input = programs.find(program => program.input !== undefined)?.input;
  const host = input && {
    input,
    steps: input.steps && expand(input.steps),
    ways: finder.waysOf(input.routes, undefined, input.size),
  };
  if (header.mode === 'streaming' && host?.steps === undefined)
    refuse('INVALID_ARGUMENT', 'rows pass through time, but the host is not told when to send them');
  return { header, images, cores: numbered, tiles, host };
}

/** What is wrong with a file is the fault of who sent it. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) return refuse('INVALID_ARGUMENT', error.message);
    throw error;
  }
}

type Expand = (map: StridedMap) => Int32Array;

/** Equal maps are expanded once. */
function expander(): Expand {
  const seen = new Map<StridedMap, Int32Array>();
  let elements = 0;
  return map => {
    const found = seen.get(map);
    if (found !== undefined) return found;
    elements += map.length;
    if (elements > MAX_TABLE_ELEMENTS)
      refuse('RESOURCE_EXHAUSTED', `tables of more than ${MAX_TABLE_ELEMENTS} entries`);
    const list = expandMap(map);
    seen.set(map, list);
    return list;
  };
}

interface Finder {
  waysOf(routes: readonly Route[], from: Core | undefined, size: number): readonly Way[];
}

function createFinder(cores: readonly Core[], expand: Expand): Finder {
  const byPlace = new Map(cores.map(core => [`${core.chip} ${core.index}`, core] as const));
  let tiles = 0;
  const firstTile = cores.map(({ program }) => {
    tiles += program.tiles.length;
    return tiles - program.tiles.length;
  });
  let ways = 0;
  return {
    waysOf: (routes, from, size) =>
      routes.map(route => {
        const place = `in-axon ${route.axon} of core ${route.core} on chip ${route.chip}`;
        const to = byPlace.get(`${route.chip} ${route.core}`);
        const axon = to?.program.axons[route.axon];
        if (to === undefined || axon === undefined)
          return refuse('INVALID_ARGUMENT', `a route leads to ${place}, which is not there`);
        const links = axon.targets.map((target): Link => {
          const positions = expand(target.map);
          if (positions.length !== size)
            refuse('INVALID_ARGUMENT', `${place} expects ${positions.length} neurons, not ${size}`);
          const { gather, side, delay } = target;
          return { tile: firstTile[to.number]! + target.tile, gather, side, delay, positions };
        });
        return {
          number: ways++,
          from,
          to,
          links,
          sends: route.elements && marks(expand(route.elements), size),
        };
      }),
  };
}

function marks(elements: Int32Array, size: number): Uint8Array {
  const sends = new Uint8Array(size);
  for (const neuron of elements) if (neuron !== HOLE) sends[neuron] = 1;
  return sends;
}

const sizeOf = ([from, to]: Box['row']): number => to - from;

function tilesOf(
  images: readonly ChipImage[],
  cores: readonly Core[],
  header: ProgramHeader,
  finder: Finder,
): readonly Tile[] {
  const byChip = new Map(images.map(image => [image.program.chip, image] as const));
  let neurons = 0;
  return cores
    .flatMap(core => core.program.tiles.map((program, index) => ({ core, program, index })))
    .map(({ core, program, index }, number): Tile => {
      const { group, row, channel } = program.box;
      const [groups, rows, channels] = [sizeOf(group), sizeOf(row), sizeOf(channel)];
      const size = groups * rows * channels;
      neurons += size;
      if (neurons > MAX_TABLE_ELEMENTS)
        refuse('RESOURCE_EXHAUSTED', `more than ${MAX_TABLE_ELEMENTS} neurons`);
      const image = byChip.get(core.chip)!;
      return {
        ...{ number, core, program, groups, rows, channels, size },
        members: membersOf(program.box, header.populations[program.population]!.shape),
        gathers: program.gathers.map((gather, g) => ({
          gather,
          bytes: image.bytes,
          block:
            'weights' in gather && typeof gather.weights === 'number'
              ? image.blocks[core.index]![gather.weights]
              : image.sparse.get(`${core.index} ${index} ${g}`),
        })),
        apply: tileFunction(program, core.program, header),
        routes: finder.waysOf(program.routes, core, size),
      };
    });
}

function membersOf({ group, row, channel }: Box, shape: readonly number[]): Int32Array {
  const [, rows, channels] = shape as [number, number, number];
  const members = new Int32Array(sizeOf(group) * sizeOf(row) * sizeOf(channel));
  let at = 0;
  for (let g = group[0]; g < group[1]; g++)
    for (let r = row[0]; r < row[1]; r++)
      for (let c = channel[0]; c < channel[1]; c++) members[at++] = (g * rows + r) * channels + c;
  return members;
}

/** Every neuron in the order of its group, row and channel, or those of one row. */
export function neuronsOf({ groups, rows, channels }: Tile, row: number | undefined): Int32Array {
  const from = row ?? 0;
  const count = row === undefined ? rows : 1;
  const list = new Int32Array(groups * count * channels);
  let at = 0;
  for (let g = 0; g < groups; g++)
    for (let r = from; r < from + count; r++)
      for (let c = 0; c < channels; c++) list[at++] = (g * rows + r) * channels + c;
  return list;
}
