/** Assertions: comparisons over the figures of one document, those of its author and those of its kind. */
import { type Context, checkAttributes, checkNoChildren } from './attributes.ts';
import { compileCondition } from './closure.ts';
import type { Kind } from './document.ts';
import type { Figure } from './figure.ts';
import { type Condition, conditionVariables, parseCondition, type Vars } from './formula.ts';
import { BUILT_IN_ASSERTIONS, type Capabilities, type CORE_LIMITS, type FiguresOf } from './rules.ts';
import type { XmlElement } from './xml.ts';

/** Errors: E0554, E0556, E0563, E0565. */
export function checkAssertions(
  context: Context,
  sections: { readonly root: XmlElement; get(name: 'assertions'): XmlElement | undefined },
  kind: Kind,
  figures: { readonly [name: string]: Figure | undefined },
): void {
  const vars: Record<string, number> = {};
  for (const [name, figure] of Object.entries(figures)) if (figure !== undefined) vars[name] = figure.value;
  const names: ReadonlySet<string> = new Set(Object.keys(vars));
  for (const [name, text] of BUILT_IN_ASSERTIONS[kind]) {
    const admitted = parseCondition(context.parse, text, names);
    // A name that is missing here has been reported as a missing figure already.
    if (admitted.ok) checkOne(context, sections.root, name, text, admitted.node, vars);
  }
  for (const element of sections.get('assertions')?.children ?? []) {
    if (element.name !== 'assertion') {
      context.report('E0554', element, { element: element.name, problem: 'has no place in <assertions>' });
      continue;
    }
    checkNoChildren(context, element);
    if (!checkAttributes(context, element)) continue;
    const name = element.attributes.get('name') ?? '';
    const admitted = parseCondition(context.parse, element.text, names);
    if (admitted.ok) checkOne(context, element, name, element.text, admitted.node, vars);
    else context.report('E0563', element, { name, reason: admitted.reason });
  }
}

/** A timestep ends somehow: at a tick, or at a barrier. Errors: E0575. */
export function checkStep(context: Context, section: XmlElement | undefined): void {
  if (section === undefined) return;
  const has = (name: string) => section.children.some(child => child.attributes.get('name') === name);
  const barriers = ['barrierOneTile', 'barrierAllTiles'].filter(has).length;
  if (has('tick') ? barriers > 0 : barriers < 2) context.report('E0575', section, {});
}

/** Whether spikes carry a payload stands in two places, which agree. Errors: E0576. */
export function checkSpikes(
  context: Context,
  section: XmlElement | undefined,
  { gradedSpikes }: Partial<Capabilities>,
  { payloadBits }: Partial<FiguresOf<typeof CORE_LIMITS>>,
): void {
  if (section === undefined || gradedSpikes === undefined || payloadBits === undefined) return;
  if (gradedSpikes.value === payloadBits.value > 0) return;
  const facts = { claim: `${gradedSpikes.value}`, bits: payloadBits.value };
  context.report('E0576', section, facts);
}

function checkOne(
  context: Context,
  element: XmlElement,
  name: string,
  text: string,
  condition: Condition,
  vars: Vars,
): void {
  if (compileCondition(condition)(vars)) return;
  const values = [...conditionVariables(condition)].map(variable => `${variable} = ${vars[variable]}`);
  context.report('E0565', element, { name, detail: [text, ...values].join(', ') });
}
