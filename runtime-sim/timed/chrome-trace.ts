/**
 * A run as Chrome's trace viewer and Perfetto read it: a process for each chip, of each core a track of what it generates and
 * one of what it receives, and how many messages each chip sent.
 *
 * Source  Trace Event Format, JSON object form; ts and dur in µs, with three decimals
 */
import { TICKS_PER_NS } from '../noc/create-mesh.ts';
import type { TimedStep } from './run.ts';
import type { Wiring } from './wiring.ts';

export interface ChromeTrace {
  add(step: TimedStep): void;
  events(): number;
  end(): void;
}

/** Process of the timesteps themselves, before those of chips. */
const STEPS = 0;
/**
 * Whole ns, as viewers keep them. Ends are rounded, not durations: a slice that reached one nanosecond into the next one of its
 * track would hide that one.
 */
const nano = (ticks: number): number => Math.round(ticks / TICKS_PER_NS);

export function chromeTrace(
  { cores }: Wiring,
  names: readonly string[],
  write: (text: string) => void,
): ChromeTrace {
  let events = 0;
  const chips = [...new Set(cores.map(({ chip }) => chip))];
  const put = (event: object) => {
    write(`${events === 0 ? '{"displayTimeUnit":"ns","traceEvents":[' : ','}\n${JSON.stringify(event)}`);
    events += 1;
  };
  const name = (what: string, pid: number, tid: number, text: string) =>
    put({ ph: 'M', name: what, pid, tid, args: { name: text } });
  const slice = (of: string, pid: number, tid: number, start: number, ticks: number) =>
    put({
      ph: 'X',
      name: of,
      pid,
      tid,
      ts: nano(start) / 1000,
      dur: (nano(start + ticks) - nano(start)) / 1000,
    });
  name('process_name', STEPS, 0, 'timesteps');
  for (const chip of chips) name('process_name', chip + 1, 0, `chip ${chip}`);
  cores.forEach(({ chip }, core) => {
    name('thread_name', chip + 1, 2 * core, `core ${names[core]} generate`);
    name('thread_name', chip + 1, 2 * core + 1, `core ${names[core]} receive`);
  });
  return {
    add({ timestep, start, total, times, tally }) {
      slice(`timestep ${timestep}`, STEPS, 0, start, total);
      const { generated, received } = times.perCore;
      cores.forEach(({ chip }, core) => {
        if (generated[core]! > 0) slice('generate', chip + 1, 2 * core, start, generated[core]!);
        if (received[core]! > 0) slice('receive', chip + 1, 2 * core + 1, start, received[core]!);
      });
      for (const chip of chips) {
        const sent = tally.perCore.sent.reduce((n, x, core) => n + (cores[core]!.chip === chip ? x : 0), 0);
        put({ ph: 'C', name: 'messages', pid: chip + 1, ts: nano(start) / 1000, args: { sent } });
      }
    },
    events: () => events,
    end: () => write('\n]}\n'),
  };
}
