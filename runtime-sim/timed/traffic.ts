/**
 * The traffic of one timestep, from who sent what: a core goes through its tiles and their neurons in order, spends on
 * each what its update costs, and sends the messages of those that fire.
 *
 * Cost  one look at each neuron that is executed; memory for each that sends, reused from step to step
 */
import type { StepTraffic } from '../noc/traffic.ts';
import { boxSizes } from '../state.ts';
import type { CoreCosts } from './costs.ts';
import { hostElements, type Instance, type Turn, turnOf } from './instances.ts';
import { NO_LIST } from './lists.ts';
import { HOST, type RowOperand } from './row-operands.ts';
import { createSends, type Sends } from './sends.ts';
import { isSet, type Sent } from './sent.ts';
import { clearTally, countArrivals, countHops, createTally, type StepTally } from './tally.ts';
import { listOf, type TimedTile, type Wiring } from './wiring.ts';

export interface Step {
  /** Valid until the next step is made. */
  readonly traffic: StepTraffic;
  readonly tally: StepTally;
}

/** Is told who sends what, in the order of the traffic, where that is wanted. */
export interface Witness {
  /** A step with more messages is not looked at one by one. */
  readonly mostMessages: number;
  /** Neuron of the population, its spikes, and how many sends it makes. */
  fired(population: number, neuron: number, spikes: number, sends: number): void;
  /** An element of the image, which makes one send. */
  host(element: number): void;
}

export interface TrafficMaker {
  make(now: number, instances: readonly Instance[], witness?: Witness): Step;
}

/** Makes steps: `walk` is told each core in turn and notes in `sends` and `tally` what it does; `hosts`, asked last: lists that the host sends. */
export interface StepFrame {
  readonly sends: Sends;
  readonly tally: StepTally;
  make(walk: (core: number) => void, hosts: () => Int32Array): Step;
}

export function createStepFrame({ header, cores, lists }: Wiring): StepFrame {
  const tally = createTally(cores.length, header.populations.length);
  const sends = createSends(lists.starts.length - 1);
  const starts = new Int32Array(cores.length + 1);
  const tail = new Float64Array(cores.length);
  return {
    ...{ sends, tally },
    make(walk, hosts) {
      clearTally(tally);
      sends.clear();
      for (let core = 0; core < cores.length; core++) {
        starts[core] = sends.count();
        walk(core);
        tail[core] = sends.rest();
        tally.perCore.sent[core] = sends.messages(lists.starts);
      }
      starts[cores.length] = sends.count();
      sends.eachList((list, times) => {
        countArrivals(tally, lists, list, times);
        countHops(tally, lists, list, times);
      });
      const host = hosts();
      for (const list of host) countArrivals(tally, lists, list, 1);
      return { traffic: { starts, tail, ...sends.columns(), host }, tally };
    },
  };
}

export function createTrafficMaker(wiring: Wiring, costs: CoreCosts): TrafficMaker {
  const { header, cores, host } = wiring;
  const frame = createStepFrame(wiring);
  const neurons = createNeuronWalk(wiring, costs, frame);
  const elementsAt = hostElements(host.size, host.steps);

  function hostLists(now: number, instances: readonly Instance[], witness?: Witness): Int32Array {
    const found: number[] = [];
    for (const { start, sent } of instances) {
      if (now < start) continue;
      for (const element of elementsAt(now - start, header, sent.steps) ?? []) {
        const list = isSet(sent.host, element) ? listOf(host, element) : NO_LIST;
        if (list === NO_LIST) continue;
        found.push(list);
        witness?.host(element);
      }
    }
    return Int32Array.from(found);
  }

  return {
    make(now, instances, witness) {
      const walk = (core: number) => {
        for (const tile of cores[core]!.tiles) {
          const turn = turnOf(tile.program, instances, now, header);
          if (turn !== undefined) neurons.walk(tile, turn, witness);
        }
      };
      return frame.make(walk, () => hostLists(now, instances, witness));
    },
  };
}

/** Neurons that follow each other: the first one's number in the population and in the tile. */
interface Run {
  readonly from: number;
  readonly number: number;
  readonly length: number;
}

/** Goes through the neurons of a tile that are executed in a turn. */
function createNeuronWalk({ header }: Wiring, costs: CoreCosts, { sends, tally }: StepFrame) {
  const { perCore, populations } = tally;
  const { binary, resetNeurons } = header;

  /** What waited for the row that is executed meets the other operand. */
  function spendProducts({ core, operands }: TimedTile, turn: Turn): void {
    for (const operand of operands) {
      const synops = operand.columns * countOperand(operand, turn, header.populations.length);
      const ticks = Math.round(synops * costs.synop);
      sends.spend(ticks);
      perCore.updateTicks[core]! += ticks;
      perCore.synops[core]! += synops;
    }
  }

  function walkRun(tile: TimedTile, { bits, terms }: Sent, run: Run, witness?: Witness): void {
    const { from, number, length } = run;
    const { core, program, returning, classes, lists } = tile;
    const isFiring = program.emit.kind === 'mt';
    const held = isFiring ? resetNeurons : 1;
    const silent = held * costs.updateInactive;
    const working = held * costs.updateActive;
    let [active, spikes] = [0, 0];
    for (let i = 0; i < length; i++) {
      if (!isSet(bits, from + i)) {
        sends.spend(silent);
        continue;
      }
      const own = terms?.[from + i] ?? 1;
      const times = binary && isFiring ? own : 1;
      const list = lists[classes.of === undefined ? 0 : classes.of[number + i]!]!;
      active += 1;
      spikes += times;
      sends.spend(working);
      for (let k = 0; k < times; k++) {
        sends.spend(costs.spikeOut);
        if (list !== NO_LIST) sends.send(list);
      }
      const returns = returning === NO_LIST ? 0 : own;
      for (let k = 0; k < returns; k++) sends.send(returning);
      witness?.fired(program.population, from + i, times, (list === NO_LIST ? 0 : times) + returns);
    }
    perCore.updates[core]! += length * held;
    perCore.active[core]! += active * held;
    perCore.spikes[core]! += spikes;
    perCore.updateTicks[core]! += active * working + (length - active) * silent + spikes * costs.spikeOut;
    populations.updates[program.population]! += length;
    populations.active[program.population]! += active;
    populations.spikes[program.population]! += spikes;
  }

  return {
    walk(tile: TimedTile, turn: Turn, witness?: Witness): void {
      const { population, box } = tile.program;
      const sent = sentIn(turn, population, header.populations.length);
      if (sent === undefined) return;
      spendProducts(tile, turn);
      const [, allRows, allChannels] = header.populations[population]!.shape as [number, number, number];
      const [groups, rows, channels] = boxSizes(box);
      const [first, end] = turn.row === undefined ? [0, rows] : [turn.row, turn.row + 1];
      for (let g = 0; g < groups; g++) {
        for (let r = first; r < end; r++) {
          const from = ((box.group[0] + g) * allRows + box.row[0] + r) * allChannels + box.channel[0];
          walkRun(tile, sent, { from, number: (g * rows + r) * channels, length: channels }, witness);
        }
      }
    },
  };
}

const sentIn = ({ instance, step }: Turn, population: number, populations: number): Sent | undefined =>
  instance.sent.sent[(step - 1) * populations + population];

function countOperand({ population, starts, neurons }: RowOperand, turn: Turn, populations: number): number {
  const bits = population === HOST ? turn.instance.sent.host : sentIn(turn, population, populations)?.bits;
  if (bits === undefined || turn.row === undefined) return 0;
  let count = 0;
  for (let i = starts[turn.row]!; i < starts[turn.row + 1]!; i++) if (isSet(bits, neurons[i]!)) count += 1;
  return count;
}
