/**
 * A deployment as plain tables, a row of names first. Counts are those of the folder; messages are predicted: connections times the
 * rates that the manifest has from calibration.
 *
 * Units  in the names of columns; coordinates count from 0
 */
import type { Manifest } from '../../backends/manifest.ts';
import type { ChipProgram } from '../../backends/program/program.ts';
import { expandMap, HOLE } from '../../ir/map.ts';
import { boot, type RouteState } from '../../runtime-sim/state.ts';

type Cell = string | number | null;
export interface Table {
  readonly name: string;
  readonly rows: Iterable<readonly Cell[]>;
}

export function tablesOf(manifest: Manifest, programs: readonly ChipProgram[]): readonly Table[] {
  const booted = boot(programs, gather => gather);
  const rates = new Map(
    manifest.populations.map(({ name, rate, termsPerNeuron }) => [name, { rate, termsPerNeuron }]),
  );
  const { populations } = programs[0]!.header;
  const flows = [
    ...booted.tiles.flatMap(({ number, core, program, routes, size }) => {
      const { name } = populations[program.population]!;
      const { rate = 0 } = rates.get(name) ?? {};
      const from = { chip: core.chip, core: core.number, x: core.program.x, y: core.program.y, tile: number };
      return routes.map((route, i) => ({
        ...from,
        source: name,
        route,
        neurons: sendersOf(program.routes[i]!, size),
        rate,
      }));
    }),
    ...booted.hostRoutes.map(route => ({
      ...{ chip: null, core: null, x: null, y: null, tile: null },
      ...{
        source: 'host',
        route,
        neurons: route.sends?.reduce((n, s) => n + s, 0) ?? manifest.input.shape.reduce((a, b) => a * b, 1),
      },
      rate: null,
    })),
  ];
  return [
    { name: 'populations.csv', rows: populationRows(manifest) },
    { name: 'layers.csv', rows: layerRows(manifest) },
    { name: 'cores.csv', rows: coreRows(manifest, booted.cores.length) },
    {
      name: 'routes.csv',
      rows: routeRows(
        flows,
        booted.tiles.map(({ program }) => populations[program.population]!.name),
      ),
    },
    { name: 'links.csv', rows: linkRows(flows) },
  ];
}

interface Flow {
  readonly chip: number | null;
  readonly core: number | null;
  readonly x: number | null;
  readonly y: number | null;
  readonly tile: number | null;
  readonly source: string;
  readonly route: RouteState<unknown>;
  readonly neurons: number;
  readonly rate: number | null;
}

const sendersOf = (
  { elements }: { readonly elements?: Parameters<typeof expandMap>[0] | undefined },
  size: number,
): number => (elements === undefined ? size : expandMap(elements).filter(i => i !== HOLE).length);

function populationRows({ populations }: Manifest): readonly (readonly Cell[])[] {
  const names = [
    'population',
    'onnx_or_nir_node',
    'function',
    'emit',
    'groups',
    'rows',
    'channels',
    'neurons',
  ];
  const rest = [
    'depth_timesteps',
    'tiles',
    'cores',
    'fired_share',
    'terms_per_neuron',
    'threshold',
    'levels',
    'terms',
  ];
  return [
    [...names, ...rest, 'sum_fraction_bits', 'output_fraction_bits'],
    ...populations.map(p => [
      ...[p.name, p.origin, p.function, p.emit, ...p.shape, p.shape.reduce((a, b) => a * b, 1)],
      ...[p.depth, p.tiles, p.cores, p.rate, p.termsPerNeuron, p.theta === null ? null : 2 ** -p.theta],
      ...[p.levels, p.terms, p.fraction, p.outFraction],
    ]),
  ];
}

/** Populations of one node of the user's, together. */
function layerRows({ populations }: Manifest): readonly (readonly Cell[])[] {
  const layers = new Map<string, Manifest['populations'][number][]>();
  for (const population of populations)
    layers.set(population.origin, [...(layers.get(population.origin) ?? []), population]);
  const neuronsOf = ({ shape }: Manifest['populations'][number]) => shape.reduce((a, b) => a * b, 1);
  return [
    [
      'onnx_or_nir_node',
      'populations',
      'neurons',
      'tiles',
      'first_depth_timesteps',
      'last_depth_timesteps',
      'fired_neurons_per_timestep',
    ],
    ...[...layers].map(([origin, own]) => [
      ...[
        origin,
        own.length,
        own.reduce((n, p) => n + neuronsOf(p), 0),
        own.reduce((n, p) => n + p.tiles, 0),
      ],
      ...[Math.min(...own.map(p => p.depth)), Math.max(...own.map(p => p.depth))],
      own.reduce((n, p) => n + p.rate * neuronsOf(p), 0),
    ]),
  ];
}

function coreRows({ cores, capacity }: Manifest, count: number): readonly (readonly Cell[])[] {
  const resources = Object.keys(capacity);
  return [
    [
      'core',
      'chip',
      'x',
      'y',
      'slot',
      'tiles',
      'binding',
      'binding_share',
      ...resources.flatMap(r => [`${r}_used`, `${r}_available`]),
    ],
    ...cores
      .slice(0, count)
      .map((core, i) => [
        ...[i, core.chip, core.x, core.y, core.slot, core.tiles, core.binding],
        (core.used[core.binding] ?? 0) / (capacity[core.binding] ?? 1),
        ...resources.flatMap(r => [core.used[r] ?? 0, capacity[r]!]),
      ]),
  ];
}

function* routeRows(flows: readonly Flow[], populationOf: readonly string[]): Generator<readonly Cell[]> {
  yield [
    ...[
      'source',
      'source_chip',
      'source_core',
      'source_tile',
      'target_chip',
      'target_core',
      'target_populations',
    ],
    ...[
      'sending_neurons',
      'hops_east_west',
      'hops_north_south',
      'crosses_chips',
      'least_delay_timesteps',
      'most_delay_timesteps',
      'messages_per_timestep',
    ],
  ];
  for (const { source, chip, core, tile, route, neurons, rate } of flows) {
    const delays = route.links.map(({ delay }) => delay);
    const targets = [...new Set(route.links.map(link => populationOf[link.tile.number]!))];
    yield [
      ...[source, chip, core, tile, route.core.chip, route.core.number, targets.join(' ')],
      ...[neurons, route.hopsEastWest, route.hopsNorthSouth, route.crossesChips ? 1 : 0],
      ...[Math.min(...delays), Math.max(...delays), rate === null ? null : rate * neurons],
    ];
  }
}

const DIRECTIONS = ['east', 'west', 'south', 'north'];
/** Of a path’s links: chip, row, column, direction (runtime-sim/state.ts, meshPath). */
const SIDE = 64;

function linkRows(flows: readonly Flow[]): readonly (readonly Cell[])[] {
  const loads = new Map<number, { messages: number; routes: number }>();
  for (const { route, neurons, rate } of flows)
    for (const link of route.path) {
      const load = loads.get(link) ?? { messages: 0, routes: 0 };
      loads.set(link, load);
      load.messages += neurons * (rate ?? 0);
      load.routes += 1;
    }
  return [
    ['chip', 'from_x', 'from_y', 'direction', 'routes', 'messages_per_timestep'],
    ...[...loads]
      .sort(([a], [b]) => a - b)
      .map(([link, { messages, routes }]) => {
        const router = Math.floor(link / 4);
        const [x, y, chip] = [
          router % SIDE,
          Math.floor(router / SIDE) % SIDE,
          Math.floor(router / SIDE / SIDE),
        ];
        return [chip, x, y, DIRECTIONS[link % 4]!, routes, messages];
      }),
  ];
}
