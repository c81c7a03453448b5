/**
 * A folder of exported models, each NAME.onnx with the answers NAME.npz (images `x`, results `y`): which import,
 * which give the answers, and which files of one network become one canonical text.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openModelFile } from '../cli/model-files.ts';
import { readNpz } from '../compiler/data/npz.ts';
import { importOnnx } from '../compiler/onnx/import.ts';
import { canonicalize } from '../compiler/passes/canonicalize.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../ir/dialect.ts';
import { interpretAnn } from '../ir/interpret/ann.ts';
import { printGraph } from '../ir/text.ts';
import { verifyGraph } from '../ir/verify.ts';

export interface ZooEntry {
  readonly name: string;
  readonly state: 'ok' | 'refused' | 'wrong' | 'crashed';
  /** Codes and messages, or what threw. */
  readonly problem: string;
  /** Largest difference from the stored results, relative to the largest of them. */
  readonly error: number;
  readonly seconds: number;
  readonly rssMb: number;
  readonly nodes: number;
  /** The canonical text without names; undefined where there is none. */
  readonly text: string | undefined;
}

/** Results within this of the stored ones are right; files that compute in half precision have their own. */
const TOLERANCE = 1e-3;
const HALF_TOLERANCE = 2e-2;
const BRAIN_TOLERANCE = 1e-1;

/** ARCHITECTURE--EXPORTER: what `-math` and `_spelling` add to an architecture does not change the network. */
export function networkOf(name: string): string {
  const [architecture = '', exporter = ''] = name.split('--');
  const type = /^(f16|bf16|mixed)/.exec(exporter)?.[0];
  const plain = architecture.replace(/-math$/, '').replace(/_[\w-]+$/, '');
  return type === undefined ? plain : `${plain} (${type})`;
}

/** What remains of a canonical text when constants are numbered and numbers have six digits. */
export function structureOf(text: string): string {
  const numbers = new Map<string, number>();
  return text
    .replace(/^const .*\n/gm, '')
    .replace(/@[0-9a-f]{4,}/g, id => {
      const number = numbers.get(id) ?? numbers.size;
      numbers.set(id, number);
      return `@${number}`;
    })
    .replace(/=(-?\d[\d.e+-]*)/g, (_, value: string) => `=${Number(Number(value).toPrecision(5))}`);
}

/** The text without what may differ between exporters: whose nodes they were, and names. */
export const textWithoutNames = (graph: AnnGraph): string =>
  printGraph(graph)
    .text.replace(/ from ".*"$/gm, '')
    .replace(/name="[^"]*"/g, 'name')
    .replace(/^(snnir \d+ \w+) @\S+/, '$1');

export function toleranceOf(name: string): number {
  if (/--bf16/.test(name)) return BRAIN_TOLERANCE;
  return /--(f16|mixed)/.test(name) ? HALF_TOLERANCE : TOLERANCE;
}

export function readZoo(directory: string): readonly ZooEntry[] {
  const names = readdirSync(directory)
    .filter(file => file.endsWith('.onnx') && existsSync(join(directory, file.replace(/onnx$/, 'npz'))))
    .map(file => file.replace(/\.onnx$/, ''))
    .toSorted();
  return names.map(name => {
    const start = performance.now();
    const found = examine(directory, name);
    const rssMb = Math.round(process.memoryUsage().rss / 2 ** 20);
    return { name, seconds: (performance.now() - start) / 1000, rssMb, ...found };
  });
}

type Finding = Omit<ZooEntry, 'name' | 'seconds' | 'rssMb'>;

function examine(directory: string, name: string): Finding {
  const none = { error: Number.NaN, nodes: 0, text: undefined };
  const file = join(directory, `${name}.onnx`);
  const diagnostics = createDiagnostics();
  try {
    const imported = importOnnx(openModelFile(file), file, diagnostics);
    if (imported === undefined) {
      const problem = diagnostics.list.map(d => `${d.code} ${d.message}`).join(' | ');
      return { ...none, state: 'refused', problem };
    }
    const graph = canonicalize.run(imported.graph, undefined, diagnostics.report);
    const broken = verifyGraph(graph).map(d => d.message);
    if (broken.length > 0) return { ...none, state: 'crashed', problem: broken.join(' | ') };
    const error = errorOf(graph, join(directory, `${name}.npz`));
    const isRight = error <= toleranceOf(name);
    const rawError = isRight ? error : errorOf(imported.graph, join(directory, `${name}.npz`));
    return {
      state: isRight ? 'ok' : 'wrong',
      problem: isRight ? '' : `raw graph: ${rawError.toExponential(1)}`,
      error,
      nodes: graph.nodes.length,
      text: textWithoutNames(graph),
    };
  } catch (error) {
    const problem = error instanceof Error ? (error.stack ?? error.message) : `${error}`;
    return { ...none, state: 'crashed', problem: problem.split('\n').slice(0, 4).join(' ') };
  }
}

/** Largest difference relative to the largest result, over all images; infinite where sizes differ. */
export function errorOf(graph: AnnGraph, answers: string): number {
  const arrays = readNpz(readFileSync(answers), answers);
  const [x, y] = [arrays.get('x'), arrays.get('y')];
  const size = sizeOf(graph.nodes.find(node => node.kind === 'input')?.type.shape ?? []);
  if (x === undefined || y === undefined) return Number.POSITIVE_INFINITY;
  const images = x.data.length / size;
  const each = y.data.length / images;
  let [largest, furthest] = [0, 0];
  for (let i = 0; i < images; i++) {
    const [result] = interpretAnn(
      graph,
      Float64Array.from(x.data.subarray(i * size, (i + 1) * size)),
    ).values();
    if (result?.length !== each) return Number.POSITIVE_INFINITY;
    for (const [c, value] of result.entries()) {
      const wanted = y.data[i * each + c]!;
      largest = Math.max(largest, Math.abs(wanted));
      const difference = Math.abs(value - wanted);
      furthest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(furthest, difference);
    }
  }
  return furthest / largest;
}

/** Lists of names with one `key`, largest first. */
export function classesOf(
  entries: readonly ZooEntry[],
  key: (entry: ZooEntry) => string,
): readonly (readonly string[])[] {
  const classes = new Map<string, string[]>();
  for (const entry of entries) classes.set(key(entry), [...(classes.get(key(entry)) ?? []), entry.name]);
  return [...classes.values()].toSorted((a, b) => b.length - a.length);
}

export function printZoo(entries: readonly ZooEntry[], save: string | undefined): void {
  for (const { name, state, error, seconds, rssMb, nodes, problem } of entries) {
    const figures = `${error.toExponential(1).padStart(8)} ${seconds.toFixed(2)} s ${rssMb} MB ${nodes} nodes`;
    console.log(`${state.padEnd(8)} ${name.padEnd(40)} ${figures} ${problem.slice(0, 600)}`);
  }
  const networks = new Map<string, ZooEntry[]>();
  for (const entry of entries) {
    if (entry.text === undefined) continue;
    networks.set(networkOf(entry.name), [...(networks.get(networkOf(entry.name)) ?? []), entry]);
  }
  console.log('\nnetwork: files, canonical texts, structures');
  for (const [network, members] of networks) {
    const texts = classesOf(members, entry => entry.text ?? '');
    const structures = classesOf(members, entry => structureOf(entry.text ?? ''));
    console.log(
      `${network}: ${members.length} files, ${texts.length} texts, ${structures.length} structures`,
    );
    const shown = structures.length > 1 ? structures : texts.length > 1 ? texts : [];
    for (const names of shown)
      console.log(`    ${names.map(name => name.replace(`${network}--`, '')).join(' ')}`);
  }
  for (const { name, text } of save === undefined ? [] : entries) {
    if (text !== undefined) writeFileSync(join(save ?? '', `${name}.txt`), text);
  }
}
