/** What a message does at one target: the same events as the functional simulators count there. */
import type { AxonTarget, CoreProgram, ProgramHeader, TileProgram } from '../../backends/program/program.ts';
import { expandMap, HOLE } from '../../ir/map.ts';
import { synapseBits } from '../lif/network.ts';
import { boxSizes } from '../state.ts';
import type { MapProperties, Property } from './classes.ts';
import type { Met } from './costs.ts';

/** Of the messages of every neuron of the sender. */
export interface TargetMet {
  /** Neurons that are alike in it meet the same. */
  readonly property: Property;
  met(neuron: number): Met;
}

const NOTHING: Met = { synops: 0, words: 0 };

export function metAt(
  target: AxonTarget,
  core: CoreProgram,
  { mode }: ProgramHeader,
  properties: MapProperties,
): TargetMet {
  const tile = core.tiles[target.tile]!;
  const all = (met: Met): TargetMet => {
    const property = properties.reaches(target.map);
    return { property, met: neuron => (property?.[neuron] === 0 ? NOTHING : met) };
  };
  const gather = tile.gathers[target.gather]!;
  switch (gather.kind) {
    case 'linear': {
      const { channels, bits } = core.weights[gather.weights]!;
      return all({ synops: channels, words: Math.ceil((channels * bits) / 64) });
    }
    case 'depthwise':
      return all({ synops: 1, words: 1 });
    case 'hadamard':
      return all({ synops: 1, words: 0 });
    case 'product':
      // Where rows pass through time both operands wait: their product is worked off when the row is executed.
      if (mode === 'streaming') return ALL_NOTHING;
      return all({ synops: target.side === 0 ? gather.columns : gather.rows, words: 0 });
    case 'sparse':
      return metBySynapses(target, gather, tile);
    case 'maximum':
    case 'relay':
    case 'bias':
      return ALL_NOTHING;
    default:
      return gather satisfies never;
  }
}

const ALL_NOTHING: TargetMet = { property: undefined, met: () => NOTHING };

type Sparse = Extract<TileProgram['gathers'][number], { kind: 'sparse' }>;

function metBySynapses({ map }: AxonTarget, { starts, bits }: Sparse, { box }: TileProgram): TargetMet {
  const neurons = boxSizes(box).reduce((a, b) => a * b);
  const synops = expandMap(map).map(input => (input === HOLE ? 0 : starts[input + 1]! - starts[input]!));
  const wide = synapseBits({ bits, neurons });
  return {
    property: synops,
    met: neuron => ({ synops: synops[neuron]!, words: Math.ceil((synops[neuron]! * wide) / 64) }),
  };
}
