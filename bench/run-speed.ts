/**
 * Images per second of the fast runners, against the interpreters and against what the kernels alone could do: the
 * same products on memory that is already packed.
 */
import { loadTarget } from '../backends/target.ts';
import { openModelFile } from '../cli/model-files.ts';
import { type CompileOptions, convertNetwork, quantizeNetwork, readNetwork } from '../compiler/compile.ts';
import { syntheticImages } from '../compiler/data/synthetic.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { nodeMap } from '../ir/dialect.ts';
import { createFastAnnRunner } from '../ir/fast/ann.ts';
import { createArena, type Kernels } from '../ir/fast/arena.ts';
import { createFastIntRunner } from '../ir/fast/int.ts';
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
    ...peak(annProducts(ann), { kernel: 'multiplyF64', inputs: 1, columns: 4, bytes: 8 }),
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
    ...peak(intProducts(int), { kernel: 'multiplyI16', inputs: 2, columns: 8, bytes: 2 }),
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

interface Peak {
  readonly kernel: keyof Pick<Kernels, 'multiplyF64' | 'multiplyI16'>;
  /** Inputs and columns that the kernel takes at a time, and the bytes of an operand. */
  readonly inputs: number;
  readonly columns: number;
  readonly bytes: number;
}

function peak(products: readonly Product[], { kernel, inputs, columns, bytes }: Peak) {
  const arena = createArena();
  const places = products.map(p => {
    const panels = Math.ceil(p.columns / columns);
    const steps = Math.ceil(p.inner / inputs);
    return {
      ...p,
      panels,
      steps,
      x: arena.reserve(p.rows * steps * inputs * bytes),
      w: arena.reserve(panels * columns * steps * inputs * bytes),
      y: arena.reserve(p.rows * panels * columns * 8),
    };
  });
  const run = () => {
    for (const p of places) {
      for (let i = 0; i < p.times; i++) arena.kernels[kernel](p.x, p.w, p.y, p.rows, p.steps, p.panels);
    }
  };
  const shortest = Math.min(...Array.from({ length: IMAGES }, () => seconds(run)));
  const macs = products.reduce((n, p) => n + p.times * p.rows * p.inner * p.columns, 0);
  return { kernels: shortest, macs };
}

export function printSpeed({ fast, slow, kernels, macs }: Speed): string {
  const rate = (s: number) => `${(macs / s / 1e9).toFixed(2)} GMAC/s`;
  return [
    `fast         ${fast.toFixed(3)} s an image, ${rate(fast)}`,
    `interpreter  ${slow.toFixed(3)} s an image, ${rate(slow)}`,
    `kernels      ${kernels.toFixed(3)} s for the same ${(macs / 1e9).toFixed(2)} GMAC, ${rate(kernels)}`,
  ].join('\n');
}
