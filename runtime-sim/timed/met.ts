/** What a message does at one target: the same events as the functional simulators count there. */
import type { AxonTarget, CoreProgram, ProgramHeader } from '../../backends/program/program.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import type { Met } from './costs.ts';

const NOTHING: Met = { synops: 0, words: 0 };

/** Of every message that meets the target at all. */
export function metAt({ gather, side, tile }: AxonTarget, core: CoreProgram, { mode }: ProgramHeader): Met {
  const program = core.tiles[tile]!.gathers[gather]!;
  switch (program.kind) {
    case 'linear': {
      const { channels, bits } = core.weights[program.weights]!;
      return { synops: channels, words: Math.ceil((channels * bits) / 64) };
    }
    case 'depthwise':
      return { synops: 1, words: 1 };
    case 'hadamard':
      return { synops: 1, words: 0 };
    case 'product':
      // Where rows pass through time both operands wait: their product is worked off when the row is executed.
      if (mode === 'streaming') return NOTHING;
      return { synops: side === 0 ? program.columns : program.rows, words: 0 };
    case 'maximum':
    case 'relay':
    case 'bias':
      return NOTHING;
    case 'sparse':
      return defect('synapses one by one in a program with images');
    default:
      return program satisfies never;
  }
}
