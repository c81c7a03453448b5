/** Boards → chips → cores: where each core sits, what it holds, which limit binds, what an image gives it to do. */
import type { Manifest } from '../../backends/manifest.ts';
import { sumEvents } from '../../runtime-sim/tile-events.ts';
import type { Accounts } from '../accounts.ts';
import type { CoreFlows, Facts, TileTable } from '../facts.ts';
import { roundColumn } from '../print.ts';
import type { Report } from '../schema.ts';
import { type CoreTimes, coreSeconds } from './core-times.ts';

type ChipMap = Report['chipMap'];
type ManifestCore = Manifest['cores'][number];

/** Boxes of more tiles are left out: a report is for looking at, `snnc inspect` tells them all. */
const MOST_BOXES = 8000;

export function chipMapOf(facts: Facts, accounts: Accounts, times: CoreTimes): ChipMap {
  const { manifest, tallied, target } = facts;
  const { cores, capacity } = manifest;
  const resources = resourcesOf(manifest);
  const events = sumEvents(tallied.tiles.events, tallied.tiles.core, cores.length);
  const { topology } = target;
  const energies = accounts.energyCores.map(({ totalPj }) => totalPj);
  const used = resources.map(({ name }) => cores.map(core => core.used[name] ?? 0));
  const fills = cores.map(
    core => (capacity[core.binding] ?? 0) && core.used[core.binding]! / capacity[core.binding]!,
  );
  const moved = movedOf(facts.flows, cores.length);
  const column = (pick: (event: (typeof events)[number]) => number) => roundColumn(events.map(pick));
  return {
    board: {
      title: target.title,
      copies: target.copies,
      chips: manifest.target.chips,
      chipsX: topology.chipsX.value,
      chipsY: topology.chipsY.value,
      chipsZ: topology.chipsZ.value,
      routersX: topology.routersX.value,
      routersY: topology.routersY.value,
      coresPerRouter: topology.coresPerRouter.value,
      usableCores: topology.usableCores.value,
    },
    resources,
    chips: chipsOf(cores, fills, energies[0]),
    cores: {
      ...placesOf(cores),
      number: numberWithin(cores),
      tiles: cores.map(core => core.tiles),
      layer: mainLayers(facts.tiles, cores.length),
      binding: cores.map(core =>
        Math.max(
          0,
          resources.findIndex(({ name }) => name === core.binding),
        ),
      ),
      fill: roundColumn(fills),
      used,
      updates: column(e => e.updates),
      synops: column(e => e.synops),
      messagesOut: roundColumn(moved.out),
      messagesIn: roundColumn(moved.in),
      workSeconds: roundColumn(cores.map((_, core) => coreSeconds(times, core))),
      energyPj: energies.map(roundColumn),
    },
    tiles: tilesOf(facts.tiles, cores.length),
  };
}

const placesOf = (cores: readonly ManifestCore[]) => ({
  chip: cores.map(core => core.chip),
  x: cores.map(core => core.x),
  y: cores.map(core => core.y),
  slot: cores.map(core => core.slot),
});

/** Every resource that a core of this deployment takes of; one without a limit has none to be full of. */
function resourcesOf({ cores, capacity }: Manifest): ChipMap['resources'] {
  const names = new Set([...Object.keys(capacity), ...cores.flatMap(core => Object.keys(core.used))]);
  return [...names].map(name => ({ name, capacity: capacity[name] ?? null }));
}

export function numberWithin(cores: readonly Pick<ManifestCore, 'chip'>[]): number[] {
  const next = new Map<number, number>();
  return cores.map(({ chip }) => {
    const number = next.get(chip) ?? 0;
    next.set(chip, number + 1);
    return number;
  });
}

function chipsOf(
  cores: readonly ManifestCore[],
  fills: readonly number[],
  energies: readonly number[] | undefined,
): ChipMap['chips'] {
  const chips = [...new Set(cores.map(core => core.chip))].toSorted((a, b) => a - b);
  const place = new Map(chips.map((chip, i) => [chip, i]));
  const sums = chips.map(() => ({ cores: 0, fill: 0, energy: 0 }));
  for (const [i, { chip }] of cores.entries()) {
    const sum = sums[place.get(chip)!]!;
    sum.cores += 1;
    sum.fill = Math.max(sum.fill, fills[i]!);
    sum.energy += energies?.[i] ?? 0;
  }
  return {
    chip: chips,
    cores: sums.map(sum => sum.cores),
    fill: roundColumn(sums.map(sum => sum.fill)),
    energyPj: energies === undefined ? sums.map(() => null) : roundColumn(sums.map(sum => sum.energy)),
  };
}

/** Messages that leave each core, and that come to it from others. */
function movedOf({ from, to, messages }: CoreFlows, cores: number) {
  const moved = { out: new Float64Array(cores), in: new Float64Array(cores) };
  for (let i = 0; i < messages.length; i++) {
    moved.out[from[i]!]! += messages[i]!;
    moved.in[to[i]!]! += messages[i]!;
  }
  return moved;
}

/** Of each core the layer that has most neurons there; of equals the first. */
export function mainLayers({ core, layer, box }: TileTable, cores: number): number[] {
  const best = new Float64Array(cores).fill(-1);
  const main = new Array<number>(cores).fill(0);
  const sums = new Map<number, number>();
  for (let tile = 0; tile < core.length; tile++) {
    // Tiles stand in the order of their cores.
    if (tile > 0 && core[tile] !== core[tile - 1]) sums.clear();
    const [own, of] = [core[tile]!, layer[tile]!];
    const sum = (sums.get(of) ?? 0) + sizeOfBox(box, tile);
    sums.set(of, sum);
    if (sum <= best[own]!) continue;
    best[own] = sum;
    main[own] = of;
  }
  return main;
}

const sizeOfBox = ([g0, g1, r0, r1, c0, c1]: TileTable['box'], i: number): number =>
  (g1![i]! - g0![i]!) * (r1![i]! - r0![i]!) * (c1![i]! - c0![i]!);

function tilesOf({ core, layer, box }: TileTable, cores: number): ChipMap['tiles'] {
  const start = new Array<number>(cores + 1).fill(0);
  for (let i = 0; i < core.length; i++) start[core[i]! + 1]! += 1;
  for (let i = 0; i < cores; i++) start[i + 1]! += start[i]!;
  const boxes = core.length > MOST_BOXES ? null : box.map(column => Array.from(column));
  return { start, layer: Array.from(layer), boxes };
}
