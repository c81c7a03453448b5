/** Assertions: comparisons over the figures of one document, those of its author and those of its kind. */
import { type Context, checkAttributes, checkNoChildren } from './attributes.ts';
import { compileCondition } from './closure.ts';
import type { Kind } from './document.ts';
import type { Figure } from './figure.ts';
import { type Condition, conditionVariables, parseCondition, type Vars } from './formula.ts';
import { BUILT_IN_ASSERTIONS } from './rules.ts';
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
