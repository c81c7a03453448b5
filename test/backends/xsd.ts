/**
 * As much of XML Schema 1.0 as backends/descriptor.xsd uses, written for tests: sequences, choices, attributes with
 * groups and simple types, extensions, uniqueness, IDs. It refuses to read what it does not know of a schema.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readXml, type XmlElement } from '../../backends/descriptor/xml.ts';
import { createDiagnostics } from '../../ir/diagnostics/diagnostic.ts';

export type Validate = (root: XmlElement) => readonly string[];

interface Schema {
  readonly element: (name: string) => XmlElement | undefined;
  readonly complex: (name: string) => XmlElement;
  readonly simple: (name: string) => XmlElement | undefined;
  readonly group: (name: string) => XmlElement;
}
interface Run {
  readonly schema: Schema;
  readonly faults: string[];
  readonly ids: Set<string>;
  readonly refs: string[];
}

const attr = (element: XmlElement, name: string): string | undefined => element.attributes.get(name);
const childOf = (element: XmlElement, name: string) => element.children.find(child => child.name === name);

export function readSchema(path: string): Validate {
  const diagnostics = createDiagnostics();
  const root = readXml(path, readFileSync(path), diagnostics.report);
  assert.deepEqual(diagnostics.list, []);
  const named = (kind: string) =>
    new Map(root!.children.filter(({ name }) => name === kind).map(child => [attr(child, 'name')!, child]));
  const [elements, complexes, simples, groups] = [
    named('xs:element'),
    named('xs:complexType'),
    named('xs:simpleType'),
    named('xs:attributeGroup'),
  ];
  const schema: Schema = {
    element: name => elements.get(name),
    complex: name => complexes.get(name) ?? assert.fail(`no type ${name}`),
    simple: name => simples.get(name),
    group: name => groups.get(name) ?? assert.fail(`no attribute group ${name}`),
  };
  return document => {
    const run: Run = { schema, faults: [], ids: new Set(), refs: [] };
    const declared = schema.element(document.name);
    if (declared === undefined) return [`no element ${document.name}`];
    if (attr(document, 'xmlns') !== attr(root!, 'targetNamespace')) return ['another namespace'];
    checkElement(document, declared, run);
    for (const ref of run.refs) if (!run.ids.has(ref)) run.faults.push(`no id ${ref}`);
    return run.faults;
  };
}

/** An element against its declaration. */
function checkElement(element: XmlElement, declared: XmlElement, run: Run): void {
  const type = attr(declared, 'type');
  if (type?.startsWith('xs:') || (type !== undefined && run.schema.simple(type) !== undefined)) {
    if (element.children.length > 0) run.faults.push(`${element.path}: elements where text is expected`);
    checkSimple(element.text, type, element.path, run);
  } else {
    const complex = type === undefined ? childOf(declared, 'xs:complexType')! : run.schema.complex(type);
    checkComplex(element, complex, run);
  }
  for (const unique of declared.children.filter(({ name }) => name === 'xs:unique'))
    checkUnique(element, unique, run);
}

interface Content {
  readonly particle: XmlElement | undefined;
  readonly text: string | undefined;
  readonly attributes: readonly XmlElement[];
}

/** A type with what it extends. */
function contentOf(type: XmlElement, schema: Schema): Content {
  const holder = childOf(type, 'xs:simpleContent') ?? childOf(type, 'xs:complexContent');
  if (holder === undefined) {
    const particle = type.children.find(({ name }) => name === 'xs:sequence' || name === 'xs:choice');
    return { particle, text: undefined, attributes: attributesOf(type, schema) };
  }
  const extension = childOf(holder, 'xs:extension')!;
  const base = attr(extension, 'base')!;
  if (holder.name === 'xs:simpleContent')
    return { particle: undefined, text: base, attributes: attributesOf(extension, schema) };
  const inner = contentOf(schema.complex(base), schema);
  return { ...inner, attributes: [...inner.attributes, ...attributesOf(extension, schema)] };
}

function attributesOf(holder: XmlElement, schema: Schema): readonly XmlElement[] {
  return holder.children.flatMap((child): readonly XmlElement[] => {
    if (child.name === 'xs:attribute') return [child];
    if (child.name === 'xs:attributeGroup') return attributesOf(schema.group(attr(child, 'ref')!), schema);
    return [];
  });
}

function checkComplex(element: XmlElement, type: XmlElement, run: Run): void {
  const { particle, text, attributes } = contentOf(type, run.schema);
  const { path } = element;
  for (const declared of attributes) {
    const value = attr(element, attr(declared, 'name')!);
    if (value !== undefined) checkSimple(value, attr(declared, 'type')!, path, run);
    else if (attr(declared, 'use') === 'required') run.faults.push(`${path}: no ${attr(declared, 'name')}`);
  }
  for (const name of element.attributes.keys()) {
    const isKnown = name === 'xmlns' || name.startsWith('xmlns:') || name.startsWith('xsi:');
    if (!isKnown && !attributes.some(declared => attr(declared, 'name') === name))
      run.faults.push(`${path}: attribute ${name}`);
  }
  if (text !== undefined) checkSimple(element.text, text, path, run);
  else if (element.text !== '') run.faults.push(`${path}: text`);
  const rest = particle === undefined ? 0 : checkParticle(element, particle, run);
  if (rest < element.children.length)
    run.faults.push(`${path}: ${element.children[rest]!.name} has no place`);
}

/** How many children the particle takes. */
function checkParticle(element: XmlElement, particle: XmlElement, run: Run): number {
  const declared = particle.children.filter(({ name }) => name === 'xs:element');
  assert.equal(declared.length, particle.children.length, 'only elements in a particle');
  let at = 0;
  if (particle.name === 'xs:choice') {
    assert.equal(attr(particle, 'maxOccurs'), 'unbounded');
    for (; at < element.children.length; at++) {
      const child = element.children[at]!;
      const own = declared.find(candidate => attr(candidate, 'name') === child.name);
      if (own === undefined) break;
      checkElement(child, own, run);
    }
    return at;
  }
  for (const own of declared) {
    const most = attr(own, 'maxOccurs') === 'unbounded' ? Number.POSITIVE_INFINITY : 1;
    let count = 0;
    for (; count < most && element.children[at]?.name === attr(own, 'name'); count++)
      checkElement(element.children[at++]!, own, run);
    if (count < Number(attr(own, 'minOccurs') ?? 1))
      run.faults.push(`${element.path}: no ${attr(own, 'name')}`);
  }
  return at;
}

function checkSimple(value: string, type: string, path: string, run: Run): void {
  const declared = run.schema.simple(type);
  if (declared !== undefined) checkRestriction(value, childOf(declared, 'xs:restriction')!, path, run);
  else if (type === 'xs:ID') {
    if (!/^[A-Za-z_][\w.-]*$/.test(value)) run.faults.push(`${path}: id ${value}`);
    if (run.ids.has(value)) run.faults.push(`${path}: id ${value} twice`);
    run.ids.add(value);
  } else assert.ok(type === 'xs:string' || type === 'xs:token', type);
}

function checkRestriction(value: string, restriction: XmlElement, path: string, run: Run): void {
  const base = attr(restriction, 'base')!;
  const token = base === 'xs:string' ? value : value.trim().replace(/\s+/g, ' ');
  const words = token === '' ? [] : token.split(' ');
  if (base === 'xs:IDREFS') run.refs.push(...words);
  const size = base === 'xs:IDREFS' ? words.length : token.length;
  const facets = (name: string) =>
    restriction.children.filter(child => child.name === name).map(child => attr(child, 'value')!);
  const [allowed, patterns] = [facets('xs:enumeration'), facets('xs:pattern')];
  const isSound =
    (allowed.length === 0 || allowed.includes(token)) &&
    (patterns.length === 0 || patterns.some(pattern => new RegExp(`^(?:${pattern})$`, 'u').test(token))) &&
    facets('xs:minLength').every(least => size >= Number(least)) &&
    facets('xs:maxLength').every(most => size <= Number(most));
  if (!isSound) run.faults.push(`${path}: ${JSON.stringify(value)}`);
}

function checkUnique(element: XmlElement, unique: XmlElement, run: Run): void {
  const names = attr(childOf(unique, 'xs:selector')!, 'xpath')!
    .split('|')
    .map(part => part.trim().replace('d:', ''));
  const field = attr(childOf(unique, 'xs:field')!, 'xpath')!.replace('@', '');
  const seen = new Set<string>();
  for (const child of element.children.filter(({ name }) => names.includes(name))) {
    const value = attr(child, field);
    if (value === undefined) continue;
    if (seen.has(value)) run.faults.push(`${element.path}: ${value} twice`);
    seen.add(value);
  }
}
