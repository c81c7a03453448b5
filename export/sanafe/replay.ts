/**
 * What was sent in a run, as spikes without payload: every payload that a neuron ever sent becomes a binary neuron of its
 * own, one for each threshold and sign of a multi-threshold neuron, one for each value of a graded one.
 */
import type { ChipProgram, HostInput } from '../../backends/program/program.ts';
import { expandMap, HOLE } from '../../ir/map.ts';
import { batchOf, hostValue } from '../../runtime-sim/messages.ts';
import { createSimulator } from '../../runtime-sim/simulator.ts';
import { splitTerms } from '../../runtime-sim/spikes.ts';
import { boxSizes, type TileState } from '../../runtime-sim/state.ts';

/** Binary neurons in the order of (neuron, payload). Those of one sender: a tile, or the host. */
export interface Senders {
  /** Number within the tile, or element of the image. */
  readonly neuron: Int32Array;
  readonly payload: Int32Array;
  /** Timesteps in which binary neuron b spikes: times[starts[b]] … times[starts[b + 1] − 1], ascending. */
  readonly starts: Int32Array;
  readonly times: Int32Array;
}

export interface Replay {
  /** By tile number. */
  readonly tiles: readonly Senders[];
  readonly host: Senders;
}

interface EventLog {
  readonly neuron: number[];
  readonly payload: number[];
  readonly time: number[];
}
const createLog = (): EventLog => ({ neuron: [], payload: [], time: [] });

/** Image m starts `interval` timesteps after the one before it, as in a stream. Cost: that of the run. */
export function recordSpikes(
  programs: readonly ChipProgram[],
  tiles: readonly TileState<unknown>[],
  images: readonly Float64Array[],
): Replay {
  const { header } = programs[0]!;
  const input = programs.find(p => p.input !== undefined)!.input!;
  const logs = tiles.map(createLog);
  const host = createLog();
  const byPopulation = header.populations.map((_, p) => tiles.filter(tile => tile.program.population === p));
  images.forEach((image, m) => {
    recordHost(host, image, input, header, m * header.interval);
  });
  const simulator = createSimulator(programs, { workers: 1 });
  simulator.run(images, (m, step, population, { values }) => {
    const start = m * header.interval + (step - 1) * header.period;
    for (const tile of byPopulation[population]!) recordTile(logs[tile.number]!, tile, values, header, start);
  });
  simulator.close();
  return { tiles: logs.map(sendersOf), host: sendersOf(host) };
}

function recordTile(
  log: EventLog,
  { program, members }: TileState<unknown>,
  all: Int32Array,
  header: ChipProgram['header'],
  start: number,
): void {
  const { emit } = program;
  if (emit.kind === 'readout') return;
  const values = Int32Array.from(members, member => all[member]!);
  const batch = batchOf({ values, terms: new Uint8Array(values.length) });
  const { neurons, payloads } = emit.kind === 'mt' ? splitTerms(batch, emit.levels) : batch;
  const [, rows, channels] = boxSizes(program.box);
  for (let e = 0; e < neurons.length; e++) {
    const row = header.mode === 'streaming' ? Math.floor(neurons[e]! / channels) % rows : 0;
    log.neuron.push(neurons[e]!);
    log.payload.push(payloads[e]!);
    log.time.push(start + program.depth + row);
  }
}

/** In coding `rate` the host sends the image in every step. */
function recordHost(
  log: EventLog,
  image: Float64Array,
  { fraction, steps }: HostInput,
  header: ChipProgram['header'],
  start: number,
): void {
  const rows = steps === undefined ? undefined : expandMap(steps);
  const repeats = header.coding === 'rate' ? header.steps : 1;
  image.forEach((x, element) => {
    const payload = hostValue(x, fraction);
    if (payload === 0 || rows?.[element] === HOLE) return;
    for (let t = 0; t < repeats; t++) {
      log.neuron.push(element);
      log.payload.push(payload);
      log.time.push(start + t * header.period + (rows?.[element] ?? 0));
    }
  });
}

function sendersOf({ neuron, payload, time }: EventLog): Senders {
  const order = Uint32Array.from(neuron, (_, i) => i).sort(
    (a, b) => neuron[a]! - neuron[b]! || payload[a]! - payload[b]! || time[a]! - time[b]!,
  );
  const firsts = order.filter((event, i) => {
    const last = order[i - 1];
    return last === undefined || neuron[event] !== neuron[last] || payload[event] !== payload[last];
  });
  const starts = new Int32Array(firsts.length + 1);
  let binary = -1;
  order.forEach((event, i) => {
    if (event === firsts[binary + 1]) starts[++binary] = i;
  });
  starts[firsts.length] = order.length;
  return {
    neuron: Int32Array.from(firsts, event => neuron[event]!),
    payload: Int32Array.from(firsts, event => payload[event]!),
    starts,
    times: Int32Array.from(order, event => time[event]!),
  };
}
