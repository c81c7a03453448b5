/** architecture.yaml: the routers and cores in use, with a target's costs in SANA-FE's keys. */
import type { Board } from './board.ts';
import type { Plan } from './plan.ts';
import { FREE, type Price, type Prices } from './prices.ts';
import { countUnits, type Unit, unitRange } from './units.ts';

export function* architectureParts(
  name: string,
  plan: Plan,
  board: Board,
  prices: Prices,
  isStreaming: boolean,
): Generator<string> {
  const { width, height, coresPerTile } = board;
  const units = countUnits(plan, isStreaming);
  const coreAt = new Map([...board.seats].map(([core, { tile, offset }]) => [`${tile} ${offset}`, core]));
  yield `# ${name}; costs: ${prices.costSet}. Unknown, counted as 0: ${prices.unknown.join(', ') || 'nothing'}.\n`;
  yield `architecture:\n  name: ${name}\n  attributes: ${flow({
    topology: 'mesh',
    width,
    height,
    link_buffer_size: 16,
    sync_model: 'fixed',
    latency_sync: prices.barrierSeconds,
  })}\n  tile:\n`;
  const directions = { east: prices.hopEastWest, west: prices.hopEastWest } as const;
  const upright = { north: prices.hopNorthSouth, south: prices.hopNorthSouth } as const;
  const hops = Object.entries({ ...directions, ...upright }).flatMap(([way, { energy, seconds }]) => [
    [`energy_${way}_hop`, energy],
    [`latency_${way}_hop`, seconds],
  ]);
  for (let tile = 0; tile < width * height; tile++) {
    yield `    - name: tile${tile}\n      attributes: ${flow(Object.fromEntries(hops))}\n      core:\n`;
    for (let offset = 0; offset < coresPerTile; offset++) {
      const core = coreAt.get(`${tile} ${offset}`);
      yield* coreParts(`core${tile}_${offset}`, core === undefined ? undefined : units.get(core), prices);
    }
  }
}

type Counts = Readonly<Record<Unit, number>>;
const UNUSED: Counts = { neuron: 0, sum: 1, waiting: 0, replay: 0, host: 0, dendrite: 1 };

function* coreParts(name: string, counts: Counts = UNUSED, prices: Prices): Generator<string> {
  const somas: readonly (readonly [
    Unit,
    model: string,
    ...costs: readonly [access: Price, update: Price, spike: Price],
  ])[] = [
    ['neuron', 'leaky_integrate_fire', prices.update, prices.work, prices.fire],
    ['sum', 'leaky_integrate_fire', prices.update, FREE, prices.spike],
    ['waiting', 'leaky_integrate_fire', FREE, FREE, prices.spike],
    ['replay', 'input', FREE, FREE, prices.spike],
    ['host', 'input', FREE, FREE, FREE],
  ];
  const soma = somas.flatMap(([unit, ...costs]) =>
    counts[unit] === 0 ? [] : [somaUnit(unitRange(unit, counts[unit]), ...costs)],
  );
  const unit = (section: string, attributes: Attributes, units = section) =>
    `          ${section}: [{name: "${units}", attributes: ${flow(attributes)}}]\n`;
  const buffer = {
    buffer_position: 'soma',
    buffer_inside_unit: 'false',
    max_neurons_supported: Math.max(1, counts.dendrite),
  };
  yield `        - name: ${name}\n          attributes: ${flow(buffer)}\n`;
  yield unit('axon_in', {
    energy_message_in: prices.messageIn.energy,
    latency_message_in: prices.messageIn.seconds,
  });
  yield unit('synapse', {
    model: 'current_based',
    energy_process_spike: prices.synapse.energy,
    latency_process_spike: prices.synapse.seconds,
  });
  yield unit(
    'dendrite',
    { model: 'accumulator', energy_update: 0, latency_update: 0 },
    unitRange('dendrite', counts.dendrite),
  );
  yield `          soma:\n${soma.map(line => `            - ${line}\n`).join('')}`;
  yield unit('axon_out', {
    energy_message_out: prices.messageOut.energy,
    latency_message_out: prices.messageOut.seconds,
  });
}

const somaUnit = (name: string, model: string, access: Price, update: Price, spike: Price): string =>
  `{name: "${name}", attributes: ${flow({
    model,
    energy_access_neuron: access.energy,
    latency_access_neuron: access.seconds,
    energy_update_neuron: update.energy,
    latency_update_neuron: update.seconds,
    energy_spike_out: spike.energy,
    latency_spike_out: spike.seconds,
  })}}`;

type Attributes = Readonly<Record<string, string | number>>;
const flow = (attributes: Attributes): string =>
  `{${Object.entries(attributes)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')}}`;
