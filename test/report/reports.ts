/** Reports to render in tests: the digits', larger ones made from it, and one that knows as little as a report may. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Report, reportSchema } from '../../report/schema.ts';
import { DIGITS } from '../digits.ts';
import { writeMlp } from '../mlp.ts';

/** Compiled without what takes time, in a folder that is gone when it is read. */
function compile(makeModel: (folder: string) => readonly string[]): Report {
  const folder = mkdtempSync(join(tmpdir(), 'snnc-page-'));
  try {
    const out = join(folder, 'out.snnc');
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        ...['build/test/cli-entry.js', 'compile', ...makeModel(folder), '--out', out, '--target', 'loihi2'],
        ...['--effort', 'fast', '--no-bias-correction', '--shift', '3', '--simulate', '1'],
      ],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`compile ended with ${status}: ${stderr}`);
    return reportSchema.parse(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The bundled model. */
export const compileDigits = (): Report =>
  compile(() => [`${DIGITS}/vit-digits.onnx`, '--calibrate', `${DIGITS}/digits-calib.npz`]);

/** A second’s work. */
export const compilePerceptron = (): Report =>
  compile(folder => {
    const model = join(folder, 'mlp.onnx');
    writeFileSync(model, writeMlp([6, 9, 4], 3));
    return [model];
  });

const repeat = (column: readonly number[], times: number, shift = 0): number[] =>
  Array.from({ length: times }, (_, t) => column.map(n => n + t * shift)).flat();

/** The same cores on `times` as many chips, which send to each other. */
export function onMoreChips(report: Report, times: number): Report {
  const { chipMap, traffic } = report;
  const { cores, chips, tiles } = chipMap;
  const own = Math.max(...chips.chip) + 1;
  const same = (column: readonly number[]) => repeat(column, times);
  const apart = (column: readonly number[]) => repeat(column, times, own);
  const all = apart(chips.chip);
  const pairs = all.flatMap(from => all.filter(to => to !== from).map(to => [from, to] as const));
  const starts = tiles.start.slice(0, -1);
  const tileCount = tiles.start.at(-1)!;
  return {
    ...report,
    header: { ...report.header, target: { ...report.header.target, chips: own * times } },
    chipMap: {
      ...chipMap,
      board: { ...chipMap.board, chips: own * times, chipsX: 12, chipsY: 12, chipsZ: 8 },
      chips: { chip: all, cores: same(chips.cores), fill: same(chips.fill), energyPj: all.map(() => null) },
      cores: {
        ...{ chip: apart(cores.chip), x: same(cores.x), y: same(cores.y), slot: same(cores.slot) },
        ...{ number: same(cores.number), tiles: same(cores.tiles), layer: same(cores.layer) },
        ...{ binding: same(cores.binding), fill: same(cores.fill), used: cores.used.map(same) },
        ...{ updates: same(cores.updates), synops: same(cores.synops) },
        ...{ messagesOut: same(cores.messagesOut), messagesIn: same(cores.messagesIn) },
        ...{ workSeconds: same(cores.workSeconds), energyPj: cores.energyPj.map(same) },
      },
      tiles: {
        start: [...repeat(starts, times, tileCount), tileCount * times],
        layer: same(tiles.layer),
        boxes: tiles.boxes === null ? null : tiles.boxes.map(same),
      },
    },
    traffic: {
      ...traffic,
      links: {
        ...{ chip: apart(traffic.links.chip), x: same(traffic.links.x), y: same(traffic.links.y) },
        ...{ direction: same(traffic.links.direction), messages: same(traffic.links.messages) },
      },
      borders: {
        from: pairs.map(([from]) => from),
        to: pairs.map(([, to]) => to),
        messages: pairs.map(([from, to]) => 100 + from * 7 + to),
      },
    },
  };
}

/** Everything unknown that may be unknown. */
export function knowingLittle(report: Report): Report {
  const { verdict, accuracy, energy, traffic, time, quality, alternatives, provenance } = report;
  return {
    ...report,
    verdict: {
      ...verdict,
      ...{ energyPj: null, ratioToInt8: null, eq30: null, weights: null },
      cores: { ...verdict.cores, least: null },
      latency: { ...verdict.latency, timedSeconds: null },
      interval: { ...verdict.interval, timedSeconds: null },
      throughput: { ...verdict.throughput, timed: null },
      accuracy: {
        ...{ source: null, images: 0, isCalibration: false, float: null, converted: null },
        ...{ integer: null, simulated: null, agreement: null },
      },
    },
    accuracy: {
      ...accuracy,
      ...{ source: null, images: 0, isLabelled: false, float: null, curve: [], firing: null, search: null },
      missing: { reason: 'It was not asked for.', command: 'snnc report DIR --curve' },
      chosen: { ...accuracy.chosen, accuracy: null, agreement: null },
      validation: null,
    },
    eq30: {
      ...report.eq30,
      predicted: { paper: report.eq30.predicted.paper, performed: null, integer: null },
      counts: { ...report.eq30.counts, performed: null },
      measured: null,
    },
    energy: { ...energy, costSets: [], band: null, constants: [] },
    layers: report.layers.map(layer => ({
      ...layer,
      ...{ energyPj: {}, int8Pj: {}, energyShare: null, sqnrDb: null, saturations: null },
      ...{ theta: null, levels: null, terms: null, weightBits: null },
    })),
    chipMap: {
      ...report.chipMap,
      cores: { ...report.chipMap.cores, energyPj: [] },
      tiles: { ...report.chipMap.tiles, boxes: null },
    },
    traffic: {
      ...traffic,
      ...{ capacity: null, hottest: [], hopsHistogram: [], averageHops: null },
      links: { chip: [], x: [], y: [], direction: [], messages: [] },
      borders: { from: [], to: [], messages: [] },
      flows: { count: 0, top: [] },
    },
    time: { ...time, busiest: [], criticalPath: [], timed: null },
    quality: { ...quality, leastCores: null, widths: null },
    alternatives: { ...alternatives, bottlenecks: [], changes: [], modes: [], missing: null },
    provenance: { ...provenance, build: null, restsOn: [], diagnostics: [], notes: [] },
  };
}
