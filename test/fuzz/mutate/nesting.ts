/** Graphs in graphs and functions of the file: wrapped, recursive, missing, of wrong arity. */
import onnxProto from 'onnx-proto';
import type { Random } from '../../../ir/random/seeded.ts';
import {
  addNode,
  drawName,
  drawNode,
  freshName,
  graphOf,
  intAttribute,
  ints,
  type ModelProto,
  type Mutator,
  type NodeProto,
  splice,
} from '../model.ts';

const { AttributeType } = onnxProto.onnx.AttributeProto;
type GraphProto = onnxProto.onnx.IGraphProto;

const graphAttribute = (name: string, g: GraphProto) => ({ name, type: AttributeType.GRAPH, g });

/** A node becomes the branch of an If that is taken. */
function wrapInIf(model: ModelProto, random: Random, depth: number): void {
  const { node, initializer } = graphOf(model);
  const inner = drawNode(model, random);
  if (inner === undefined) return;
  const condition = freshName();
  initializer.push(ints(condition, random.chance(0.9) ? [] : [2], random.chance(0.9) ? [1] : [1, 0]));
  let wrapped: NodeProto = inner;
  for (let level = 0; level < depth; level++) {
    const output = (wrapped.output ?? []).map(name => ({ name }));
    const then: GraphProto = { name: 'then', node: [wrapped], output };
    const other: GraphProto = level === 0 && random.chance(0.5) ? then : { name: 'else', node: [], output };
    const branches = [graphAttribute('then_branch', then), graphAttribute('else_branch', other)];
    wrapped = {
      opType: 'If',
      name: freshName(),
      input: [condition],
      output: [...(inner.output ?? [])],
      attribute: branches,
    };
  }
  node[node.indexOf(inner)] = wrapped;
}

const DOMAIN = 'local';

/** A node becomes a call of a function that holds it. */
function wrapInFunction(
  model: ModelProto,
  random: Random,
  body: (inner: NodeProto, name: string) => NodeProto[],
): void {
  const { node } = graphOf(model);
  const inner = drawNode(model, random);
  if (inner === undefined) return;
  const name = freshName();
  const [input, output] = [[...(inner.input ?? [])], [...(inner.output ?? [])]];
  model.functions = [
    ...(model.functions ?? []),
    {
      name,
      domain: DOMAIN,
      input,
      output,
      node: body({ ...inner }, name),
      opsetImport: [{ domain: '', version: random.int(6, 22) }],
    },
  ];
  model.opsetImport.push({ domain: DOMAIN, version: 1 });
  node[node.indexOf(inner)] = { opType: name, domain: DOMAIN, name: `/${name}`, input, output };
}

export const nestingMutators: readonly Mutator[] = [
  { name: 'node inside an If', apply: (model, random) => wrapInIf(model, random, 1) },
  {
    name: 'node inside many Ifs',
    apply: (model, random) => wrapInIf(model, random, random.pick([3, 12, 40])),
  },
  {
    name: 'If that depends on the image',
    apply: (model, random) => {
      wrapInIf(model, random, 1);
      const choice = graphOf(model).node.find(node => node.opType === 'If');
      if (choice) choice.input = [drawName(model, random)];
    },
  },
  {
    name: 'branch that shadows',
    apply: (model, random) => {
      wrapInIf(model, random, 1);
      const branch = graphOf(model).node.find(node => node.opType === 'If')?.attribute?.[0]?.g;
      const name = drawName(model, random);
      branch?.node?.push({ opType: 'Neg', input: [drawName(model, random)], output: [name] });
    },
  },
  {
    name: 'node inside a function',
    apply: (model, random) => wrapInFunction(model, random, inner => [inner]),
  },
  {
    name: 'function that calls itself',
    apply: (model, random) =>
      wrapInFunction(model, random, (inner, name) => [
        { opType: name, domain: DOMAIN, input: inner.input ?? [], output: inner.output ?? [] },
      ]),
  },
  {
    name: 'function of another arity',
    apply: (model, random) => {
      wrapInFunction(model, random, inner => [inner]);
      const last = model.functions?.at(-1);
      if (random.chance(0.5)) last?.input?.pop();
      else last?.output?.push('never');
      if (random.chance(0.3)) last?.input?.push('more', 'more');
    },
  },
  {
    name: 'function that is missing',
    apply: (model, random) => {
      wrapInFunction(model, random, inner => [inner]);
      model.functions = [];
    },
  },
  {
    name: 'functions that double',
    apply: (model, random) => {
      // Each calls the one before twice: 2^30 nodes if all were written out.
      const call = (level: number, input: string, output: string): NodeProto => ({
        opType: `double${level}`,
        domain: DOMAIN,
        input: [input],
        output: [output],
      });
      model.functions = Array.from({ length: 30 }, (_, level) => ({
        name: `double${level}`,
        domain: DOMAIN,
        input: ['x'],
        output: ['z'],
        node:
          level === 0
            ? [{ opType: 'Relu', input: ['x'], output: ['z'] }]
            : [call(level - 1, 'x', 'y'), call(level - 1, 'y', 'z')],
        opsetImport: [{ domain: '', version: 17 }],
      }));
      model.opsetImport.push({ domain: DOMAIN, version: 1 });
      splice(model, random, value => {
        const name = addNode(model, 'double29', [value]);
        const node = graphOf(model).node.at(-1);
        if (node) node.domain = DOMAIN;
        return name;
      });
    },
  },
  {
    name: 'loop',
    apply: (model, random) =>
      splice(model, random, value =>
        addNode(
          model,
          random.pick(['Loop', 'Scan']),
          [value, value],
          [
            graphAttribute('body', { name: 'body', node: [], input: [], output: [] }),
            intAttribute('num_scan_inputs', 1),
          ],
        ),
      ),
  },
];
