/** Time of a run as a person reads it: simulated events beside the bound. */
import type { TimedReport } from '../runtime-sim/timed/machine.ts';
import { seconds } from './units.ts';

const big = (n: number): string => Math.round(n).toLocaleString('en-US');
const percent = (x: number): string => `${(100 * x).toFixed(x < 0.1 ? 1 : 0)} %`;
const beside = (bound: number, ratio: number): string =>
  `bound ${seconds(bound)}, events ${ratio.toFixed(2)} times it`;

export function timedRows({
  images,
  unknown,
  latency,
  stream,
}: TimedReport): readonly (readonly [string, string])[] {
  const { min, mean, max } = latency.seconds;
  const spread = images === 1 ? '' : ` (${seconds(min)} to ${seconds(max)} over ${big(images)} images)`;
  const { stepSeconds, warmUp, busiestCore, busiestLink } = stream;
  const binds = Object.entries(stream.binds)
    .filter(([, share]) => share > 0)
    .toSorted((a, b) => b[1] - a[1])
    .map(([term, share]) => `${term} ${percent(share)}`);
  return [
    [
      'time alone',
      `${seconds(mean)} an image${spread}; ${beside(latency.boundSeconds, latency.eventToBound)}`,
    ],
    [
      'time in a stream',
      `${seconds(stream.intervalSeconds)} an image, ${big(stream.imagesPerSecond)} images/s; ${beside(stream.boundSeconds, stream.eventToBound)}`,
    ],
    [
      'timesteps',
      `${seconds(stepSeconds.min)} to ${seconds(stepSeconds.max)}, ${seconds(stepSeconds.mean)} on average, after ${big(warmUp.steps)} of warm-up`,
    ],
    [
      'busiest',
      `core ${busiestCore.core} works ${percent(busiestCore.share)} of the time; link ${busiestLink.link} is busy ${percent(busiestLink.share)}; senders wait ${percent(stream.blocked)} of theirs`,
    ],
    ['binds', `${binds.join(', ')} of the time`],
    ...(unknown.length === 0
      ? []
      : [
          [
            'left out',
            `unknown: ${unknown.join(', ')} (a time counts as 0, a buffer holds 64 messages)`,
          ] as const,
        ]),
  ];
}
