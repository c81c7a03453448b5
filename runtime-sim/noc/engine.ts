/**
 * One timestep on the network between cores, event by event in WebAssembly: what step.ts says, as reference.ts does it.
 *
 * Cost  one event for each output of a router that a message passes; memory for every port, queue and send, none for
 *       messages unless they are recorded
 */
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { KERNELS } from './kernels/binary.ts';
import { linkTicks, type Mesh, placeOf } from './mesh.ts';
import { createRoom, type Room } from './room.ts';
import { countMessages, portsOf, type SimulateStep, type StepTimes } from './step.ts';
import type { Fanouts, StepTraffic } from './traffic.ts';

/** Exports of kernels/mesh.assembly.ts; all but times are places in bytes, sizes and counts. */
interface Kernels {
  readonly sizeOf: (record: number) => number;
  readonly setMesh: (
    ...args: [slots: number, ports: number, router: number, core: number, ...number[]]
  ) => void;
  readonly setOutput: (at: number, latency: number, busy: number, next: number, core: number) => void;
  readonly setInput: (
    ...args: [
      at: number,
      queue: number,
      core: number,
      feeder: number,
      port: number,
      outputs: number,
      ...number[],
    ]
  ) => void;
  readonly setCore: (at: number, place: number, input: number, room: number, port: number) => void;
  readonly setArrays: (places: number, cores: number, count: number, heap: number, outputs: number) => void;
  readonly setLists: (starts: number, target: number, service: number) => void;
  readonly setRecords: (ready: number, entered: number, arrived: number, processed: number) => void;
  readonly run: (
    ...args: [
      ...[starts: number, gap: number, fanout: number, tail: number],
      ...[ids: number, host: number, hostLists: number, hostId: number],
    ]
  ) => number;
}

/** Records of the kernels, by the number that sizeOf knows them by. */
const RECORDS = { slot: 0, input: 1, output: 2, core: 3, place: 4, event: 5 } as const;
/** Byte offsets of what is read back. */
const CORE_FIELDS = { freeAt: 16, generated: 24, blocked: 32, serving: 40 } as const;
const OUTPUT_FIELDS = { messages: 40 } as const;

const atLeastOne = (ticks: number): number => Math.max(1, ticks);
const crossing = (latency: number, busy: number): number => Math.max(1, latency, busy);

/** A mesh in memory, for any number of steps. */
export interface StepEngine {
  /** Errors: E0730, E0731. */
  run(fanouts: Fanouts, traffic: StepTraffic, record?: boolean): StepTimes;
  /** Messages that passed an output of a router, over all steps. */
  readonly events: () => number;
}

export const simulateStep: SimulateStep = (mesh, fanouts, traffic, record) =>
  createStepEngine(mesh).run(fanouts, traffic, record);

/** Errors: E0731. */
export function createStepEngine(mesh: Mesh): StepEngine {
  const room = createRoom();
  const module = new WebAssembly.Module(Buffer.from(KERNELS, 'base64'));
  const { exports } = new WebAssembly.Instance(module, { env: { memory: room.memory } });
  // The exports are those of the source that binary.ts is made of.
  const kernels = exports as Kernels;
  const state = layOut(mesh, kernels, room);
  const fresh = room.bytes().slice(state.from, state.to);
  const kept = room.used();
  let loaded: Fanouts | undefined;
  let lists = kept;
  let events = 0;
  return {
    events: () => events,
    run(fanouts, traffic, record = false) {
      checkBuffers(mesh, fanouts, traffic);
      if (loaded !== fanouts) {
        room.release(kept);
        const { starts, target, service } = fanouts;
        kernels.setLists(room.copy(starts), room.copy(target), room.copy(service));
        lists = room.used();
        loaded = fanouts;
      }
      room.release(lists);
      room.bytes().set(fresh, state.from);
      room.bytes().fill(0, state.to, state.queuesTo);
      const ids = record ? idsOf(fanouts, traffic) : undefined;
      const total = ids === undefined ? 0 : countMessages(fanouts, traffic);
      const records = record ? [0, 1, 2, 3].map(() => room.reserve(total * REAL)) : [];
      for (const at of records) room.bytes().fill(0, at, at + total * REAL);
      const [ready = 0, entered = 0, arrived = 0, processed = 0] = records;
      kernels.setRecords(ready, entered, arrived, processed);
      events += kernels.run(
        ...([room.copy(traffic.starts), room.copy(traffic.gap), room.copy(traffic.fanout)] as const),
        ...([room.copy(traffic.tail), ids === undefined ? 0 : room.copy(ids)] as const),
        ...([room.copy(traffic.host), traffic.host.length, ids?.at(-1) ?? 0] as const),
      );
      const [a, b, c, d] = records.map(at => new Float64Array(room.memory.buffer, at, total).slice());
      return {
        ...readTimes(mesh, state, room),
        ...(record ? { messages: { ready: a!, entered: b!, arrived: c!, processed: d! } } : {}),
      };
    },
  };
}

const REAL = Float64Array.BYTES_PER_ELEMENT;

/** Number of the first message of each core, and of the host's. */
function idsOf({ starts }: Fanouts, traffic: StepTraffic): Int32Array {
  const ids = new Int32Array(traffic.starts.length);
  for (let c = 0, id = 0; c + 1 < ids.length; c++) {
    for (let s = traffic.starts[c]!; s < traffic.starts[c + 1]!; s++) {
      const list = traffic.fanout[s]!;
      id += starts[list + 1]! - starts[list]!;
    }
    ids[c + 1] = id;
  }
  return ids;
}

/** Errors: E0730. Only buffers that hold nothing can stop a message for good; see step.ts. */
function checkBuffers({ buffers }: Mesh, { starts }: Fanouts, { fanout }: StepTraffic): void {
  if (Math.min(buffers.router, buffers.core) >= 1) return;
  const count = fanout.reduce((sum, list) => sum + starts[list + 1]! - starts[list]!, 0);
  if (count === 0) return;
  const places = `buffers of routers hold ${buffers.router}, those of cores ${buffers.core}`;
  fail('E0730', { origin: 'network on chip' }, { count, places });
}

/** Where things stand. What lies between `from` and `to` changes and is put back before every step; queues follow. */
interface State {
  readonly from: number;
  readonly to: number;
  readonly queuesTo: number;
  readonly outputs: number;
  readonly cores: number;
  readonly outputBytes: number;
  readonly coreBytes: number;
  readonly busy: Float64Array;
}

function layOut(mesh: Mesh, kernels: Kernels, room: Room): State {
  const { size, slots, ticks, buffers } = mesh;
  const ports = portsOf(mesh);
  const routers = size[0] * size[1] * size[2];
  const cores = mesh.router.length;
  const bytesOf = (name: keyof typeof RECORDS) => kernels.sizeOf(RECORDS[name]);
  const [inputBytes, outputBytes, coreBytes] = [bytesOf('input'), bytesOf('output'), bytesOf('core')];
  const places = room.reserve(cores * bytesOf('place'));
  const heap = room.reserve((routers * ports + 1) * bytesOf('event'));
  const from = room.used();
  const outputs = room.reserve(routers * ports * outputBytes);
  const inputs = room.reserve(routers * ports * inputBytes);
  const coreArray = room.reserve(cores * coreBytes);
  const to = room.used();
  const queueBytes = Math.max(1, buffers.router) * bytesOf('slot');
  const queues = room.reserve(routers * ports * queueBytes);
  const roomBytes = Math.max(1, buffers.core) * REAL;
  const rooms = room.reserve(cores * roomBytes);
  const queuesTo = room.used();
  const busy = new Float64Array(routers * ports);
  const inputAt = (r: number, port: number) => inputs + (r * ports + port) * inputBytes;
  const outputAt = (r: number, port: number) => outputs + (r * ports + port) * outputBytes;
  const coreAt = (c: number) => coreArray + c * coreBytes;
  const setInput = (r: number, port: number, core: number, feeder: number) => {
    const [x, y, z] = placeOf(r, mesh);
    const queue = queues + (r * ports + port) * queueBytes;
    kernels.setInput(inputAt(r, port), queue, core, feeder, port, outputAt(r, 0), x, y, z);
  };
  const setOutput = (r: number, port: number, latency: number, held: number, next: number, core: number) => {
    busy[r * ports + port] = atLeastOne(held);
    kernels.setOutput(outputAt(r, port), crossing(latency, held), atLeastOne(held), next, core);
  };

  room.bytes().fill(0, from, to);
  kernels.setMesh(
    ...([slots, ports, buffers.router, buffers.core] as const),
    ...[
      ticks.axonOut,
      crossing(ticks.local, ticks.localBusy),
      atLeastOne(ticks.localBusy),
      atLeastOne(ticks.credit),
    ],
  );
  kernels.setArrays(places, coreArray, cores, heap, routers * ports);
  for (let r = 0; r < routers; r++)
    for (let port = slots; port < ports; port++) {
      const way = linkTicks(mesh, r, port - slots);
      if (way === undefined) continue;
      const back = slots + ((port - slots) ^ 1);
      setOutput(r, port, way.latency, way.busy, inputAt(way.to, back), 0);
      setInput(way.to, back, 0, outputAt(r, port));
    }
  mesh.router.forEach((r, c) => {
    const port = mesh.slot[c]!;
    setOutput(r, port, ticks.local, ticks.localBusy, 0, coreAt(c));
    setInput(r, port, coreAt(c), 0);
    kernels.setCore(coreAt(c), places + c * bytesOf('place'), inputAt(r, port), rooms + c * roomBytes, port);
  });
  return { from, to, queuesTo, outputs, cores: coreArray, outputBytes, coreBytes, busy };
}

function readTimes(mesh: Mesh, state: State, room: Room): StepTimes {
  const view = new DataView(room.memory.buffer);
  const read = (field: keyof typeof CORE_FIELDS) =>
    Float64Array.from(mesh.router, (_, c) =>
      Number(view.getBigInt64(state.cores + c * state.coreBytes + CORE_FIELDS[field], true)),
    );
  const messages = state.busy.map((_, i) =>
    view.getInt32(state.outputs + i * state.outputBytes + OUTPUT_FIELDS.messages, true),
  );
  const perCore = {
    generated: read('generated'),
    received: read('freeAt'),
    blocked: read('blocked'),
    serving: read('serving'),
  };
  let ticks = 0;
  for (const ends of [perCore.generated, perCore.received])
    for (const end of ends) ticks = Math.max(ticks, end);
  return { ticks, perCore, perLink: { messages, busy: messages.map((n, i) => n * state.busy[i]!) } };
}
