// AssemblyScript, not TypeScript: `npm run kernels` compiles it into binary.ts.
//
// One timestep on the network between cores (../step.ts), event by event. An event is an output of a router that grants
// one message its way. All else follows from events in closed form: when a core sends next is known as soon as its
// last message leaves the queue at the router, when a core takes a message as soon as its router sends it. Whatever
// an event brings about lies at least a tick ahead and carries its time, so that events of one tick may come in any order.

import {
  addEvent,
  advanceEvent,
  clearHeap,
  Core,
  delayEvent,
  dropEvent,
  eventAt,
  hasEvents,
  Input,
  Output,
  Place,
  Slot,
  setHeap,
} from './shared/records.assembly';

export { setCore, setInput, setOutput, sizeOf } from './shared/records.assembly';

const NUMBER: usize = 4;
const REAL: usize = 8;

let ports: i32 = 0;
let routerBuffer: i32 = 0;
let coreBuffer: i32 = 0;
let slots: i32 = 0;
let axonOut: i64 = 0;
let local: i64 = 0;
let localBusy: i64 = 0;
let credit: i64 = 0;
let places: usize = 0;
let cores: usize = 0;
let coreCount: usize = 0;

let listStarts: usize = 0;
let targets: usize = 0;
let services: usize = 0;
let gaps: usize = 0;
let fanouts: usize = 0;
let ready: usize = 0;
let entered: usize = 0;
let arrived: usize = 0;
let processed: usize = 0;
let grants: f64 = 0;

// @ts-ignore: decorator
@inline
function later(a: i64, b: i64): i64 {
  const ahead = a - b;
  return a - (ahead & (ahead >> 63));
}
/** The port forth, or the one after it, where there is a way to go; else `port`. No branch that nobody can predict. */
// @ts-ignore: decorator
@inline
function wayOr(way: i32, forth: i32, port: i32): i32 {
  const isOff = -((way != 0) as i32);
  return (isOff & (forth + ((way < 0) as i32))) | (~isOff & port);
}
// @ts-ignore: decorator
@inline
function coreAt(i: usize): Core {
  return changetype<Core>(cores + i * offsetof<Core>());
}
// @ts-ignore: decorator
@inline
function slotAt(input: Input, i: i32): Slot {
  return changetype<Slot>(input.slots + (i as usize) * offsetof<Slot>());
}
export function setMesh(
  slotsOfRouter: i32,
  portsOfRouter: i32,
  bufferOfRouter: i32,
  bufferOfCore: i32,
  axonOutTicks: f64,
  localTicks: f64,
  localBusyTicks: f64,
  creditTicks: f64,
): void {
  slots = slotsOfRouter;
  ports = portsOfRouter;
  routerBuffer = bufferOfRouter;
  coreBuffer = bufferOfCore;
  axonOut = axonOutTicks as i64;
  local = localTicks as i64;
  localBusy = localBusyTicks as i64;
  credit = creditTicks as i64;
}

export function setArrays(
  placeArray: usize,
  coreArray: usize,
  numberOfCores: usize,
  heapArray: usize,
  outputs: i32,
): void {
  places = placeArray;
  cores = coreArray;
  coreCount = numberOfCores;
  setHeap(heapArray, outputs);
}

export function setLists(starts: usize, target: usize, service: usize): void {
  listStarts = starts;
  targets = target;
  services = service;
}

/** Addresses of records 0: nothing is recorded. */
export function setRecords(readyAt: usize, enteredAt: usize, arrivedAt: usize, processedAt: usize): void {
  ready = readyAt;
  entered = enteredAt;
  arrived = arrivedAt;
  processed = processedAt;
}

/** Works off a step whose state has been reset. Returns how many grants there were. */
export function run(
  starts: usize,
  gap: usize,
  fanout: usize,
  tail: usize,
  ids: usize,
  host: usize,
  hostLists: i32,
  hostId: i32,
): f64 {
  gaps = gap;
  fanouts = fanout;
  clearHeap();
  grants = 0;
  takeHost(host, hostLists, hostId);
  for (let c: usize = 0; c < coreCount; c++) {
    const core = coreAt(c);
    core.send = load<i32>(starts + c * NUMBER);
    core.lastSend = load<i32>(starts + (c + 1) * NUMBER);
    core.tail = load<f64>(tail + c * REAL) as i64;
    if (ids != 0) core.id = load<i32>(ids + c * NUMBER);
    sendNext(core, 0);
  }
  while (hasEvents()) grant();
  return grants;
}

/** The host's messages stand before all others. */
function takeHost(host: usize, lists: i32, firstId: i32): void {
  let id = firstId;
  for (let i = 0; i < lists; i++) {
    const list = load<i32>(host + (i as usize) * NUMBER);
    const at = listStarts + (list as usize) * NUMBER;
    const end = load<i32>(at + NUMBER);
    for (let entry = load<i32>(at); entry < end; entry++) {
      const core = coreAt(load<i32>(targets + (entry as usize) * NUMBER) as usize);
      serve(core, entry, id++, core.freeAt);
    }
  }
}

function serve(core: Core, entry: i32, id: i32, taken: i64): void {
  const service = later(load<f64>(services + (entry as usize) * REAL) as i64, 1);
  core.freeAt = taken + service;
  core.serving += service;
  if (processed != 0) store<f64>(processed + (id as usize) * REAL, core.freeAt as f64);
}

/** The core's next message becomes the first one at its router, not before `floor`. */
function sendNext(core: Core, floor: i64): void {
  let at = core.leftAt;
  while (core.entry == core.lastEntry) {
    if (core.send == core.lastSend) {
      core.generated = at + core.tail;
      return;
    }
    const send = core.send as usize;
    at += load<f64>(gaps + send * REAL) as i64;
    const list = listStarts + (load<i32>(fanouts + send * NUMBER) as usize) * NUMBER;
    core.entry = load<i32>(list);
    core.lastEntry = load<i32>(list + NUMBER);
    core.send = core.send + 1;
  }
  at += axonOut;
  const input = core.input!;
  const left = later(at, later(core.idleAt, slotAt(input, input.head).time));
  core.blocked += left - at;
  core.leftAt = left;
  core.idleAt = left + localBusy;
  input.entry = core.entry;
  input.id = core.id;
  if (ready != 0) {
    const id = (core.id as usize) * REAL;
    store<f64>(ready + id, at as f64);
    store<f64>(entered + id, left as f64);
  }
  core.entry = core.entry + 1;
  core.id = core.id + 1;
  ask(input, later(left + local, floor));
}

/** The first message of a queue asks for its output: X first, then Y, then Z, then the core. */
function ask(input: Input, readyAt: i64): void {
  input.readyAt = readyAt;
  const target = load<i32>(targets + (input.entry as usize) * NUMBER) as usize;
  const to = changetype<Place>(places + target * offsetof<Place>());
  let port = to.port;
  port = wayOr(to.z - input.z, slots + 4, port);
  port = wayOr(to.y - input.y, slots + 2, port);
  port = wayOr(to.x - input.x, slots, port);
  const output = changetype<Output>(input.outputs + (port as usize) * offsetof<Output>());
  input.rival = output.asking;
  output.asking = input;
  const room = roomAt(output);
  if (room < 0) return;
  const time = later(readyAt, later(output.idleAt, room));
  if (output.place < 0) addEvent(time, output);
  else advanceEvent(time, output);
}

/** When the queue ahead is known to have room, −1: when that is not known yet. */
function roomAt(output: Output): i64 {
  const core = output.core;
  if (core !== null) return load<i64>(core.room + (core.slot as usize) * REAL);
  const next = output.next!;
  if (next.count == routerBuffer) return -1;
  let end = next.head + next.count;
  if (end >= routerBuffer) end -= routerBuffer;
  return slotAt(next, end).time;
}

/** The earliest time at which an output that somebody asks for can grant, −1: not known yet. */
function grantAt(output: Output): i64 {
  const room = roomAt(output);
  if (room < 0) return -1;
  let asking: Input = output.asking!;
  let first = asking.readyAt;
  while (asking.rival !== null) {
    asking = asking.rival!;
    if (asking.readyAt < first) first = asking.readyAt;
  }
  return later(first, later(output.idleAt, room));
}

/** The event at the top of the heap. */
function grant(): void {
  const now = eventAt(0).time;
  const output = eventAt(0).output;
  const input = takeTurn(output, now);
  output.idleAt = now + output.busy;
  output.messages = output.messages + 1;
  grants += 1;
  const entry = input.entry;
  const id = input.id;
  const there = now + output.latency;
  const core = output.core;
  if (core !== null) {
    if (arrived != 0) store<f64>(arrived + (id as usize) * REAL, there as f64);
    const taken = later(there, core.freeAt);
    serve(core, entry, id, taken);
    store<i64>(core.room + (core.slot as usize) * REAL, taken + credit);
    core.slot = core.slot + 1 == coreBuffer ? 0 : core.slot + 1;
  } else {
    append(output.next!, entry, id, there);
  }
  leave(input, now);
  if (output.asking !== null) {
    const time = grantAt(output);
    if (time >= 0) {
      delayEvent(time, output);
      return;
    }
  }
  dropEvent(output);
}

/** Takes the input whose turn it is, of those that are ready, off the list of those that ask. */
function takeTurn(output: Output, now: i64): Input {
  let best = i32.MAX_VALUE;
  let before: usize = 0;
  let last: usize = 0;
  let chosen: usize = 0;
  for (let at = changetype<usize>(output.asking); at != 0; ) {
    const input = changetype<Input>(at);
    if (input.readyAt <= now) {
      let distance = input.port - output.turn;
      if (distance < 0) distance += ports;
      if (distance < best) {
        best = distance;
        chosen = at;
        before = last;
      }
    }
    last = at;
    at = changetype<usize>(input.rival);
  }
  const taken = changetype<Input>(chosen);
  if (before == 0) output.asking = taken.rival;
  else changetype<Input>(before).rival = taken.rival;
  output.turn = taken.port + 1 == ports ? 0 : taken.port + 1;
  return taken;
}

function append(input: Input, entry: i32, id: i32, there: i64): void {
  if (input.count == 0) {
    input.count = 1;
    input.entry = entry;
    input.id = id;
    ask(input, there);
    return;
  }
  let end = input.head + input.count;
  if (end >= routerBuffer) end -= routerBuffer;
  const slot = slotAt(input, end);
  slot.time = there;
  slot.entry = entry;
  slot.id = id;
  input.count = input.count + 1;
}

/** The first message of a queue has left: the next one steps forward, and whoever fills the queue will hear of room. */
function leave(input: Input, now: i64): void {
  slotAt(input, input.head).time = now + credit;
  input.head = input.head + 1 == routerBuffer ? 0 : input.head + 1;
  const core = input.core;
  if (core !== null) {
    sendNext(core, now + 1);
    return;
  }
  const feeder = input.feeder!;
  const wasFull = input.count == routerBuffer;
  input.count = input.count - 1;
  if (input.count > 0) {
    const slot = slotAt(input, input.head);
    input.entry = slot.entry;
    input.id = slot.id;
    ask(input, later(slot.time, now + 1));
  }
  if (wasFull && feeder.asking !== null) addEvent(grantAt(feeder), feeder);
}

