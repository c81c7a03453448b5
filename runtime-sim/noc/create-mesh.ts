/**
 * From the descriptor of a target to what the engines of time take: the mesh of the chips in use, and costs in ticks.
 * What a descriptor leaves out counts nothing, and is named. Nobody has published the network of Loihi 2: most figures
 * are inherited or assumed, and say so where they stand.
 */
import type { Figure } from '../../backends/descriptor/figure.ts';
import type { Target, Timing, Topology } from '../../backends/target.ts';
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import type { Mesh } from './mesh.ts';

/** Ticks of 1 ps in the unit of descriptors. */
export const TICKS_PER_NS = 1000;
/** A buffer of unknown size holds so many messages: more than ever wait where nothing is overloaded. */
const UNKNOWN_BUFFER = 64;

/** Where a core sits: its chip, its router on the chip's mesh, its port there. */
export interface CorePlace {
  readonly chip: number;
  readonly x: number;
  readonly y: number;
  readonly slot: number;
}

const ticksOf = (ns: number): number => Math.round(ns * TICKS_PER_NS);

const CORE_COSTS = [
  ...(['synop', 'updateActive', 'updateInactive', 'spikeOut'] as const),
  ...(['axonIn', 'axonOut', 'memoryRead'] as const),
] as const;
export type CoreCost = (typeof CORE_COSTS)[number];

/** What a core takes for each event, in ticks. */
export function coreTicks(timing: Timing): {
  readonly ticks: Readonly<Record<CoreCost, number>>;
  readonly unknown: readonly string[];
} {
  const known = CORE_COSTS.map(name => [name, ticksOf(timing[name]?.value ?? 0)] as const);
  return {
    // Every name of the list is there.
    ticks: Object.fromEntries(known) as Record<CoreCost, number>,
    unknown: CORE_COSTS.filter(name => timing[name] === undefined),
  };
}

/**
 * A mesh of the smallest block of chips that holds all cores: no message leaves it.
 *
 * Source  the target's descriptor
 * Errors  E0732 a core that is not on the target
 */
export function createMesh(
  places: readonly CorePlace[],
  target: Pick<Target, 'timing' | 'topology' | 'chips'>,
  isBinary: boolean,
): { readonly mesh: Mesh; readonly unknown: readonly string[] } {
  const { timing, topology } = target;
  const unknown = new Set<string>();
  const known = <T extends Timing | Topology>(
    figures: T,
    name: keyof T & string,
    otherwise: number,
  ): number => {
    // Figures of a target are all that these types hold.
    const figure = figures[name] as Figure | undefined;
    if (figure === undefined) unknown.add(name);
    return figure?.value ?? otherwise;
  };
  checkPlaces(places, target);
  const ticks = (name: keyof Timing) => ticksOf(known(timing, name, 0));
  const { block, router } = layOutChips(places, topology);
  const isOneChip = block.every(chips => chips === 1);
  const bandwidth = isOneChip ? undefined : known(timing, 'interchipBandwidth', Number.POSITIVE_INFINITY);
  const bits = (isBinary ? topology.messageBits : topology.gradedMessageBits).value;
  const [x, y, z] = bandwidth === undefined ? [0, 0, 0] : laneTicks(target, bits, bandwidth);
  const between = isOneChip ? 0 : ticks('hopBetweenChips');
  const chipSize = [topology.routersX.value, topology.routersY.value] as const;
  const mesh: Mesh = {
    size: [block[0] * chipSize[0], block[1] * chipSize[1], block[2]],
    chipSize,
    slots: topology.coresPerRouter.value,
    router,
    slot: Int32Array.from(places, place => place.slot),
    ticks: {
      local: ticks('localLink'),
      eastWest: ticks('hopEastWest'),
      northSouth: ticks('hopNorthSouth'),
      betweenChips: [between + x, between + y, between + z],
      localBusy: ticks('localLinkMessage'),
      linkBusy: ticks('linkMessage'),
      chipLinkBusy: [x, y, z],
      axonOut: ticks('axonOut'),
      credit: ticks('credit'),
    },
    buffers: {
      router: known(topology, 'routerBuffer', UNKNOWN_BUFFER),
      core: known(topology, 'coreBuffer', UNKNOWN_BUFFER),
    },
  };
  return { mesh, unknown: [...unknown] };
}

/** Errors: E0732. */
function checkPlaces(
  places: readonly CorePlace[],
  { topology, chips }: Pick<Target, 'topology' | 'chips'>,
): void {
  const { routersX, routersY, coresPerRouter } = topology;
  const limits = { chip: chips, x: routersX.value, y: routersY.value, slot: coresPerRouter.value };
  const taken = new Set<string>();
  for (const { chip, x, y, slot } of places) {
    const place = { chip, x, y, slot };
    const at = { origin: `chip ${chip}` };
    for (const axis of ['chip', 'x', 'y', 'slot'] as const) {
      if (place[axis] < limits[axis]) continue;
      fail('E0732', at, { ...place, problem: `is off the target, which has ${limits[axis]} of ${axis}` });
    }
    const name = Object.values(place).join(' ');
    if (taken.has(name)) fail('E0732', at, { ...place, problem: 'stands where another one does' });
    taken.add(name);
  }
}

type Triple = readonly [x: number, y: number, z: number];

/** Chips lie row by row and layer by layer, as the board says; copies of a board stack as further layers. */
function layOutChips(
  places: readonly CorePlace[],
  { chipsX, chipsY, routersX, routersY }: Topology,
): { readonly block: Triple; readonly router: Int32Array } {
  const chips = places.map(({ chip }): Triple => {
    const row = Math.floor(chip / chipsX.value);
    return [chip % chipsX.value, row % chipsY.value, Math.floor(row / chipsY.value)];
  });
  const ends = (axis: 0 | 1 | 2) =>
    chips.reduce(([low, high], chip) => [Math.min(low, chip[axis]), Math.max(high, chip[axis])] as const, [
      Number.POSITIVE_INFINITY,
      0,
    ] as readonly [number, number]);
  const [x, y, z] = [ends(0), ends(1), ends(2)];
  const block: Triple = [x[1] - x[0] + 1, y[1] - y[0] + 1, z[1] - z[0] + 1];
  const width = block[0] * routersX.value;
  const height = block[1] * routersY.value;
  const router = places.map((place, c) => {
    const chip = chips[c]!;
    const column = (chip[0] - x[0]) * routersX.value + place.x;
    const row = (chip[1] - y[0]) * routersY.value + place.y;
    return ((chip[2] - z[0]) * height + row) * width + column;
  });
  return { block, router: Int32Array.from(router) };
}

/**
 * So long a message occupies its lane of a border between chips, by axis: a border has a lane for each router along it.
 * What a chip sends off itself is shared by the sides that face other chips of the board, and a side's by its lanes.
 * Units   bandwidth in GB/s, which are bytes in a nanosecond
 */
function laneTicks(
  { topology, chips }: Pick<Target, 'topology' | 'chips'>,
  bits: number,
  bandwidth: number,
): Triple {
  const { chipsX, chipsY, routersX, routersY } = topology;
  const layers = Math.ceil(chips / (chipsX.value * chipsY.value));
  const facing = [chipsX.value, chipsY.value, layers].map(along => Math.min(2, along - 1));
  const sides = facing.reduce((sum, n) => sum + n, 0);
  const ticks = (lanes: number) => ticksOf((bits / 8) * (1 / bandwidth) * sides * lanes);
  return [ticks(routersY.value), ticks(routersX.value), ticks(routersX.value * routersY.value)];
}
