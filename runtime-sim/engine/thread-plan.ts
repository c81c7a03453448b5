/** What a thread is sent of a plan: no routes and axons, which are in the layout by now, and weights that all threads read. */
import type { CoreProgram } from '../../backends/program/program.ts';
import type { CountedBins } from './bins.ts';
import type { Contents } from './contents.ts';
import type { EngineBasis, EnginePlan } from './plan.ts';
import type { WiredTile } from './wiring.ts';

export type ThreadPlan = Omit<EngineBasis, 'contents'>;

type Weights = CoreProgram['weights'][number]['data'];

export function planForThreads({ wiring, layout, bins, places, contents }: EnginePlan): ThreadPlan {
  const weights = new Map<number, Weights>();
  const shareWeights = (data: Weights): Weights => {
    const own = weights.get(contents(data)) ?? shareNumbers(data);
    weights.set(contents(data), own);
    return own;
  };
  const homes = new Map<CoreProgram, CoreProgram>();
  const shareHome = (home: CoreProgram): CoreProgram => {
    const blocks = home.weights.map(block => ({ ...block, data: shareWeights(block.data) }));
    const own = homes.get(home) ?? { ...home, axons: [], tiles: [], weights: blocks };
    homes.set(home, own);
    return own;
  };
  const tiles = wiring.tiles.map(
    (tile): WiredTile => ({
      ...tile,
      home: shareHome(tile.home),
      program: { ...tile.program, routes: [] },
      routes: [],
    }),
  );
  const stacks = layout.stacks.map(stack => {
    const own = stack.tiles.map(({ number }) => tiles[number]!);
    return { ...stack, tiles: own, program: own[0]!.program };
  });
  return {
    wiring: { ...wiring, input: { ...wiring.input, routes: [] }, hostRoutes: [], tiles },
    layout: { ...layout, stacks },
    bins: { host: countedBins(bins.host), tiles: bins.tiles.map(countedBins) },
    places,
  };
}

/** Equal weights are one array here. */
export const sameArrays = (): Contents => {
  const seen = new Map<object, number>();
  return data => {
    const number = seen.get(data) ?? seen.size;
    seen.set(data, number);
    return number;
  };
};

const countedBins = ({ ofNeuron, classes }: CountedBins['host']): CountedBins['host'] => ({
  ofNeuron,
  classes,
});

function shareNumbers(data: Weights): Weights {
  const buffer = new SharedArrayBuffer(data.byteLength);
  const own = data instanceof Int8Array ? new Int8Array(buffer) : new Int16Array(buffer);
  own.set(data);
  return own;
}
