/** Layers: every population with its shape, its cores, what it does in an image and what that costs. */
import type { Manifest } from '../../backends/manifest.ts';
import { nodeMap, sizeOf, type ValueId } from '../../ir/dialect.ts';
import type { IntGraph } from '../../ir/int.ts';
import { sumEvents } from '../../runtime-sim/tile-events.ts';
import type { Accounts } from '../accounts.ts';
import type { Facts } from '../facts.ts';
import { round } from '../print.ts';
import type { Layer } from '../schema.ts';

export function layersOf(facts: Facts, { energy, energyLayers }: Accounts): readonly Layer[] {
  const { manifest, int, tallied, weightBits } = facts;
  const { populations } = manifest;
  const events = sumEvents(tallied.tiles.events, tallied.tiles.population, populations.length);
  const ways = events.map(e => e.hopsEastWest + e.hopsNorthSouth + e.chipMessages);
  const allWays = ways.reduce((a, b) => a + b, 0);
  const weights = weightsOf(int);
  const [first] = energy;
  const total = first?.totalPj ?? 0;
  return populations.map((population, i): Layer => {
    const { synops, relayAdds, updates, spikes, messages, hopsEastWest, hopsNorthSouth, chipMessages } =
      events[i]!;
    const own = energyLayers.filter(layer => layer.name === population.name);
    const count = weights.get(population.name) ?? 0;
    const priced = first !== undefined && total > 0 ? own.find(e => e.costSet === first.costSet) : undefined;
    return {
      ...described(population),
      neurons: sizeOf(population.shape),
      weightBits: count === 0 ? null : weightBits,
      weights: count,
      counts: {
        ...{ updates: round(updates), spikes: round(spikes), messages: round(messages) },
        ...{ hops: round(hopsEastWest + hopsNorthSouth), chipMessages: round(chipMessages) },
        ...{ synops: round(synops), relayAdds: round(relayAdds) },
      },
      energyPj: Object.fromEntries(own.map(e => [e.costSet, round(e.totalPj)])),
      int8Pj: Object.fromEntries(own.map(e => [e.costSet, round(e.annPj)])),
      energyShare: priced === undefined ? null : round(priced.totalPj / total),
      trafficShare: allWays === 0 ? null : round(ways[i]! / allWays),
      sqnrDb: round(facts.sqnrDb.get(population.name) ?? null),
      saturations: facts.saturations.get(population.name) ?? null,
    };
  });
}

type Population = Manifest['populations'][number];

const described = ({ rate, termsPerNeuron, ...rest }: Population) => ({
  ...rest,
  rate: round(rate),
  termsPerNeuron: round(termsPerNeuron),
});

/** Stored weights of each population's projections, by its name. */
function weightsOf({ nodes, constants }: IntGraph): ReadonlyMap<string, number> {
  const byId = nodeMap(nodes);
  return new Map(
    nodes.flatMap(node => {
      if (node.kind !== 'population') return [];
      const counts = node.operands.map((id: ValueId) => {
        const projection = byId.get(id);
        const isWeighted = projection?.kind === 'linear' || projection?.kind === 'depthwise';
        return isWeighted ? sizeOf(constants.get(projection.attrs.weight).shape) : 0;
      });
      return [[node.id.slice(1), counts.reduce((a, b) => a + b, 0)] as const];
    }),
  );
}
