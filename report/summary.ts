/** summary.txt: a report on one screen, 24 lines of 80 columns at most. */
import type { Report } from './schema.ts';
import { bigNumber, energyRange, percentOf, seconds } from './units.ts';
import { shortWhatIf } from './what-if.ts';

export const WIDTH = 80;
export const LINES = 24;
const LABEL = 12;

type Row = readonly [label: string, text: string];

export function renderSummary(report: Report): string {
  const rows: readonly Row[] = [
    ...modelRows(report),
    ...answerRows(report),
    ...timeRows(report),
    ...energyRows(report),
    ...mappingRows(report),
    ...report.alternatives.changes.map(
      (change, i): Row => [i === 0 ? 'what if' : '', shortWhatIf(change, WIDTH - LABEL)],
    ),
    ['verified', report.verdict.verified],
  ];
  const [, energy = '', silicon = ''] = report.provenance.notes;
  const last: readonly Row[] = [['', silicon]];
  const room = LINES - last.length - rows.length;
  const note = wrap(energy, WIDTH - LABEL).map((text, i): Row => [i === 0 ? 'note' : '', text]);
  return `${[...rows, ...note.slice(0, room), ...last].map(lineOf).join('\n')}\n`;
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Cut at a word where it is longer than the screen is wide; report.json has all of it. */
function lineOf([label, text]: Row): string {
  const line = `${label.padEnd(LABEL)}${text}`.trimEnd();
  if (line.length <= WIDTH) return line;
  const cut = line.slice(0, WIDTH - 1);
  const space = cut.lastIndexOf(' ');
  return `${cut.slice(0, space > LABEL ? space : cut.length)}…`;
}

/** Small shares are not none. */
const fine = (share: number): string =>
  share > 0 && share < 0.1 ? `${(100 * share).toPrecision(1)} %` : percentOf(share);

const percent = (x: number | null, digits = 1): string =>
  x === null ? 'unknown' : `${(100 * x).toFixed(digits)} %`;

function modelRows({ header, verdict, quality }: Report): readonly Row[] {
  const { cores, chips, binding, coresBound } = verdict;
  const shares = Object.entries(coresBound).toSorted((a, b) => b[1] - a[1]);
  const bound = shares
    .map(([resource, n], i) => `${resource}${i === 0 ? ' on' : ''} ${bigNumber(n)}${i === 0 ? ' cores' : ''}`)
    .join(', ');
  const least = cores.least === null ? '' : `, at least ${bigNumber(cores.least)}`;
  return [
    [
      'model',
      `${header.model.file}: ${bigNumber(verdict.neurons)} neurons, ${verdict.populations} populations`,
    ],
    [
      'target',
      `${header.target.spec} ${verdict.fits ? 'fits it' : 'is too small'}: ${header.mode}, ${header.coding}, T = ${header.steps}`,
    ],
    [
      'cores',
      `${bigNumber(cores.used)} of ${bigNumber(cores.available)}${least}; chips ${bigNumber(chips.used)} of ${bigNumber(chips.available)}`,
    ],
    ['binds', `${bound}; fullest core: ${binding.resource} ${percentOf(binding.fill)}`],
    ...(quality.widths === null ? [] : [['widths', widthsText(quality.widths)] as const]),
  ];
}

function widthsText({ proved, calibrated, open, says }: NonNullable<Report['quality']['widths']>): string {
  if (LABEL + says.length <= WIDTH) return says;
  const rest = [
    [calibrated, 'by calibration'],
    [open, 'without headroom'],
  ] as const;
  const parts = rest.filter(([n]) => n > 0).map(([n, how]) => `, ${bigNumber(n)} ${how}`);
  return `${bigNumber(proved)} of ${bigNumber(proved + calibrated + open)} proved for any image${parts.join('')}`;
}

function answerRows({ verdict, eq30, accuracy, layers }: Report): readonly Row[] {
  const { float, integer, simulated, agreement, images, source, isCalibration } = verdict.accuracy;
  const given = source === 'synthetic' ? 'synthetic images' : 'calibration images';
  const kind = isCalibration ? given : `images of ${source}`;
  const on = `${bigNumber(images)} ${kind}`;
  const right =
    integer === null
      ? `agreement with float ${percent(agreement)}`
      : `float ${percent(float)}, integer ${percent(integer)}${simulated === null ? '' : `, chip ${percent(simulated)}`}`;
  const { paper, performed, integer: integers } = eq30.measured ?? eq30.predicted;
  const how = eq30.measured === null ? 'predicted' : 'measured';
  return [
    ['accuracy', `${right} (${on})`],
    ['logit error', `${accuracy.chosen.logitMse.toPrecision(3)} of their variance; ${saturatedText(layers)}`],
    [
      'Eq. 30',
      `paper ${paper.toFixed(3)}, performed ${performed?.toFixed(3) ?? '–'}, integer ${integers?.toFixed(3) ?? '–'}: ${how}`,
    ],
  ];
}

function saturatedText(layers: Report['layers']): string {
  const sums = layers.map(({ saturations: own }) => own && own.accumulator + own.state + own.threshold);
  const known = sums.filter((n): n is number => n !== null);
  if (known.length === 0) return 'saturations unknown';
  return `saturated ${bigNumber(known.reduce((a, b) => a + b, 0))} times in calibration`;
}

function timeRows({ verdict, time }: Report): readonly Row[] {
  const { latency, interval, throughput } = verdict;
  const timed = (s: number | null) => (s === null ? '' : `, ${seconds(s)} timed`);
  const rate = throughput.timed === null ? '' : `, ${bigNumber(throughput.timed)} timed`;
  const { compute, noc, barrier } = time.split;
  return [
    ['latency', `${latency.steps} steps, at least ${seconds(latency.seconds)}${timed(latency.timedSeconds)}`],
    [
      'throughput',
      `at most ${bigNumber(throughput.atMost)} images/s${rate}; one every ${interval.steps} step(s)`,
    ],
    [
      'step',
      `bound by compute ${percentOf(compute)}, network ${percentOf(noc)}, barrier ${percentOf(barrier)} of the time`,
    ],
  ];
}

function energyRows({ energy }: Report): readonly Row[] {
  const [first] = energy.costSets;
  if (energy.band === null || first === undefined) return [['energy', 'unknown: no event has a price']];
  const parts = Object.entries(first.parts)
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, 2)
    .map(([part, pj]) => `${part} ${percentOf(pj / first.totalPj)}`);
  const ratios = energy.costSets.flatMap(({ ratio }) => (ratio === null ? [] : [ratio.low.toFixed(2)]));
  const standing = Object.entries(first.standing.stream.parts).map(
    ([part, pj]) => `${part} ${energyRange(pj, pj)}`,
  );
  return [
    ['energy', `${energyRange(energy.band.low, energy.band.high)} an image, dynamic: ${parts.join(', ')}`],
    ['', [`÷ 8-bit network ${ratios.join(', ') || 'unknown'}`, ...standing].join('; ')],
  ];
}

function mappingRows({ traffic, quality }: Report): readonly Row[] {
  const [hottest] = traffic.hottest;
  const share = hottest?.share == null ? '' : ` (${fine(hottest.share)} full)`;
  const { own, baselines, lowerBound, gap } = quality;
  const chips =
    traffic.interChip.messages === 0 ? '' : `; ${percentOf(traffic.interChip.share)} between chips`;
  const cost = `cost ${short(own.cost)}, Hilbert + forces ${short(baselines.hilbertForce.cost)}`;
  return [
    ['traffic', `${short(traffic.messages)} messages, ${short(traffic.hops)} hops an image${chips}`],
    ...(hottest === undefined
      ? []
      : [['links', `hottest ${short(hottest.messages)} messages an image${share}`] as const]),
    ['placement', `${cost}, at least ${short(lowerBound)}: gap ${percentOf(gap)}`],
  ];
}

/** Of thousands every digit, of millions three. */
const short = (n: number): string => {
  const scale = SCALES.find(([from]) => n >= from);
  return scale === undefined ? bigNumber(n) : `${(n / scale[0]).toPrecision(3)} ${scale[1]}`;
};
const SCALES = [
  [1e9, 'G'],
  [1e6, 'M'],
] as const;
