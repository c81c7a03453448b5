/** A validation of the digits in shards by 1, 2 and 4 processes of this machine, beside the undivided one of the same run. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Measure, MeasureOptions } from './measure.ts';

const DIGITS = 'examples/digits';
const SHARDS = 16;
const WORKERS = [1, 2, 4] as const;

const snnc = (...words: readonly string[]): string =>
  execFileSync(process.execPath, ['bin/snnc.js', ...words, '--json'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });

/** The shortest of several runs: others may be using the machine. */
const REPEATS = 3;

function timed(work: (repeat: number) => string): { readonly seconds: number; readonly value: string } {
  const runs = Array.from({ length: REPEATS }, (_, repeat) => {
    const start = performance.now();
    const value = work(repeat);
    return { seconds: (performance.now() - start) / 1000, value };
  });
  return runs.reduce((a, b) => (b.seconds < a.seconds ? b : a));
}

/** `data`: a deployment instead of the digits'; `only`: images at most. */
export async function measureShards({ data, only }: MeasureOptions): Promise<Measure> {
  const folder = mkdtempSync(join(tmpdir(), 'snnc-bench-shards-'));
  const at = (name: string) => join(folder, name);
  try {
    const deployment = data ?? at('digits.snnc');
    if (data === undefined)
      snnc(
        ...['compile', `${DIGITS}/vit-digits.onnx`, '--calibrate', `${DIGITS}/digits-calib.npz`],
        ...['--mode', 'pipelined', '--out', deployment],
      );
    const work = [
      ...['validate', deployment, '--data', `${DIGITS}/digits-test.npz`],
      ...(only === undefined ? [] : ['--limit', only]),
    ];
    const whole = timed(() => snnc(...work, '--workers', '1'));
    console.log(`undivided, 1 thread   ${whole.seconds.toFixed(2)} s`);
    const rows = WORKERS.map(workers => {
      const out = (repeat: number) => at(`by-${workers}-${repeat}`);
      const words = [
        'submit',
        ...work,
        '--engine',
        'local',
        '--count',
        `${SHARDS}`,
        '--workers',
        `${workers}`,
      ];
      const { seconds, value } = timed(repeat => snnc(...words, '--out', out(repeat)));
      const files = readdirSync(out(0)).filter(name => name.endsWith('.shard'));
      const bytes = files.reduce((sum, name) => sum + statSync(join(out(0), name)).size, 0);
      const same = value === whole.value ? 'equal byte for byte' : 'DIFFERENT';
      console.log(
        `${SHARDS} shards by ${workers}        ${seconds.toFixed(2)} s, ${(bytes / 1024).toFixed(0)} KiB of results, ${same}`,
      );
      return { seconds, isSame: value === whole.value };
    });
    console.log(`${availableParallelism()} cores`);
    if (rows.some(({ isSame }) => !isSame)) throw new Error('shards say something else than the whole');
    const [one, two] = rows.map(({ seconds }) => seconds);
    return { value: two!, unit: 's by 2 processes', anchor: '1 process', ratio: one! / two! };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
