/**
 * What no placement can cost less than: clusters of flows from some nodes to some others, each bounded by its spectrum
 * (spectrum.ts), and stars of what is left (stars.ts). A flow counts in one cluster or in its two stars, never in both,
 * so that the sum is a bound.
 *
 * Cost  bounded: so many clusters are tried, of so many nodes
 */
import { bothWays, type Flows, makeFlows, type Seats } from './problem.ts';
import { clusterBound } from './spectrum.ts';
import { nearestDistances, slotsOf, starBound } from './stars.ts';

/** Flows out of and into nodes, and which of them still count in stars. */
interface Rest {
  readonly out: Flows;
  /** By receiver: numbers of flows, and their senders. */
  readonly into: { readonly start: Int32Array; readonly flow: Int32Array; readonly from: Int32Array };
  readonly isClustered: Uint8Array;
  readonly distances: Float64Array;
}

/** Twice the cost of a node's star: what is left of its flows, heaviest first, to the nearest seats. */
function starOf({ out, into, isClustered, distances }: Rest, node: number): number {
  const byPartner = new Map<number, number>();
  const add = (partner: number, flow: number) => {
    if (isClustered[flow] === 0) byPartner.set(partner, (byPartner.get(partner) ?? 0) + out.weight[flow]!);
  };
  for (let i = out.start[node]!; i < out.start[node + 1]!; i++) add(out.to[i]!, i);
  for (let i = into.start[node]!; i < into.start[node + 1]!; i++) add(into.from[i]!, into.flow[i]!);
  const weights = Float64Array.from(byPartner.values()).sort();
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[weights.length - 1 - i]! * distances[i]!;
  return sum;
}

function restOf(out: Flows, seats: Seats): Rest {
  const nodes = out.start.length - 1;
  const start = new Int32Array(nodes + 1);
  for (const node of out.to) start[node + 1]!++;
  for (let n = 0; n < nodes; n++) start[n + 1]! += start[n]!;
  const next = start.slice(0, nodes);
  const flow = new Int32Array(out.to.length);
  const from = new Int32Array(out.to.length);
  let degree = 0;
  for (let node = 0; node < nodes; node++) {
    for (let i = out.start[node]!; i < out.start[node + 1]!; i++) {
      const at = next[out.to[i]!]!++;
      flow[at] = i;
      from[at] = node;
    }
  }
  for (let n = 0; n < nodes; n++)
    degree = Math.max(degree, out.start[n + 1]! - out.start[n]! + start[n + 1]! - start[n]!);
  const distances = nearestDistances(seats, Math.min(degree, nodes));
  return { out, into: { start, flow, from }, isClustered: new Uint8Array(out.to.length), distances };
}

/** Of a cluster: nodes on either side, at most; larger ones are taken in pieces. */
const MOST_NODES = 32;
/** Clusters that are tried, and flows that are looked at for them. */
const MOST_TRIES = 2000;
const MOST_LOOKS = 2e7;

export function lowerBound(flows: Flows, seats: Seats): number {
  const nodes = flows.start.length - 1;
  const rest = restOf(flows, seats);
  const slots = slotsOf(seats);
  const stars = Float64Array.from({ length: nodes }, (_, node) => starOf(rest, node));
  const tried = new Set<string>();
  const looks = { left: MOST_LOOKS };
  let clusters = 0;
  for (let node = 0; node < nodes; node++) {
    for (let i = flows.start[node]!; i < flows.start[node + 1]!; i++) {
      if (tried.size === MOST_TRIES || looks.left <= 0) break;
      if (rest.isClustered[i] === 1) continue;
      const found = clusterAround(rest, node, flows.to[i]!, looks);
      if (found === undefined || tried.has(found.key)) continue;
      tried.add(found.key);
      clusters += takeCluster(rest, stars, found, slots);
    }
  }
  const alone = starBound(bothWays(nodes, flows), rest.distances);
  return Math.max(alone, clusters + starBound(bothWays(nodes, unclustered(rest)), rest.distances));
}

function unclustered({ out, isClustered }: Rest): Flows {
  const left = Int32Array.from(out.to.keys()).filter(flow => isClustered[flow] === 0);
  const from = new Int32Array(out.to.length);
  for (let node = 0; node + 1 < out.start.length; node++)
    from.fill(node, out.start[node], out.start[node + 1]);
  return makeFlows(
    out.start.length - 1,
    left.map(flow => from[flow]!),
    left.map(flow => out.to[flow]!),
    Float64Array.from(left, flow => out.weight[flow]!),
  );
}

interface Cluster {
  readonly key: string;
  readonly nodes: readonly number[];
  /** Flows between them, and their ends by place in `nodes`. */
  readonly flows: readonly { readonly flow: number; readonly from: number; readonly to: number }[];
}

/** Some who send to `to`, some to whom `from` sends, and all flows that are left from those to these. */
function clusterAround(
  { out, into, isClustered }: Rest,
  from: number,
  to: number,
  looks: { left: number },
): Cluster | undefined {
  const receivers = [to];
  for (let i = out.start[from]!; i < out.start[from + 1]! && receivers.length < MOST_NODES; i++)
    if (isClustered[i] === 0 && out.to[i] !== to) receivers.push(out.to[i]!);
  const isReceiver = new Set(receivers);
  const senders: number[] = [];
  for (let i = into.start[to]!; i < into.start[to + 1]! && senders.length < MOST_NODES; i++) {
    const sender = into.from[i]!;
    if (isClustered[into.flow[i]!] === 1 || isReceiver.has(sender)) continue;
    let shared = 0;
    for (let k = out.start[sender]!; k < out.start[sender + 1]!; k++)
      if (isClustered[k] === 0 && isReceiver.has(out.to[k]!)) shared++;
    looks.left -= out.start[sender + 1]! - out.start[sender]!;
    // One that sends to few of them would only loosen the cluster.
    if (2 * shared >= receivers.length) senders.push(sender);
  }
  const nodes = [...senders, ...receivers];
  if (senders.length < 2 || receivers.length < 2) return undefined;
  const place = new Map(nodes.map((node, i) => [node, i]));
  const flows = senders.flatMap((sender, i) =>
    Array.from({ length: out.start[sender + 1]! - out.start[sender]! }, (_, k) => out.start[sender]! + k)
      .filter(k => isClustered[k] === 0 && isReceiver.has(out.to[k]!))
      .map(flow => ({ flow, from: i, to: place.get(out.to[flow]!)! })),
  );
  const key = [senders, receivers].map(list => list.toSorted((a, b) => a - b).join(' ')).join('>');
  return { key, nodes, flows };
}

/** Takes the flows out of the stars if their bound as a cluster is higher; returns the cluster's bound, or 0. */
function takeCluster(rest: Rest, stars: Float64Array, { nodes, flows }: Cluster, slots: number): number {
  const n = nodes.length;
  const weights = new Float64Array(n * n);
  for (const { flow, from, to } of flows) {
    weights[from * n + to]! += rest.out.weight[flow]!;
    weights[to * n + from]! += rest.out.weight[flow]!;
  }
  const bound = clusterBound(weights, n, slots);
  for (const { flow } of flows) rest.isClustered[flow] = 1;
  const left = nodes.map(node => starOf(rest, node));
  const lost = nodes.reduce((sum, node, i) => sum + stars[node]! - left[i]!, 0) / 2;
  if (bound > lost) {
    for (const [i, node] of nodes.entries()) stars[node] = left[i]!;
    return bound;
  }
  for (const { flow } of flows) rest.isClustered[flow] = 0;
  return 0;
}
