/** What attributes an element may have, and the reading of provenance, which every number shares. */
import type { Code, Facts } from '../../ir/diagnostics/catalogue.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { SOURCE_KINDS } from './document.ts';
import { BASES, type Basis, type Evidence, STATUSES, type Vlnv } from './figure.ts';
import type { ParseText } from './formula.ts';
import type { XmlElement } from './xml.ts';

/** What every rule of the checker is given. */
export interface Context {
  /** The file, as messages show it. */
  readonly origin: string;
  readonly parse: ParseText;
  /** Source id → the reference as reports print it. */
  readonly sources: ReadonlyMap<string, string>;
  /** A fault at an element: the message gets file, line and path. */
  report<C extends Code>(code: C, at: XmlElement, facts: Facts<C>, help?: string): void;
  /** Faults reported so far. */
  faults(): number;
}

export function createContext(
  origin: string,
  report: Report,
  parse: ParseText,
  sources: ReadonlyMap<string, string>,
): Context {
  let faults = 0;
  return {
    origin,
    parse,
    sources,
    faults: () => faults,
    report: (code, at, facts, help) => {
      faults += 1;
      report(code, { origin: originOf(origin, at) }, facts, help);
    },
  };
}

export const originOf = (origin: string, element: XmlElement): string =>
  `${origin}:${element.line} ${element.path}`;

interface AttributeRules {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}
const BOOLEANS = ['true', 'false'] as const;
export const ROLES = ['shared-weights', 'private-weights', 'dynamic-weights', 'state', 'axons'] as const;
const IDENTITY = ['vendor', 'library', 'name', 'version'] as const;
const PROVENANCE = ['status', 'sourceRef'] as const;
const REMARKS = ['prefix', 'basis', 'condition', 'includes', 'note'] as const;
const ROOT: AttributeRules = { required: IDENTITY, optional: ['xmlns', 'xmlns:xsi', 'xsi:schemaLocation'] };
const REFERENCE: AttributeRules = { required: IDENTITY, optional: ['file'] };
const NONE: AttributeRules = { required: [], optional: [] };

const ATTRIBUTES: ReadonlyMap<string, AttributeRules> = new Map([
  ['core', ROOT],
  ['chip', ROOT],
  ['board', ROOT],
  ['coreRef', REFERENCE],
  ['chipRef', REFERENCE],
  ['source', { required: ['id', 'kind', 'ref'], optional: ['secondHand'] }],
  ['parameter', { required: ['name', 'value', 'unit', ...PROVENANCE], optional: REMARKS }],
  ['formula', { required: ['name', 'unit', ...PROVENANCE], optional: REMARKS }],
  ['capability', { required: ['name', 'value', ...PROVENANCE], optional: ['note'] }],
  ['encoding', { required: ['name', 'role'], optional: ['default'] }],
  ['costSet', { required: ['name'], optional: ['default'] }],
  ['assertion', { required: ['name'], optional: [] }],
]);

const CLOSED: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['status', STATUSES],
  ['basis', BASES],
  ['secondHand', BOOLEANS],
  ['default', BOOLEANS],
  ['role', ROLES],
  ['kind', SOURCE_KINDS],
]);

/** Errors: E0556, E0557. */
export function checkAttributes(context: Context, element: XmlElement): boolean {
  const rules = ATTRIBUTES.get(element.name) ?? NONE;
  const known = [...rules.required, ...rules.optional];
  let isSound = true;
  const fault = (attribute: string, problem: string): void => {
    isSound = false;
    context.report('E0556', element, { attribute, element: element.name, problem });
  };
  for (const attribute of rules.required) {
    if ((element.attributes.get(attribute) ?? '') !== '') continue;
    if (PROVENANCE.some(name => name === attribute)) {
      isSound = false;
      context.report('E0557', element, { name: element.attributes.get('name') ?? element.name, attribute });
    } else fault(attribute, 'is missing or empty');
  }
  for (const [attribute, value] of element.attributes) {
    const allowed = CLOSED.get(attribute);
    if (!known.includes(attribute)) fault(attribute, `is not known; known: ${known.join(', ') || 'none'}`);
    else if (allowed !== undefined && value !== '' && !allowed.includes(value)) {
      fault(attribute, `is "${value}"; allowed: ${allowed.join(', ')}`);
    }
  }
  return isSound;
}

/** An element that holds neither text nor elements. Errors: E0554. */
export function checkLeaf(context: Context, element: XmlElement): void {
  if (element.text !== '') context.report('E0554', element, { element: element.name, problem: 'holds text' });
  checkNoChildren(context, element);
}

export function checkNoChildren(context: Context, element: XmlElement): void {
  for (const child of element.children) {
    context.report('E0554', child, { element: child.name, problem: `has no place in <${element.name}>` });
  }
}

/** Status, source and note of a number. Errors: E0558 (the missing ones are E0557's, checkAttributes). */
export function readEvidence(context: Context, element: XmlElement): Evidence | undefined {
  const status = STATUSES.find(word => word === element.attributes.get('status'));
  const ids = (element.attributes.get('sourceRef') ?? '').split(' ').filter(id => id !== '');
  const unknown = ids.filter(id => !context.sources.has(id));
  for (const ref of unknown) {
    context.report('E0558', element, { name: element.attributes.get('name') ?? element.name, ref });
  }
  if (status === undefined || ids.length === 0 || unknown.length > 0) return undefined;
  const note = element.attributes.get('note');
  const source = ids.map(id => context.sources.get(id) ?? id).join('; ');
  return { status, source, ...(note === undefined || note === '' ? {} : { note }) };
}

export function basisOf(element: XmlElement): Basis | undefined {
  return BASES.find(word => word === element.attributes.get('basis'));
}

/** Names of the costs that a figure contains. */
export const includesOf = (element: XmlElement): readonly string[] =>
  (element.attributes.get('includes') ?? '').split(' ').filter(name => name !== '');

export function readVlnv(element: XmlElement): Vlnv {
  const read = (name: string): string => element.attributes.get(name) ?? '';
  return { vendor: read('vendor'), library: read('library'), name: read('name'), version: read('version') };
}

/** Two siblings of one name. Errors: E0560. */
export function checkUnique(
  context: Context,
  parent: XmlElement,
  elements: readonly XmlElement[],
  key = 'name',
): void {
  const seen = new Set<string>();
  for (const element of elements) {
    const name = element.attributes.get(key) ?? '';
    if (name !== '' && seen.has(name)) context.report('E0560', element, { name, parent: parent.name });
    seen.add(name);
  }
}
