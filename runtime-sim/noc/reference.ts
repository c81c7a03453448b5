/**
 * What one timestep on the network between cores means: tick by tick, message by message, as step.ts says it. Slow and
 * obviously right; the fast engine equals it event for event.
 */
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import type { Mesh } from './mesh.ts';
import { countMessages, DIRECTIONS, portsOf, type StepTimes } from './step.ts';
import type { Fanouts, StepTraffic } from './traffic.ts';

interface Message {
  readonly id: number;
  readonly target: number;
  readonly service: number;
}

/** A way to one queue and the queue at its end, which nothing else fills. */
interface Link {
  readonly latency: number;
  readonly busy: number;
  readonly name: string;
  idleAt: number;
  /** Room in the queue, as far as the sender knows. */
  credits: number;
  messages: number;
  readonly flying: { readonly message: Message; readonly at: number }[];
  readonly waiting: Message[];
  /** Ticks at which the sender hears of room. */
  readonly returning: number[];
}

interface Router {
  readonly place: readonly [x: number, y: number, z: number];
  readonly inputs: (Link | undefined)[];
  readonly outputs: (Link | undefined)[];
  /** Input that each output asks first. */
  readonly next: number[];
}

interface Core {
  readonly injection: Link;
  readonly reception: Link;
  /** What it has still to send, and when the first of it is ready. */
  readonly sends: Message[];
  /** Ticks from a message that enters, or from the beginning, to the next one that is ready. */
  readonly gaps: number[];
  readonly tail: number;
  readonly host: Message[];
  readyAt: number;
  freeAt: number;
  generated: number;
  received: number;
  blocked: number;
  serving: number;
}

const atLeastOne = (ticks: number): number => Math.max(1, ticks);

export function simulateStepSlowly(
  mesh: Mesh,
  fanouts: Fanouts,
  traffic: StepTraffic,
  record = false,
): StepTimes {
  const { routers, cores, links } = buildNetwork(mesh, fanouts, traffic);
  const total = countMessages(fanouts, traffic);
  const times = () => new Float64Array(total);
  const messages = { ready: times(), entered: times(), arrived: times(), processed: times() };
  const { credit } = mesh.ticks;
  const take = (link: Link, now: number): Message => {
    link.returning.push(now + atLeastOne(credit));
    return link.waiting.shift()!;
  };
  const put = (link: Link, message: Message, now: number): void => {
    link.credits -= 1;
    link.idleAt = now + atLeastOne(link.busy);
    link.messages += 1;
    link.flying.push({ message, at: now + atLeastOne(Math.max(link.latency, link.busy)) });
  };
  const serve = (core: Core, message: Message, now: number): void => {
    core.freeAt = now + atLeastOne(message.service);
    core.serving += atLeastOne(message.service);
    core.received = core.freeAt;
    messages.processed[message.id] = core.freeAt;
  };

  for (let now = 0; isBusy(links, cores); now++) {
    for (const link of links) arrive(link, now);
    for (const { reception } of cores) for (const { id } of reception.waiting) messages.arrived[id] ||= now;
    const actions: (() => void)[] = [];
    for (const router of routers)
      router.outputs.forEach((output, o) => {
        if (output === undefined || !hasRoom(output, now)) return;
        const from = chooseInput(router, o, mesh);
        if (from === undefined) return;
        actions.push(() => {
          router.next[o] = (from + 1) % router.inputs.length;
          put(output, take(router.inputs[from]!, now), now);
        });
      });
    for (const core of cores) {
      const { injection, reception, sends, gaps, host } = core;
      const [first] = sends;
      if (first !== undefined && core.readyAt <= now && hasRoom(injection, now))
        actions.push(() => {
          put(injection, sends.shift()!, now);
          messages.ready[first.id] = core.readyAt;
          messages.entered[first.id] = now;
          core.blocked += now - core.readyAt;
          core.readyAt = now + gaps.shift()!;
          if (sends.length === 0) core.generated = core.readyAt;
        });
      if (core.freeAt > now) continue;
      if (host.length > 0) actions.push(() => serve(core, host.shift()!, now));
      else if (reception.waiting.length > 0) actions.push(() => serve(core, take(reception, now), now));
    }
    if (actions.length === 0 && !canChange(links, cores, now)) stuck(links, cores);
    for (const action of actions) action();
  }

  return {
    ticks: cores.reduce((end, core) => Math.max(end, core.generated, core.received), 0),
    perCore: {
      generated: Float64Array.from(cores, core => core.generated),
      received: Float64Array.from(cores, core => core.received),
      blocked: Float64Array.from(cores, core => core.blocked),
      serving: Float64Array.from(cores, core => core.serving),
    },
    perLink: linkCounts(routers, portsOf(mesh)),
    ...(record ? { messages } : {}),
  };
}

const hasRoom = (link: Link, now: number): boolean => link.credits > 0 && link.idleAt <= now;

function arrive(link: Link, now: number): void {
  const { flying, waiting, returning } = link;
  while (flying.length > 0 && flying[0]!.at === now) waiting.push(flying.shift()!.message);
  while (returning.length > 0 && returning[0] === now) {
    returning.shift();
    link.credits += 1;
  }
}

function chooseInput({ inputs, next, place }: Router, output: number, mesh: Mesh): number | undefined {
  for (let k = 0; k < inputs.length; k++) {
    const input = (next[output]! + k) % inputs.length;
    const head = inputs[input]?.waiting[0];
    if (head !== undefined && outputOf(place, head.target, mesh) === output) return input;
  }
  return undefined;
}

/** X first, then Y, then Z, then the core. */
function outputOf(place: Router['place'], target: number, mesh: Mesh): number {
  const goal = placeOf(mesh.router[target]!, mesh);
  for (const axis of [0, 1, 2] as const) {
    if (goal[axis] > place[axis]) return mesh.slots + 2 * axis;
    if (goal[axis] < place[axis]) return mesh.slots + 2 * axis + 1;
  }
  return mesh.slot[target]!;
}

function placeOf(router: number, { size: [x, y] }: Mesh): [x: number, y: number, z: number] {
  return [router % x, Math.floor(router / x) % y, Math.floor(router / (x * y))];
}

const isBusy = (links: readonly Link[], cores: readonly Core[]): boolean =>
  cores.some(core => core.sends.length > 0 || core.host.length > 0) ||
  links.some(link => link.flying.length > 0 || link.waiting.length > 0);

/** Is there a clock still running that could let a message move? */
const canChange = (links: readonly Link[], cores: readonly Core[], now: number): boolean =>
  cores.some(core => core.freeAt > now || (core.sends.length > 0 && core.readyAt > now)) ||
  links.some(link => link.flying.length > 0 || link.returning.length > 0 || link.idleAt > now);

/** Errors: E0730 */
function stuck(links: readonly Link[], cores: readonly Core[]): never {
  const waiting = [
    ...cores.map(({ sends, injection }) => ({ n: sends.length, where: `before ${injection.name}` })),
    ...links.map(({ waiting, name }) => ({ n: waiting.length, where: `behind ${name}` })),
  ].filter(({ n }) => n > 0);
  const count = waiting.reduce((sum, { n }) => sum + n, 0);
  const places = waiting.map(({ n, where }) => `${n} ${where}`).join(', ');
  return fail('E0730', { origin: 'network on chip' }, { count, places });
}

function buildNetwork(mesh: Mesh, fanouts: Fanouts, traffic: StepTraffic) {
  const { size, slots, ticks, buffers } = mesh;
  const links: Link[] = [];
  const createLink = (name: string, latency: number, busy: number, credits: number): Link => {
    const link: Link = {
      ...{ name, latency, busy, credits, idleAt: 0, messages: 0 },
      ...{ flying: [], waiting: [], returning: [] },
    };
    links.push(link);
    return link;
  };
  const routers = Array.from({ length: size[0] * size[1] * size[2] }, (_, r): Router => {
    const none = Array.from({ length: slots + DIRECTIONS.length }, () => undefined);
    return { place: placeOf(r, mesh), inputs: [...none], outputs: [...none], next: none.map(() => 0) };
  });
  const cores = Array.from(mesh.router, (r, c): Core => {
    const injection = createLink(`core ${c}`, ticks.local, ticks.localBusy, buffers.router);
    const reception = createLink(`the way to core ${c}`, ticks.local, ticks.localBusy, buffers.core);
    routers[r]!.inputs[mesh.slot[c]!] = injection;
    routers[r]!.outputs[mesh.slot[c]!] = reception;
    return {
      ...{ injection, reception, sends: [], gaps: [], host: [], tail: traffic.tail[c]! },
      ...{ readyAt: 0, freeAt: 0, generated: 0, received: 0, blocked: 0, serving: 0 },
    };
  });
  routers.forEach((router, r) => {
    for (const axis of [0, 1, 2] as const)
      for (const [back, step] of [1, -1].entries()) {
        const place = router.place.with(axis, router.place[axis] + step);
        if (place[axis]! < 0 || place[axis]! >= size[axis]) continue;
        const other = routers[(place[2]! * size[1] + place[1]!) * size[0] + place[0]!]!;
        const direction = 2 * axis + back;
        const { latency, busy } = linkTicks(mesh, router.place, place, axis);
        const link = createLink(`router ${r} ${DIRECTIONS[direction]}`, latency, busy, buffers.router);
        router.outputs[slots + direction] = link;
        other.inputs[slots + (direction ^ 1)] = link;
      }
  });
  loadTraffic(cores, fanouts, traffic, ticks.axonOut);
  return { routers, cores, links };
}

function linkTicks(
  { chipSize, ticks }: Mesh,
  from: readonly number[],
  to: readonly number[],
  axis: 0 | 1 | 2,
): { readonly latency: number; readonly busy: number } {
  const chipOf = (place: readonly number[]) =>
    axis === 2 ? place[2]! : Math.floor(place[axis]! / chipSize[axis]);
  if (chipOf(from) !== chipOf(to))
    return { latency: ticks.betweenChips[axis], busy: ticks.chipLinkBusy[axis] };
  return { latency: axis === 0 ? ticks.eastWest : ticks.northSouth, busy: ticks.linkBusy };
}

function loadTraffic(cores: readonly Core[], fanouts: Fanouts, traffic: StepTraffic, axonOut: number): void {
  let id = 0;
  const messagesOf = (list: number): Message[] => {
    const [from, to] = [fanouts.starts[list]!, fanouts.starts[list + 1]!];
    return Array.from({ length: to - from }, (_, k) => ({
      id: id++,
      target: fanouts.target[from + k]!,
      service: fanouts.service[from + k]!,
    }));
  };
  cores.forEach((core, c) => {
    let gap = 0;
    for (let s = traffic.starts[c]!; s < traffic.starts[c + 1]!; s++) {
      gap += traffic.gap[s]!;
      for (const message of messagesOf(traffic.fanout[s]!)) {
        core.sends.push(message);
        core.gaps.push(gap + axonOut);
        gap = 0;
      }
    }
    core.gaps.push(gap + core.tail);
    core.readyAt = core.gaps.shift()!;
    if (core.sends.length === 0) core.generated = core.readyAt;
  });
  for (const list of traffic.host)
    for (const message of messagesOf(list)) cores[message.target]!.host.push(message);
}

function linkCounts(routers: readonly Router[], ports: number): StepTimes['perLink'] {
  const outputs = routers.flatMap(router => router.outputs);
  const messages = new Float64Array(routers.length * ports);
  outputs.forEach((link, i) => {
    messages[i] = link?.messages ?? 0;
  });
  return { messages, busy: messages.map((n, i) => n * atLeastOne(outputs[i]?.busy ?? 0)) };
}
