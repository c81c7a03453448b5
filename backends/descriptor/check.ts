/**
 * The checker: one file of XML → typed figures, or every fault in it at once. What a section may hold is in
 * rules.ts; here is the order of sections and what each kind of document must have.
 */
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { checkAssertions, checkSpikes, checkStep } from './assertions.ts';
import {
  type Context,
  checkAttributes,
  checkLeaf,
  checkNoChildren,
  checkUnique,
  createContext,
  originOf,
  readVlnv,
} from './attributes.ts';
import {
  type CheckedBoard,
  type CheckedChip,
  type CheckedCore,
  type CheckedDescriptor,
  type CostSetOf,
  type DescriptorFile,
  KINDS,
  type Kind,
  NAMESPACE,
  type Reference,
} from './document.ts';
import { checkDefault, readEncodings } from './encodings.ts';
import { readCapabilities, readOwnFigures, readTable } from './figures.ts';
import type { ParseText } from './formula.ts';
import type { FiguresOf, RuleTable } from './rules.ts';
import * as rules from './rules.ts';
import type { XmlElement } from './xml.ts';

const ORDER = [
  'displayName',
  'description',
  'coreRef',
  'chipRef',
  'sources',
  'limits',
  'memories',
  'encodings',
  'arithmetic',
  'costSets',
  'timing',
  'topology',
  'assertions',
  'extensions',
] as const;
type Section = (typeof ORDER)[number];

const REQUIRED: { readonly [K in Kind]: readonly Section[] } = {
  core: ['displayName', 'sources', 'limits', 'memories', 'encodings', 'arithmetic', 'costSets', 'timing'],
  chip: ['displayName', 'coreRef', 'sources', 'costSets', 'timing', 'topology'],
  board: ['displayName', 'chipRef', 'sources', 'topology'],
};
const OPTIONAL: { readonly [K in Kind]: readonly Section[] } = {
  core: ['description', 'assertions', 'extensions'],
  chip: ['description', 'assertions', 'extensions'],
  board: ['description', 'timing', 'assertions', 'extensions'],
};

interface Sections {
  readonly root: XmlElement;
  get(name: Section): XmlElement | undefined;
}
/** What XML allows as an ID, in ASCII: sourceRef lists ids with blanks between. */
const SOURCE_ID = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

type Body<D extends CheckedDescriptor> = Omit<D, keyof Identity> | undefined;
type Identity = Pick<
  CheckedCore,
  'origin' | 'path' | 'sha256' | 'vlnv' | 'title' | 'description' | 'extensions'
>;

/** Errors: E0553–E0565. Undefined if anything was reported: a descriptor is taken whole or not at all. */
export function checkDescriptor(
  file: DescriptorFile,
  root: XmlElement,
  parse: ParseText,
  report: Report,
): CheckedDescriptor | undefined {
  const kind = KINDS.find(name => name === root.name);
  const namespace = root.attributes.get('xmlns') ?? '';
  if (kind === undefined || namespace !== NAMESPACE) {
    report('E0553', { origin: `${file.origin}:${root.line}` }, { found: root.name, namespace });
    return undefined;
  }
  const sources = new Map<string, string>();
  const context = createContext(file.origin, report, parse, sources);
  checkAttributes(context, root);
  const sections = readSections(context, root, kind);
  readSources(context, sections.get('sources'), sources);
  const extensions = sections.get('extensions');
  const identity: Identity = {
    origin: file.origin,
    path: file.path,
    sha256: file.sha256,
    vlnv: readVlnv(root),
    title: sections.get('displayName')?.text ?? '',
    description: sections.get('description')?.text ?? '',
    extensions:
      extensions === undefined ? {} : readOwnFigures(context, extensions, extensions.children, [], true),
  };
  return readBody(kind, context, sections, identity);
}

function readBody(
  kind: Kind,
  context: Context,
  sections: Sections,
  identity: Identity,
): CheckedDescriptor | undefined {
  switch (kind) {
    case 'core': {
      const body = readCore(context, sections);
      return body && { ...identity, ...body };
    }
    case 'chip': {
      const body = readChip(context, sections);
      return body && { ...identity, ...body };
    }
    case 'board': {
      const body = readBoard(context, sections);
      return body && { ...identity, ...body };
    }
    default:
      return kind satisfies never;
  }
}

/** Errors: E0554 (unknown, out of order), E0555, E0560. */
function readSections(context: Context, root: XmlElement, kind: Kind): Sections {
  const known: readonly string[] = [...REQUIRED[kind], ...OPTIONAL[kind]];
  const order: readonly string[] = ORDER;
  const sections = new Map<string, XmlElement>();
  let latest = '';
  for (const child of root.children) {
    const { name } = child;
    const fault = (problem: string): void => context.report('E0554', child, { element: name, problem });
    if (!known.includes(name)) {
      fault(`has no place in <${kind}>`);
      continue;
    }
    if (sections.has(name)) context.report('E0560', child, { name: `<${name}>`, parent: kind });
    if (order.indexOf(name) < order.indexOf(latest)) {
      fault(
        `stands after <${latest}>; the order is ${order.filter(section => known.includes(section)).join(', ')}`,
      );
    }
    if (order.indexOf(name) > order.indexOf(latest)) latest = name;
    checkAttributes(context, child);
    const isText = name === 'displayName' || name === 'description';
    if (isText) checkNoChildren(context, child);
    else if (child.text !== '') fault('holds text');
    sections.set(name, child);
  }
  for (const name of REQUIRED[kind]) {
    if (!sections.has(name)) context.report('E0555', root, { missing: `<${name}>`, parent: kind });
  }
  if (root.text !== '') context.report('E0554', root, { element: kind, problem: 'holds text' });
  return { root, get: name => sections.get(name) };
}

/** Errors: E0554–E0560. */
function readSources(context: Context, section: XmlElement | undefined, sources: Map<string, string>): void {
  if (section === undefined) return;
  checkUnique(context, section, section.children, 'id');
  for (const element of section.children) {
    if (element.name !== 'source') {
      context.report('E0554', element, { element: element.name, problem: 'has no place in <sources>' });
      continue;
    }
    checkLeaf(context, element);
    checkAttributes(context, element);
    const id = element.attributes.get('id') ?? '';
    if (id !== '' && !SOURCE_ID.test(id)) {
      const problem = `is "${id}"; a letter first, then letters, digits, - _ .`;
      context.report('E0556', element, { attribute: 'id', element: element.name, problem });
    }
    const isSecondHand = element.attributes.get('secondHand') === 'true';
    sources.set(id, `${element.attributes.get('ref') ?? ''}${isSecondHand ? ' (second hand)' : ''}`);
  }
}

function readCore(context: Context, sections: Sections): Body<CheckedCore> {
  const table = createTableReader(context, sections);
  const limits = table('limits', rules.CORE_LIMITS);
  const memories = table('memories', rules.CORE_MEMORIES);
  const arithmetic = table('arithmetic', rules.CORE_ARITHMETIC, ['capability']);
  const timing = table('timing', rules.CORE_TIMING);
  const claims = sections.get('arithmetic');
  const capabilities = claims === undefined ? {} : readCapabilities(context, claims);
  const needsDynamic = capabilities.dynamicWeights?.value === true;
  checkSpikes(context, claims, capabilities, limits);
  const section = sections.get('encodings');
  const encodings =
    section && readEncodings(context, section, { limits, memories, arithmetic }, needsDynamic);
  const costSets = readCostSets(context, sections.get('costSets'), rules.CORE_COSTS, true);
  checkAssertions(context, sections, 'core', { ...limits, ...memories, ...arithmetic, ...timing });
  return takeWhole<NonNullable<Body<CheckedCore>>>(context, {
    kind: 'core',
    limits,
    memories,
    encodings,
    arithmetic,
    capabilities,
    costSets,
    timing,
  });
}

function readChip(context: Context, sections: Sections): Body<CheckedChip> {
  const table = createTableReader(context, sections);
  const costSets = readCostSets(context, sections.get('costSets'), rules.CHIP_COSTS, false);
  const timing = table('timing', rules.CHIP_TIMING);
  const topology = table('topology', rules.CHIP_TOPOLOGY);
  const child = readReference(context, sections.get('coreRef'), 'core');
  checkStep(context, sections.get('timing'));
  checkAssertions(context, sections, 'chip', { ...timing, ...topology });
  return takeWhole<NonNullable<Body<CheckedChip>>>(context, {
    kind: 'chip',
    child,
    costSets,
    timing,
    topology,
  });
}

function readBoard(context: Context, sections: Sections): Body<CheckedBoard> {
  const table = createTableReader(context, sections);
  const timing = table('timing', rules.BOARD_TIMING);
  const topology = table('topology', rules.BOARD_TOPOLOGY);
  const child = readReference(context, sections.get('chipRef'), 'chip');
  checkAssertions(context, sections, 'board', { ...timing, ...topology });
  return takeWhole<NonNullable<Body<CheckedBoard>>>(context, { kind: 'board', child, timing, topology });
}

type Loose<T> = {
  readonly [K in keyof T]: T[K] extends string | readonly unknown[] ? T[K] : Partial<T[K]> | undefined;
};

/** Every part that is missing has been reported, so a body read without fault is whole. */
function takeWhole<T>(context: Context, body: Loose<T>): T | undefined {
  return context.faults() === 0 ? (body as T) : undefined;
}

function createTableReader(context: Context, sections: Sections) {
  return <T extends RuleTable>(
    name: Section,
    table: T,
    others?: readonly string[],
  ): Partial<FiguresOf<T>> => {
    const section = sections.get(name);
    return section === undefined ? {} : readTable(context, section, table, others);
  };
}

/** Errors: E0554–E0562. The default set comes first. */
function readCostSets<T extends RuleTable>(
  context: Context,
  section: XmlElement | undefined,
  table: T,
  hasDefault: boolean,
): readonly CostSetOf<T>[] {
  if (section === undefined) return [];
  const elements = section.children.filter(child => {
    if (child.name === 'costSet') return checkAttributes(context, child);
    context.report('E0554', child, { element: child.name, problem: 'has no place in <costSets>' });
    return false;
  });
  checkUnique(context, section, elements);
  if (elements.length === 0) context.report('E0555', section, { missing: '<costSet>', parent: section.name });
  const chosen = hasDefault ? checkDefault(context, section, elements) : undefined;
  const sets = elements.map(element => ({
    name: element.attributes.get('name') ?? '',
    costs: readTable(context, element, table),
    origin: originOf(context.origin, element),
  }));
  const ordered = sets.sort((a, b) => Number(b.name === chosen) - Number(a.name === chosen));
  // A set with a hole has been reported, and then the document is not taken (takeWhole).
  return ordered as readonly CostSetOf<T>[];
}

function readReference(
  context: Context,
  element: XmlElement | undefined,
  kind: Reference['kind'],
): Reference | undefined {
  if (element === undefined) return undefined;
  checkNoChildren(context, element);
  const file = element.attributes.get('file');
  const reference = { kind, vlnv: readVlnv(element), origin: originOf(context.origin, element) };
  return file === undefined || file === '' ? reference : { ...reference, file };
}
