/** Which mode and which board a network is mapped for. */
import type { Target } from '../backends/target.ts';
import type { Mapped } from '../compiler/map-network.ts';
import type { Stopping } from '../compiler/margins.ts';
import type { Mode } from '../ir/chip.ts';
import {
  createDiagnostics,
  type Diagnostic,
  type Diagnostics,
  UserError,
} from '../ir/diagnostics/diagnostic.ts';

/** Modes to try, the fastest first. */
export function modesOf(
  { mode, anytime }: { readonly mode: Mode | 'auto'; readonly anytime?: Stopping | undefined },
  steps: number,
): readonly Mode[] {
  if (mode !== 'auto') return [mode];
  if (anytime !== undefined) return ['layerwise'];
  return steps === 1 ? ['pipelined', 'streaming'] : ['pipelined'];
}

/** The first mode, each on the smallest board, in which the network fits. */
export function mapFastest(
  candidates: readonly Target[],
  modes: readonly Mode[],
  map: (target: Target, own: Diagnostics, mode: Mode) => Mapped,
): Fitted<Mapped> {
  for (const [i, mode] of modes.entries()) {
    try {
      return mapOnSmallest(candidates, (target, own) => map(target, own, mode));
    } catch (error) {
      if (!isOnly(error, TOO_LARGE) || i === modes.length - 1) throw error;
    }
  }
  throw new Error('no mode');
}

/** What another mode may get round: a population or the network is too large, or an axon cannot wait so long. */
const TOO_LARGE = ['E0501', 'E0502', 'E0504'];

const isOnly = (error: unknown, codes: readonly string[]): boolean =>
  error instanceof UserError &&
  error.diagnostics.every(d => codes.includes(d.code) || d.severity === 'warning');

export interface Fitted<M> {
  readonly target: Target;
  readonly mapped: M;
  readonly said: readonly Diagnostic[];
}

/** The first board, fewest chips first, that has cores enough. */
export function mapOnSmallest<M>(
  candidates: readonly Target[],
  map: (target: Target, own: Diagnostics) => M,
): Fitted<M> {
  for (const [i, target] of candidates.entries()) {
    const own = createDiagnostics();
    try {
      return { target, mapped: map(target, own), said: own.list };
    } catch (error) {
      if (!isOnly(error, ['E0502']) || i === candidates.length - 1) throw error;
    }
  }
  throw new Error('a target without boards');
}
