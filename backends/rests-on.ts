/** "This mapping rests on": every figure of a target that nobody measured or published for this very chip. */
import type { Evidence, Figure, Formula, Status } from './descriptor/figure.ts';
import type { Target } from './target.ts';

export interface RestsOn {
  /** Where it stands in the target: `limits.stateWords`, `costSets.davies2018.synop`. */
  readonly name: string;
  readonly value: number | boolean | string;
  readonly unit: string;
  readonly status: Status;
  readonly source: string;
  readonly note?: string;
}

/** Weakest first. */
const WEAK: readonly Status[] = ['assumed', 'inherited', 'derived'];

interface Named {
  readonly [name: string]:
    | (Evidence & { readonly value: number | boolean; readonly unit?: string })
    | undefined;
}

/** Assumed, inherited and derived figures, in this order; within one status in the order of the descriptor. */
export function restsOn(target: Target): readonly RestsOn[] {
  const all = allFigures(target);
  return WEAK.flatMap(status => all.filter(figure => figure.status === status));
}

/** Every figure of a target, section by section. */
export function allFigures(target: Target): readonly RestsOn[] {
  const { limits, arithmetic, capabilities, timing, topology, encodings } = target;
  return [
    ...list('limits', { ...limits }),
    ...[
      ...encodings.weights,
      ...(encodings.dynamic === undefined ? [] : [encodings.dynamic]),
      encodings.state,
      ...(encodings.axons === undefined ? [] : [encodings.axons]),
    ].flatMap(encoding => listEncoding(encoding.name, { ...encoding }, encoding.parameters)),
    ...list('arithmetic', { ...arithmetic }),
    ...list('capabilities', { ...capabilities }),
    ...target.costSets.flatMap(set => list(`costSets.${set.name}`, { ...set.costs })),
    ...list('timing', { ...timing }),
    ...list('topology', { ...topology }),
    ...Object.entries(target.extensions).flatMap(([kind, figures]) =>
      list(`extensions.${kind}`, { ...figures }),
    ),
  ];
}

function list(section: string, figures: Named): readonly RestsOn[] {
  return Object.entries(figures).flatMap(([name, figure]) =>
    figure === undefined ? [] : [entry(`${section}.${name}`, figure.value, figure.unit ?? '', figure)],
  );
}

function listEncoding(
  name: string,
  parts: { readonly [part: string]: unknown },
  parameters: { readonly [name: string]: Figure },
): readonly RestsOn[] {
  const formulas = Object.entries(parts).flatMap(([part, formula]) =>
    isFormula(formula) ? [entry(`encodings.${name}.${part}`, formula.text, formula.unit, formula)] : [],
  );
  return [...formulas, ...list(`encodings.${name}`, parameters)];
}

function isFormula(part: unknown): part is Formula {
  return typeof part === 'object' && part !== null && 'tree' in part;
}

function entry(name: string, value: RestsOn['value'], unit: string, evidence: Evidence): RestsOn {
  const { status, source, note } = evidence;
  return { name, value, unit, status, source, ...(note === undefined ? {} : { note }) };
}
