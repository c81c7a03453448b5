/**
 * What a booted deployment tells of its traffic before anything runs: who sends which messages, what each does where it
 * arrives, in which order a core works. Made once from the programs.
 *
 * Cost  linear in the connections of all tables; kept is what differs between neurons of a tile
 */
import type {
  ChipProgram,
  CoreProgram,
  ProgramHeader,
  Route,
  TileProgram,
} from '../../backends/program/program.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { expandMap } from '../../ir/map.ts';
import { boxSizes, hopsOf } from '../state.ts';
import { type Classes, createMapProperties, type MapProperties, ONE_CLASS, refine } from './classes.ts';
import { type CoreCosts, type Met, serviceOf } from './costs.ts';
import { createListBuilder, type ListedMessage, type Lists, NO_LIST } from './lists.ts';
import { metAt } from './met.ts';
import { findOperands, type RowOperand } from './row-operands.ts';

export interface Sender {
  readonly classes: Classes;
  /** Messages of a neuron of each class, NO_LIST: none. */
  readonly lists: readonly number[];
}

export const listOf = ({ classes, lists }: Sender, neuron: number): number =>
  lists[classes.of === undefined ? 0 : classes.of[neuron]!]!;

export interface TimedTile extends Sender {
  readonly number: number;
  readonly core: number;
  readonly program: TileProgram;
  /** The message with which a spike returns to its own core (soft reset by a second neuron); NO_LIST: none. */
  readonly returning: number;
  /** First operands of products that meet the second when their row is executed. */
  readonly operands: readonly RowOperand[];
}

export interface TimedCore {
  readonly chip: number;
  readonly program: CoreProgram;
  readonly tiles: readonly TimedTile[];
}

export interface Wiring {
  readonly header: ProgramHeader;
  readonly cores: readonly TimedCore[];
  readonly lists: Lists;
  readonly host: Sender & {
    readonly size: number;
    /** Timestep of each element; undefined: all at once. */
    readonly steps: Int32Array | undefined;
  };
}

interface Place {
  readonly core: number;
  readonly chip: number;
  readonly program: CoreProgram;
}

/** Needs: programs that a functional simulator has booted. Errors: E0743 */
export function wire(programs: readonly ChipProgram[], costs: CoreCosts): Wiring {
  const { header } = programs[0] ?? defect('a deployment without chips');
  const places = programs
    .flatMap(({ chip, cores }) => cores.map(program => ({ chip, program })))
    .map((place, core): Place => ({ ...place, core }));
  const first = new Map<number, number>();
  places.forEach(({ chip, core }) => void (first.has(chip) || first.set(chip, core)));
  const placeOf = ({ chip, core }: Route): Place =>
    places[first.get(chip)! + core] ?? defect(`no core ${core} on chip ${chip}`);
  const lists = createListBuilder();
  const context = { header, costs, placeOf, properties: createMapProperties(), add: lists.add };
  const input = programs.find(program => program.input !== undefined)?.input ?? NO_INPUT;
  const operands = findOperands(programs, placeOf);
  let number = 0;
  const cores = places.map((place): TimedCore => {
    const tiles = place.program.tiles.map((program, t): TimedTile => {
      const [groups, rows, channels] = boxSizes(program.box);
      const sender = senderOf(program.routes, groups * rows * channels, place, context);
      const returning =
        header.resetNeurons > 1 && program.emit.kind === 'mt' ? returnTo(place, context) : NO_LIST;
      return {
        ...sender,
        ...{ number: number++, core: place.core, program, returning },
        operands: operands.get(place.core)?.get(t) ?? [],
      };
    });
    return { chip: place.chip, program: place.program, tiles };
  });
  const host = {
    ...senderOf(input.routes, input.size, undefined, context),
    size: input.size,
    steps: input.steps === undefined ? undefined : expandMap(input.steps),
  };
  return { header, cores, lists: lists.finish(), host };
}

/** A chip that runs freely may have none. */
const NO_INPUT = { size: 0, routes: [], steps: undefined };

interface Context {
  readonly header: ProgramHeader;
  readonly costs: CoreCosts;
  readonly properties: MapProperties;
  readonly placeOf: (route: Route) => Place;
  readonly add: (messages: readonly ListedMessage[]) => number;
}

/** A spike and the one synapse that takes it back. */
const RETURN: Met = { synops: 1, words: 1 };

const returnTo = (place: Place, { costs, add }: Context): number =>
  add([{ target: place.core, ...serviceOf(RETURN, costs), ...RETURN, ...hopsOf(place, place) }]);

function senderOf(routes: readonly Route[], size: number, from: Place | undefined, context: Context): Sender {
  const { header, costs, properties, placeOf, add } = context;
  const read = routes.map(route => {
    const place = placeOf(route);
    const sends = route.elements === undefined ? undefined : properties.contains(route.elements, size);
    const targets = place.program.axons[route.axon]!.targets.map(target =>
      metAt(target, place.program, header, properties),
    );
    return { place, sends, targets };
  });
  const classes = read
    .flatMap(({ sends, targets }) => [sends, ...targets.map(({ property }) => property)])
    .reduce(refine, ONE_CLASS);
  const lists = classes.examples.map(neuron =>
    add(
      read.flatMap(({ place, sends, targets }): readonly ListedMessage[] => {
        if (sends?.[neuron] === 0) return [];
        const all = targets.map(target => target.met(neuron));
        const met = {
          synops: all.reduce((n, { synops }) => n + synops, 0),
          words: all.reduce((n, { words }) => n + words, 0),
        };
        return [{ target: place.core, ...met, ...serviceOf(met, costs), ...hopsOf(from, place) }];
      }),
    ),
  );
  return { classes, lists };
}
