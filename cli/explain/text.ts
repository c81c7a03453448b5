/** What was found about a thing of a deployment, for people. */
import type { Resource } from '../../backends/accounting.ts';
import { layoutTable } from '../../report/table.ts';
import { bigNumber as big, percentOf } from '../../report/units.ts';
import { describeWhatIf } from '../../report/what-if.ts';
import type { Console } from '../console.ts';
import type { Explained, Filled, Of } from './result.ts';

type Screen = Pick<Console, 'columns' | 'paint'>;

export function renderExplained(found: Explained, screen: Screen): string {
  switch (found.kind) {
    case 'population':
      return populationLines(found, screen).join('\n');
    case 'core':
      return coreLines(found, screen).join('\n');
    case 'limit':
      return limitLines(found, screen).join('\n');
    default:
      return overviewLines(found, screen).join('\n');
  }
}

/** What a limit counts, and what gives more of it, or asks less. */
const ABOUT: { readonly [R in Resource]: { readonly name: string; readonly levers: readonly string[] } } = {
  neurons: {
    name: 'neurons',
    levers: ['--mode streaming keeps the neurons of one token', '--favour cores packs tighter'],
  },
  stateWords: {
    name: 'state words',
    levers: ['--mode streaming keeps the state of one token', '--favour cores packs tighter'],
  },
  synapseWords: {
    name: 'synapse words',
    levers: ['fewer --bits', '--mode streaming stores each weight once'],
  },
  inAxons: {
    name: 'in-axons',
    levers: ['coarser cuts of what it reads', 'fewer --levels where spikes are binary'],
  },
  outAxonEntries: { name: 'out-axon entries', levers: ['coarser cuts of what reads it'] },
  groups: { name: 'neuron groups', levers: ['coarser cuts: fewer tiles, each larger'] },
  memoryBytes: {
    name: 'bytes of memory',
    levers: ['fewer --bits', '--mode streaming stores each weight once'],
  },
};

/** Those that are not in use already. */
const leversOf = (resource: Resource, { mode }: Explained): string =>
  ABOUT[resource].levers.filter(lever => !lever.startsWith(`--mode ${mode}`)).join('; ');
const nameOf = (resource: Resource): string => ABOUT[resource].name;

const BAR = 16;
function bar(share: number): string {
  const eighths = Math.round(8 * BAR * Math.min(1, Math.max(0, share)));
  const part = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8]!;
  return `${'█'.repeat(Math.floor(eighths / 8))}${part}`.padEnd(BAR, '·');
}

const whatIfLines = ({ whatIf, folder }: Explained, { paint }: Screen): readonly string[] =>
  whatIf.length === 0
    ? [
        '',
        `what if     not known here: \`snnc check MODEL --target TARGET\` maps the changes (${folder} has none)`,
      ]
    : [
        '',
        paint('bold', 'changes that were mapped when it was compiled'),
        ...whatIf.map(w => `  ${describeWhatIf(w)}`),
      ];

function fillTable(
  list: readonly Filled[],
  binding: Resource | undefined,
  { columns, paint }: Screen,
): readonly string[] {
  const rows = list.map(({ resource, used, available }) => {
    const share = used / available;
    return [
      `  ${nameOf(resource)}`,
      `${big(used)} of ${big(available)}`,
      `${bar(share)} ${percentOf(share)}`,
      resource === binding ? 'binds' : '',
    ];
  });
  return layoutTable([['  limit', 'used', 'fill', ''], ...rows], { columns })
    .slice(columns < 60 ? 0 : 1)
    .map(line => (line.endsWith('binds') ? `${line.slice(0, -5)}${paint('yellow', 'binds')}` : line));
}

const box = ([from, to]: readonly [number, number]): string =>
  to === from + 1 ? `${from}` : `${from}–${to - 1}`;

function coreLines(found: Of<'core'>, screen: Screen): readonly string[] {
  const { core, chip, router, slot, used, binding, tiles, roomFor, sendsTo, hearsFrom } = found;
  const bound = used.find(({ resource }) => resource === binding)!;
  const rows = tiles.map(({ population, tokens, channels, heads, alone, roomOn }) => {
    const own = alone.find(({ resource }) => resource === binding)!;
    return [`  ${population}`, box(tokens), box(channels), box(heads), big(own.used), `${big(roomOn)} cores`];
  });
  const free = bound.available - bound.used;
  return [
    `core ${screen.paint('bold', core)}   chip ${chip}, router ${router.join(',')}, slot ${slot}; sends to ${big(sendsTo)} cores, hears from ${big(hearsFrom)}`,
    '',
    ...fillTable(used, binding, screen),
    '',
    ...layoutTable(
      [['  tile of', 'tokens', 'channels', 'heads', `${nameOf(binding)}, alone`, 'room for it on'], ...rows],
      { columns: screen.columns },
    ),
    '',
    `binds       ${nameOf(binding)}: ${big(bound.used)} of ${big(bound.available)}, ${big(free)} free; of the tiles of other cores ${big(roomFor)} would fit beside these, sharing nothing`,
    `to change   ${leversOf(binding, found)}`,
    ...whatIfLines(found, screen),
  ];
}

function populationLines(found: Of<'population'>, screen: Screen): readonly string[] {
  const { name, origin, shape, neurons, rate, theta, levels, cores, cuts, tile, reads, readBy } = found;
  const [heads, tokens, channels] = shape as [number, number, number];
  const fires = theta === null ? found.emit : `θ = 2^−${theta}, ${levels} thresholds a sign`;
  const taken = cuts.find(cut => cut.isTaken)!;
  const bound = tile.reduce((a, b) => (b.used / b.available > a.used / a.available ? b : a));
  const shown = cores.slice(0, MOST_CORES);
  return [
    `population ${screen.paint('bold', name)}   from ${origin}`,
    `is          ${found.function} of ${heads} heads × ${tokens} tokens × ${channels} channels, ${big(neurons)} neurons; ${fires}; ${percentOf(rate)} of them send in a step`,
    `reads       ${listed(reads)}`,
    `read by     ${listed(readBy)}`,
    `cut         ${cutText(taken.cut)}: ${big(taken.tiles)} tile(s) on ${big(cores.length)} core(s)`,
    '',
    'the largest tile, on a core of its own',
    ...fillTable(tile, bound.resource, screen),
    '',
    ...layoutTable(
      [
        ['  on core', 'tiles', 'binds there', 'beside'],
        ...shown.map(({ core, tiles, binding, with: others }) => [
          ...[`  ${core}`, big(tiles), amount(binding), listed(others)],
        ]),
      ],
      screen,
    ),
    ...(cores.length > MOST_CORES
      ? [`  and ${big(cores.length - MOST_CORES)} more (--json lists them)`]
      : []),
    '',
    ...layoutTable(
      [
        ['  cut', 'tiles', 'the largest takes', 'messages in, a step', ''],
        ...cuts.map(({ cut, isTaken, tiles, fits, binding, messages }) => [
          `${isTaken ? '→' : ' '} ${cutText(cut)}`,
          big(tiles),
          amount(binding),
          messages === null ? '' : big(messages),
          isTaken ? 'taken' : fits ? 'fits' : 'does not fit',
        ]),
      ],
      screen,
    ),
    '',
    `to change   ${leversOf(bound.resource, found)}`,
    ...whatIfLines(found, screen),
  ];
}

const MOST_CORES = 12;
const MOST_NAMES = 6;
const listed = (names: readonly string[]): string =>
  names.length === 0
    ? 'nothing else'
    : names.length <= MOST_NAMES
      ? names.join(', ')
      : `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length - MOST_NAMES} more`;

const cutText = ({ tokens, channels, heads }: { tokens: number; channels: number; heads: number }): string =>
  `${tokens} of tokens × ${channels} of channels × ${heads} of heads`;

const amount = ({ resource, used, available }: Filled): string =>
  `${nameOf(resource)} ${big(used)} of ${big(available)} (${percentOf(used / available)})`;

function limitLines(found: Of<'limit'>, screen: Screen): readonly string[] {
  const {
    resource,
    available,
    figure,
    cores,
    bound,
    used,
    leastCores,
    histogram,
    fullest,
    populations,
    behind,
  } = found;
  const from = figure === null ? [] : [`is          ${figure.status}: ${figure.source}`];
  const most = Math.max(...histogram);
  return [
    `limit ${screen.paint('bold', nameOf(resource))}   ${big(available)} a core`,
    ...from,
    `used        ${big(used)} of ${big(cores * available)} on ${big(cores)} core(s), ${percentOf(used / (cores * available))}; by this limit alone ${big(leastCores)} core(s) would do`,
    `binds       ${big(bound)} of ${big(cores)} core(s)`,
    ...(behind.length === 0
      ? []
      : [
          `without it  ${behind.map(b => `${nameOf(b.resource)} would bind ${big(b.cores)}`).join(', ')} of them`,
        ]),
    '',
    'cores by how full they are of it',
    ...histogram.map((n, i) =>
      `  ${`${10 * i}–${10 * (i + 1)} %`.padEnd(10)}${
        n === 0
          ? ''
          : `${bar(n / most)
              .replaceAll('·', '')
              .padEnd(1, '▏')} ${big(n)}`
      }`.trimEnd(),
    ),
    '',
    ...layoutTable(
      [
        ['  fullest', 'used', 'fill', 'holds'],
        ...fullest.map(f => [
          `  ${f.core}`,
          big(f.used),
          percentOf(f.used / available),
          listed(f.populations),
        ]),
      ],
      screen,
    ),
    '',
    ...layoutTable(
      [
        ['  population', 'its tiles, each alone', 'tiles'],
        ...populations.map(p => [`  ${p.name}`, big(p.used), big(p.tiles)]),
      ],
      screen,
    ),
    '',
    `to change   ${leversOf(resource, found)}; a board or chip with more: \`snnc targets\``,
    ...whatIfLines(found, screen),
  ];
}

function overviewLines(found: Of<'overview'>, screen: Screen): readonly string[] {
  const { folder, target, cores, limits, populations } = found;
  return [
    `${screen.paint('bold', folder)}   ${target}, ${big(cores)} core(s)`,
    '',
    ...layoutTable(
      [
        ['  limit', 'a core', 'binds', 'on average', 'fullest'],
        ...limits.map(({ resource, available, bound, fullest, mean }) => [
          ...[`  ${resource}`, big(available), `${big(bound)} core(s)`],
          ...[percentOf(mean / available), `${bar(fullest / available)} ${percentOf(fullest / available)}`],
        ]),
      ],
      screen,
    ),
    '',
    ...layoutTable(
      [
        ['  population', 'tiles', 'cores', 'from'],
        ...populations.map(p => [`  ${p.name}`, big(p.tiles), big(p.cores), p.origin]),
      ],
      screen,
    ),
    '',
    `more        snnc explain ${folder} ${populations[0]?.name ?? 'POPULATION'} · snnc explain ${folder} 0:0 · snnc explain ${folder} ${limits[0]?.resource ?? 'LIMIT'}`,
    ...whatIfLines(found, screen),
  ];
}
