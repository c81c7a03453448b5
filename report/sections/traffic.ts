/** What moves between cores: links with their load, who uses the hottest, how far messages go, what crosses chips. */
import type { Manifest } from '../../backends/manifest.ts';
import type { CoreFlows, Facts } from '../facts.ts';
import { round, roundColumn } from '../print.ts';
import { DIRECTIONS } from '../schema/motion.ts';
import type { Report } from '../schema.ts';

type Traffic = Report['traffic'];
type Core = Manifest['cores'][number];

const HOTTEST = 10;
const TOP_FLOWS = 20;
const USERS = 5;

export function trafficOf({ manifest, flows, links, ran, target }: Facts, intervalSeconds: number): Traffic {
  const { cores, placement } = manifest;
  const loads = links ?? loadsOf(flows, cores);
  const { linkMessage } = target.timing;
  const perSecond = linkMessage === undefined || linkMessage.value === 0 ? null : 1e9 / linkMessage.value;
  const { messages, hopsEastWest, hopsNorthSouth, chipMessages } = ran.totals;
  const histogram = histogramOf(flows, cores);
  const hops = hopsEastWest + hopsNorthSouth;
  const inside = messages - chipMessages;
  return {
    messages: round(messages),
    hops: round(hops),
    capacity:
      linkMessage === undefined || perSecond === null
        ? null
        : { messagesPerSecond: round(perSecond), status: linkMessage.status, source: linkMessage.source },
    links: linkColumns(loads),
    borders: bordersOf(flows, cores),
    hottest: hottestOf(loads, flows, cores, perSecond === null ? null : perSecond * intervalSeconds),
    hopsHistogram: roundColumn(histogram),
    averageHops: inside <= 0 ? null : round(hops / inside),
    longestPath: placement.longestPath,
    interChip: { messages: round(chipMessages), share: messages === 0 ? 0 : round(chipMessages / messages) },
    flows: { count: flows.messages.length, top: topOf(flows, cores) },
  };
}

/** Links as runtime-sim/state.ts numbers them: chip, row, column, direction. */
const WIDTH = 64;
const linkNumber = (chip: number, x: number, y: number, direction: number): number =>
  ((chip * WIDTH + y) * WIDTH + x) * 4 + direction;

function placeOfLink(link: number) {
  const router = Math.floor(link / 4);
  const line = Math.floor(router / WIDTH);
  return { chip: Math.floor(line / WIDTH), x: router % WIDTH, y: line % WIDTH, direction: link % 4 };
}

/** Links on the way between two cores of a chip, X first, then Y. */
function* pathOf(from: Core, to: Core): Generator<number> {
  let { x, y } = from;
  for (; x !== to.x; x += Math.sign(to.x - x)) yield linkNumber(from.chip, x, y, to.x > x ? 0 : 1);
  for (; y !== to.y; y += Math.sign(to.y - y)) yield linkNumber(from.chip, x, y, to.y > y ? 2 : 3);
}

function loadsOf({ from, to, messages }: CoreFlows, cores: readonly Core[]): ReadonlyMap<number, number> {
  const loads = new Map<number, number>();
  for (let i = 0; i < messages.length; i++) {
    const [a, b] = [cores[from[i]!]!, cores[to[i]!]!];
    if (a.chip !== b.chip) continue;
    for (const link of pathOf(a, b)) loads.set(link, (loads.get(link) ?? 0) + messages[i]!);
  }
  return loads;
}

function linkColumns(loads: ReadonlyMap<number, number>): Traffic['links'] {
  const used = [...loads].filter(([, load]) => load > 0).toSorted((a, b) => a[0] - b[0]);
  const places = used.map(([link]) => placeOfLink(link));
  return {
    chip: places.map(p => p.chip),
    x: places.map(p => p.x),
    y: places.map(p => p.y),
    direction: places.map(p => p.direction),
    messages: roundColumn(used.map(([, load]) => load)),
  };
}

function bordersOf({ from, to, messages }: CoreFlows, cores: readonly Core[]): Traffic['borders'] {
  const sums = new Map<string, { readonly from: number; readonly to: number; messages: number }>();
  for (let i = 0; i < messages.length; i++) {
    const [a, b] = [cores[from[i]!]!.chip, cores[to[i]!]!.chip];
    if (a === b) continue;
    const sum = sums.get(`${a} ${b}`) ?? { from: a, to: b, messages: 0 };
    sums.set(`${a} ${b}`, sum);
    sum.messages += messages[i]!;
  }
  const list = [...sums.values()].toSorted((a, b) => a.from - b.from || a.to - b.to);
  return {
    from: list.map(border => border.from),
    to: list.map(border => border.to),
    messages: roundColumn(list.map(border => border.messages)),
  };
}

function hottestOf(
  loads: ReadonlyMap<number, number>,
  { from, to, layer, messages }: CoreFlows,
  cores: readonly Core[],
  capacity: number | null,
): Traffic['hottest'] {
  const hottest = [...loads].toSorted((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, HOTTEST);
  const users = new Map(hottest.map(([link]) => [link, new Map<number, number>()]));
  for (let i = 0; i < messages.length; i++) {
    const [a, b] = [cores[from[i]!]!, cores[to[i]!]!];
    if (a.chip !== b.chip) continue;
    for (const link of pathOf(a, b)) {
      const own = users.get(link);
      if (own !== undefined) own.set(layer[i]!, (own.get(layer[i]!) ?? 0) + messages[i]!);
    }
  }
  return hottest.map(([link, load]) => {
    const { direction, ...place } = placeOfLink(link);
    const most = [...users.get(link)!].toSorted((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, USERS);
    return {
      from: place,
      direction: DIRECTIONS[direction]!,
      messages: round(load),
      share: capacity === null || capacity === 0 ? null : round(load / capacity),
      users: most.map(([of, n]) => ({ layer: of, messages: round(n) })),
    };
  });
}

const hopsBetween = (a: Core, b: Core): number => Math.abs(a.x - b.x) + Math.abs(a.y - b.y);

function histogramOf({ from, to, messages }: CoreFlows, cores: readonly Core[]): readonly number[] {
  const counts: number[] = [];
  for (let i = 0; i < messages.length; i++) {
    const [a, b] = [cores[from[i]!]!, cores[to[i]!]!];
    if (a.chip !== b.chip) continue;
    const hops = hopsBetween(a, b);
    while (counts.length <= hops) counts.push(0);
    counts[hops]! += messages[i]!;
  }
  return counts;
}

function topOf({ from, to, layer, messages }: CoreFlows, cores: readonly Core[]): Traffic['flows']['top'] {
  const order = Array.from(messages.keys()).sort((a, b) => messages[b]! - messages[a]! || a - b);
  return order.slice(0, TOP_FLOWS).map(i => {
    const [a, b] = [cores[from[i]!]!, cores[to[i]!]!];
    const hops = a.chip === b.chip ? hopsBetween(a, b) : null;
    return { from: from[i]!, to: to[i]!, layer: layer[i]!, messages: round(messages[i]!), hops };
  });
}
