/** What a soma computes of a node, and what it cannot. */
import type { AnnGraph, AnnNode, AnnOf, PointwiseName } from '../ir/ann.ts';
import { type SnnFunction, SOMA_POINTWISE, type SomaPointwise } from '../ir/snn.ts';

/** Undefined: the node is nothing but a sum. */
export function functionOf(node: AnnNode): SnnFunction | undefined {
  switch (node.kind) {
    case 'layernorm':
      return { ...node.attrs, kind: 'layernorm' };
    case 'rmsnorm':
      return { ...node.attrs, kind: 'rmsnorm' };
    case 'softmax':
      return { ...node.attrs, kind: 'softmax' };
    case 'pointwise': {
      const name = node.attrs.function;
      return isSomaPointwise(name) ? { kind: 'pointwise', name } : undefined;
    }
    default:
      return undefined;
  }
}

export const isNorm = ({ kind }: SnnFunction): boolean => kind === 'layernorm' || kind === 'rmsnorm';

const isSomaPointwise = (name: string): name is SomaPointwise =>
  (SOMA_POINTWISE as readonly string[]).includes(name);

/** Sums say these: gather.ts. */
const GATHERED: readonly PointwiseName[] = ['square', 'negate'];

interface Unsupported {
  readonly node: AnnNode;
  readonly what: string;
  readonly help: string;
}

/** Why a function has no table: a table ends where the function is a ramp, and these never are. */
export function unsupportedFunctions({ nodes }: AnnGraph): readonly Unsupported[] {
  const isUnsupported = (node: AnnNode): node is AnnOf<'pointwise'> =>
    node.kind === 'pointwise' && functionOf(node) === undefined && !GATHERED.includes(node.attrs.function);
  return nodes.filter(isUnsupported).map(node => {
    const name = node.attrs.function;
    const what = `the function ${name} of a tensor [${node.type.shape.join(', ')}]`;
    const help = NORM_PARTS.includes(name)
      ? 'Outside of LayerNorm, RMSNorm and softmax it has no table: a soma holds functions that are a ramp from some point on.'
      : `A soma holds ${SOMA_POINTWISE.join(', ')}; train with one of these, or write ${name} with them.`;
    return { node, what, help };
  });
}

/** What is usually left of a normalisation that was not recognised. */
const NORM_PARTS: readonly PointwiseName[] = ['sqrt', 'reciprocal', 'exp', 'log'];
