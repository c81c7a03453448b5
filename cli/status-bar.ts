/** The status line as text: name, bar, time taken, time left. */

import { plainText, widthOf } from './terminal.ts';

export interface Standing {
  readonly seconds: number;
  readonly done: number;
  /** 0: nobody knows. */
  readonly total: number;
  readonly columns: number;
}

/** Below this a step is over before anybody has read how long it takes. */
const FIRST_SECONDS = 0.5;
const BAR = 20;

/** Undefined: the line stays as it is. No longer than the screen is wide, so that it can be drawn over. */
export function drawLine(name: string, { seconds, done, total, columns }: Standing): string | undefined {
  if (seconds < FIRST_SECONDS) return undefined;
  const taken = clock(seconds);
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const tails =
    share > 0 && share < 1
      ? [
          `  ${bar(share)} ${Math.floor(100 * share)} %  ${taken}, ${clock((seconds * (1 - share)) / share)} left`,
          `  ${Math.floor(100 * share)} %, ${clock((seconds * (1 - share)) / share)} left`,
        ]
      : [`  ${taken}`];
  const width = widthOf(name);
  const fits = tails.find(tail => width + tail.length < columns) ?? '';
  return width < columns ? `${name}${fits}` : plainText(name).slice(0, Math.max(1, columns - 1));
}

function bar(share: number): string {
  const full = Math.floor(BAR * share);
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`;
}

/** Units: seconds. */
export function clock(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = String(Math.floor(seconds) % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest} h` : `${minutes}:${rest} min`;
}
