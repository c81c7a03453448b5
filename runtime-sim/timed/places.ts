/** Names of cores and links, as a person finds them in `inspect` and on the board. */
import { type Mesh, placeOf } from '../noc/mesh.ts';
import { DIRECTIONS, portsOf } from '../noc/step.ts';
import type { TimedCore } from './wiring.ts';

/** `CHIP:NUMBER` of every core, numbered within its chip as in `inspect --core`. */
export function coreNames(cores: readonly TimedCore[]): readonly string[] {
  const next = new Map<number, number>();
  return cores.map(({ chip }) => {
    const number = next.get(chip) ?? 0;
    next.set(chip, number + 1);
    return `${chip}:${number}`;
  });
}

/**
 * Of each port of each router, as StepTimes numbers them: the core that it leads to, or `X:Y:Z:DIRECTION` of the router on
 * the board's mesh; undefined: a port that leads nowhere.
 */
export function linkNames(mesh: Mesh, names: readonly string[]): readonly (string | undefined)[] {
  const ports = portsOf(mesh);
  const [x, y, z] = mesh.size;
  const found: (string | undefined)[] = Array.from({ length: x * y * z * ports }, (_, link) => {
    const port = (link % ports) - mesh.slots;
    return port < 0 ? undefined : `${placeOf(Math.floor(link / ports), mesh).join(':')}:${DIRECTIONS[port]}`;
  });
  mesh.router.forEach((router, core) => {
    found[router * ports + mesh.slot[core]!] = `core:${names[core]}`;
  });
  return found;
}

/** Ports that a message passes on its way between two cores: X first, then Y, then Z, then the port of the core. */
export function* routeOf(mesh: Mesh, from: number, to: number): Generator<number> {
  const ports = portsOf(mesh);
  const [width, height] = mesh.size;
  const place = placeOf(mesh.router[from]!, mesh);
  const goal = placeOf(mesh.router[to]!, mesh);
  const number = () => (place[2] * height + place[1]) * width + place[0];
  for (const axis of [0, 1, 2] as const) {
    while (place[axis] !== goal[axis]) {
      const step = Math.sign(goal[axis] - place[axis]);
      yield number() * ports + mesh.slots + 2 * axis + (step > 0 ? 0 : 1);
      place[axis] += step;
    }
  }
  yield number() * ports + mesh.slot[to]!;
}
