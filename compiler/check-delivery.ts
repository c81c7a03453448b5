/**
 * Proves on the finished tables that each spike reaches exactly its tiles, at its step. Walks every route into
 * every core as the chip would and compares, position by position of every operand of every tile, the neuron that
 * arrives with the one that the integer network names. Run on every compile, on tables decoded from the chips' bytes.
 *
 * Errors  a wrong table is our own fault: defect
 * Cost    linear in deliveries; one core's inboxes at a time are in memory
 */
import type { Box, ChipProgram } from '../backends/program/program.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../ir/dialect.ts';
import type { IntGraph, IntOf } from '../ir/int.ts';
import { expandMap, HOLE } from '../ir/map.ts';
import { createTablesReader, type DeliveryTables, HOST_TILE } from './delivery-tables.ts';
import { createExpectations, type Expectations, HOST_SOURCE, type Inbox } from './expected-arrivals.ts';
import { boxSize } from './mapping/tiles.ts';

export interface DeliveryProof {
  readonly routes: number;
  readonly deliveries: number;
}

export function checkDelivery(programs: Iterable<ChipProgram>, network: IntGraph): DeliveryProof {
  const reader = createTablesReader();
  for (const program of programs) reader.add(program);
  return proveDelivery(reader.done(), network);
}

export function proveDelivery(tables: DeliveryTables, network: IntGraph): DeliveryProof {
  const populations = network.nodes.filter(node => node.kind === 'population');
  checkCoverage(tables, populations);
  const expectations = createExpectations(network, populations);
  const walk = createWalk(tables, populations, expectations);
  const cores = tables.routesOf.length - 1;
  let deliveries = 0;
  for (let core = 0; core < cores; core++) deliveries += walk(core);
  return { routes: tables.route.source.length, deliveries };
}

/** Everything that a core is sent, checked against its inboxes. Gives how many positions were reached. */
function createWalk(
  tables: DeliveryTables,
  populations: readonly IntOf<'population'>[],
  expectations: Expectations,
): (core: number) => number {
  const { route, target, boxes, population, depth } = tables;
  const expand = createExpander(tables);
  const neuronsOf = createNeurons(tables, populations);
  return core => {
    const first = tables.tilesOf[core]!;
    const inboxes = Array.from({ length: tables.tilesOf[core + 1]! - first }, (_, i) =>
      expectations.inboxesOf(population[first + i]!, boxes[first + i]!),
    );
    let reached = 0;
    for (let r = tables.routesOf[core]!; r < tables.routesOf[core + 1]!; r++) {
      const source = route.source[r]!;
      const from = source === HOST_TILE ? HOST_SOURCE : population[source]!;
      const sentAt = source === HOST_TILE ? 0 : depth[source]!;
      const neurons = neuronsOf(source);
      const sent = route.elements[r] === -1 ? undefined : expand(route.elements[r]!);
      const axon = tables.axonsOf[core]! + route.axon[r]!;
      for (let t = tables.targetsOf[axon]!; t < tables.targetsOf[axon + 1]!; t++) {
        const tile = target.tile[t]!;
        const own = inboxes[tile] ?? defect(`core has no tile ${tile}`);
        if (!tables.isStreaming) checkTime(sentAt, target.delay[t]!, depth[first + tile]!);
        const inbox = findInbox(own, target.gather[t]!, target.side[t]!, from);
        reached += deliver(own, inbox, expand(target.map[t]!), neurons, sent);
      }
    }
    for (const own of inboxes) for (const inbox of own) checkFull(inbox);
    return reached;
  };
}

function checkTime(sentAt: number, delay: number, usedAt: number): void {
  if (sentAt + 1 + delay !== usedAt)
    defect(`a spike sent at depth ${sentAt} is used ${1 + delay} steps later by a tile of depth ${usedAt}`);
}

/** The first operand of that gather and side which hears that source; a relay may hear it twice. */
function findInbox(inboxes: readonly Inbox[], gather: number, side: number, source: number): number {
  for (let i = 0; i < inboxes.length; i++) {
    const inbox = inboxes[i]!;
    if (inbox.gather === gather && inbox.side === side && inbox.source === source) return i;
  }
  return defect(`population ${source} has no business with gather ${gather} side ${side}`);
}

/** One message from every neuron that is sent. Gives how many positions they reach. */
function deliver(
  inboxes: readonly Inbox[],
  first: number,
  map: Int32Array,
  neurons: Int32Array,
  sent: Int32Array | undefined,
): number {
  const { wanted, isFed } = inboxes[first]!;
  const count = sent === undefined ? neurons.length : sent.length;
  let reached = 0;
  for (let i = 0; i < count; i++) {
    const local = sent === undefined ? i : sent[i]!;
    const position = map[local]!;
    if (position === HOLE) continue;
    if (wanted[position] === neurons[local] && isFed[position] === 0) isFed[position] = 1;
    else deliverElsewhere(inboxes, first, position, neurons[local]!);
    reached += 1;
  }
  return reached;
}

/** Into a further operand of the same gather, side and source. */
function deliverElsewhere(inboxes: readonly Inbox[], first: number, position: number, neuron: number): void {
  const { gather, side, source, wanted, isFed } = inboxes[first]!;
  const others = inboxes
    .slice(first + 1)
    .filter(other => other.gather === gather && other.side === side && other.source === source);
  for (const other of others) {
    if (other.wanted[position] !== neuron || other.isFed[position] === 1) continue;
    other.isFed[position] = 1;
    return;
  }
  const place = `position ${position} of gather ${gather} side ${side}`;
  if (wanted[position] === neuron && isFed[position] === 1) defect(`${place} is fed twice`);
  defect(`${place}: fed by neuron ${neuron}, should be ${wanted[position]}`);
}

/** Every position is fed that the network's view names a neuron for. */
function checkFull({ gather, side, wanted, isFed }: Inbox): void {
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] !== HOLE && isFed[i] === 0)
      defect(`position ${i} of gather ${gather} side ${side} is never fed by neuron ${wanted[i]}`);
  }
}

/** Elements of lists that are kept, at most. */
const KEPT = 2 ** 25;

/** Maps by number, as lists. */
function createExpander({ maps }: DeliveryTables): (map: number) => Int32Array {
  return keepLast(number => expandMap(maps[number]!));
}

function keepLast(make: (key: number) => Int32Array): (key: number) => Int32Array {
  let kept = new Map<number, Int32Array>();
  let size = 0;
  return key => {
    const known = kept.get(key);
    if (known !== undefined) return known;
    const list = make(key);
    if (size > KEPT) {
      kept = new Map();
      size = 0;
    }
    kept.set(key, list);
    size += list.length;
    return list;
  };
}

/** Neurons of a source tile, by their numbers within the population; the host's are the elements of the image. */
function createNeurons(
  { boxes, population, inputSize }: DeliveryTables,
  populations: readonly IntOf<'population'>[],
): (tile: number) => Int32Array {
  return keepLast(tile =>
    tile === HOST_TILE
      ? Int32Array.from({ length: inputSize }, (_, i) => i)
      : globalNeurons(boxes[tile]!, populations[population[tile]!]!),
  );
}

function globalNeurons(box: Box, population: IntOf<'population'>): Int32Array {
  const [, rows, channels] = population.type.shape as [number, number, number];
  const out = new Int32Array(boxSize(box));
  let at = 0;
  for (let g = box.group[0]; g < box.group[1]; g++) {
    for (let r = box.row[0]; r < box.row[1]; r++) {
      for (let c = box.channel[0]; c < box.channel[1]; c++) out[at++] = (g * rows + r) * channels + c;
    }
  }
  return out;
}

/** Every neuron of every population lives in exactly one tile. */
function checkCoverage(
  { population, boxes }: DeliveryTables,
  populations: readonly IntOf<'population'>[],
): void {
  const tiles: Box[][] = populations.map(() => []);
  boxes.forEach((box, i) => {
    tiles[population[i]!]!.push(box);
  });
  populations.forEach((node, p) => {
    const seen = new Uint8Array(sizeOf(node.type.shape));
    for (const box of tiles[p]!) {
      for (const neuron of globalNeurons(box, node)) {
        if (seen[neuron] === 1) defect(`neuron ${neuron} of a population lives in two tiles`);
        seen[neuron] = 1;
      }
    }
    if (seen.includes(0)) defect('a neuron lives in no tile');
  });
}
