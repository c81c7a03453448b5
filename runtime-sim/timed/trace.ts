/**
 * Traces of a run, written as it goes: what is kept is one timestep. Files of single spikes and messages end before they have more
 * rows than are allowed; perf.csv has every timestep.
 */
import type { CostSet } from '../../backends/target.ts';
import type { Mesh } from '../noc/mesh.ts';
import { chromeTrace } from './chrome-trace.ts';
import { coreNames } from './places.ts';
import type { StepObserver, TimedStep } from './run.ts';
import {
  createMessageRows,
  MESSAGE_COLUMNS,
  type MessageRows,
  PERF_COLUMNS,
  perfRow,
  type Row,
  SPIKE_COLUMNS,
} from './trace-rows.ts';
import type { Witness } from './traffic.ts';
import type { Wiring } from './wiring.ts';

export const TRACE_FILES = ['spikes.csv', 'messages.csv', 'perf.csv', 'trace.json'] as const;
export type TraceFile = (typeof TRACE_FILES)[number];

/** Takes the text of each file, part by part. */
export type TraceSink = (file: TraceFile, text: string) => void;

export interface Trace extends StepObserver {
  /** Ends the files. The first timestep without single events, because of the limit; undefined: there is none. */
  finish(): number | undefined;
}

export interface TraceOptions {
  readonly wiring: Wiring;
  readonly mesh: Mesh;
  readonly costSet: CostSet;
  /** Rows of each file at most, but for perf.csv; a timestep is written whole or not at all. */
  readonly limit: number;
}

/** Who sent in a step, in the order of the traffic. */
interface Sources {
  readonly population: number[];
  readonly neuron: number[];
  readonly spikes: number[];
  readonly sends: number[];
  readonly host: number[];
}

export function createTrace({ wiring, mesh, costSet, limit }: TraceOptions, sink: TraceSink): Trace {
  const names = coreNames(wiring.cores);
  const rows = createMessageRows(mesh, wiring, names);
  const chrome = chromeTrace(wiring, names, text => sink('trace.json', text));
  let sources: Sources | undefined;
  let endedAt: number | undefined;
  let [spikes, messages] = [0, 0];
  const line = (file: TraceFile, row: Row) => sink(file, `${row.join(',')}\n`);
  const nameOf = (population: number, neuron: number) =>
    `${csvName(wiring.header.populations[population]!.name)}.${neuron}`;
  line('spikes.csv', SPIKE_COLUMNS);
  line('messages.csv', MESSAGE_COLUMNS);
  line('perf.csv', PERF_COLUMNS);

  function single(step: TimedStep, { population, neuron, spikes, ...sends }: Sources): void {
    population.forEach((p, i) => {
      for (let k = 0; k < spikes[i]!; k++) line('spikes.csv', [nameOf(p, neuron[i]!), step.timestep]);
    });
    const origin = (i: number) => nameOf(population[i]!, neuron[i]!);
    eachMessage(step, wiring, { ...sends, origin }, (id, entry, before, from) => {
      line('messages.csv', rows.row(step, { id, mid: messages, entry, before }, from));
      messages += 1;
    });
  }

  return {
    witness(): Witness | undefined {
      if (endedAt !== undefined) return undefined;
      const mostMessages = limit - messages;
      const own: Sources = { population: [], neuron: [], spikes: [], sends: [], host: [] };
      sources = own;
      return {
        mostMessages,
        fired(population, neuron, spikes, sends) {
          own.population.push(population);
          own.neuron.push(neuron);
          own.spikes.push(spikes);
          own.sends.push(sends);
        },
        host: element => void own.host.push(element),
      };
    },
    observe(step) {
      line('perf.csv', perfRow(step, costSet));
      if (sources === undefined) return;
      const fired = sources.spikes.reduce((a, b) => a + b, 0);
      spikes += fired;
      if (step.times.messages === undefined || spikes > limit || chrome.events() > limit)
        endedAt = step.timestep;
      else {
        chrome.add(step);
        single(step, sources);
      }
      sources = undefined;
    },
    finish() {
      chrome.end();
      return endedAt;
    },
  };
}

const csvName = (name: string): string => (/[",\r\n]/.test(name) ? name.replaceAll(/[",\r\n]/g, '_') : name);

interface Sends {
  /** Of each neuron that fired, in order. */
  readonly sends: readonly number[];
  readonly host: readonly number[];
  readonly origin: (i: number) => string;
}

type VisitMessage = (
  id: number,
  entry: number,
  before: number,
  from: Parameters<MessageRows['row']>[2],
) => void;

/** Every message of a step in the order in which the engine numbers them. */
function eachMessage(
  step: TimedStep,
  wiring: Wiring,
  { sends, host, origin }: Sends,
  visit: VisitMessage,
): void {
  const { starts } = wiring.lists;
  const { traffic, times } = step;
  let [id, source, left] = [0, -1, 0];
  for (let core = 0; core < wiring.cores.length; core++) {
    let before = 0;
    for (let send = traffic.starts[core]!; send < traffic.starts[core + 1]!; send++) {
      while (left === 0) left = sends[++source]!;
      left -= 1;
      const list = traffic.fanout[send]!;
      for (let entry = starts[list]!; entry < starts[list + 1]!; entry++) {
        visit(id, entry, before, { core, neuron: origin(source) });
        before = times.messages!.entered[id]!;
        id += 1;
      }
    }
  }
  traffic.host.forEach((list, i) => {
    for (let entry = starts[list]!; entry < starts[list + 1]!; entry++)
      visit(id++, entry, 0, { core: undefined, neuron: `input.${host[i]}` });
  });
}
