/**
 * Images per second of the fast runners, against the interpreters and against what the kernels alone could do: the
 * same products on memory that is already packed.
 */
import { loadTarget } from '../backends/target.ts';
import { openModelFile } from '../cli/model-files.ts';
import { type CompileOptions, convertNetwork, quantizeNetwork, readNetwork } from '../compiler/compile.ts';
import { syntheticImages } from '../compiler/data/synthetic.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { createDiagnostics, defect } from '../ir/diagnostics/diagnostic.ts';
import { nodeMap } from '../ir/dialect.ts';
import { createFastAnnRunner } from '../ir/fast/ann.ts';
import { type Arena, createArena, hasAllKernels, type Kernels } from '../ir/fast/arena.ts';
import { createFastIntRunner } from '../ir/fast/int.ts';
import { panelBytes } from '../ir/fast/panels.ts';
import type { IntGraph } from '../ir/int.ts';
import { interpretAnn } from '../ir/interpret/ann.ts';
import { createIntRunner } from '../ir/interpret/int.ts';

/** times · y[rows, columns] = x[rows, inner] · w[inner, columns]. */
interface Product {
  readonly times: number;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}
export interface Speed {
  /** Seconds an image. */
  readonly fast: number;
  readonly slow: number;
  /** Seconds that the kernels need for the products of an image. */
  readonly kernels: number;
  readonly macs: number;
}

const IMAGES = 3;

export function annSpeed(path: string): Speed {
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const { ann } = readNetwork(openModelFile(path), path, context);
  const images = syntheticImages(inputShape(ann), IMAGES);
  const runner = createFastAnnRunner(ann);
  return {
    ...compare(images, {
      fast: image => void runner.run(image),
      slow: image => void interpretAnn(ann, image),
    }),
    ...peak(annProducts(ann), prepareReals),
  };
}

export async function intSpeed(path: string, options: CompileOptions): Promise<Speed> {
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const target = await loadTarget('loihi2');
  const { ann } = readNetwork(openModelFile(path), path, context);
  const images = syntheticImages(inputShape(ann), IMAGES);
  const { snn } = convertNetwork(ann, images, options, context);
  const int = quantizeNetwork(snn, images, target, options.weightBits, context);
  const runner = createFastIntRunner(int);
  const slow = createIntRunner(int);
  return {
    ...compare(images, { fast: image => void runner.run(image), slow: image => void slow.run(image) }),
    ...intPeak(int),
  };
}

const inputShape = (ann: AnnGraph) => ann.nodes.find(node => node.kind === 'input')!.type.shape;

/** The shortest of the images; the interpreter runs one. */
function compare(
  images: readonly Float64Array[],
  {
    fast,
    slow,
  }: { readonly fast: (image: Float64Array) => void; readonly slow: (image: Float64Array) => void },
) {
  fast(images[0]!);
  return {
    fast: Math.min(...images.map(image => seconds(() => fast(image)))),
    slow: seconds(() => slow(images[0]!)),
  };
}

/** Of the processor, so that other work on the machine counts for little. */
function seconds(run: () => void): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

function annProducts(graph: AnnGraph): readonly Product[] {
  const byId = nodeMap(graph.nodes);
  return graph.nodes.flatMap(({ kind, type: { shape }, operands }): readonly Product[] => {
    if (kind !== 'linear' && kind !== 'matmul') return [];
    const columns = shape.at(-1)!;
    const inner = byId.get(operands[0]!)!.type.shape.at(-1)!;
    const all = shape.slice(0, -1).reduce((a, b) => a * b, 1);
    const times = kind === 'matmul' ? shape[0]! : 1;
    return [{ times, rows: all / times, inner, columns }];
  });
}

function intProducts({ nodes, constants, attrs }: IntGraph): readonly Product[] {
  return nodes.flatMap((node): readonly Product[] => {
    const [groups, rows, columns] = node.type.shape as [number, number, number];
    const times = groups * attrs.steps;
    if (node.kind === 'product') return [{ times, rows, inner: node.attrs.inner, columns }];
    if (node.kind !== 'linear') return [];
    const inner = constants.get(node.attrs.weight).shape[0]!;
    return [{ times, rows: node.attrs.rows, inner, columns }];
  });
}

/** Seconds of the kernels alone for these products, and their multiplications. */
/** Seconds and multiply-accumulates of an integer network's products on the dense kernels alone. */
export const intPeak = (int: IntGraph) => peak(intProducts(int), prepareIntegers);

function peak(
  products: readonly Product[],
  prepare: (product: Product, arena: Arena<Kernels>) => () => void,
) {
  const arena = createArena();
  if (!hasAllKernels(arena)) return defect('a measure of the kernels needs WebAssembly');
  const calls = products.map(p => ({ times: p.times, call: prepare(p, arena) }));
  const shortest = Math.min(
    ...Array.from({ length: IMAGES }, () =>
      seconds(() => {
        for (const { times, call } of calls) for (let i = 0; i < times; i++) call();
      }),
    ),
  );
  const macs = products.reduce((n, p) => n + p.times * p.rows * p.inner * p.columns, 0);
  return { kernels: shortest, macs };
}

function prepareReals({ rows, inner, columns }: Product, arena: Arena<Kernels>): () => void {
  const panels = Math.ceil(columns / 4);
  const [x, w] = [arena.reserve(rows * inner * 8), arena.reserve(panels * 4 * inner * 8)];
  const y = arena.reserve(rows * panels * 4 * 8);
  return () => arena.kernels.multiplyF64(x, w, y, rows, inner, panels);
}

/** Dense, on one packed operand and weights of 8 bits. */
function prepareIntegers({ rows, inner, columns }: Product, arena: Arena<Kernels>): () => void {
  const x = arena.reserve((rows + 4) * (inner + 1) * 2);
  const w = arena.reserve(panelBytes(inner, columns));
  const y = arena.reserve(rows * columns * 4);
  const room = arena.reserve((inner + 1) * 64 + rows * 32);
  return () => arena.kernels.multiplyDense(x, w, y, columns * 4, rows, inner, columns, room);
}

export function printSpeed({ fast, slow, kernels, macs }: Speed): string {
  const rate = (s: number) => `${(macs / s / 1e9).toFixed(2)} GMAC/s`;
  return [
    `fast         ${fast.toFixed(3)} s an image, ${rate(fast)}`,
    `interpreter  ${slow.toFixed(3)} s an image, ${rate(slow)}`,
    `kernels      ${kernels.toFixed(3)} s for the same ${(macs / 1e9).toFixed(2)} GMAC, ${rate(kernels)}`,
  ].join('\n');
}
