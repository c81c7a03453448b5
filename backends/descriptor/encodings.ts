/** <encodings>: how weights, operands and neuron state become words of memory, as formulas. */
import { type Context, checkAttributes, checkUnique } from './attributes.ts';
import { compileFormula } from './closure.ts';
import type { Encodings, Figures, WeightEncoding } from './document.ts';
import type { Figure, Formula } from './figure.ts';
import { readFormula, readOwnFigures } from './figures.ts';
import { type FormulaNode, type Vars, variablesOf } from './formula.ts';
import {
  AXON_FORMULAS,
  type CORE_ARITHMETIC,
  type CORE_LIMITS,
  type CORE_MEMORIES,
  DYNAMIC_FORMULAS,
  type FiguresOf,
  type FormulaRules,
  type FormulasOf,
  STATE_FORMULAS,
  WEIGHT_FORMULAS,
} from './rules.ts';
import type { XmlElement } from './xml.ts';

/** The figures of the rest of the core on which formulas are tried. */
export interface Surroundings {
  readonly limits: Partial<FiguresOf<typeof CORE_LIMITS>>;
  readonly memories: Partial<FiguresOf<typeof CORE_MEMORIES>>;
  readonly arithmetic: Partial<FiguresOf<typeof CORE_ARITHMETIC>>;
}

interface ReadEncoding<T> {
  readonly name: string;
  readonly parameters: Figures;
  readonly formulas: FormulasOf<T>;
}

/** Errors: E0554–E0564. Undefined where the section as a whole cannot stand. */
export function readEncodings(
  context: Context,
  section: XmlElement,
  around: Surroundings,
  needsDynamic: boolean,
): Encodings | undefined {
  const elements = section.children.filter(child => {
    if (child.name === 'encoding') return checkAttributes(context, child);
    context.report('E0554', child, { element: child.name, problem: 'has no place in <encodings>' });
    return false;
  });
  checkUnique(context, section, elements);
  const ofRole = (...roles: readonly string[]): readonly XmlElement[] =>
    elements.filter(element => roles.includes(element.attributes.get('role') ?? ''));
  const choices = ofRole('shared-weights', 'private-weights');
  const weights = choices.map(element => readWeights(context, element, around));
  const dynamic = ofRole('dynamic-weights').map(element =>
    readOne(context, element, DYNAMIC_FORMULAS, around),
  );
  const state = ofRole('state').map(element => readOne(context, element, STATE_FORMULAS, around));
  const axons = ofRole('axons').map(element => readOne(context, element, AXON_FORMULAS, around));
  const numbers = { weights, dynamic, state, axons };
  checkNumbers(context, section, numbers, needsDynamic);
  const chosen = checkDefault(context, section, choices);
  const [onlyState] = state;
  if (onlyState === undefined || chosen === undefined) return undefined;
  const [onlyDynamic] = dynamic;
  const [onlyAxons] = axons;
  return {
    weights: [...weights].sort((a, b) => Number(b.name === chosen) - Number(a.name === chosen)),
    ...(onlyDynamic === undefined ? {} : { dynamic: flatten(onlyDynamic) }),
    state: flatten(onlyState),
    ...(onlyAxons === undefined ? {} : { axons: flatten(onlyAxons) }),
  };
}

function flatten<T>(read: ReadEncoding<T>): { name: string; parameters: Figures } & FormulasOf<T> {
  return { name: read.name, parameters: read.parameters, ...read.formulas };
}

function readWeights(context: Context, element: XmlElement, around: Surroundings): WeightEncoding {
  const sharing = element.attributes.get('role') === 'shared-weights' ? 'shared' : 'private';
  return { ...flatten(readOne(context, element, WEIGHT_FORMULAS, around)), sharing };
}

function checkNumbers(
  context: Context,
  section: XmlElement,
  {
    weights,
    dynamic,
    state,
    axons,
  }: Readonly<Record<'weights' | 'dynamic' | 'state' | 'axons', readonly unknown[]>>,
  needsDynamic: boolean,
): void {
  const need = (missing: string): void =>
    context.report(
      'E0555',
      section,
      { missing, parent: section.name },
      `Add <encoding name="…" role="…"> for it.`,
    );
  if (weights.length === 0) need('an encoding of role shared-weights or private-weights');
  if (state.length === 0) need('an encoding of role state');
  if (dynamic.length === 0 && needsDynamic)
    need('an encoding of role dynamic-weights (the core claims dynamicWeights)');
  for (const [role, found] of [
    ['state', state],
    ['dynamic-weights', dynamic],
    ['axons', axons],
  ] as const) {
    if (found.length > 1) context.report('E0560', section, { name: `role ${role}`, parent: section.name });
  }
}

/** Exactly one of several stands as the default; one alone is it. Errors: E0555, E0560. */
export function checkDefault(
  context: Context,
  section: XmlElement,
  elements: readonly XmlElement[],
): string | undefined {
  const chosen = elements.filter(element => element.attributes.get('default') === 'true');
  const only = elements.length === 1 ? elements[0] : chosen[0];
  if (chosen.length > 1)
    context.report('E0560', chosen[1] ?? section, { name: 'default="true"', parent: section.name });
  else if (only === undefined && elements.length > 0) {
    context.report('E0555', section, {
      missing: 'default="true" on one of the choices',
      parent: section.name,
    });
  }
  return only?.attributes.get('name');
}

function readOne<T extends FormulaRules>(
  context: Context,
  element: XmlElement,
  rules: T,
  around: Surroundings,
): ReadEncoding<T> {
  const own = element.children.filter(child => child.name !== 'formula');
  const inputs = [...new Set(Object.values(rules).flatMap(rule => rule.inputs))];
  const parameters = readOwnFigures(context, element, own, inputs, false);
  const formulaElements = element.children.filter(child => child.name === 'formula');
  checkUnique(context, element, formulaElements);
  const formulas: Record<string, Formula> = {};
  const used = new Set<string>();
  for (const child of formulaElements) {
    const formula = readEncodingFormula(context, element, child, rules, parameters, around, used);
    if (formula !== undefined) formulas[child.attributes.get('name') ?? ''] = formula;
  }
  for (const [name, rule] of Object.entries(rules)) {
    if (formulaElements.some(child => child.attributes.get('name') === name)) continue;
    const help = `Add <formula name="${name}" unit="${rule.unit}" …>: ${rule.means}.`;
    context.report('E0555', element, { missing: `formula ${name}`, parent: element.name }, help);
  }
  for (const child of own) {
    const name = child.attributes.get('name') ?? '';
    if (Object.hasOwn(parameters, name) && !used.has(name)) {
      context.report(
        'E0559',
        child,
        { name, section: element.name },
        'No formula of this encoding reads it.',
      );
    }
  }
  // Whole only if nothing was reported, as in readTable.
  return { name: element.attributes.get('name') ?? '', parameters, formulas: formulas as FormulasOf<T> };
}

function readEncodingFormula(
  context: Context,
  encoding: XmlElement,
  element: XmlElement,
  rules: FormulaRules,
  parameters: Figures,
  around: Surroundings,
  used: Set<string>,
): Formula | undefined {
  if (!checkAttributes(context, element)) return undefined;
  const name = element.attributes.get('name') ?? '';
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
  if (rule === undefined) {
    const help = `The formulas here are ${Object.keys(rules).join(', ')}.`;
    context.report('E0559', element, { name, section: encoding.name }, help);
    return undefined;
  }
  const formula = readFormula(
    context,
    element,
    rule.unit,
    new Set([...rule.inputs, ...Object.keys(parameters)]),
  );
  if (formula === undefined) return undefined;
  for (const variable of variablesOf(formula.tree)) used.add(variable);
  const bound = { ...formula, tree: bindFigures(formula.tree, parameters) };
  tryFormula(context, element, bound, encoding.attributes.get('role'), around);
  return bound;
}

/** An encoding's own parameters are constants: put in their place, they cost nothing later. */
function bindFigures(node: FormulaNode, figures: { readonly [name: string]: Figure }): FormulaNode {
  const bind = (part: FormulaNode): FormulaNode => bindFigures(part, figures);
  switch (node.kind) {
    case 'number':
      return node;
    case 'variable': {
      const figure = Object.hasOwn(figures, node.name) ? figures[node.name] : undefined;
      return figure === undefined ? node : { kind: 'number', value: figure.value };
    }
    case 'negate':
      return { kind: 'negate', of: bind(node.of) };
    case 'binary':
      return { ...node, left: bind(node.left), right: bind(node.right) };
    case 'call':
      return { ...node, args: node.args.map(bind) };
    case 'choose':
      return {
        ...node,
        when: { ...node.when, operands: node.when.operands.map(bind) },
        yes: bind(node.yes),
        no: bind(node.no),
      };
    default:
      node satisfies never;
      return node;
  }
}

/** Words, axons and entries are whole numbers, whatever goes in. Errors: E0564. */
function tryFormula(
  context: Context,
  element: XmlElement,
  formula: Formula,
  role: string | undefined,
  around: Surroundings,
): void {
  const evaluate = compileFormula(formula.tree);
  for (const vars of role === 'axons' ? axonTrials() : wordTrials(role === 'state', around)) {
    const value = evaluate(vars);
    if (Number.isInteger(value) && value >= 0) continue;
    const where = [...variablesOf(formula.tree)].map(name => `${name} = ${vars[name]}`).join(', ');
    const name = element.attributes.get('name') ?? '';
    const rule = `a whole number, 0 or more, expected (${formula.unit})`;
    context.report('E0564', element, { name, value, where, rule });
    return;
  }
}

const COUNTS = [1, 2, 7, 63, 64, 1000] as const;

function* wordTrials(isState: boolean, { limits, memories, arithmetic }: Surroundings): Generator<Vars> {
  const fixed: Record<string, number> = {
    wordBits: (isState ? memories.stateWordBits?.value : memories.synapseWordBits?.value) ?? 64,
  };
  for (const [name, figure] of Object.entries(arithmetic)) fixed[name] = figure?.value ?? 0;
  const widths = [limits.weightBitsMin?.value ?? 1, 5, limits.weightBitsMax?.value ?? 8];
  const delays = [0, 1, 3, limits.delayMax?.value ?? 0];
  for (const n of COUNTS) {
    for (const weightBits of widths) for (const delay of delays) yield { ...fixed, n, weightBits, delay };
  }
}

function* axonTrials(): Generator<Vars> {
  for (const neurons of COUNTS) {
    for (const axons of [1, 16]) {
      for (const readers of [1, 3])
        for (const chips of [1, 32]) yield { neurons, rows: Math.ceil(neurons / 16), axons, readers, chips };
    }
  }
}
