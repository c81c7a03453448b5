/** Damage to attributes: missing, of another type, with values that nobody expects. */
import onnxProto from 'onnx-proto';
import type { Random } from '../../../ir/random/seeded.ts';
import {
  type AttributeProto,
  draw,
  drawNode,
  extremeInt,
  extremeReal,
  graphOf,
  intAttribute,
  intsAttribute,
  type ModelProto,
  type Mutator,
  type NodeProto,
  strangeName,
  textAttribute,
} from '../model.ts';

const { AttributeType } = onnxProto.onnx.AttributeProto;

/** Attributes that rules look for: put on a node that has none of that name. */
const KNOWN: readonly string[] = [
  'alpha axes axis allowzero approximate auto_pad batch_dims beta blocksize ceil_mode coordinate_transformation_mode',
  'count_include_pad dilations direction else_branch ends epsilon equation exclusive fmod group k keepdims',
  'kernel_shape max min mode momentum noop_with_empty_axes num_groups num_heads num_outputs output_padding',
  'output_shape pads perm p rotary_embedding_dim scale scales shape sorted spatial split stash_type start starts',
  'storage_order strides then_branch to training_mode transA transB upper value value_float value_floats value_int',
  'value_ints',
].flatMap(line => line.split(' '));

const withAttributes = (model: ModelProto): readonly NodeProto[] =>
  graphOf(model).node.filter(node => (node.attribute ?? []).length > 0);

const drawAttribute = (model: ModelProto, random: Random): AttributeProto | undefined =>
  draw(draw(withAttributes(model), random)?.attribute, random);

const smallInt = (random: Random): number => random.int(-3, 4);

function anyValue(name: string, random: Random): AttributeProto {
  const list = Array.from({ length: random.int(0, 6) }, () =>
    random.chance(0.7) ? smallInt(random) : extremeInt(random),
  );
  return random.pick<AttributeProto>([
    intAttribute(name, smallInt(random)),
    intAttribute(name, extremeInt(random)),
    intsAttribute(name, list),
    { name, type: AttributeType.FLOAT, f: extremeReal(random) },
    { name, type: AttributeType.FLOATS, floats: list.map(() => extremeReal(random)) },
    textAttribute(name, strangeName(random)),
    { name, type: AttributeType.STRINGS, strings: [] },
    { name, type: AttributeType.TENSOR, t: { dims: [2], dataType: 1, floatData: [1, extremeReal(random)] } },
    { name, type: AttributeType.GRAPH, g: { name: 'empty' } },
    { name, type: AttributeType.SPARSE_TENSOR },
    { name, type: AttributeType.TENSOR },
    { name },
  ]);
}

/** The declared type changes, the fields stay. */
function retype(attribute: AttributeProto, random: Random): void {
  attribute.type = random.int(0, 14);
}

export const attributeMutators: readonly Mutator[] = [
  {
    name: 'drop an attribute',
    apply: (model, random) => {
      const node = draw(withAttributes(model), random);
      node?.attribute?.splice(random.int(0, node.attribute.length - 1), 1);
    },
  },
  {
    name: 'add an attribute',
    apply: (model, random) => {
      const node = drawNode(model, random);
      if (node) node.attribute = [...(node.attribute ?? []), anyValue(random.pick(KNOWN), random)];
    },
  },
  {
    name: 'attribute of another value',
    apply: (model, random) => {
      const node = draw(withAttributes(model), random);
      if (!node?.attribute) return;
      const at = random.int(0, node.attribute.length - 1);
      node.attribute[at] = anyValue(node.attribute[at]?.name ?? '', random);
    },
  },
  {
    name: 'attribute of another type',
    apply: (model, random) => {
      const attribute = drawAttribute(model, random);
      if (attribute) retype(attribute, random);
    },
  },
  {
    name: 'integer attribute',
    apply: (model, random) => {
      const attribute = drawAttribute(model, random);
      if (!attribute) return;
      const value = random.chance(0.6) ? smallInt(random) : extremeInt(random);
      if (attribute.ints && attribute.ints.length > 0)
        attribute.ints[random.int(0, attribute.ints.length - 1)] = value;
      else if (attribute.type === AttributeType.INT) attribute.i = value;
      else if (attribute.type === AttributeType.FLOAT) attribute.f = extremeReal(random);
    },
  },
  {
    name: 'list attribute of another length',
    apply: (model, random) => {
      const attribute = draw(
        withAttributes(model).flatMap(node =>
          (node.attribute ?? []).filter(one => (one.ints ?? []).length > 0),
        ),
        random,
      );
      if (!attribute) return;
      const longer = Array.from({ length: random.pick([1, 8, 100_000]) }, () => smallInt(random));
      attribute.ints = random.chance(0.5)
        ? (attribute.ints ?? []).slice(1)
        : [...(attribute.ints ?? []), ...longer];
    },
  },
  {
    name: 'permute a list attribute',
    apply: (model, random) => {
      drawAttribute(model, random)?.ints?.sort(() => random.next() - 0.5);
    },
  },
  {
    name: 'attribute twice',
    apply: (model, random) => {
      const node = draw(withAttributes(model), random);
      const attribute = draw(node?.attribute, random);
      if (node?.attribute && attribute) node.attribute.push(anyValue(attribute.name ?? '', random));
    },
  },
  {
    name: 'attribute without name',
    apply: (model, random) => {
      const attribute = drawAttribute(model, random);
      if (attribute) attribute.name = strangeName(random);
    },
  },
  {
    name: 'attribute that refers to one of a function',
    apply: (model, random) => {
      const attribute = drawAttribute(model, random);
      if (attribute) attribute.refAttrName = random.pick(['axis', 'nothing', '']);
    },
  },
];
