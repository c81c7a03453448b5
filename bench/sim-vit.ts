/**
 * Images per second of a Vision Transformer, functional, beside PyTorch that runs the same method in float32 on two
 * threads (bench/sim-vit.py), both from one conversion, in one run. Weights and images of --data MODEL.onnx; ViT-S/16
 * has random weights where a generator made it, and its thresholds then come from synthetic images.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTarget, type Target } from '../backends/target.ts';
import { openModelFile } from '../cli/model-files.ts';
import { allPrograms } from '../compiler/assemble.ts';
import {
  type CompileOptions,
  type Context,
  convertNetwork,
  quantizeNetwork,
  readNetwork,
} from '../compiler/compile.ts';
import { syntheticImages } from '../compiler/data/synthetic.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { MODES } from '../ir/chip.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { createFastIntRunner } from '../ir/fast/int.ts';
import { createFastSnnRunner } from '../ir/fast/snn.ts';
import type { IntGraph } from '../ir/int.ts';
import type { SnnGraph } from '../ir/snn.ts';
import { createSimulator } from '../runtime-sim/simulator.ts';
import type { Measure, MeasureOptions } from './measure.ts';
import { intPeak } from './run-speed.ts';
import { writeSnn } from './snn-file.ts';

/** T timesteps of K terms, and what ours must reach of the peer's images per second. */
const SETTINGS = [
  { steps: 1, terms: 2, least: 0.8 },
  { steps: 4, terms: 1, least: 1.5 },
] as const;
const SHIFT = 4;
const IMAGES = 2;
const REPEATS = 5;
const BATCHES = '1,8,16';
/** Of ours: images at a time, and threads. */
const BATCH = 4;
const THREADS = 2;

interface Row {
  readonly setting: (typeof SETTINGS)[number];
  readonly ours: number;
  readonly threads: number;
  /** Images per second that the kernels alone would give. */
  readonly limit: number;
  readonly gmacs: number;
  readonly peer: Peer | undefined;
  readonly density: ReadonlyMap<string, number>;
  readonly logits: Agreement | undefined;
}
interface Peer {
  readonly torch: string;
  readonly threads: number;
  readonly imagesPerSecond: number;
  readonly batch: number;
  readonly logits: readonly (readonly number[])[];
  /** In float64. */
  readonly exact: readonly (readonly number[])[];
  readonly density: Readonly<Record<string, number>>;
}
/** The peer's last logits against ours of stage snn, in double precision. */
interface Agreement {
  /** Root mean square over that of the logits, in float64 and as it is timed. */
  readonly exact: number;
  readonly relative: number;
  /** As it is timed. */
  readonly classes: number;
}

/**
 * --data MODEL.onnx; --python PYTHON with torch runs the peer; --only T for one setting; --mode of the chip (streaming at
 * T = 1, else pipelined), or `none`: the integer network without a chip, on one thread.
 */
export async function measureVit({ data, python, only, mode }: MeasureOptions): Promise<Measure> {
  const model = data ?? 'examples/digits/vit-digits.onnx';
  const settings = SETTINGS.filter(({ steps }) => only === undefined || `${steps}` === only);
  const rows: Row[] = [];
  for (const setting of settings) {
    const row = await measureSetting(model, setting, python, mode);
    console.log(printRow(row));
    rows.push(row);
  }
  const worst = rows
    .filter(row => row.peer !== undefined)
    .map(row => ({ row, ratio: row.ours / row.peer!.imagesPerSecond }))
    .toSorted((a, b) => a.ratio / a.row.setting.least - b.ratio / b.row.setting.least)[0];
  if (worst !== undefined) {
    const { steps, terms, least } = worst.row.setting;
    const anchor = `PyTorch at T = ${steps}, K = ${terms} (target ${least})`;
    return { value: worst.row.ours, unit: 'images/s', anchor, ratio: worst.ratio };
  }
  const [{ ours, limit }] = rows as [Row];
  return { value: ours, unit: 'images/s', anchor: 'dense kernels alone on one thread', ratio: ours / limit };
}

async function measureSetting(
  model: string,
  setting: Row['setting'],
  python: string | undefined,
  mode = setting.steps === 1 ? 'streaming' : 'pipelined',
): Promise<Row> {
  const { steps, terms } = setting;
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const { ann } = readNetwork(openModelFile(model), model, context);
  const shape = ann.nodes.find(node => node.kind === 'input')!.type.shape;
  const images = syntheticImages(shape, IMAGES).map(image => Float64Array.from(Float32Array.from(image)));
  const options: CompileOptions = {
    ...{ coding: 'sum', steps, thresholds: 'pow2', profile: defaultProfile(SHIFT, terms), weightBits: 8 },
    ...{ seed: 1, effort: 'fast', biasCorrection: false, keepUnread: false },
  };
  const target = await loadTarget('loihi2:hala-point');
  const { snn } = convertNetwork(ann, images, options, context);
  const int = quantizeNetwork(snn, images, target, options.weightBits, context);
  const runner = mode === 'none' ? runInteger(int) : runChip(int, target, mode, options, context);
  const peer = python === undefined ? undefined : runPeer(python, snn, images);
  const { kernels, macs } = intPeak(int);
  return {
    ...{ setting, peer, ...runOurs(runner, images) },
    threads: runner.threads,
    limit: 1 / kernels,
    gmacs: macs / 1e9,
    logits: peer && agreementOf(snn, images, peer),
  };
}

function runPeer(python: string, snn: SnnGraph, images: readonly Float64Array[]): Peer {
  const folder = mkdtempSync(join(tmpdir(), 'sim-vit-'));
  try {
    writeSnn(folder, snn, images);
    const argv = ['bench/sim-vit.py', '--network', folder, '--batch', BATCHES, '--repeats', `${REPEATS}`];
    const text = execFileSync(python, argv, { encoding: 'utf8', maxBuffer: 2 ** 28 });
    // The script is ours and prints exactly this.
    return JSON.parse(text) as Peer;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs images; `watch` is told what each multi-threshold population sent in each step. */
interface Runner {
  readonly threads: number;
  run(images: readonly Float64Array[], watch?: (population: string, values: Int32Array) => void): void;
  close(): void;
}

function runInteger(int: IntGraph): Runner {
  const runner = createFastIntRunner(int);
  return {
    threads: 1,
    close() {},
    run(images, watch) {
      for (const image of images) {
        runner.run(
          image,
          watch &&
            ((_, node, { values }) => {
              if (node.kind === 'population' && node.attrs.emit.kind === 'mt') watch(node.id, values);
            }),
        );
      }
    },
  };
}

function runChip(
  int: IntGraph,
  target: Target,
  mode: string,
  options: CompileOptions,
  context: Context,
): Runner {
  const known = MODES.find(name => name === mode);
  if (known === undefined) throw new Error(`--mode takes ${MODES.join(', ')} or none`);
  const mapped = mapNetwork(int, target, new Map(), { ...options, mode: known }, context);
  const programs = allPrograms(mapped.programs);
  const spiking = new Set(
    mapped.int.nodes.flatMap(node =>
      node.kind === 'population' && node.attrs.emit.kind === 'mt' ? [node.id as string] : [],
    ),
  );
  const names = programs[0]!.header.populations.map(({ name }) => name);
  const simulator = createSimulator(programs, { workers: THREADS });
  return {
    threads: THREADS,
    close: () => simulator.close(),
    run(images, watch) {
      simulator.run(
        images,
        watch &&
          ((_, __, population, { values }) => {
            const name = names[population]!;
            if (spiking.has(name) || spiking.has(`%${name}`)) watch(name, values);
          }),
      );
    },
  };
}

/** Shortest of the runs over a batch, and the share of neurons that send, by site. */
function runOurs(runner: Runner, images: readonly Float64Array[]) {
  const sent = new Map<string, { fired: number; all: number }>();
  runner.run(images, (name, values) => {
    const before = sent.get(name) ?? { fired: 0, all: 0 };
    const fired = values.reduce((n, value) => n + (value === 0 ? 0 : 1), 0);
    sent.set(name, { fired: before.fired + fired, all: before.all + values.length });
  });
  const batch = Array.from({ length: BATCH }, (_, i) => images[i % images.length]!);
  const seconds = Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    runner.run(batch);
    return (performance.now() - start) / 1e3 / BATCH;
  });
  runner.close();
  const density = new Map([...sent].map(([id, { fired, all }]) => [id, fired / all]));
  return { ours: 1 / Math.min(...seconds), density };
}

function agreementOf(snn: SnnGraph, images: readonly Float64Array[], { logits, exact }: Peer): Agreement {
  const runner = createFastSnnRunner(snn);
  const own = images.map(image => runner.run(image).at(-1)!.slice());
  const all = own.flatMap(values => [...values]);
  const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  const off = (theirs: readonly (readonly number[])[]) => {
    const flat = theirs.flat();
    return norm(all.map((x, i) => x - flat[i]!)) / norm(all);
  };
  const best = (values: ArrayLike<number>) => Array.from(values).indexOf(Math.max(...Array.from(values)));
  const same = own.filter((values, i) => best(values) === best(logits[i]!)).length;
  return { exact: off(exact), relative: off(logits), classes: same / images.length };
}

function printRow({ setting, ours, threads, limit, gmacs, peer, density, logits }: Row): string {
  const { steps, terms, least } = setting;
  const rates = [...density.values()].toSorted((a, b) => a - b);
  const mean = rates.reduce((a, b) => a + b, 0) / rates.length;
  const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
  const ofKind = (values: Iterable<readonly [string, number]>) =>
    [...kindsOf(values)].map(([kind, rate]) => `${kind} ${percent(rate)}`).join(', ');
  const ratio = peer && ours / peer.imagesPerSecond;
  return [
    `T = ${steps}, K = ${terms}: ${gmacs.toFixed(2)} GMAC an image if all were dense`,
    `  ours     ${ours.toFixed(2)} images/s, ${(ours * gmacs).toFixed(1)} GMAC/s, ${percent(ours / limit / threads)} of the dense kernels alone on as many threads (${threads})`,
    ...(peer === undefined
      ? []
      : [
          `  PyTorch  ${peer.imagesPerSecond.toFixed(2)} images/s, ${(peer.imagesPerSecond * gmacs).toFixed(1)} GMAC/s (${peer.torch}, ${peer.threads} threads, float32, batch ${peer.batch}, the best of ${BATCHES})`,
          `  ratio    ${ratio!.toFixed(2)}, target ${least}`,
          `  logits   of PyTorch in float64 ${logits!.exact.toExponential(1)} off ours of stage snn, in float32 ${logits!.relative.toExponential(1)}, same class on ${percent(logits!.classes)}`,
          `  density  PyTorch: ${ofKind(Object.entries(peer.density))}`,
        ]),
    `  density  ${percent(rates[0]!)} to ${percent(rates.at(-1)!)}, mean of sites ${percent(mean)}: ${ofKind(density)}`,
  ].join('\n');
}

/** Mean over sites of the same kind: those whose names end alike. */
function kindsOf(density: Iterable<readonly [string, number]>): ReadonlyMap<string, number> {
  const kinds = new Map<string, number[]>();
  for (const [id, rate] of density) {
    const kind = id.split('.').at(-1)!;
    kinds.set(kind, [...(kinds.get(kind) ?? []), rate]);
  }
  return new Map([...kinds].map(([kind, rates]) => [kind, rates.reduce((a, b) => a + b, 0) / rates.length]));
}
