/** Records of a file → plain data of the importer; what stands twice or nowhere is told. */
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { attributeOf, type PartReaders } from './attribute.ts';
import type { ExternalFiles } from './external.ts';
import { clip } from './limits.ts';
import type { OnnxAttribute, OnnxFunction, OnnxGraph, OnnxNode, OnnxValueInfo } from './model.ts';
import type {
  AttributeRecord,
  FunctionRecord,
  GraphRecord,
  NodeRecord,
  OpsetRecord,
  ValueRecord,
} from './proto.ts';
import { scopeOf } from './scope.ts';
import { elementOf, typeName } from './tensor.ts';
import { MAX_RANK, sparseSource, tensorSource } from './tensor-source.ts';

export interface Reading {
  /** The file as the user knows it. */
  readonly source: string;
  readonly files: ExternalFiles;
  readonly report: Report;
}

export const domainOf = (domain: string): string => (domain === 'ai.onnx' ? '' : domain);

function unsound(problem: string, { report, source }: Reading): void {
  report('E0107', { origin: source }, { problem });
}

function duplicatesOf(names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return [...new Set(names.filter(name => seen.size === seen.add(name).size))];
}

/** Names that stand in a list twice, or are empty. */
function checkNames(what: string, names: readonly string[], reading: Reading): void {
  const MOST = 20;
  const twice = duplicatesOf(names.filter(name => name !== ''));
  for (const name of twice.slice(0, MOST)) unsound(`${what} ${clip(name)} stands twice`, reading);
  if (twice.length > MOST) unsound(`and so do ${twice.length - MOST} more`, reading);
  if (names.includes('')) unsound(`an ${what} has no name`, reading);
}

export function graphOf(record: GraphRecord, reading: Reading): OnnxGraph {
  const { files } = reading;
  const tensors = [
    ...record.initializers.map(tensor => tensorSource(tensor, files)),
    ...record.sparse.map(sparse => sparseSource(sparse, files)),
  ];
  const initializers = new Map(tensors.map(tensor => [tensor.name, tensor]));
  checkNames('initializer', tensors.map(nameOf), reading);
  checkNames('input', record.inputs.map(nameOf), reading);
  checkNames('output', record.outputs.map(nameOf), reading);
  if (record.depth === 0) {
    const images = record.inputs.filter(({ name }) => !initializers.has(name));
    for (const input of images) checkInput(input, reading);
  }
  return {
    name: record.name,
    nodes: record.nodes.map(node => nodeOf(node, reading)),
    initializers,
    inputs: record.inputs.map(valueInfoOf),
    outputs: record.outputs.map(valueInfoOf),
    shapes: new Map(
      record.values
        .map(valueInfoOf)
        .flatMap(({ name, shape }) => (shape === undefined ? [] : [[name, shape]])),
    ),
  };
}

const nameOf = ({ name }: { readonly name: string }): string => name;

/** TypeProto's other fields. */
const KINDS: ReadonlyMap<number, string> = new Map([
  ...([
    [4, 'sequence'],
    [5, 'map'],
  ] as const),
  ...([
    [7, 'value of an opaque type'],
    [8, 'sparse tensor'],
    [9, 'optional value'],
  ] as const),
]);

function checkInput({ name, kind, element }: ValueRecord, { report }: Reading): void {
  const other = KINDS.get(kind ?? 1);
  if (other !== undefined)
    report('E0110', { origin: name }, { input: clip(name), problem: `is a ${other}, an image is a tensor` });
  else if (element !== 0 && elementOf(element) === undefined)
    report(
      'E0110',
      { origin: name },
      { input: clip(name), problem: `holds ${typeName(element)}, an image holds real numbers` },
    );
}

function valueInfoOf({ name, element, shape }: ValueRecord): OnnxValueInfo {
  const isShape = shape !== undefined && shape.length <= MAX_RANK;
  const sizes = isShape ? shape.map(size => (typeof size === 'string' ? clip(size) : size)) : undefined;
  return { name, element: elementOf(element), shape: sizes };
}

function nodeOf(record: NodeRecord, reading: Reading): OnnxNode {
  const { operator, inputs, outputs, overload } = record;
  const name = record.name === '' ? `${operator} ${outputs[0] ?? ''}`.trim() : record.name;
  if (operator === '') unsound(`node ${clip(name)} names no operator`, reading);
  return {
    name,
    domain: domainOf(record.domain),
    operator,
    ...(overload === '' ? {} : { overload }),
    ...scopeOf(record.metadata),
    inputs,
    outputs,
    attributes: attributesOf(record.attributes, name, reading),
  };
}

function attributesOf(
  records: readonly AttributeRecord[],
  owner: string,
  reading: Reading,
): ReadonlyMap<string, OnnxAttribute> {
  const { files } = reading;
  const parts: PartReaders = {
    tensor: record => tensorSource(record, files),
    sparse: record => sparseSource(record, files),
    graph: record => graphOf(record, reading),
  };
  const complain = (attribute: string, problem: string) =>
    reading.report('E0117', { origin: owner }, { attribute: clip(attribute), owner: clip(owner), problem });
  const attributes = new Map<string, OnnxAttribute>();
  for (const record of records) {
    const value = attributeOf(record, parts);
    if (typeof value === 'string') complain(record.name, value);
    else if (attributes.has(record.name)) complain(record.name, 'stands twice');
    else attributes.set(record.name, value);
  }
  return attributes;
}

export function opsetsOf(records: readonly OpsetRecord[], reading: Reading): ReadonlyMap<string, number> {
  const opsets = new Map<string, number>();
  for (const record of records) {
    const domain = domainOf(record.domain);
    const before = opsets.get(domain);
    if (before !== undefined && before !== record.version)
      unsound(`it names versions ${before} and ${record.version} of one operator set`, reading);
    else opsets.set(domain, record.version);
  }
  return opsets;
}

export const functionKey = (domain: string, operator: string, overload = ''): string =>
  JSON.stringify([domain, operator, overload]);

export function functionsOf(
  records: readonly FunctionRecord[],
  reading: Reading,
): ReadonlyMap<string, OnnxFunction> {
  const functions = new Map<string, OnnxFunction>();
  for (const record of records) {
    const key = functionKey(domainOf(record.domain), record.name, record.overload);
    const label = record.domain === '' ? record.name : `${record.domain}.${record.name}`;
    const complain = (problem: string) =>
      reading.report('E0116', { origin: label }, { function: clip(label), problem });
    if (functions.has(key)) complain('stands twice');
    for (const name of duplicatesOf(record.inputs)) complain(`has two inputs named ${clip(name)}`);
    const defaults = attributesOf(record.defaults, label, reading);
    for (const [name, { kind }] of defaults) {
      if (kind === 'reference' || kind === 'graph')
        complain(`has a default for ${clip(name)} that is no value`);
    }
    functions.set(key, {
      key,
      label,
      inputs: record.inputs,
      outputs: record.outputs,
      attributes: new Set(record.attributes),
      defaults,
      nodes: record.nodes.map(node => nodeOf(node, reading)),
      opsets: opsetsOf(record.opsets, reading),
    });
  }
  return functions;
}
