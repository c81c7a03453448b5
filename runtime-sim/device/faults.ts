/**
 * Faults that an emulated device can be told to have: `KIND[@PLACE][:SETTINGS]`. Each kind is a row of the table: what place it
 * takes, which settings, what they may be.
 */

/** What a fault strikes: weights of a core, a core, a way between two cores, or the line to the host. */
type PlaceKind = 'weights' | 'core' | 'link' | 'none';
interface Setting {
  readonly from: number;
  readonly to: number;
  /** Undefined: must be given, or drawn where the fault says so. */
  readonly otherwise: number | undefined;
  readonly isWhole: boolean;
}
interface Kind {
  readonly place: PlaceKind;
  readonly settings: { readonly [name: string]: Setting };
  /** The setting that may stand without its name. */
  readonly bare?: string;
  /** At least one of these is given. */
  readonly needs?: readonly string[];
  readonly says: string;
}

const whole = (from: number, to: number, otherwise?: number): Setting => ({
  from,
  to,
  otherwise,
  isWhole: true,
});
const share: Setting = { from: 0, to: 1, otherwise: undefined, isWhole: false };
const MANY = 2 ** 31 - 1;
const moment = { after: whole(1, MANY), every: whole(1, MANY) };

export const FAULT_KINDS = {
  'flip-weight': {
    place: 'weights',
    settings: { bits: whole(1, 100_000, 1) },
    bare: 'bits',
    says: 'that many bits of weights in memory are flipped when the device boots',
  },
  'stuck-weight': {
    place: 'weights',
    settings: { bits: whole(1, 100_000, 1), to: whole(0, 1) },
    says: 'that many bits of weights are always 0 or 1 (`to`; else what the loaded bit is not)',
  },
  'dead-core': {
    place: 'core',
    settings: {},
    says: 'a core takes no message, executes nothing and sends nothing',
  },
  saturate: {
    place: 'core',
    settings: { bits: whole(2, 32, 6) },
    bare: 'bits',
    says: 'the state of the neurons of a core has only that many bits',
  },
  'drop-spike': {
    place: 'link',
    settings: { share },
    bare: 'share',
    needs: ['share'],
    says: 'messages are lost, each with that probability',
  },
  'duplicate-spike': {
    place: 'link',
    settings: { share },
    bare: 'share',
    needs: ['share'],
    says: 'messages arrive twice, each with that probability',
  },
  'late-spike': {
    place: 'link',
    settings: { share, steps: whole(1, 1000, 1) },
    bare: 'share',
    needs: ['share'],
    says: 'messages arrive so many timesteps late, each with that probability',
  },
  'slow-link': {
    place: 'link',
    settings: { steps: whole(1, 1000, 1) },
    bare: 'steps',
    says: 'every message of one way between two cores arrives so many timesteps late',
  },
  'slow-reply': {
    place: 'none',
    settings: { ms: whole(1, 600_000) },
    bare: 'ms',
    needs: ['ms'],
    says: 'every reply waits so many milliseconds',
  },
  'corrupt-reply': {
    place: 'none',
    settings: { share, ...moment },
    bare: 'share',
    needs: ['share', 'after', 'every'],
    says: 'one number of the reply to a command is wrong on its way to the host',
  },
  disconnect: {
    place: 'none',
    settings: moment,
    needs: ['after', 'every'],
    says: 'all connections break after so many commands',
  },
  crash: {
    place: 'none',
    settings: moment,
    needs: ['after', 'every'],
    says: 'the device restarts after so many commands: whatever was loaded is gone',
  },
} as const satisfies { readonly [name: string]: Kind };
export type FaultKind = keyof typeof FAULT_KINDS;

export interface CorePlace {
  readonly chip: number;
  readonly core: number;
}
export type Place =
  | { readonly kind: 'drawn' }
  | ({ readonly kind: 'core' } & CorePlace)
  | ({ readonly kind: 'weights' } & CorePlace & {
        readonly block?: number | undefined;
        readonly row?: number | undefined;
        readonly column?: number | undefined;
      })
  /** `from` undefined: the host. */
  | { readonly kind: 'link'; readonly from: CorePlace | undefined; readonly to: CorePlace };

type Settings = {
  readonly [S in 'bits' | 'to' | 'share' | 'steps' | 'ms' | 'after' | 'every']?: number | undefined;
};
export interface Fault {
  readonly kind: FaultKind;
  readonly spec: string;
  readonly place: Place;
  readonly settings: Settings;
}

const PLACES: { readonly [P in PlaceKind]: string } = {
  weights: 'CHIP:CORE, CHIP:CORE:BLOCK or CHIP:CORE:BLOCK:ROW:COLUMN',
  core: 'CHIP:CORE',
  link: 'CHIP:CORE>CHIP:CORE or host>CHIP:CORE',
  none: 'nothing',
};

/** The fault, or what is wrong with its text. */
export function parseFault(spec: string): Fault | string {
  const [, name = '', place, settings] = /^([^@:]*)(?:@([^=]*?))?(?::([a-z]+=.*|[^:>]*))?$/.exec(spec) ?? [];
  if (!Object.hasOwn(FAULT_KINDS, name))
    return `no fault is called "${name}"; there are ${Object.keys(FAULT_KINDS).join(', ')}`;
  const kind = name as FaultKind;
  const row: Kind = FAULT_KINDS[kind];
  // A bare number behind a place of numbers is part of the place.
  const split = place !== undefined && settings !== undefined && !settings.includes('=');
  const where = parsePlace(split ? `${place}:${settings}` : place, row.place);
  if (typeof where === 'string') return where;
  const values = parseSettings(split ? undefined : settings, row);
  return typeof values === 'string' ? values : { kind, spec, place: where, settings: values };
}

function parsePlace(text: string | undefined, kind: PlaceKind): Place | string {
  if (text === undefined) return { kind: 'drawn' };
  const problem = `it takes ${PLACES[kind]} behind @, not "${text}"`;
  if (kind === 'link') {
    const [from, to, ...more] = text.split('>').map(end => (end === 'host' ? undefined : numbersOf(end)));
    if (to === undefined || to.length !== 2 || more.length > 0 || (from !== undefined && from.length !== 2))
      return problem;
    const place = ([chip, core]: readonly number[]): CorePlace => ({ chip: chip!, core: core! });
    return { kind, from: from && place(from), to: place(to) };
  }
  const numbers = numbersOf(text);
  const [chip, core, block, row, column] = numbers;
  if (kind === 'core' && numbers.length === 2) return { kind, chip: chip!, core: core! };
  if (kind === 'weights' && [2, 3, 5].includes(numbers.length))
    return { kind, chip: chip!, core: core!, block, row, column };
  return problem;
}

/** Empty where it is no list of whole numbers. */
const numbersOf = (text: string): readonly number[] =>
  /^\d{1,9}(:\d{1,9})*$/.test(text) ? text.split(':').map(Number) : [];

function parseSettings(text: string | undefined, { settings, bare, needs = [] }: Kind) {
  const values: Record<string, number | undefined> = {};
  for (const [name, { otherwise }] of Object.entries(settings)) values[name] = otherwise;
  for (const part of text === undefined || text === '' ? [] : text.split(',')) {
    const [name, number] = part.includes('=') ? part.split('=', 2) : [bare ?? '', part];
    const setting = settings[name ?? ''];
    const known = Object.keys(settings).join(', ') || 'none';
    if (setting === undefined) return `"${part}" is no setting of it; it has: ${known}`;
    const value = /^[\d.]+(e-?\d+)?$/.test(number ?? '') ? Number(number) : Number.NaN;
    const { from, to, isWhole } = setting;
    if (!(value >= from && value <= to) || (isWhole && !Number.isInteger(value)))
      return `${name} is a ${isWhole ? 'whole ' : ''}number from ${from} to ${to}, not "${number}"`;
    values[name!] = value;
  }
  const isThere = needs.length === 0 || needs.some(name => values[name] !== undefined);
  return isThere ? values : `it needs ${needs.join(' or ')}`;
}
