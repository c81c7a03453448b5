/** Our packing of one Transformer block against Mt-KaHyPar, both counted neuron by neuron. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packItems } from '../compiler/mapping/pack.ts';
import { binsOf, packProblem } from '../compiler/mapping/packing.ts';
import { countMessages, type NeuronGraph, netsOfTiles, neuronGraph } from './partition-block.ts';

/** The block of which a figure of Mt-KaHyPar 1.7 is known: default preset, seed 1, 28 parts, 5,170 messages. */
const BLOCK = { tokens: 17, width: 48, heads: 3, hidden: 192 } as const;
const LIMIT = 512;
const PARTS = 28;
export const KNOWN_MESSAGES = 5170;

export interface HypergraphRow {
  readonly method: string;
  readonly cores: number;
  /** Counted neuron by neuron. */
  readonly messages: number;
  readonly seconds: number | undefined;
}

const seconds = <T>(run: () => T): readonly [T, number] => {
  const start = performance.now();
  const result = run();
  return [result, (performance.now() - start) / 1000];
};

/** `python`: one that can import mtkahypar; without it the known figure stands. */
export function measureHypergraph(python?: string): readonly HypergraphRow[] {
  const graph = neuronGraph(BLOCK);
  const peer = python === undefined ? knownRow() : peerRow(graph, python);
  return [tokenMajorRow(graph), peer, ...[1, 2, 3].map(seed => ourRow(graph, seed))];
}

function ourRow(graph: NeuronGraph, seed: number): HypergraphRow {
  const items = graph.tiles.map(tile => ({ demand: [tile.length] }));
  const problem = packProblem([LIMIT], items, netsOfTiles(graph));
  const options = { seed, moves: 4000, bins: PARTS, messagesPerBin: 1000 };
  const [packing, took] = seconds(() => packItems(problem, options));
  const coreOf = new Int32Array(graph.neurons);
  graph.tiles.forEach((tile, i) => {
    for (const neuron of tile) coreOf[neuron] = packing.binOf[i]!;
  });
  const messages = countMessages(graph, coreOf);
  const own = binsOf(problem, packing).messages;
  if (own !== messages) throw new Error(`our objective says ${own}, the neurons ${messages}`);
  return { method: `ours, seed ${seed}`, cores: packing.bins, messages, seconds: took };
}

/** Each tensor by itself in equal slices of whole tokens, as far as they go. */
function tokenMajorRow(graph: NeuronGraph): HypergraphRow {
  const { tokens, heads } = BLOCK;
  const coreOf = new Int32Array(graph.neurons);
  let cores = 0;
  for (let first = 0; first < graph.tiles.length; first += tokens * heads) {
    const neurons = graph.tiles.slice(first, first + tokens * heads).flat();
    const slices = Math.ceil(neurons.length / LIMIT);
    const length = Math.ceil(neurons.length / slices);
    neurons.forEach((neuron, i) => {
      coreOf[neuron] = cores + Math.floor(i / length);
    });
    cores += slices;
  }
  const messages = countMessages(graph, coreOf);
  return { method: 'layer by layer, token-major', cores, messages, seconds: undefined };
}

const knownRow = (): HypergraphRow => ({
  method: 'Mt-KaHyPar 1.7, known figure',
  cores: PARTS,
  messages: KNOWN_MESSAGES,
  seconds: undefined,
});

function peerRow(graph: NeuronGraph, python: string): HypergraphRow {
  const folder = mkdtempSync(join(tmpdir(), 'snnc-partition-'));
  try {
    const path = join(folder, 'block.hgr');
    writeFileSync(path, hypergraphText(graph));
    const script = fileURLToPath(new URL('../../bench/partition-peer.py', import.meta.url));
    const run = () => spawnSync(python, [script, path, `${PARTS}`, `${LIMIT}`], { encoding: 'utf8' });
    const [{ status, stdout, stderr }, took] = seconds(run);
    if (status !== 0) throw new Error(`${python} failed: ${stderr}`);
    const coreOf = Int32Array.from(stdout.trim().split('\n'), Number);
    const sizes = new Int32Array(PARTS);
    for (const core of coreOf) sizes[core]! += 1;
    if (sizes.some(size => size > LIMIT)) throw new Error(`a part of ${Math.max(...sizes)} neurons`);
    const messages = countMessages(graph, coreOf);
    return { method: 'Mt-KaHyPar, default, seed 1', cores: new Set(coreOf).size, messages, seconds: took };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** hMetis: a line for each hyperedge, the sender first. */
function hypergraphText({ readers, neurons }: NeuronGraph): string {
  const edges = readers.flatMap((targets, neuron) =>
    targets.length === 0 ? [] : [[neuron, ...targets].map(n => n + 1).join(' ')],
  );
  return `${edges.length} ${neurons}\n${edges.join('\n')}\n`;
}

export const printHypergraph = (rows: readonly HypergraphRow[]): string =>
  [
    `block of ${BLOCK.tokens} tokens, width ${BLOCK.width}, ${LIMIT} neurons a core, no other limit`,
    ...rows.map(
      ({ method, cores, messages, seconds: s }) =>
        `  ${method.padEnd(32)} ${cores} cores ${messages.toLocaleString('en-US').padStart(8)} messages ${s === undefined ? '' : `${s.toFixed(1)} s`}`,
    ),
  ].join('\n');
