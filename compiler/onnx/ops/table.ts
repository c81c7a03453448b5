/** All operators that can be read, by domain. The list of supported operators is made from these tables. */
import { entryOf, type OpRule } from '../context.ts';
import { activationOps } from './activations.ts';
import { attention, rotaryEmbedding } from './attention.ts';
import { castOps } from './casts.ts';
import { constantOps } from './constants.ts';
import { controlOps } from './control.ts';
import { convOps } from './conv.ts';
import { einsumOps } from './einsum.ts';
import { elementwiseOps } from './elementwise.ts';
import type { OpEntry, OpTable } from './entry.ts';
import { groupOps } from './groups.ts';
import { linearOps } from './linear.ts';
import { listOps } from './lists.ts';
import { logicOps } from './logic.ts';
import { microsoftOps } from './microsoft.ts';
import { normOps } from './norms.ts';
import { pickOps } from './picks.ts';
import { poolingOps } from './pooling.ts';
import { resizeOps } from './resize.ts';
import { scatterOps } from './scatter.ts';
import { SCHEMAS } from './schemas.ts';
import { viewOps } from './views.ts';

const attentionOps: OpTable = {
  Attention: { rule: attention, limits: 'masks by places are constants' },
  RotaryEmbedding: { rule: rotaryEmbedding, limits: 'the rotation is a constant' },
};

/** The standard operator set is domain ''. */
const DOMAINS: { readonly [domain: string]: readonly OpTable[] } = {
  '': [
    ...[
      controlOps,
      listOps,
      viewOps,
      pickOps,
      scatterOps,
      constantOps,
      castOps,
      elementwiseOps,
      activationOps,
      logicOps,
    ],
    ...[groupOps, normOps, linearOps, einsumOps, convOps, poolingOps, resizeOps, attentionOps],
  ],
  'com.microsoft': [microsoftOps],
};

export const fullName = (domain: string, operator: string): string =>
  domain === '' ? operator : `${domain}.${operator}`;

const entries: ReadonlyMap<string, OpEntry & { readonly domain: string; readonly operator: string }> =
  new Map(
    Object.entries(DOMAINS).flatMap(([domain, tables]) =>
      tables.flatMap(table =>
        Object.entries(table).map(([operator, entry]) => [
          fullName(domain, operator),
          { ...entry, domain, operator },
        ]),
      ),
    ),
  );

export const ruleOf = (domain: string, operator: string): OpRule | undefined =>
  entries.get(fullName(domain, operator))?.rule;

/** Does the operator only move numbers? Such a one may have a result without elements. */
export const movesNumbers = (domain: string, operator: string): boolean =>
  entries.get(fullName(domain, operator))?.movesNumbers === true;

const schemas = new Map(
  Object.entries(SCHEMAS).map(([name, [inputs, outputs, attributes]]) => [
    name,
    { inputs, outputs, attributes: new Set(attributes.split(' ')) },
  ]),
);

/** What a node of an operator may have; undefined for one that only onnxruntime's optimizer writes. */
export const schemaOf = (domain: string, operator: string) => schemas.get(fullName(domain, operator));

export interface SupportedOperator {
  readonly domain: string;
  readonly operator: string;
  /** What of it is not supported; undefined: nothing. */
  readonly limits: string | undefined;
}

export const supportedOperators: readonly SupportedOperator[] = [...entries.keys()].sort().map(name => {
  const { domain, operator, limits } = entries.get(name)!;
  return { domain, operator, limits };
});

/** Ways out for operators that people meet and that have no place here; by full name. */
const WAYS_OUT: { readonly [operator: string]: string } = {
  ...each(
    ['Loop', 'Scan', 'SequenceMap'],
    'A chip runs one network of one size: export the model with its loops unrolled, for one image size.',
  ),
  ...each(
    ['LSTM', 'GRU', 'RNN'],
    'Recurrent networks are not supported; the network must be a function of one image.',
  ),
  ...each(
    ['RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike', 'Bernoulli', 'Multinomial'],
    'Random numbers are not supported: export the model for inference (model.eval()), where nothing is random.',
  ),
  ...each(
    ['QLinearConv', 'QLinearMatMul', 'MatMulInteger', 'ConvInteger', 'DynamicQuantizeLinear'],
    'Integer arithmetic of the file is not supported: compile the floating-point model; the compiler quantizes it itself.',
  ),
  ...each(
    ['SequenceEmpty', 'SequenceErase', 'SequenceInsert'],
    'Lists that change are not supported: export the model with Split and Concat instead.',
  ),
  ...each(
    ['GridSample', 'RoiAlign', 'DeformConv', 'NonMaxSuppression', 'Unique'],
    'What it computes depends on the image in a way that no fixed network has; take that part out of the model.',
  ),
};

function each(operators: readonly string[], help: string): Record<string, string> {
  return Object.fromEntries(operators.map(operator => [operator, help]));
}

/** What would do instead of an operator that is not supported; undefined: nothing is known. */
export const wayOut = (operator: string): string | undefined => entryOf(WAYS_OUT, operator);
