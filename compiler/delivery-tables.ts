/** The tables of all chips as numbers: what check-delivery.ts walks, without weights and without an object a route. */
import type { Box, ChipProgram, CoreProgram, Route } from '../backends/program/program.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import type { StridedMap } from '../ir/map.ts';
import { type Column, createColumn } from './mapping/column.ts';

/** The host's messages come from no tile. */
export const HOST_TILE = -1;

export interface DeliveryTables {
  /** Elements of the image that the host sends. */
  readonly inputSize: number;
  /** Rows pass through time: check-timing.ts proves that they come in time. */
  readonly isStreaming: boolean;
  /** Tiles in order of chips, cores and tiles; population, depth and box of each. */
  readonly population: Int32Array;
  readonly depth: Int32Array;
  readonly boxes: readonly Box[];
  /** Tiles of core c: tilesOf[c] …; in-axons of core c: axonsOf[c] …; targets of axon a: targetsOf[a] … */
  readonly tilesOf: Int32Array;
  readonly axonsOf: Int32Array;
  readonly targetsOf: Int32Array;
  readonly target: {
    /** Number on its core. */
    readonly tile: Int32Array;
    readonly gather: Int32Array;
    readonly side: Int32Array;
    readonly delay: Int32Array;
    readonly map: Int32Array;
  };
  /** By destination core: routes of core c are routesOf[c] … */
  readonly routesOf: Int32Array;
  readonly route: {
    readonly source: Int32Array;
    readonly axon: Int32Array;
    /** Number of a map, or −1: all neurons. */
    readonly elements: Int32Array;
  };
  readonly maps: readonly StridedMap[];
}

export interface TablesReader {
  /** Looks at a program once and does not keep it: programs may be made one at a time. */
  add(program: ChipProgram): void;
  done(): DeliveryTables;
}

export function createTablesReader(): TablesReader {
  const chips = new Map<number, number>();
  const [population, depth, boxes]: [number[], number[], Box[]] = [[], [], []];
  const [tilesOf, axonsOf, targetsOf] = [[0], [0], [0]];
  const target = {
    tile: createColumn(),
    gather: createColumn(),
    side: createColumn(),
    delay: createColumn(),
    map: createColumn(),
  };
  const routes = {
    source: createColumn(),
    chip: createColumn(),
    core: createColumn(),
    axon: createColumn(),
    elements: createColumn(),
  };
  const { numberOf, maps } = createNumbers();
  let inputSize = 0;
  let isStreaming = false;
  const addRoutes = (source: number, list: readonly Route[]) => {
    for (const { chip, core, axon, elements } of list) {
      routes.source.push(source);
      routes.chip.push(chip);
      routes.core.push(core);
      routes.axon.push(axon);
      routes.elements.push(elements === undefined ? -1 : numberOf(elements));
    }
  };
  const addCore = ({ tiles, axons }: CoreProgram) => {
    for (const tile of tiles) {
      addRoutes(population.length, tile.routes);
      population.push(tile.population);
      depth.push(tile.depth);
      boxes.push(tile.box);
    }
    for (const { targets } of axons) {
      for (const { tile, gather, side, delay, map } of targets) {
        target.tile.push(tile);
        target.gather.push(gather);
        target.side.push(side);
        target.delay.push(delay);
        target.map.push(numberOf(map));
      }
      targetsOf.push(target.tile.length());
    }
    tilesOf.push(population.length);
    axonsOf.push(targetsOf.length - 1);
  };
  return {
    add({ header, chip, input, cores }) {
      isStreaming ||= header.mode === 'streaming';
      if (chips.has(chip)) defect(`two programs for chip ${chip}`);
      chips.set(chip, tilesOf.length - 1);
      if (input !== undefined) {
        inputSize = input.size;
        addRoutes(HOST_TILE, input.routes);
      }
      for (const core of cores) addCore(core);
    },
    done: () => ({
      inputSize,
      isStreaming,
      population: Int32Array.from(population),
      depth: Int32Array.from(depth),
      boxes,
      tilesOf: Int32Array.from(tilesOf),
      axonsOf: Int32Array.from(axonsOf),
      targetsOf: Int32Array.from(targetsOf),
      target: {
        tile: target.tile.done(),
        gather: target.gather.done(),
        side: target.side.done(),
        delay: target.delay.done(),
        map: target.map.done(),
      },
      ...byDestination(routes, chips, tilesOf.length - 1, axonsOf),
      maps,
    }),
  };
}

function createNumbers() {
  const numbers = new Map<StridedMap, number>();
  const maps: StridedMap[] = [];
  const numberOf = (map: StridedMap): number => {
    const known = numbers.get(map);
    if (known !== undefined) return known;
    numbers.set(map, maps.length);
    return maps.push(map) - 1;
  };
  return { numberOf, maps };
}

/** Routes sorted by the core that they end at, which must be there. */
function byDestination(
  routes: { readonly [name in 'source' | 'chip' | 'core' | 'axon' | 'elements']: Column },
  chips: ReadonlyMap<number, number>,
  cores: number,
  axonsOf: readonly number[],
): Pick<DeliveryTables, 'routesOf' | 'route'> {
  const [chip, core] = [routes.chip.done(), routes.core.done()];
  const [source, axon, elements] = [routes.source.done(), routes.axon.done(), routes.elements.done()];
  const ends = new Int32Array(chip.length);
  const firsts = [...chips.values(), cores].sort((a, b) => a - b);
  const sizes = new Map([...chips].map(([c, first]) => [c, firsts[firsts.indexOf(first) + 1]! - first]));
  const routesOf = new Int32Array(cores + 1);
  for (let r = 0; r < chip.length; r++) {
    const first = chips.get(chip[r]!);
    if (first === undefined || core[r]! >= sizes.get(chip[r]!)!) defect(`no core ${chip[r]}:${core[r]}`);
    const end = first + core[r]!;
    if (axon[r]! >= axonsOf[end + 1]! - axonsOf[end]!) defect(`core has no in-axon ${axon[r]}`);
    ends[r] = end;
    routesOf[end + 1]! += 1;
  }
  for (let c = 0; c < cores; c++) routesOf[c + 1]! += routesOf[c]!;
  const next = routesOf.slice();
  const sorted = {
    source: new Int32Array(chip.length),
    axon: new Int32Array(chip.length),
    elements: new Int32Array(chip.length),
  };
  for (let r = 0; r < chip.length; r++) {
    const at = next[ends[r]!]!++;
    sorted.source[at] = source[r]!;
    sorted.axon[at] = axon[r]!;
    sorted.elements[at] = elements[r]!;
  }
  return { routesOf, route: sorted };
}
