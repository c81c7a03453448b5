/** The sound files that are damaged: small, of every spelling and of several kinds of network. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { FUSED, type Spelling, writeVit } from '../onnx/vit.ts';
import { decodeModel, encodeModel, type ModelProto } from './model.ts';
import { networks } from './networks.ts';

export interface Specimen {
  readonly name: string;
  readonly read: () => Uint8Array;
}

const VARIANTS: readonly Partial<Spelling>[] = [
  ...[{}, { token: 'constant' } as const, { product: 'einsum' } as const],
  ...[11, 13, 18].map(opset => ({ opset })),
  ...(['pow', 'mul', 'rsqrt', 'reciprocal'] as const).map(norm => ({ norm })),
  ...(['op', 'dynamo', 'half-first', 'commuted'] as const).map(gelu => ({ gelu })),
  ...(['slice', 'gather', 'separate', 'gemm', 'interleaved'] as const).map(qkv => ({ qkv })),
  ...(['scores', 'division', 'folded-shape'] as const).map(scale => ({ scale })),
];

/** Operators come with operator sets: LayerNormalization with 17, Gelu with 20. */
function spelled(variant: Partial<Spelling>): Spelling {
  const opset = variant.opset ?? (variant.gelu === 'op' ? 20 : FUSED.opset);
  return { ...FUSED, opset, norm: opset < 17 ? 'pow' : 'op', ...variant };
}

const EXPORTERS = 'test/onnx/exporters';

const exported = (): readonly Specimen[] =>
  existsSync(EXPORTERS)
    ? readdirSync(EXPORTERS, { recursive: true, encoding: 'utf8' })
        .filter(name => name.endsWith('.onnx'))
        .sort()
        .map(name => ({ name, read: () => readFileSync(`${EXPORTERS}/${name}`) }))
    : [];

/** Networks that the main ones have no pieces of are drawn as often as all others together. */
export function collectCorpus(): readonly Specimen[] {
  const vits = VARIANTS.map(variant => ({
    name: `vit ${Object.values(variant).join(' ')}`.trim(),
    read: () => writeVit(spelled(variant)),
  }));
  const others = Object.entries(networks).map(([name, build]) => ({ name, read: build }));
  const digits = {
    name: 'vit-digits',
    read: () => new Uint8Array(readFileSync('examples/digits/vit-digits.onnx')),
  };
  return [...vits, digits, ...exported(), ...others, ...others];
}

/** Files are built or read once; every run gets a model of its own. */
export function createReader(): (specimen: Specimen) => ModelProto {
  const known = new Map<string, Uint8Array>();
  return ({ name, read }) => {
    const bytes = known.get(name) ?? encodeModel(decodeModel(read()));
    known.set(name, bytes);
    return decodeModel(bytes);
  };
}
