/** Damage to nodes and to the edges between them. */
import type { Random } from '../../../ir/random/seeded.ts';
import { draw, drawName, drawNode, graphOf, type ModelProto, type Mutator, strangeName } from '../model.ts';
import { OPERATORS } from '../operators.ts';

/** The new name stands wherever the old one did. */
function renameEverywhere(model: ModelProto, from: string, to: string): void {
  const { node, initializer, input, output } = graphOf(model);
  const renamed = (names: string[] | null | undefined) =>
    names?.map(name => (name === from ? to : name)) ?? [];
  for (const one of node) {
    one.input = renamed(one.input);
    one.output = renamed(one.output);
  }
  for (const one of [...initializer, ...input, ...output]) if (one.name === from) one.name = to;
}

function rewire(model: ModelProto, random: Random, to: string): void {
  const node = drawNode(model, random);
  if (node?.input && node.input.length > 0) node.input[random.int(0, node.input.length - 1)] = to;
}

export const nodeMutators: readonly Mutator[] = [
  {
    name: 'drop a node',
    apply: (model, random) => {
      const { node } = graphOf(model);
      if (node.length > 0) node.splice(random.int(0, node.length - 1), 1);
    },
  },
  {
    name: 'bypass a node',
    apply: (model, random) => {
      const node = drawNode(model, random);
      const [from, to] = [node?.output?.[0], node?.input?.[0]];
      if (node === undefined || !from || !to) return;
      graphOf(model).node.splice(graphOf(model).node.indexOf(node), 1);
      for (const other of graphOf(model).node)
        other.input = (other.input ?? []).map(name => (name === from ? to : name));
      for (const output of graphOf(model).output) if (output.name === from) output.name = to;
    },
  },
  {
    name: 'duplicate a node',
    apply: (model, random) => {
      const node = drawNode(model, random);
      if (node) graphOf(model).node.push(node);
    },
  },
  {
    name: 'swap two nodes',
    apply: (model, random) => {
      const { node } = graphOf(model);
      const [a, b] = [random.int(0, node.length - 1), random.int(0, node.length - 1)];
      if (node.length > 0) [node[a], node[b]] = [node[b]!, node[a]!];
    },
  },
  {
    name: 'reorder all nodes',
    apply: (model, random) => {
      const { node } = graphOf(model);
      for (let i = node.length - 1; i > 0; i--) {
        const j = random.int(0, i);
        [node[i], node[j]] = [node[j]!, node[i]!];
      }
    },
  },
  { name: 'rewire to any value', apply: (model, random) => rewire(model, random, drawName(model, random)) },
  { name: 'rewire to nothing', apply: (model, random) => rewire(model, random, 'nowhere') },
  { name: 'omit an input', apply: (model, random) => rewire(model, random, '') },
  {
    name: 'self loop',
    apply: (model, random) => {
      const node = drawNode(model, random);
      const own = draw(node?.output, random);
      if (node?.input && own !== undefined) node.input[0] = own;
    },
  },
  {
    name: 'swap two inputs',
    apply: (model, random) => {
      const node = drawNode(model, random);
      node?.input?.reverse();
    },
  },
  {
    name: 'drop an input',
    apply: (model, random) => {
      drawNode(model, random)?.input?.pop();
    },
  },
  {
    name: 'more inputs',
    apply: (model, random) => {
      const node = drawNode(model, random);
      for (let n = random.pick([1, 3, 2000]); n > 0; n--) node?.input?.push(drawName(model, random));
    },
  },
  {
    name: 'more outputs',
    apply: (model, random) => {
      const node = drawNode(model, random);
      const first = node?.output?.[0] ?? '';
      for (let n = random.pick([1, 3, 2000]); n > 0; n--) node?.output?.push(`${first} ${n}`);
      const reader = drawNode(model, random);
      if (reader?.input && random.chance(0.7)) reader.input[0] = `${first} 1`;
    },
  },
  {
    name: 'drop outputs',
    apply: (model, random) => {
      const node = drawNode(model, random);
      if (node) node.output = [];
    },
  },
  {
    name: 'make a value twice',
    apply: (model, random) => {
      const node = drawNode(model, random);
      if (node?.output && node.output.length > 0) node.output[0] = drawName(model, random);
    },
  },
  {
    name: 'rename a value',
    apply: (model, random) => renameEverywhere(model, drawName(model, random), strangeName(random)),
  },
  {
    name: 'rename a node',
    apply: (model, random) => {
      const node = drawNode(model, random);
      if (node) node.name = strangeName(random);
    },
  },
  {
    name: 'one name for all nodes',
    apply: (model, random) => {
      const name = strangeName(random).slice(0, 50);
      for (const node of graphOf(model).node) node.name = name;
    },
  },
  {
    name: 'exchange the operator',
    apply: (model, random) => {
      const node = drawNode(model, random);
      if (node) node.opType = random.pick(OPERATORS);
    },
  },
  {
    name: 'exchange operators with another node',
    apply: (model, random) => {
      const [a, b] = [drawNode(model, random), drawNode(model, random)];
      if (!a || !b) return;
      [a.opType, b.opType] = [b.opType ?? '', a.opType ?? ''];
      if (random.chance(0.5)) [a.attribute, b.attribute] = [b.attribute ?? [], a.attribute ?? []];
    },
  },
  {
    name: 'strange operator',
    apply: (model, random) => {
      const node = drawNode(model, random);
      if (node) node.opType = strangeName(random);
    },
  },
  {
    name: 'other domain',
    apply: (model, random) => {
      const node = drawNode(model, random);
      if (node) node.domain = random.pick(['com.microsoft', 'ai.onnx', 'ai.onnx.ml', strangeName(random)]);
    },
  },
];
