/** Damage to what a model says of itself: inputs, outputs, claimed shapes, versions, metadata. */
import type { Random } from '../../../ir/random/seeded.ts';
import {
  draw,
  drawName,
  extremeInt,
  graphOf,
  type ModelProto,
  type Mutator,
  strangeName,
  type ValueInfoProto,
} from '../model.ts';

type Dim = { dimValue?: number; dimParam?: string };

const shaped = (name: string, elemType: number, dim: Dim[]): ValueInfoProto => ({
  name,
  type: { tensorType: { elemType, shape: { dim } } },
});

function anyShape(random: Random): Dim[] {
  const kinds: readonly (() => Dim)[] = [
    () => ({ dimValue: random.int(1, 9) }),
    () => ({ dimValue: extremeInt(random) }),
    () => ({ dimParam: 'batch' }),
    () => ({}),
  ];
  return Array.from({ length: random.int(0, 8) }, () => random.pick(kinds)());
}

const dimsOf = (info: ValueInfoProto | undefined) => info?.type?.tensorType?.shape?.dim;

/** The opset that names the standard operators. */
const standard = (model: ModelProto) => model.opsetImport.find(set => !set.domain);

export const interfaceMutators: readonly Mutator[] = [
  {
    name: 'size of the input',
    apply: (model, random) => {
      const dims = dimsOf(draw(graphOf(model).input, random));
      if (dims && dims.length > 0)
        dims[random.int(0, dims.length - 1)] = random.pick<Dim>([
          { dimValue: extremeInt(random) },
          { dimValue: random.int(1, 20) },
          { dimParam: 'size' },
          {},
        ]);
    },
  },
  {
    name: 'shape of the input',
    apply: (model, random) => {
      const input = draw(graphOf(model).input, random);
      if (input?.type?.tensorType) input.type.tensorType.shape = { dim: anyShape(random) };
    },
  },
  {
    name: 'input without type',
    apply: (model, random) => {
      const input = draw(graphOf(model).input, random);
      if (!input) return;
      if (random.chance(0.5)) input.type = null;
      else input.type = { sequenceType: {} };
    },
  },
  {
    name: 'element type of the input',
    apply: (model, random) => {
      const type = draw(graphOf(model).input, random)?.type?.tensorType;
      if (type) type.elemType = random.pick([0, 2, 6, 7, 8, 9, 10, 11, 16, 99]);
    },
  },
  {
    name: 'more inputs of the network',
    apply: (model, random) => {
      const name = random.chance(0.5) ? drawName(model, random) : strangeName(random);
      graphOf(model).input.push(shaped(name, 1, anyShape(random)));
    },
  },
  {
    name: 'no input',
    apply: model => {
      graphOf(model).input = [];
    },
  },
  {
    name: 'more results of the network',
    apply: (model, random) => {
      for (let n = random.pick([1, 1, 2, 500]); n > 0; n--)
        graphOf(model).output.push({ name: drawName(model, random) });
    },
  },
  {
    name: 'another result',
    apply: (model, random) => {
      const output = draw(graphOf(model).output, random);
      if (output) output.name = random.chance(0.8) ? drawName(model, random) : strangeName(random);
    },
  },
  {
    name: 'no result',
    apply: model => {
      graphOf(model).output = [];
    },
  },
  {
    name: 'shape claimed of a value',
    apply: (model, random) => {
      for (let n = random.int(1, 5); n > 0; n--)
        graphOf(model).valueInfo.push(shaped(drawName(model, random), 1, anyShape(random)));
    },
  },
  {
    name: 'operator set',
    apply: (model, random) => {
      const set = standard(model);
      if (set) set.version = random.chance(0.7) ? random.int(5, 26) : extremeInt(random);
    },
  },
  {
    name: 'operator sets missing or many',
    apply: (model, random) => {
      if (random.chance(0.3)) model.opsetImport = [];
      else
        model.opsetImport.push(
          {
            domain: random.pick(['', 'ai.onnx', 'com.microsoft', strangeName(random)]),
            version: random.int(0, 30),
          },
          { domain: 'ai.onnx', version: extremeInt(random) },
        );
    },
  },
  {
    name: 'version of the format',
    apply: (model, random) => {
      model.irVersion = extremeInt(random);
    },
  },
  {
    name: 'metadata',
    apply: (model, random) => {
      const key = random.pick(['input_scale', 'input_mean', 'input_std', '__proto__']);
      const value = random.pick(['', '0', '1/0', 'nothing', '1,'.repeat(5000), '-1', '1/255', '0.5']);
      model.metadataProps.push({ key, value });
    },
  },
  {
    name: 'name of the graph',
    apply: (model, random) => {
      if (model.graph) model.graph.name = strangeName(random);
    },
  },
  {
    name: 'no graph',
    apply: (model, random) => {
      if (random.chance(0.1)) model.graph = null;
      else graphOf(model).node.splice(random.int(0, graphOf(model).node.length));
    },
  },
];
