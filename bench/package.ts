/** The package as it is published: its size, and how long its command takes to start, beside Node doing nothing. */
import { spawnSync } from 'node:child_process';
import type { Measure } from './measure.ts';

/** Bytes and seconds that they may take. */
const LARGEST = 3 * 2 ** 20;
const LONGEST = 0.15;
const RUNS = 15;

interface Packed {
  readonly size: number;
  readonly unpackedSize: number;
  readonly entryCount: number;
}

export function measurePackage(): Measure {
  const run = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8' });
  const [{ size, unpackedSize, entryCount }] = JSON.parse(run.stdout) as [Packed];
  const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
  const version = fastest(['bin/snnc.js', '--version']);
  const nothing = fastest(['-e', '0']);
  console.log(
    `package     ${megabytes(size)} of ${megabytes(LARGEST)}, ${megabytes(unpackedSize)} unpacked, ${entryCount} files`,
  );
  console.log(
    `--version   ${(1000 * version).toFixed(0)} ms of ${1000 * LONGEST} ms; Node alone ${(1000 * nothing).toFixed(0)} ms`,
  );
  console.log(`--help      ${(1000 * fastest(['bin/snnc.js', '--help'])).toFixed(0)} ms`);
  return {
    value: 1000 * version,
    unit: 'ms to start',
    anchor: `limit of ${1000 * LONGEST} ms`,
    ratio: LONGEST / version,
  };
}

/** Units: seconds. */
function fastest(args: readonly string[]): number {
  const times = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    spawnSync(process.execPath, args, { stdio: 'ignore' });
    return (performance.now() - start) / 1000;
  });
  return Math.min(...times);
}
