/**
 * Where the user wants cores: a file of pins, as JSON or as lines of text.
 *
 * JSON: `[{ "population": "blocks.0.fc1", "part": 0, "chip": 0, "x": 3, "y": 2, "slot": 1 }]`, or `"core": 5` instead of
 * population and part. Text: `blocks.0.fc1:0 0 3 2 1`, or `5 0 3 2 1`; what follows # is not read. The part counts the
 * cores that hold the population, from 0; the slot may be left out.
 *
 * Errors  E0520 not a file of pins · E0521 names nothing · E0522 no such seat · E0523 clash
 */
import { z } from 'zod';
import { fail, type Report } from '../../ir/diagnostics/diagnostic.ts';
import type { Position } from '../mapping/mesh.ts';

export interface Pin {
  /** A population's name, or a core's number. */
  readonly of: string | number;
  /** Which of the population's cores; undefined: it lies on one. */
  readonly part?: number | undefined;
  readonly chip: number;
  readonly x: number;
  readonly y: number;
  readonly slot?: number | undefined;
  /** Where it stands in the user's file. */
  readonly origin: string;
}

const count = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const place = { chip: count, x: count, y: count, slot: count.optional() };
const pinsSchema = z.array(
  z.union([
    z.strictObject({ population: z.string(), part: count.optional(), ...place }),
    z.strictObject({ core: count, ...place }),
  ]),
);

export function parsePins(text: string, path: string): readonly Pin[] {
  const isJson = /^\s*\[/.test(text);
  return isJson ? parseJson(text, path) : text.split('\n').flatMap((line, i) => parseLine(line, path, i + 1));
}

function parseJson(text: string, path: string): readonly Pin[] {
  const value = readJson(text, path);
  const result = pinsSchema.safeParse(value);
  if (!result.success) {
    const index = result.error.issues[0]?.path[0];
    const where = index === undefined ? 'the list' : `entry ${Number(index) + 1}`;
    const reason = `${where} is not { population or core, part, chip, x, y, slot } with whole numbers`;
    return fail('E0520', { origin: path }, { reason });
  }
  return result.data.map((pin, i) => {
    const { chip, x, y, slot } = pin;
    const origin = `${path}, entry ${i + 1}`;
    const where = { chip, x, y, slot, origin };
    return 'core' in pin ? { of: pin.core, ...where } : { of: pin.population, part: pin.part, ...where };
  });
}

function readJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail('E0520', { origin: path }, { reason: error instanceof Error ? error.message : 'not JSON' });
  }
}

const LINE = /^(\S+)\s+(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})(?:\s+(\d{1,9}))?$/;

function parseLine(line: string, path: string, number: number): readonly Pin[] {
  const said = line.replace(/(^|\s)#.*$/, '').trim();
  if (said === '') return [];
  const found = LINE.exec(said);
  const origin = `${path}:${number}`;
  if (found === null) {
    const reason = `${JSON.stringify(said.slice(0, 60))} is not NAME[:PART] CHIP X Y [SLOT]`;
    return fail('E0520', { origin }, { reason });
  }
  const [, name, ...numbers] = found;
  const [chip, x, y, slot] = numbers.map(n => (n === undefined ? undefined : Number(n)));
  const where = { chip: chip!, x: x!, y: y!, slot, origin };
  if (/^\d{1,9}$/.test(name!)) return [{ of: Number(name), ...where }];
  const [, population, part] = /^(.+?)(?::(\d{1,9}))?$/.exec(name!)!;
  return [{ of: population!, part: part === undefined ? undefined : Number(part), ...where }];
}

/** The cores of a mapped network as pins name them. */
export interface Pinnable {
  readonly cores: number;
  /** Cores that hold tiles of a population, in order, each once; undefined: there is no such population. */
  readonly coresOf: (population: string) => readonly number[] | undefined;
  readonly positions: readonly Position[];
}

/** Number of a position for every core; −1 where nothing is asked. */
export function resolvePins(pins: readonly Pin[], network: Pinnable, report: Report): Int32Array {
  const wanted = new Int32Array(network.cores).fill(-1);
  if (pins.length === 0) return wanted;
  const atRouter = new Map<string, number[]>();
  network.positions.forEach(({ chip, x, y }, i) => {
    const key = `${chip} ${x} ${y}`;
    const known = atRouter.get(key);
    if (known === undefined) atRouter.set(key, [i]);
    else known.push(i);
  });
  const takenBy = new Map<number, Pin>();
  // Those that name a slot first: the others take what they leave.
  const exact = pins.filter(pin => pin.slot !== undefined);
  const open = pins.filter(pin => pin.slot === undefined);
  for (const pin of [...exact, ...open]) {
    const core = coreOf(pin, network, report);
    const seat = core === undefined ? undefined : seatOf(pin, { network, atRouter, takenBy }, report);
    if (core === undefined || seat === undefined) continue;
    if (wanted[core]! >= 0) {
      const facts = { what: `core ${core}`, problem: 'is pinned twice' };
      report('E0523', { origin: pin.origin, pass: 'place' }, facts);
      continue;
    }
    wanted[core] = seat;
    takenBy.set(seat, pin);
  }
  return wanted;
}

function coreOf({ of, part, origin }: Pin, { cores, coresOf }: Pinnable, report: Report): number | undefined {
  const at = { origin, pass: 'place' };
  const say = (what: string, problem: string) => void report('E0521', at, { what, problem });
  if (typeof of === 'number') {
    if (of < cores) return of;
    say(`core ${of}`, `the network has cores 0 to ${cores - 1}`);
    return undefined;
  }
  const own = coresOf(of);
  if (own === undefined) say(`population ${of}`, 'there is none of this name');
  else if (part === undefined && own.length > 1)
    say(
      `population ${of}`,
      `it lies on ${own.length} cores: say which, as ${of}:0 to ${of}:${own.length - 1}`,
    );
  else if ((part ?? 0) >= own.length) say(`population ${of}`, `it has parts 0 to ${own.length - 1}`);
  else return own[part ?? 0];
  return undefined;
}

interface Taken {
  readonly network: Pinnable;
  readonly atRouter: ReadonlyMap<string, readonly number[]>;
  readonly takenBy: ReadonlyMap<number, Pin>;
}

function seatOf({ chip, x, y, slot, origin }: Pin, { network, atRouter, takenBy }: Taken, report: Report) {
  const at = { origin, pass: 'place' };
  const all = atRouter.get(`${chip} ${x} ${y}`) ?? [];
  const fitting = slot === undefined ? all : all.filter(i => network.positions[i]!.slot === slot);
  const where = `chip ${chip}, router (${x}, ${y})${slot === undefined ? '' : `, slot ${slot}`}`;
  if (fitting.length === 0) {
    report('E0522', at, { where, extent: extentOf(network.positions) });
    return undefined;
  }
  const free = fitting.find(i => !takenBy.has(i));
  if (free !== undefined) return free;
  const by = takenBy.get(fitting[0]!)!.origin;
  report('E0523', at, { what: where, problem: `is taken (${by})` });
  return undefined;
}

function extentOf(positions: readonly Position[]): string {
  const most = (of: (position: Position) => number) =>
    positions.reduce((max, position) => Math.max(max, of(position)), 0);
  return `chips 0 to ${most(p => p.chip)}, routers (0, 0) to (${most(p => p.x)}, ${most(p => p.y)}), slots 0 to ${most(p => p.slot)}`;
}
