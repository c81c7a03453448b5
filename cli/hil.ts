/** `snnc hil`: a deployment on a device, every spike compared with the simulator, what differs located. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Deployment, manifestHash, openFolder } from '../backends/folder.ts';
import { VERSION as PROGRAM_VERSION } from '../backends/program/layout.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import { readNpz } from '../compiler/data/npz.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import type { HilResult } from '../report/hil-result.ts';
import { firstLine, hilCases, hilLines } from '../report/hil-text.ts';
import { writeJunit } from '../report/junit.ts';
import { type DeviceFile, deviceFile } from '../runtime-sim/hil/load.ts';
import { locateFaults } from '../runtime-sim/hil/locate.ts';
import {
  RecordingError,
  type RecordingHead,
  recordDevice,
  replayRecording,
} from '../runtime-sim/hil/record.ts';
import { recordAll, runImages } from '../runtime-sim/hil/run.ts';
import { describeMemory, type ScrubResult, scrub } from '../runtime-sim/hil/scrub.ts';
import { type HilDevice, openSession } from '../runtime-sim/hil/session.ts';
import { ownersOf } from '../runtime-sim/hil/spread.ts';
import { createTileBench } from '../runtime-sim/hil/tile-bench.ts';
import { createSimulator } from '../runtime-sim/simulator.ts';
import { type Console, createConsole, reportDiagnostics } from './console.ts';
import { readBytes } from './data.ts';
import { checkDescription, type LinkArguments, openLink, withDevice } from './device-link.ts';
import { openImages } from './images.ts';
import type { DataOptions, Shared } from './options.ts';
import { takerOf } from './preprocess.ts';
import { writeText } from './text-files.ts';
import { VERSION } from './version.ts';

export interface HilArguments extends Shared, DataOptions, LinkArguments {
  readonly folder: string | undefined;
  readonly device: string | undefined;
  readonly input: string | undefined;
  readonly limit: number | undefined;
  readonly together: number;
  readonly stride: number | undefined;
  readonly scrub: boolean;
  readonly record: string | undefined;
  readonly replay: string | undefined;
  readonly junit: string | undefined;
  readonly conformance: string | undefined;
  readonly workers: number | undefined;
}

const usage = (problem: string): never => fail('E0001', { origin: 'snnc hil' }, { problem });

export async function hilCommand(args: HilArguments): Promise<number> {
  if (args.conformance !== undefined) {
    if (args.folder !== undefined) usage('--conformance brings a network of its own and takes no folder');
    const { conformanceCommand } = await import('./hil-conformance.ts');
    return conformanceCommand(args.conformance, args);
  }
  if (args.folder === undefined) return usage('which folder? snnc hil DIR --device URL');
  if ((args.device === undefined) === (args.replay === undefined))
    return usage('give either --device URL or --replay FILE');
  if (args.record !== undefined && args.replay !== undefined)
    return usage('what is replayed is recorded already: --record or --replay, not both');
  const out = createConsole(args);
  out.step('boot');
  const folder = openFolder(args.folder);
  const programs = folder.programs();
  const bench = createTileBench(programs);
  const set = await readInputs(folder, args, out);
  const head = {
    schema: 'snnc-hil-recording' as const,
    tool: VERSION,
    device: args.device ?? '',
    manifest: manifestHash(folder.dir),
    images: set.images.length,
    together: args.together,
    stride: args.stride ?? null,
  };
  const work = { folder, programs, bench, ...set, head };
  if (args.replay !== undefined) return replaying(args.replay, work, args, out);
  const url = args.device!;
  return withDevice(url, args.patience, () => onDevice(url, work, args, out));
}

interface Work {
  readonly folder: Deployment;
  readonly programs: readonly ChipProgram[];
  readonly bench: ReturnType<typeof createTileBench>;
  readonly images: readonly Float64Array[];
  readonly labels: ArrayLike<number> | undefined;
  readonly head: RecordingHead;
}

/** Images that compile simulated, as the chip takes them. Errors: E0860 */
export function goldenImages({ manifest, read, dir }: Deployment): readonly Float64Array[] {
  if (!manifest.files.some(({ path }) => path === 'golden.npz')) fail('E0860', { origin: dir }, {});
  const { shape, data } = readNpz(read('golden.npz'), 'golden.npz').get('inputs')!;
  const [count = 0] = shape;
  const size = data.length / count;
  return Array.from({ length: count }, (_, i) =>
    Float64Array.from(data.subarray(i * size, (i + 1) * size) as ArrayLike<number>),
  );
}

/** Errors: E0860, those of images. */
async function readInputs(folder: Deployment, args: HilArguments, out: Console) {
  const { manifest } = folder;
  if (args.input === undefined) {
    const images = goldenImages(folder);
    return { images: images.slice(0, args.limit ?? images.length), labels: undefined };
  }
  const set = await openImages(args.input, takerOf(manifest), args, out.diagnostics.report);
  const images: Float64Array[] = [];
  for (let i = 0; i < Math.min(set.count, args.limit ?? set.count); i++) images.push(await set.image(i));
  return { images, labels: set.labels };
}

function filesOf({ manifest, read, dir }: Deployment): readonly DeviceFile[] {
  const programs = manifest.files.filter(({ path }) => path.startsWith('program/'));
  return [
    deviceFile('manifest', 0, readFileSync(join(dir, 'manifest.json'))),
    ...programs.map(({ path }) =>
      deviceFile('program', Number(/(\d+)\.bin$/.exec(path)?.[1] ?? 0), read(path)),
    ),
  ];
}

async function onDevice(url: string, work: Work, args: HilArguments, out: Console): Promise<number> {
  const link = openLink(url, args);
  let device: HilDevice | undefined;
  const interrupted = () => {
    void Promise.race([device?.close(), new Promise(resolve => setTimeout(resolve, 1000))]).then(() =>
      process.exit(130),
    );
  };
  process.once('SIGINT', interrupted);
  try {
    out.step('connect');
    const timeout = args.timeout * 1000;
    const description = await link.call('Describe', {}, timeout);
    const files = filesOf(work.folder);
    const { name } = work.folder.manifest.target;
    const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
    checkDescription(description, { target: name, programVersion: PROGRAM_VERSION, bytes }, url);
    out.step('load');
    device = await openSession(link, description, files, {
      ...{ client: `snnc ${VERSION}`, timeout, patience: args.patience * 1000, loading: out.advance },
    });
    link.setRate(device.limits.messagesPerSecond);
    if (args.record === undefined) return await compare(device, files, url, work, args, out);
    const recorder = startRecording(args.record, device, work.head);
    const code = await compare(recorder.device, files, url, work, args, out);
    recorder.finish();
    return code;
  } finally {
    process.off('SIGINT', interrupted);
    await device?.close();
    link.close();
  }
}

/** Errors: E0725. */
function startRecording(path: string, device: HilDevice, head: RecordingHead) {
  const attempt = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown';
      return fail('E0725', { origin: path }, { path, reason });
    }
  };
  const file = attempt(() => openSync(path, 'w'));
  const recorder = recordDevice(device, head, bytes => {
    attempt(() => {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done);
    });
  });
  return {
    device: recorder.device,
    finish() {
      recorder.finish();
      closeSync(file);
    },
  };
}

/** Errors: E0859. */
async function replaying(path: string, work: Work, args: HilArguments, out: Console): Promise<number> {
  const refuse = (reason: string): never => fail('E0859', { origin: path }, { reason });
  try {
    const { head, device } = replayRecording(readBytes(path));
    if (head.manifest !== work.head.manifest) refuse('it is of another deployment');
    for (const key of ['images', 'together', 'stride'] as const)
      if (head[key] !== work.head[key]) refuse(`it has ${key} ${head[key]}, not ${work.head[key]}`);
    return await compare(device, filesOf(work.folder), null, work, args, out);
  } catch (error) {
    if (error instanceof RecordingError) return refuse(error.message);
    throw error;
  }
}

async function compare(
  device: HilDevice,
  files: readonly DeviceFile[],
  url: string | null,
  { folder, programs, bench, images, labels, head }: Work,
  args: HilArguments,
  out: Console,
): Promise<number> {
  const { header } = programs[0]!;
  const start = performance.now();
  await device.configure(recordAll(device, header));
  out.step('run');
  const simulator = createSimulator(programs, { workers: args.workers });
  const classes: number[] = [];
  const outcome = await runImages(device, programs, simulator, images, ownersOf(bench.tiles, header), {
    ...{ together: args.together, stride: args.stride },
    progress: done => out.advance(done, images.length),
    answered: (_, readout) => classes.push(readout.indexOf(Math.max(...readout))),
  });
  simulator.close();
  const canRead = device.description.capabilities?.memory === true;
  const isRead = args.scrub || outcome.different > 0;
  if (isRead && !canRead) out.diagnostics.report('W0862', { origin: url ?? args.replay! }, {});
  if (isRead) out.step('read memory');
  const memory = isRead && canRead ? await scrub(device, files, out.advance) : undefined;
  if (outcome.different > 0) out.step('locate');
  const faults = await locateFaults(bench, header, outcome.wrong, async ({ chip, core }) => {
    const own = memory?.differences.find(found => found.chip === chip && found.core === core);
    return own && describeMemory(own);
  });
  const { mended } = device;
  const right = classes.filter((best, i) => best === labels?.[i]).length;
  const result: HilResult = {
    schema: 'snnc-hil',
    schemaVersion: 1,
    device: { name: device.description.device, firmware: device.description.firmware, url },
    model: folder.manifest.model.file,
    manifest: head.manifest,
    images: outcome.images,
    steps: outcome.timesteps,
    commands: outcome.commands,
    compared: outcome.compared,
    equal: outcome.different === 0,
    different: outcome.different,
    firstDifference: outcome.firstDifference ?? null,
    spread: mutable(outcome.spread),
    faults: faults.map(({ from, ...fault }) => ({ ...fault, from: from ?? null })),
    memory: memory === undefined ? null : mutable(memory),
    resumed: mended.connections,
    mended: { ...mended, corrupt: outcome.corrupt },
    classes,
    accuracy: labels === undefined ? null : right / classes.length,
    chipSeconds: outcome.chipNs === undefined ? null : outcome.chipNs / 1e9,
    seconds: (performance.now() - start) / 1000,
  };
  for (const line of hilLines(result)) out.line(line);
  keepJunit(args.junit, result, comparedNames(bench.tiles, header));
  report(result, memory, url ?? args.replay!, out);
  out.result(result);
  return reportDiagnostics(out.diagnostics.list, false);
}

const mutable = <T>(value: T): never => structuredClone(value) as never;

function report(result: HilResult, memory: ScrubResult | undefined, origin: string, out: Console): void {
  const at = { origin };
  const { different, compared, firstDifference } = result;
  const { corrupt } = result.mended;
  if (corrupt > 0) out.diagnostics.report('W0863', at, { count: corrupt });
  if (firstDifference !== null)
    out.diagnostics.report('E0857', at, { different, compared, first: firstLine(firstDifference) });
  const [first] = memory?.differences ?? [];
  if (memory !== undefined && first !== undefined)
    out.diagnostics.report('E0858', at, {
      ...{ different: memory.different, bytes: memory.bytes },
      first: `core ${first.chip}:${first.core ?? 'tables'}: ${describeMemory(first)}`,
    });
}

const comparedNames = (tiles: Work['bench']['tiles'], header: ChipProgram['header']): readonly string[] =>
  header.populations
    .filter((_, number) => tiles.some(tile => tile.population === number))
    .map(({ name }) => name);

/** Errors: E0725. */
function keepJunit(path: string | undefined, result: HilResult, populations: readonly string[]): void {
  if (path === undefined) return;
  const { device, images, model, seconds } = result;
  const properties = { device: device.name, firmware: device.firmware, images };
  const text = writeJunit({
    name: `snnc hil ${model}`,
    cases: hilCases(result, populations),
    seconds,
    properties,
  });
  writeText(path, text);
}
