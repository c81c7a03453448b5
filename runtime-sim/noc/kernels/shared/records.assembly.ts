// AssemblyScript, not TypeScript: part of mesh.assembly.ts.
//
// What a step keeps of a mesh, and the events that are due: a heap of outputs by time, each of which knows its place.

/** One place of a queue: a message and when it arrives; free: when that is known to who fills it. */
@unmanaged
export class Slot {
  time: i64;
  entry: i32;
  id: i32;
}

/** A port of a router, inwards: a queue of messages. */
@unmanaged
export class Input {
  /** When the first message may be granted: never before the tick after the last grant. */
  readyAt: i64;
  slots: usize;
  head: i32;
  count: i32;
  /** The next of those whose first message asks for the same output. */
  rival: Input | null;
  /** What fills the queue: a core or an output of a neighbour. */
  core: Core | null;
  feeder: Output | null;
  port: i32;
  /** Entry of the first message in the lists, and its number. */
  entry: i32;
  id: i32;
  /** Outputs of the router, and where the router stands. */
  outputs: usize;
  x: i32;
  y: i32;
  z: i32;
}

/** A port of a router, outwards. */
@unmanaged
export class Output {
  idleAt: i64;
  latency: i64;
  busy: i64;
  /** Where it leads: a queue of a neighbour, or a core. */
  next: Input | null;
  core: Core | null;
  /** The first of the inputs that ask for it. */
  asking: Input | null;
  /** Input that is asked first. */
  turn: i32;
  messages: i32;
  /** Place in the heap, −1: nothing to grant, or no room. */
  place: i32;
}

@unmanaged
export class Core {
  /** When its last message left it, and its way to the router is idle. */
  leftAt: i64;
  idleAt: i64;
  /** When it can take the next message. */
  freeAt: i64;
  generated: i64;
  blocked: i64;
  serving: i64;
  tail: i64;
  send: i32;
  lastSend: i32;
  entry: i32;
  lastEntry: i32;
  /** Number of its next message. */
  id: i32;
  /** Its port of the router, and when each place of its own queue is known to be free. */
  input: Input | null;
  room: usize;
  slot: i32;
}

/** Of a core: its router and its port there. */
@unmanaged
export class Place {
  x: i32;
  y: i32;
  z: i32;
  port: i32;
}

/** An output that can grant something then. */
@unmanaged
export class Event {
  time: i64;
  output: Output;
  /** Records of 16 bytes. */
  unused: i32;
}

/** Sizes of the records above, which the caller lays out. */
export function sizeOf(record: i32): i32 {
  if (record == 0) return offsetof<Slot>() as i32;
  if (record == 1) return offsetof<Input>() as i32;
  if (record == 2) return offsetof<Output>() as i32;
  if (record == 3) return offsetof<Core>() as i32;
  return record == 4 ? (offsetof<Place>() as i32) : (offsetof<Event>() as i32);
}

/** Writes what stays, and what a step begins with. */
export function setOutput(at: usize, latency: f64, busy: f64, next: usize, core: usize): void {
  const output = changetype<Output>(at);
  output.latency = latency as i64;
  output.busy = busy as i64;
  output.next = changetype<Input | null>(next);
  output.core = changetype<Core | null>(core);
  output.place = -1;
}

export function setInput(
  at: usize,
  queue: usize,
  core: usize,
  feeder: usize,
  port: i32,
  outputs: usize,
  x: i32,
  y: i32,
  z: i32,
): void {
  const input = changetype<Input>(at);
  input.slots = queue;
  input.core = changetype<Core | null>(core);
  input.feeder = changetype<Output | null>(feeder);
  input.port = port;
  input.outputs = outputs;
  input.x = x;
  input.y = y;
  input.z = z;
}

export function setCore(at: usize, place: usize, input: usize, room: usize, port: i32): void {
  const core = changetype<Core>(at);
  core.input = changetype<Input>(input);
  core.room = room;
  const to = changetype<Place>(place);
  to.x = core.input!.x;
  to.y = core.input!.y;
  to.z = core.input!.z;
  to.port = port;
}

const NEVER: i64 = i64.MAX_VALUE;

let heap: usize = 0;
let heapSize: i32 = 0;

/** Room for one event more than there are outputs. */
export function setHeap(at: usize, outputs: i32): void {
  heap = at;
  for (let i = 0; i <= outputs; i++) eventAt(i).time = NEVER;
}
export function clearHeap(): void {
  heapSize = 0;
}
export function hasEvents(): bool {
  return heapSize > 0;
}
// @ts-ignore: decorator
@inline
export function eventAt(i: i32): Event {
  return changetype<Event>(heap + (i as usize) * offsetof<Event>());
}


// @ts-ignore: decorator
@inline
function put(i: i32, time: i64, output: Output): void {
  const event = eventAt(i);
  event.time = time;
  event.output = output;
  output.place = i;
}

/** Puts an output at place i or further up. */
function rise(i: i32, time: i64, output: Output): void {
  while (i > 0) {
    const parent = (i - 1) >> 1;
    const above = eventAt(parent);
    if (above.time <= time) break;
    put(i, above.time, above.output);
    i = parent;
  }
  put(i, time, output);
}

/** Puts an output at the top or further down. */
function sink(time: i64, output: Output): void {
  let i = 0;
  while (true) {
    let child = 2 * i + 1;
    if (child >= heapSize) break;
    // Without a branch that nobody can predict: behind the last event stands one that is never due.
    child += (eventAt(child + 1).time < eventAt(child).time) as i32;
    const below = eventAt(child);
    if (below.time >= time) break;
    put(i, below.time, below.output);
    i = child;
  }
  put(i, time, output);
}

export function addEvent(time: i64, output: Output): void {
  rise(heapSize++, time, output);
}

/** An output that is due can grant earlier. */
export function advanceEvent(time: i64, output: Output): void {
  if (time < eventAt(output.place).time) rise(output.place, time, output);
}

/** The output at the top is due again, later. */
export function delayEvent(time: i64, output: Output): void {
  sink(time, output);
}

/** The output at the top is not due any more. */
export function dropEvent(output: Output): void {
  output.place = -1;
  heapSize--;
  const last = eventAt(heapSize);
  const time = last.time;
  last.time = NEVER;
  if (heapSize > 0) sink(time, last.output);
}
