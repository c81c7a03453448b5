/**
 * What products of integers reach on this machine, path by path: billions of weights added by events in a second, billions of
 * multiplications of dense ones, and from which density on dense is quicker. Dense on one and on all threads is the limit that
 * functional simulation is held against.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { type Arena, createArena, hasAllKernels } from '../ir/fast/arena.ts';
import {
  type Matrix,
  multiply,
  type Path,
  packPanels,
  productRoom,
  type WeightPanels,
} from '../ir/fast/panels.ts';
import { createRandom, type Random } from '../ir/random/seeded.ts';
import type { Measure } from './measure.ts';

const WIDTHS = [128, 384, 768, 1024] as const;
const DENSITIES = [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1] as const;
/** Tokens of a ViT at 224 × 224. */
const TOKENS = 197;
const ROWS = [1, 4, 8, 16, 32, TOKENS] as const;
const LARGEST = 64;
const REPEATS = 15;
/** A run is repeated until it takes so long, in seconds: shorter ones measure the clock. */
const LEAST_SECONDS = 0.002;

interface Case {
  readonly arena: Arena;
  readonly x: Matrix;
  readonly y: Matrix;
  readonly weights: WeightPanels;
  readonly room: number;
  readonly rows: number;
  readonly events: number;
}

export async function measureKernels(): Promise<Measure> {
  const [arena, random] = [kernelArena(), createRandom(1)];
  for (const width of WIDTHS) printWidth(width, arena, random);
  printCrossovers(arena, random);
  const [one, all] = [await denseRate(1), await denseRate(availableParallelism())];
  console.log(`dense, ${TOKENS} x 768 x 768: ${rate(one)} GMAC/s on one thread, ${rate(all)} on all`);
  return { value: one, unit: 'GMAC/s', anchor: `${availableParallelism()} threads`, ratio: all / one };
}

const rate = (perSecond: number): string => perSecond.toFixed(1);

/** Rows per second of one width at all densities, TOKENS rows at once. */
function printWidth(width: number, arena: Arena, random: Random): void {
  console.log(
    `${TOKENS} rows of ${width} inputs, ${width} columns: G weights added a second by events, GMAC/s dense`,
  );
  for (const density of DENSITIES) {
    const one = prepare(TOKENS, width, density, arena, random);
    const added = (one.events * width) / 1e9;
    const events = added / secondsOf(one, 'events');
    const dense = (TOKENS * width * width) / 1e9 / secondsOf(one, 'dense');
    const share = density.toFixed(2).padStart(6);
    console.log(`${share}  events ${rate(events)}  dense ${rate(dense)}`);
  }
}

/** Where events take as long as dense, between two densities on a line. */
function printCrossovers(arena: Arena, random: Random): void {
  console.log('density from which on dense is quicker (384 inputs, 384 columns)');
  for (const rows of ROWS) {
    const gains = DENSITIES.map(density => {
      const one = prepare(rows, 384, density, arena, random);
      return { density, lead: secondsOf(one, 'events') / secondsOf(one, 'dense') - 1 };
    });
    const after = gains.findIndex(({ lead }) => lead > 0);
    const [a, b] = [gains[after - 1], gains[after]];
    const cross = (from: { density: number; lead: number }, to: { density: number; lead: number }) =>
      from.density + ((to.density - from.density) * -from.lead) / (to.lead - from.lead);
    const answer = b === undefined ? 'never' : a === undefined ? 'always' : cross(a, b).toFixed(2);
    console.log(`${String(rows).padStart(6)} rows  ${answer}`);
  }
}

function kernelArena(): Arena {
  const arena = createArena();
  return hasAllKernels(arena) ? arena : defect('a measure of the kernels needs WebAssembly');
}

function prepare(rows: number, width: number, density: number, arena: Arena, random: Random): Case {
  const block = Int8Array.from({ length: width * width }, () => random.int(-127, 127));
  const weights = packPanels(arena, [width, width], block) ?? defect('weights of 8 bits have panels');
  const x = { at: arena.reserve(rows * width * 2), stride: width * 2 };
  const y = { at: arena.reserve(rows * width * 4), stride: width * 4 };
  const room = arena.reserve(productRoom(rows, width));
  const sent = Int16Array.from({ length: rows * width }, () =>
    random.chance(density) ? random.pick([-1, 1]) * 2 ** random.int(0, Math.log2(LARGEST)) : 0,
  );
  arena.views().i16.set(sent, x.at / 2);
  const events = sent.reduce((n, value) => n + (value === 0 ? 0 : 1), 0);
  return { arena, x, y, weights, room, rows, events };
}

/** The shortest of many runs, of a machine that others use too. */
function secondsOf({ arena, x, y, weights, room, rows }: Case, path: Path): number {
  // Sums of many runs may wrap: only the time counts.
  const run = () => void multiply(arena, x, rows, weights, y, { room, held: 0, path });
  const timed = (times: number) => {
    const start = performance.now();
    for (let i = 0; i < times; i++) run();
    return (performance.now() - start) / 1000 / times;
  };
  const times = Math.max(1, Math.ceil(LEAST_SECONDS / timed(3)));
  return Math.min(...Array.from({ length: REPEATS }, () => timed(times)));
}

const DENSE = 768;

/** GMAC/s of dense products on so many threads at once, each with operands of its own. */
async function denseRate(threads: number): Promise<number> {
  const path = fileURLToPath(import.meta.url);
  const rates = Array.from(
    { length: threads },
    (_, seed) =>
      new Promise<number>((resolve, reject) => {
        const worker = new Worker(path, { workerData: { seed } });
        worker.once('message', resolve);
        worker.once('error', reject);
      }),
  );
  return (await Promise.all(rates)).reduce((a, b) => a + b, 0);
}

/** One thread of denseRate: long enough that all are at work together. */
function answerWithRate({ seed }: { readonly seed: number }): void {
  const one = prepare(TOKENS, DENSE, 1, kernelArena(), createRandom(seed));
  const macs = (TOKENS * DENSE * DENSE) / 1e9;
  parentPort?.postMessage(macs / secondsOf(one, 'dense'));
}

if (!isMainThread) answerWithRate(workerData as { readonly seed: number });
