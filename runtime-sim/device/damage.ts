/** Faults of the chip put into a device that has booted: bits of its memory, cores, states, messages on their way. */
import type { Booted, Core, Way } from './boot.ts';
import { draw, drawBelow } from './chance.ts';
import { type CorePlace, FAULT_KINDS, type Fault, type FaultKind, type Place } from './faults.ts';
import { type Block, bitOf, type ChipImage } from './image.ts';
import type { Carried, Damage } from './machine.ts';
import { refuse } from './refusal.ts';

/** One thing that is broken, where it really is. */
export interface Injury {
  readonly kind: FaultKind;
  readonly chip: number;
  readonly core: number;
  /** Links: where messages come from; undefined there: the host. */
  readonly from?: CorePlace | undefined;
  /** Weights: which bit. */
  readonly weight?: {
    readonly block: number;
    readonly row: number;
    readonly column: number;
    readonly bit: number;
  };
  /** Did the bit in memory change? */
  readonly changes?: boolean;
}

/**
 * Draws what the faults leave open and breaks it: bits at once, in the bytes of the booted images.
 * Errors: Refusal, where a place does not exist.
 */
export function injure(
  booted: Booted,
  faults: readonly Fault[],
  seed: number,
): { damage: Damage; injuries: Injury[] } {
  const injuries: Injury[] = [];
  const dead = new Set<number>();
  const narrow = new Map<number, number>();
  const carriers: Carrier[] = [];
  faults.forEach((fault, number) => {
    const random = (...numbers: readonly number[]) => drawn(seed, number, ...numbers);
    const kind: { readonly place: string } = FAULT_KINDS[fault.kind];
    if (kind.place === 'weights') injuries.push(...breakBits(booted, fault, random));
    if (kind.place === 'core') {
      const core = coreOf(booted, fault, random);
      if (fault.kind === 'dead-core') dead.add(core.number);
      else narrow.set(core.number, fault.settings.bits!);
      injuries.push({ kind: fault.kind, chip: core.chip, core: core.index });
    }
    if (kind.place === 'link') {
      const carrier = carrierOf(booted, fault, random);
      carriers.push(carrier.carry);
      injuries.push(...carrier.injuries);
    }
  });
  const carry = carriers.length === 0 ? undefined : together(carriers);
  const damage: Damage = {
    isDead: core => dead.has(core.number),
    stateBits: core => narrow.get(core.number),
    carry,
  };
  return { damage, injuries };
}

type Random = (...numbers: readonly number[]) => { share: number; below: (count: number) => number };
const drawn = (...numbers: readonly number[]) => ({
  share: draw(...numbers),
  below: (count: number) => drawBelow(count, ...numbers),
});

const isAt = (core: Core, { chip, core: index }: CorePlace): boolean =>
  core.chip === chip && core.index === index;

const nowhere = ({ spec }: Fault, what: string): never =>
  refuse('FAILED_PRECONDITION', `the loaded programs have no ${what}, where ${spec} strikes`);

function coreOf({ cores }: Booted, fault: Fault, random: Random): Core {
  const { place } = fault;
  if (place.kind !== 'core') return cores[random(0).below(cores.length)] ?? nowhere(fault, 'core');
  return cores.find(core => isAt(core, place)) ?? nowhere(fault, `core ${place.core} on chip ${place.chip}`);
}

interface Weights {
  readonly image: ChipImage;
  readonly core: number;
  readonly number: number;
  readonly block: Block;
}

/** Synapses one by one count as blocks behind those of the core. */
function blocksOf(images: readonly ChipImage[]): readonly Weights[] {
  return images.flatMap(image =>
    image.blocks.flatMap((blocks, core) => {
      const sparse = [...image.sparse]
        .filter(([key]) => key.startsWith(`${core} `))
        .map(([, block]) => block);
      return [...blocks, ...sparse].map((block, number) => ({ image, core, number, block }));
    }),
  );
}

/** Every bit of every weight of the place is as likely as any other, none is drawn twice. */
function breakBits(booted: Booted, fault: Fault, random: Random): readonly Injury[] {
  const { place, settings } = fault;
  const wanted = blocksOf(booted.images).filter(
    ({ image, core, number }) =>
      place.kind !== 'weights' ||
      (place.chip === image.program.chip && place.core === core && (place.block ?? number) === number),
  );
  const weights = ({ rows, columns }: Block) => rows * columns;
  const isOne = place.kind === 'weights' && place.row !== undefined;
  const sizes = wanted.map(({ block }) => (isOne ? block.bits : weights(block) * block.bits));
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total === 0) return nowhere(fault, 'weight there');
  const taken = new Set<number>();
  const injuries: Injury[] = [];
  for (let n = 0; injuries.length < Math.min(settings.bits!, total); n++) {
    const at = random(1, n).below(total);
    if (taken.has(at)) continue;
    taken.add(at);
    injuries.push(breakBit(fault, findBit(wanted, sizes, at, place, fault)));
  }
  return injuries;
}

type Bit = Weights & { readonly row: number; readonly column: number; readonly bit: number };

function findBit(
  wanted: readonly Weights[],
  sizes: readonly number[],
  at: number,
  place: Place,
  fault: Fault,
): Bit {
  let rest = at;
  let i = 0;
  for (; rest >= sizes[i]!; i++) rest -= sizes[i]!;
  const own = wanted[i]!;
  const { columns, rows, bits } = own.block;
  if (place.kind !== 'weights' || place.row === undefined) {
    const weight = Math.floor(rest / bits);
    return { ...own, row: Math.floor(weight / columns), column: weight % columns, bit: rest % bits };
  }
  const { row, column } = place;
  if (row >= rows || column! >= columns)
    nowhere(fault, `weight ${row}:${column} in a block of ${rows} × ${columns}`);
  return { ...own, row, column: column!, bit: rest };
}

function breakBit({ kind, settings }: Fault, { image, core, number, block, row, column, bit }: Bit): Injury {
  const { byte, mask } = bitOf(block, row, column, bit);
  const before = image.bytes[byte]!;
  const to = kind === 'stuck-weight' ? settings.to : undefined;
  if (to === undefined) image.bytes[byte] = before ^ mask;
  else image.bytes[byte] = to === 1 ? before | mask : before & ~mask;
  const weight = { block: number, row, column, bit };
  return { kind, chip: image.program.chip, core, weight, changes: image.bytes[byte] !== before };
}

type Carrier = (way: Way, neuron: number, at: number) => Carried;

/** What several faults do to one message. */
const together =
  (carriers: readonly Carrier[]): Carrier =>
  (way, neuron, at) => {
    let [copies, late] = [1, 0];
    for (const carry of carriers) {
      const one = carry(way, neuron, at);
      copies *= one.copies;
      late += one.late;
    }
    return { copies, late };
  };

const SOUND: Carried = { copies: 1, late: 0 };

function carrierOf(booted: Booted, fault: Fault, random: Random): { carry: Carrier; injuries: Injury[] } {
  const { kind, settings } = fault;
  const ways = [...(booted.host?.ways ?? []), ...booted.tiles.flatMap(({ routes }) => routes)];
  const chosen = chooseLink(ways, fault, random);
  const isHere = (way: Way): boolean =>
    chosen === undefined || (way.from === chosen.from && way.to === chosen.to);
  const bad: Carried = {
    copies: kind === 'drop-spike' ? 0 : kind === 'duplicate-spike' ? 2 : 1,
    late: kind === 'late-spike' || kind === 'slow-link' ? settings.steps! : 0,
  };
  const share = settings.share ?? 1;
  const carry: Carrier = (way, neuron, at) =>
    isHere(way) && (share === 1 || random(2, way.number, neuron, at).share < share) ? bad : SOUND;
  const from = chosen?.from && { chip: chosen.from.chip, core: chosen.from.index };
  const injuries = chosen === undefined ? [] : [{ kind, chip: chosen.to.chip, core: chosen.to.index, from }];
  return { carry, injuries };
}

/** Undefined: all of them. A link that is slow for good is one; where none is named it is drawn. */
function chooseLink(ways: readonly Way[], fault: Fault, random: Random): Way | undefined {
  const { place, kind } = fault;
  if (place.kind === 'link') {
    const found = ways.find(
      ({ from, to }) =>
        isAt(to, place.to) &&
        (place.from === undefined ? from === undefined : from !== undefined && isAt(from, place.from)),
    );
    return found ?? nowhere(fault, 'such link');
  }
  if (kind !== 'slow-link') return undefined;
  return ways[random(3).below(ways.length)] ?? nowhere(fault, 'link');
}
