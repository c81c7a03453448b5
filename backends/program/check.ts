/**
 * What a chip program must hold beyond its layout: numbers that refer to something, sizes that agree. The
 * encoder refuses and the decoder reports what is found here, so that readers can index without looking.
 */
import { isDeepStrictEqual } from 'node:util';
import { HOLE, mapFits } from '../../ir/map.ts';
import { formatPath, type Path } from './bytes.ts';
import { checkFreeHeader, checkFreeHost, checkFreeTile, checkSparse } from './check-free.ts';
import { checkDelay, checkHostSteps, checkRings } from './check-rings.ts';
import { MAX_ELEMENTS, MAX_REMAINDER_ENTRIES } from './layout.ts';
import type {
  AxonTarget,
  Box,
  ChipProgram,
  CoreProgram,
  Gather,
  NormProgram,
  Route,
  SomaProgram,
  TileProgram,
} from './program.ts';

export interface Trouble {
  readonly place: string;
  readonly problem: string;
}

/** Which part of the thing at hand does not hold, and why. */
export type Fault = readonly [part: string, problem: string] | undefined;

/** Where the walk is and the first thing that it found. */
interface Walk {
  readonly path: Path;
  trouble: Trouble | undefined;
}

function note(walk: Walk, fault: Fault): void {
  if (fault === undefined) return;
  const [part, problem] = fault;
  const path = part === '' ? walk.path : [...walk.path, part];
  walk.trouble ??= { place: formatPath(path), problem };
}

/** Stops at the first fault, of an item or of what its visit walks itself. */
function each<T>(walk: Walk, name: string, items: readonly T[], visit: (item: T) => Fault): void {
  walk.path.push(name, 0);
  for (let i = 0; i < items.length && walk.trouble === undefined; i++) {
    walk.path[walk.path.length - 1] = i;
    note(walk, visit(items[i]!));
  }
  walk.path.length -= 2;
}

/** Most neurons and product operands of one chip: what a simulator may have to allocate for it. */
export const MAX_CHIP_ELEMENTS = 2 ** 26;
/** Most neurons of a population, over all chips: whoever looks at what it sends holds that many numbers. */
const MAX_POPULATION_ELEMENTS = 2 ** 27;

const sizeOfRange = ([from, to]: readonly [number, number]): number => to - from;
export const neuronsOf = ({ group, row, channel }: Box): number =>
  sizeOfRange(group) * sizeOfRange(row) * sizeOfRange(channel);

/** The first thing that does not hold. Cost: linear in targets and routes. */
export function findTrouble(program: ChipProgram): Trouble | undefined {
  const walk: Walk = { path: [], trouble: undefined };
  each(walk, 'header.populations', program.header.populations, ({ shape }) => {
    if (shape.length !== 3) return ['shape', `${shape.length} axes; a population has groups, rows, channels`];
    const neurons = shape.reduce((a, b) => a * b, 1);
    const most = MAX_POPULATION_ELEMENTS;
    return neurons > most ? ['shape', `${neurons} neurons; a population has at most ${most}`] : undefined;
  });
  note(walk, checkFreeHeader(program));
  const positions = new Set<string>();
  let elements = 0;
  each(walk, 'cores', program.cores, core => {
    const position = `(${core.x}, ${core.y}) slot ${core.slot}`;
    if (positions.has(position)) return ['', `a second core at ${position}`];
    positions.add(position);
    elements += core.tiles.reduce((sum, tile) => sum + elementsOf(tile), 0);
    if (elements > MAX_CHIP_ELEMENTS)
      return ['', `more than ${MAX_CHIP_ELEMENTS} elements of state up to here`];
    return checkCore(walk, program, core);
  });
  const { input } = program;
  if (input !== undefined) {
    note(walk, checkHostSteps(program, input) ?? checkFreeHost(program, input));
    each(walk, 'input.routes', input.routes, route => checkRoute(program, route, input.size));
  }
  return walk.trouble;
}

function elementsOf({ box, gathers }: TileProgram): number {
  return gathers.reduce((sum, gather) => sum + stateOf(gather), neuronsOf(box));
}

/** Sums that a gather keeps of its operands. */
function stateOf(gather: Gather): number {
  const keepsSums = gather.kind === 'product' || gather.kind === 'hadamard' || gather.kind === 'maximum';
  if (!keepsSums) return 0;
  return operandSize(gather, 0) + (isTwoSided(gather) ? operandSize(gather, 1) : 0);
}

export const isTwoSided = ({ kind }: Gather): boolean => kind === 'product' || kind === 'hadamard';

function checkCore(walk: Walk, program: ChipProgram, core: CoreProgram): undefined {
  each(walk, 'axons', core.axons, ({ targets }): undefined => {
    each(walk, 'targets', targets, target => checkDelay(program, target) ?? checkTarget(core, target));
  });
  each(walk, 'tiles', core.tiles, tile => {
    const neurons = neuronsOf(tile.box);
    const fault =
      checkBox(program, tile) ??
      checkTables(core, tile) ??
      checkRings(program, tile) ??
      checkFreeTile(program, tile, neurons);
    if (fault !== undefined) return fault;
    each(
      walk,
      'gathers',
      tile.gathers,
      gather => checkGather(core, tile, gather) ?? checkWidth(program, core, gather),
    );
    each(walk, 'routes', tile.routes, route => checkRoute(program, route, neurons));
    return undefined;
  });
}

function checkTarget(core: CoreProgram, { tile: t, gather: g, side, map }: AxonTarget): Fault {
  const tile = core.tiles[t];
  const gather = tile?.gathers[g];
  if (tile === undefined) return ['tile', `no tile ${t}`];
  if (gather === undefined) return ['gather', `tile ${t} has no gather ${g}`];
  if (gather.kind === 'bias') return ['gather', 'a bias takes no messages'];
  if (side === 1 && !isTwoSided(gather)) return ['side', `a ${gather.kind} has one operand`];
  const size = operandSize(gather, side, core);
  return mapFits(map, size) ? undefined : ['map', `leads outside an operand of ${size} elements`];
}

/** Elements of an operand; 0 where its weights are missing, which checkGather says. */
function operandSize(gather: Gather, side: 0 | 1, core?: CoreProgram): number {
  switch (gather.kind) {
    case 'linear':
      return gather.rows * (core?.weights[gather.weights]?.inputs ?? 0);
    case 'product':
      return gather.groups * gather.inner * (side === 0 ? gather.rows : gather.columns);
    case 'depthwise':
      return gather.size * (core?.weights[gather.weights]?.inputs ?? 0);
    case 'maximum':
      return gather.size * gather.taps;
    case 'hadamard':
    case 'relay':
      return gather.size;
    case 'bias':
      return 0;
    case 'sparse':
      return gather.starts.length - 1;
    default:
      return gather satisfies never;
  }
}

function checkBox({ header }: ChipProgram, { population, box }: TileProgram): Fault {
  const shape = header.populations[population]?.shape;
  if (shape === undefined) return ['population', `no population ${population}`];
  const axes = [box.group, box.row, box.channel];
  if (axes.some(([from, to], i) => to > shape[i]! || from >= to)) {
    return ['box', `outside population ${population} of shape [${shape.join(', ')}]`];
  }
  const neurons = neuronsOf(box);
  return neurons > MAX_ELEMENTS ? ['box', `${neurons} neurons; at most ${MAX_ELEMENTS}`] : undefined;
}

function checkGather(core: CoreProgram, { box }: TileProgram, gather: Gather): Fault {
  const neurons = neuronsOf(box);
  const channels = sizeOfRange(box.channel);
  const expect = (part: string, found: number, ...allowed: readonly number[]): Fault =>
    allowed.includes(found) ? undefined : [part, `${found}, but the tile needs ${allowed.join(' or ')}`];
  const repeats = (part: string, found: number, whole: number): Fault =>
    found > 0 && whole % found === 0 ? undefined : [part, `${found} for ${whole} neurons`];
  const size = Math.max(operandSize(gather, 0, core), operandSize(gather, 1, core));
  if (size > MAX_ELEMENTS) return ['', `an operand of ${size} elements; at most ${MAX_ELEMENTS}`];
  switch (gather.kind) {
    case 'linear': {
      const block = core.weights[gather.weights];
      if (block === undefined) return ['weights', `no weight block ${gather.weights}`];
      return (
        expect('weights', block.channels, channels) ??
        expect('rows', gather.rows, neurons / channels) ??
        expect('scale', gather.scale.length, channels) ??
        (gather.bias && expect('bias', gather.bias.length, channels, neurons))
      );
    }
    case 'product':
      return (
        expect('groups', gather.groups, sizeOfRange(box.group)) ??
        expect('rows', gather.rows, sizeOfRange(box.row)) ??
        expect('columns', gather.columns, channels)
      );
    case 'depthwise': {
      const block = core.weights[gather.weights];
      if (block === undefined) return ['weights', `no weight block ${gather.weights}`];
      return (
        expect('size', gather.size, neurons) ??
        repeats('weights', block.channels, neurons) ??
        expect('scale', gather.scale.length, 1, channels)
      );
    }
    case 'relay':
      return expect('size', gather.size, neurons) ?? expect('scale', gather.scale.length, 1, channels);
    case 'hadamard':
    case 'maximum':
      return expect('size', gather.size, neurons);
    case 'bias':
      return repeats('values', gather.values.length, neurons);
    case 'sparse':
      return checkSparse(gather, neurons);
    default:
      return gather satisfies never;
  }
}

/** Payloads meet weights of 8 bits at most. */
function checkWidth({ header }: ChipProgram, { weights }: CoreProgram, gather: Gather): Fault {
  const bits = 'weights' in gather && gather.kind !== 'sparse' ? weights[gather.weights]!.bits : 0;
  return bits > 8 && header.mode !== 'free'
    ? ['weights', `of ${bits} bits in mode ${header.mode}`]
    : undefined;
}

/** Most fraction bits that a score may have before it is shifted: shifts are taken from a table. */
const MAX_SHIFT = 100;

function checkTables(core: CoreProgram, { function: soma, box, fraction }: TileProgram): Fault {
  switch (soma.kind) {
    case 'pointwise':
      return checkRemainder(core, soma);
    case 'layernorm':
    case 'rmsnorm':
      return checkLogarithms(core, soma) ?? checkNorm(soma, sizeOfRange(box.channel));
    case 'softmax': {
      const isFar = Math.abs(soma.shift + fraction) > MAX_SHIFT;
      return isFar
        ? ['function.shift', `${soma.shift} with ${fraction} fraction bits`]
        : checkLogarithms(core, soma);
    }
    case 'identity':
    case 'partial':
      return undefined;
    default:
      return soma satisfies never;
  }
}

function checkRemainder(core: CoreProgram, soma: Extract<SomaProgram, { kind: 'pointwise' }>): Fault {
  if (soma.remainder === undefined) return undefined;
  const table = core.remainders[soma.remainder];
  if (table === undefined) return ['function.remainder', `no remainder table ${soma.remainder}`];
  return table.length <= MAX_REMAINDER_ENTRIES
    ? undefined
    : ['function.remainder', `${table.length} entries; at most ${MAX_REMAINDER_ENTRIES}`];
}

const checkLogarithms = (
  core: CoreProgram,
  { kind, multiplied }: { readonly kind: string; readonly multiplied: boolean },
): Fault =>
  multiplied || (core.log2 !== undefined && core.exp2 !== undefined)
    ? undefined
    : ['function', `a ${kind} reads log2 and exp2, which the core lacks`];

function checkNorm({ gain, offset }: NormProgram, channels: number): Fault {
  if (gain !== undefined && gain.length !== 2 * channels) {
    return ['function.gain', `${gain.length} numbers for ${channels} channels`];
  }
  if (offset !== undefined && offset.length !== channels) {
    return ['function.offset', `${offset.length} numbers for ${channels} channels`];
  }
  return undefined;
}

/** A route within its own chip is followed here, one that leaves it in findCrossTrouble. */
function checkRoute(program: ChipProgram, route: Route, neurons: number): Fault {
  const { elements } = route;
  if (elements !== undefined) {
    const named = elements.segments.every(({ start }) => start !== HOLE) && mapFits(elements, neurons);
    if (!named) return ['elements', `not numbers of ${neurons} neurons`];
  }
  return route.chip === program.chip ? checkArrival(program, route, neurons) : undefined;
}

function checkArrival({ cores }: ChipProgram, route: Route, neurons: number): Fault {
  const core = cores[route.core];
  const axon = core?.axons[route.axon];
  if (core === undefined) return ['core', `chip ${route.chip} has no core ${route.core}`];
  if (axon === undefined) return ['axon', `core ${route.core} has no in-axon ${route.axon}`];
  const short = axon.targets.find(({ map }) => map.length < neurons);
  if (short === undefined) return undefined;
  return ['', `sends numbers up to ${neurons - 1} to a map of ${short.map.length} elements`];
}

/** What the chips of one deployment must agree on; every chip by itself is already in order. */
export function findCrossTrouble(programs: readonly ChipProgram[]): Trouble | undefined {
  const walk: Walk = { path: [], trouble: undefined };
  const byChip = new Map(programs.map(program => [program.chip, program]));
  const hosts = programs.filter(program => program.input !== undefined).length;
  if (byChip.size < programs.length) note(walk, ['programs', 'two for one chip']);
  const isFree = programs[0]?.header.mode === 'free';
  if (hosts !== 1 && !(isFree && hosts === 0))
    note(walk, ['programs', `${hosts} chips have a host input; exactly one must`]);
  each(walk, 'programs', programs, program => {
    if (!isDeepStrictEqual(program.header, programs[0]?.header)) return ['header', 'differs between chips'];
    const follow = (route: Route, neurons: number): Fault => {
      const to = byChip.get(route.chip);
      if (to === undefined) return ['chip', `no program for chip ${route.chip}`];
      return to === program ? undefined : checkArrival(to, route, neurons);
    };
    const { input } = program;
    if (input !== undefined) each(walk, 'input.routes', input.routes, route => follow(route, input.size));
    each(walk, 'cores', program.cores, (core): undefined => {
      each(walk, 'tiles', core.tiles, (tile): undefined => {
        const neurons = neuronsOf(tile.box);
        each(walk, 'routes', tile.routes, route => follow(route, neurons));
      });
    });
    return undefined;
  });
  return walk.trouble;
}
