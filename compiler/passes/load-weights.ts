/**
 * Reads the weights that stayed in the user's file while the network was recognised, each once, in the form in
 * which the network wants them (transposed, cut into query, key and value).
 *
 *     linear(%x) {weight=@~2f…}   →   linear(%x) {weight=@91…}
 *
 * Preserves  exactly
 * Errors     E0104 a weight that is not finite
 * Cost       linear in the weights, time and memory; everything before costs nothing by the weight
 */
import type { AnnOf, ann } from '../../ir/ann.ts';
import type { TensorData } from '../../ir/constants.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { putLinear } from '../ann/draft.ts';
import { type Rewrite, rebuild } from '../ann/rebuild.ts';
import type { Selection } from '../ann/selection.ts';
import { countNonFinite, loadConstant } from '../ann/values.ts';
import { Refusal, refuseNumbers } from '../onnx/context.ts';
import type { Pass } from '../pass.ts';

export const loadWeights: Pass<typeof ann, typeof ann> = {
  name: 'load-weights',
  summary: 'Read the weights out of the user’s file.',
  source: 'design 2: tensors are never read until needed',
  run: (graph, _, report) =>
    rebuild(graph, (node, rewrite) => (node.kind === 'linear' ? load(node, rewrite, report) : undefined)),
};

function load(linear: AnnOf<'linear'>, rewrite: Rewrite, report: Report): Selection | undefined {
  const { draft, value } = rewrite;
  const { weight, bias } = linear.attrs;
  try {
    const [loaded, offset] = [
      loadConstant(draft.constants, weight),
      bias && loadConstant(draft.constants, bias),
    ];
    for (const id of offset === undefined ? [loaded] : [loaded, offset]) {
      checkFinite(draft.constants.get(id).data, linear.origin);
    }
    return putLinear(draft, value(linear.operands[0]!), loaded, offset, linear.origin);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    error.tell?.(report);
    return undefined;
  }
}

/** Numbers of the file are judged as they are read; gains that went into them since can be too large for them. */
function checkFinite(data: TensorData, origin: string): void {
  const count = countNonFinite(data);
  if (count > 0) refuseNumbers(`of ${origin}, with the gains around it,`, count);
}
