/**
 * What a timestep of a free-running chip costs, in closed form from its counts: energy, and the time that its busiest core
 * takes if no message waits for another.
 *
 * Source  energy: runtime-sim/energy.ts; time: the `simple` model of SANA-FE (docs/rationale/plain-neurons.md)
 * Cost    a few additions a core and cost set
 */
import { type CostSet, stepFloor, type Timing } from '../../backends/target.ts';
import { energyOf, PRICED_EVENTS, type PricedEvents } from '../energy.ts';
import { type CoreEvents, sumOf } from './events.ts';

/** Of one event each. `neuron`: its turn in a timestep; `update`, `fire`: on top of it. The host's messages cost nothing. */
export interface EventEnergies {
  readonly neuron: number;
  readonly update: number;
  readonly fire: number;
  readonly message: number;
  readonly synop: number;
  readonly hopEastWest: number;
  readonly hopNorthSouth: number;
  readonly chipMessage: number;
}

export interface EventTimes {
  readonly neuron: number;
  readonly update: number;
  readonly fire: number;
  readonly axonOut: number;
  readonly axonIn: number;
  readonly synop: number;
  /** What every timestep waits for in the end. */
  readonly barrier: number;
}

/** pJ. What the set does not know counts nothing here, and is listed by energyOf. */
export function energiesOf(set: CostSet): EventEnergies {
  const none = Object.fromEntries(PRICED_EVENTS.map(event => [event, 0])) as PricedEvents;
  const of = (events: Partial<PricedEvents>) => energyOf({ ...none, worked: 0, ...events }, set).totalPj;
  return {
    neuron: of({ updates: 1 }),
    update: of({ worked: 1 }),
    fire: of({ spikes: 1 }),
    message: of({ messages: 1 }),
    synop: of({ synops: 1 }),
    hopEastWest: of({ hopsEastWest: 1 }),
    hopNorthSouth: of({ hopsNorthSouth: 1 }),
    chipMessage: of({ chipMessages: 1 }),
  };
}

/** ns. */
export function timesOf(timing: Timing, chips: number): { times: EventTimes; unknown: readonly string[] } {
  const unknown: string[] = [];
  const of = (name: keyof Timing): number => {
    if (timing[name] === undefined) unknown.push(name);
    return timing[name]?.value ?? 0;
  };
  const floor = stepFloor(timing, chips);
  if (floor.figure === undefined) unknown.push(floor.name);
  const neuron = of('updateInactive');
  const times = {
    neuron,
    update: of('updateActive') - neuron,
    fire: of('spikeOut'),
    axonOut: of('axonOut'),
    axonIn: of('axonIn'),
    synop: of('synop'),
    barrier: floor.figure?.value ?? 0,
  };
  return { times, unknown };
}

/** `neurons`: of each core. In the unit of the costs. */
export function stepEnergy(events: CoreEvents, neurons: number, costs: EventEnergies): number {
  return (
    neurons * costs.neuron +
    sumOf(events.updated) * costs.update +
    sumOf(events.fired) * costs.fire +
    sumOf(events.messagesOut) * costs.message +
    sumOf(events.synops) * costs.synop +
    sumOf(events.hopsEastWest) * costs.hopEastWest +
    sumOf(events.hopsNorthSouth) * costs.hopNorthSouth +
    sumOf(events.chipMessages) * costs.chipMessage
  );
}

/** The longest that any core takes for its neurons and what they send, or for what it is sent; and the barrier. */
export function simpleTime(events: CoreEvents, neurons: Float64Array, times: EventTimes): number {
  const { updated, fired, messagesOut, messagesIn, synops } = events;
  let longest = 0;
  for (let core = 0; core < neurons.length; core++) {
    const sending =
      neurons[core]! * times.neuron +
      updated[core]! * times.update +
      fired[core]! * times.fire +
      messagesOut[core]! * times.axonOut;
    const receiving = messagesIn[core]! * times.axonIn + synops[core]! * times.synop;
    longest = Math.max(longest, sending, receiving);
  }
  return longest + times.barrier;
}
