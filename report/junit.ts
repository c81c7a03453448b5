/** JUnit XML: what any CI shows as tests. */

export interface TestCase {
  readonly name: string;
  /** Undefined: it passed. */
  readonly failure?: string | undefined;
  /** Undefined: it was run. */
  readonly skipped?: string | undefined;
  readonly seconds?: number | undefined;
}

export interface TestSuite {
  readonly name: string;
  readonly cases: readonly TestCase[];
  readonly seconds: number;
  readonly properties?: Readonly<Record<string, string | number>>;
}

/** What XML 1.0 cannot hold at all is left out. */
const text = (value: string): string =>
  value
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/[&<>"]/g, found => `&#${found.charCodeAt(0)};`);

const time = (seconds: number): string => seconds.toFixed(3);

export function writeJunit({ name, cases, seconds, properties = {} }: TestSuite): string {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const skipped = cases.filter(one => one.skipped !== undefined).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}" time="${time(seconds)}"`;
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="snnc" ${counts}>`,
    `  <testsuite name="${text(name)}" ${counts}>`,
    '    <properties>',
    ...Object.entries(properties).map(
      ([key, value]) => `      <property name="${text(key)}" value="${text(`${value}`)}"/>`,
    ),
    '    </properties>',
    ...cases.flatMap(one => caseLines(name, one)),
    '  </testsuite>',
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

function caseLines(suite: string, { name, failure, skipped, seconds = 0 }: TestCase): readonly string[] {
  const head = `    <testcase classname="${text(suite)}" name="${text(name)}" time="${time(seconds)}"`;
  if (skipped !== undefined)
    return [`${head}>`, `      <skipped message="${text(skipped)}"/>`, '    </testcase>'];
  if (failure === undefined) return [`${head}/>`];
  const first = failure.split('\n')[0]!;
  return [
    `${head}>`,
    `      <failure message="${text(first)}" type="difference">${text(failure)}</failure>`,
    '    </testcase>',
  ];
}
