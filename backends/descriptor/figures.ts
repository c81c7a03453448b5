/** Sections that are lists of figures: <parameter> where the number is given, <formula> where it is computed. */
import {
  basisOf,
  type Context,
  checkAttributes,
  checkLeaf,
  checkNoChildren,
  checkUnique,
  includesOf,
  readEvidence,
} from './attributes.ts';
import { compileFormula } from './closure.ts';
import type { Figures } from './document.ts';
import type { Capability, Evidence, Figure, Formula } from './figure.ts';
import { type Admitted, type FormulaNode, parseFormula } from './formula.ts';
import {
  CAPABILITIES,
  type Capabilities,
  type FiguresOf,
  INCLUDABLE,
  OPTIONAL_CAPABILITIES,
  type ParameterRule,
  type RuleTable,
} from './rules.ts';
import { convertUnit, KEPT_UNITS, type KeptUnit, PREFIXES, trimNoise } from './units.ts';
import type { XmlElement } from './xml.ts';

const NO_NAMES: ReadonlySet<string> = new Set();
const NUMBER = /^[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const OWN_NAME = /^[a-z][A-Za-z0-9]{0,39}$/;

/**
 * Reads the figures of a section whose parameters `table` lists; `others` names further elements that stand
 * there and are read elsewhere. Errors: E0554–E0563.
 */
export function readTable<T extends RuleTable>(
  context: Context,
  section: XmlElement,
  table: T,
  others: readonly string[] = [],
): Partial<FiguresOf<T>> {
  const figures: Record<string, Figure> = {};
  const mine = section.children.filter(child => !others.includes(child.name));
  checkUnique(context, section, mine);
  for (const element of mine) {
    if (!isFigureElement(context, element, section)) continue;
    const name = element.attributes.get('name') ?? '';
    const rule = Object.hasOwn(table, name) ? table[name] : undefined;
    if (rule === undefined) {
      const help = `The parameters here are ${Object.keys(table).join(', ')}.`;
      if (name !== '') context.report('E0559', element, { name, section: section.name }, help);
      continue;
    }
    const figure = readFigure(context, element, rule);
    if (figure !== undefined) figures[name] = figure;
  }
  for (const [name, rule] of Object.entries(table)) {
    if (rule.optional === true || mine.some(element => element.attributes.get('name') === name)) continue;
    const help = `Add <parameter name="${name}" … status="…" sourceRef="…"/>: ${rule.means}.`;
    context.report('E0555', section, { missing: name, parent: section.name }, help);
  }
  // Only names of the table were put in.
  return figures as Partial<FiguresOf<T>>;
}

function isFigureElement(context: Context, element: XmlElement, section: XmlElement): boolean {
  if (element.name !== 'parameter' && element.name !== 'formula') {
    context.report('E0554', element, { element: element.name, problem: `has no place in <${section.name}>` });
    return false;
  }
  return checkAttributes(context, element) && checkIncludes(context, element, section);
}

/** Errors: E0556 outside of costs, E0559 */
function checkIncludes(context: Context, element: XmlElement, section: XmlElement): boolean {
  if (!element.attributes.has('includes')) return true;
  const table = Object.hasOwn(INCLUDABLE, section.name) ? INCLUDABLE[section.name]! : undefined;
  if (table === undefined) {
    const problem = `has no meaning in <${section.name}>`;
    context.report('E0556', element, { attribute: 'includes', element: element.name, problem });
    return false;
  }
  const names = includesOf(element);
  if (names.length === 0) {
    context.report('E0556', element, { attribute: 'includes', element: element.name, problem: 'is empty' });
    return false;
  }
  const own = element.attributes.get('name');
  const wrong = names.filter(name => name === own || !Object.hasOwn(table, name));
  const help = `A figure may include other ones of ${Object.keys(table).join(', ')}.`;
  for (const name of wrong) context.report('E0559', element, { name, section: section.name }, help);
  return wrong.length === 0;
}

function readFigure(context: Context, element: XmlElement, rule: ParameterRule): Figure | undefined {
  const evidence = readEvidence(context, element);
  const written = readNumber(context, element);
  if (evidence === undefined || written === undefined) return undefined;
  const name = element.attributes.get('name') ?? '';
  const unit = element.attributes.get('unit') ?? '';
  const prefix = element.attributes.get('prefix');
  const converted = convertUnit(written, unit, prefix, rule.unit);
  if (!converted.ok) {
    const found = prefix === undefined ? unit : `${prefix} ${unit}`;
    context.report('E0562', element, { name, found, expected: converted.expected });
    return undefined;
  }
  const { value } = converted;
  const [least, greatest] = rule.range;
  const bounds = `${rule.whole === true ? 'a whole number of ' : ''}${least}…${greatest} ${rule.unit} expected`;
  if (!(value >= least && value <= greatest) || (rule.whole === true && !Number.isInteger(value))) {
    context.report('E0561', element, { name, value: `${value} ${rule.unit}`, rule: bounds });
    return undefined;
  }
  return makeFigure(element, value, rule.unit, evidence);
}

function makeFigure(element: XmlElement, value: number, unit: string, evidence: Evidence): Figure {
  const basis = basisOf(element);
  const includes = includesOf(element);
  const condition = element.attributes.get('condition');
  // A computed figure carries its computation to the report.
  const computed = element.name === 'formula' ? element.text : undefined;
  const note = [computed, evidence.note].filter(part => part !== undefined).join('; ');
  return {
    value,
    unit,
    ...evidence,
    ...(note === '' ? {} : { note }),
    ...(basis === undefined ? {} : { basis }),
    ...(condition === undefined || condition === '' ? {} : { condition }),
    ...(includes.length === 0 ? {} : { includes }),
  };
}

/** Errors: E0561 (not a number), E0563, E0564. */
function readNumber(context: Context, element: XmlElement): number | undefined {
  const name = element.attributes.get('name') ?? '';
  if (element.name === 'formula') {
    checkNoChildren(context, element);
    const tree = readTree(context, element, NO_NAMES);
    if (tree === undefined) return undefined;
    const value = compileFormula(tree)({});
    if (Number.isFinite(value)) return trimNoise(value);
    context.report('E0564', element, { name, value, where: 'every input', rule: 'a finite number expected' });
    return undefined;
  }
  checkLeaf(context, element);
  const text = element.attributes.get('value') ?? '';
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  context.report('E0561', element, { name, value: `"${text}"`, rule: 'a decimal number expected' });
  return undefined;
}

/** Errors: E0563. */
export function readTree(
  context: Context,
  element: XmlElement,
  names: ReadonlySet<string>,
): FormulaNode | undefined {
  const admitted: Admitted<FormulaNode> = parseFormula(context.parse, element.text, names);
  if (admitted.ok) return admitted.node;
  context.report('E0563', element, { name: element.attributes.get('name') ?? '', reason: admitted.reason });
  return undefined;
}

/** A formula over `names` that stands for a rule of the target. Errors: E0556–E0558, E0562, E0563. */
export function readFormula(
  context: Context,
  element: XmlElement,
  kept: KeptUnit,
  names: ReadonlySet<string>,
): Formula | undefined {
  checkNoChildren(context, element);
  const evidence = readEvidence(context, element);
  const tree = readTree(context, element, names);
  const unit = element.attributes.get('unit') ?? '';
  if (!convertUnit(1, unit, element.attributes.get('prefix'), kept).ok) {
    const name = element.attributes.get('name') ?? '';
    context.report('E0562', element, { name, found: unit, expected: KEPT_UNITS[kept].written });
    return undefined;
  }
  if (evidence === undefined || tree === undefined) return undefined;
  return { text: element.text, unit: kept, tree, ...evidence };
}

/**
 * Figures whose names the author chose: an encoding's own parameters (counted, whole) and, with
 * `anyUnit`, extensions. `taken` are names that already mean something there.
 */
export function readOwnFigures(
  context: Context,
  section: XmlElement,
  elements: readonly XmlElement[],
  taken: readonly string[],
  anyUnit: boolean,
): Figures {
  const figures: Record<string, Figure> = {};
  checkUnique(context, section, elements);
  for (const element of elements) {
    if (!isFigureElement(context, element, section)) continue;
    const name = element.attributes.get('name') ?? '';
    if (!OWN_NAME.test(name) || name in Object.prototype || taken.includes(name)) {
      const help = 'Choose another name: a small letter first, letters and digits, not one that is taken.';
      context.report('E0559', element, { name, section: section.name }, help);
      continue;
    }
    const figure = anyUnit ? readFreeFigure(context, element) : readCounted(context, element, name);
    if (figure !== undefined) figures[name] = figure;
  }
  return figures;
}

function readCounted(context: Context, element: XmlElement, name: string): Figure | undefined {
  const unit = element.attributes.get('unit') ?? '';
  const kept = COUNTED.find(candidate => candidate === unit);
  if (kept !== undefined)
    return readFigure(context, element, { unit: kept, range: [0, 1e9], whole: true, means: '' });
  context.report('E0562', element, { name, found: unit, expected: COUNTED.join(', ') });
  return undefined;
}

const COUNTED = [
  'bit',
  'byte',
  'word',
  'entry',
  'neuron',
  'axon',
  'step',
] as const satisfies readonly KeptUnit[];

function readFreeFigure(context: Context, element: XmlElement): Figure | undefined {
  const evidence = readEvidence(context, element);
  const value = readNumber(context, element);
  const prefix = element.attributes.get('prefix');
  const unit = element.attributes.get('unit') ?? '';
  if (prefix !== undefined && !Object.hasOwn(PREFIXES, prefix)) {
    const name = element.attributes.get('name') ?? '';
    context.report('E0562', element, {
      name,
      found: prefix,
      expected: `a prefix of ${Object.keys(PREFIXES).join(', ')}`,
    });
    return undefined;
  }
  if (evidence === undefined || value === undefined) return undefined;
  return makeFigure(element, value, prefix === undefined ? unit : `${prefix} ${unit}`, evidence);
}

/** Errors: E0554–E0560. */
export function readCapabilities(context: Context, section: XmlElement): Partial<Capabilities> {
  const found: Record<string, Capability> = {};
  const known = { ...CAPABILITIES, ...OPTIONAL_CAPABILITIES };
  const elements = section.children.filter(child => child.name === 'capability');
  checkUnique(context, section, elements);
  for (const element of elements) {
    checkLeaf(context, element);
    if (!checkAttributes(context, element)) continue;
    const name = element.attributes.get('name') ?? '';
    const value = element.attributes.get('value') ?? '';
    if (!Object.hasOwn(known, name)) {
      const help = `The capabilities are ${Object.keys(known).join(', ')}.`;
      context.report('E0559', element, { name, section: section.name }, help);
    } else if (value !== 'true' && value !== 'false') {
      context.report('E0561', element, { name, value, rule: 'true or false expected' });
    } else {
      const evidence = readEvidence(context, element);
      if (evidence !== undefined) found[name] = { value: value === 'true', ...evidence };
    }
  }
  for (const [name, means] of Object.entries(CAPABILITIES)) {
    if (elements.some(element => element.attributes.get('name') === name)) continue;
    const help = `Add <capability name="${name}" value="true|false" …/>: ${means}.`;
    context.report('E0555', section, { missing: name, parent: section.name }, help);
  }
  return found;
}
