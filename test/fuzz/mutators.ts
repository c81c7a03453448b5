/** Every way to damage a model, by kind. */
import type { Mutator } from './model.ts';
import { attributeMutators } from './mutate/attributes.ts';
import { interfaceMutators } from './mutate/interface.ts';
import { nestingMutators } from './mutate/nesting.ts';
import { nodeMutators } from './mutate/nodes.ts';
import { sizeMutators } from './mutate/size.ts';
import { tensorMutators } from './mutate/tensors.ts';

/** Kinds that change the decoded model; the kind `bytes` (mutate/bytes.ts) changes the file. */
export const structural: Readonly<Record<string, readonly Mutator[]>> = {
  nodes: nodeMutators,
  attributes: attributeMutators,
  tensors: tensorMutators,
  interface: interfaceMutators,
  nesting: nestingMutators,
  size: sizeMutators,
};
