/** What a chip program must hold where rows pass through time; where they do not, nothing of it may stand there. */
import { mapFits } from '../../ir/map.ts';
import type { Fault } from './check.ts';
import type { AxonTarget, ChipProgram, Gather, HostInput, TileProgram } from './program.ts';

/** Operands that a gather takes messages for. */
const SIDES = {
  ...{ linear: 1, depthwise: 1, maximum: 1, relay: 1, sparse: 1 },
  ...{ product: 2, hadamard: 2, bias: 0 },
} as const satisfies { readonly [K in Gather['kind']]: number };

export function checkRings({ header }: ChipProgram, { box, rings, gathers, population }: TileProgram): Fault {
  if (header.mode !== 'streaming')
    return rings.length === 0 ? undefined : ['rings', `rows wait, but the mode is ${header.mode}`];
  if (header.steps !== 1) return ['', `rows pass through time, but an image has ${header.steps} steps`];
  const rows = header.populations[population]!.shape[1]!;
  if (box.row[0] !== 0 || box.row[1] !== rows) return ['box.row', `not all ${rows} rows of the population`];
  if (rows > header.interval)
    return ['box.row', `${rows} rows, but an image every ${header.interval} timesteps`];
  if (rings.length !== gathers.length) return ['rings', `${rings.length} for ${gathers.length} gathers`];
  const wrong = gathers.findIndex(({ kind }, i) => rings[i]!.length !== SIDES[kind]);
  if (wrong < 0) return undefined;
  const { kind } = gathers[wrong]!;
  return ['rings', `${rings[wrong]!.length} for a ${kind} of ${SIDES[kind]} operand(s)`];
}

export const checkDelay = ({ header }: ChipProgram, { delay }: AxonTarget): Fault =>
  header.mode === 'streaming' && delay > 0
    ? ['delay', `${delay}, but what is early waits in a ring`]
    : undefined;

export function checkHostSteps({ header }: ChipProgram, { size, steps }: HostInput): Fault {
  if ((header.mode === 'streaming') !== (steps !== undefined))
    return ['input.steps', `${steps === undefined ? 'absent' : 'present'} in mode ${header.mode}`];
  if (steps === undefined) return undefined;
  if (steps.length !== size) return ['input.steps', `${steps.length} for ${size} elements`];
  return mapFits(steps, header.depth + 1) ? undefined : ['input.steps', `after timestep ${header.depth}`];
}
