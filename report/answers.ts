/** What a network answered, as a person reads it. */

/** Answers that are shown. */
const SHOWN = 20;

/** Null: nobody says what is right. */
export function accuracyOf(classes: readonly number[], labels: ArrayLike<number> | undefined): number | null {
  if (labels === undefined) return null;
  return classes.filter((found, i) => found === labels[i]).length / classes.length;
}

export function answerLines(classes: readonly number[], accuracy: number | null): readonly string[] {
  const more = classes.length > SHOWN ? ` and ${classes.length - SHOWN} more (--json lists them)` : '';
  return [
    ...(accuracy === null
      ? []
      : [`${'accuracy'.padEnd(22)}${(100 * accuracy).toFixed(2)} % of ${classes.length} images`]),
    `${'classes'.padEnd(22)}${classes.slice(0, SHOWN).join(' ')}${more}`,
  ];
}
