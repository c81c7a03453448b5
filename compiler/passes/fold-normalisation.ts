/**
 * Moves x = (pixel · scale − mean) / std into the linears that read the image: the network then takes p = pixel −
 * centre, whole numbers.
 *
 *     linear(view(%x)) {weight=@w, bias=@b}   →   linear(view(%p)) {weight=@w · scale/std, bias=@b − Σ @w · (mean − centre · scale)/std}
 *
 * Any centre is exact. With one near mean/scale, what is sent to the chip is small, so that thresholds and weights
 * keep the precision that they have behind a host that normalises.
 *
 * Source     the meaning of `linear` (ir/ann.ts)
 * Needs      nothing but linears reads the image, through views; each input of a linear sees one mean and std in all
 *            rows; no hole where the centre is not the mean, since padding is 0 after normalisation and
 *            no whole number is worth that
 * Preserves  up to rounding in double precision
 * Errors     W0125 it does not fold; the graph stays as it is
 */
import type { AnnGraph, AnnOf, ann } from '../../ir/ann.ts';
import { nodeMap, readersOf, type ValueId } from '../../ir/dialect.ts';
import { expandMap, HOLE } from '../../ir/map.ts';
import { type Draft, putLinear } from '../ann/draft.ts';
import { type Rewrite, rebuild } from '../ann/rebuild.ts';
import { indexOf, type Selection, select, selectAll, tidy } from '../ann/selection.ts';
import { storeNumbers } from '../ann/values.ts';
import { inputLayout } from '../data/layout.ts';
import { channelAt } from '../data/pixels.ts';
import type { Pass } from '../pass.ts';
import type { Normalisation } from '../preprocess.ts';

export interface FoldNeeds extends Normalisation {
  /** One for all channels, or one each. */
  readonly centre: readonly number[];
}

export const foldNormalisation: Pass<typeof ann, typeof ann, FoldNeeds> = {
  name: 'fold-normalisation',
  summary: 'Put the normalisation of pixels into the linears that read the image.',
  source: 'the meaning of linear',

  run(graph, needs, report) {
    const input = graph.nodes.find(node => node.kind === 'input');
    if (input === undefined) return graph;
    const perElement = elementsOf(input, needs);
    const obstacles: string[] = [...readObstacles(graph, input.id)];
    const folded =
      obstacles.length > 0
        ? graph
        : rebuild(graph, (node, rewrite) =>
            node.kind === 'linear' ? fold(node, rewrite, perElement, obstacles) : undefined,
          );
    const [reason] = obstacles;
    if (reason === undefined) return folded;
    report('W0125', { origin: input.origin, pass: 'fold-normalisation' }, { reason });
    return graph;
  },
};

/** Factor and offset of every element of the image: x = p · factor − offset. */
interface Elements {
  readonly factor: Float64Array;
  readonly offset: Float64Array;
}

function elementsOf({ type }: AnnOf<'input'>, { scale, mean, std, centre }: FoldNeeds): Elements {
  const layout = inputLayout(type.shape);
  const size = type.shape.reduce((n, dim) => n * dim, 1);
  const at = (i: number) => (layout === undefined ? 0 : channelAt(i, layout));
  const each = (f: (channel: number) => number) => Float64Array.from({ length: size }, (_, i) => f(at(i)));
  return {
    factor: each(c => scale / std[c % std.length]!),
    offset: each(c => (mean[c % mean.length]! - centre[c % centre.length]! * scale) / std[c % std.length]!),
  };
}

/** Readers of the image, through views, that are not linears of it alone. */
function readObstacles(graph: AnnGraph, input: ValueId): readonly string[] {
  const readers = readersOf(graph.nodes);
  const nodes = nodeMap(graph.nodes);
  const obstacles: string[] = [];
  const visit = (id: ValueId): void => {
    for (const reader of readers.get(id) ?? []) {
      if (reader.kind === 'linear') continue;
      if (reader.kind === 'view' && reader.operands.length === 1) visit(reader.id);
      else obstacles.push(`${reader.origin} (${reader.kind}) reads the image`);
    }
  };
  if (nodes.has(input)) visit(input);
  return obstacles;
}

/** What is read of the image where its padding is a view of its own. */
function behindPadding(x: Selection, draft: Draft): Selection {
  const [source, ...others] = x.sources;
  const view = others.length > 0 ? undefined : draft.nodes.find(node => node.id === source?.id);
  if (view?.kind !== 'view' || view.operands.length !== 1) return x;
  const inner = draft.nodes.find(node => node.id === view.operands[0])!;
  const seen = select(selectAll({ id: inner.id, shape: inner.type.shape }), {
    index: view.attrs.map,
    shape: view.type.shape,
  });
  return behindPadding(select(seen, { index: x.index, shape: x.shape }), draft);
}

function fold(
  linear: AnnOf<'linear'>,
  rewrite: Rewrite,
  { factor, offset }: Elements,
  obstacles: string[],
): Selection | undefined {
  const { draft } = rewrite;
  const x = behindPadding(tidy(rewrite.value(linear.operands[0]!)), draft);
  const isImage = x.sources.some(({ id }) => draft.nodes.find(node => node.id === id)?.kind === 'input');
  if (!isImage) return undefined;
  const weight = draft.constants.get(linear.attrs.weight);
  const [inputs, channels] = weight.shape as readonly [number, number];
  const columns = columnsOf(expandMap(indexOf(x)), inputs, factor, offset);
  if (typeof columns === 'string') {
    obstacles.push(`${linear.origin}: ${columns}`);
    return undefined;
  }
  const scaled = new Float64Array(weight.data.length);
  const bias = new Float64Array(channels);
  const old = linear.attrs.bias;
  if (old !== undefined) bias.set(draft.constants.get(old).data);
  for (let k = 0; k < inputs; k++) {
    for (let c = 0; c < channels; c++) {
      const w = weight.data[k * channels + c]!;
      scaled[k * channels + c] = w * columns.factor[k]!;
      bias[c]! -= w * columns.offset[k]!;
    }
  }
  const shift = bias.every(b => b === 0) ? undefined : storeNumbers(draft.constants, bias, [channels]);
  const id = storeNumbers(draft.constants, scaled, weight.shape);
  return putLinear(draft, rewrite.value(linear.operands[0]!), id, shift, linear.origin);
}

/** Factor and offset of each input of a linear, or why they differ between its rows. */
function columnsOf(
  index: Int32Array,
  inputs: number,
  factor: Float64Array,
  offset: Float64Array,
): Elements | string {
  const own = { factor: new Float64Array(inputs).fill(Number.NaN), offset: new Float64Array(inputs) };
  let hasHole = false;
  let hasOffset = false;
  for (let i = 0; i < index.length; i++) {
    const k = i % inputs;
    const element = index[i]!;
    if (element === HOLE) {
      hasHole = true;
      continue;
    }
    if (offset[element] !== 0) hasOffset = true;
    if (Number.isNaN(own.factor[k]!)) {
      own.factor[k] = factor[element]!;
      own.offset[k] = offset[element]!;
    } else if (own.factor[k] !== factor[element] || own.offset[k] !== offset[element]) {
      return 'one weight sees several channels, which are normalised differently';
    }
  }
  if (hasHole && hasOffset) return 'it pads the image with 0, which no pixel is worth';
  for (let k = 0; k < inputs; k++) if (Number.isNaN(own.factor[k]!)) own.factor[k] = 1;
  return own;
}
