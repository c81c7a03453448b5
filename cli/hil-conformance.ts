/** `snnc hil --conformance URL`: any device server against the rules of the protocol. */
import { writeJunit } from '../report/junit.ts';
import { runSuite, type SuiteResult } from '../runtime-sim/hil/conformance/suite.ts';
import { createConsole, reportDiagnostics } from './console.ts';
import { openLink, withDevice } from './device-link.ts';
import type { HilArguments } from './hil.ts';
import { writeText } from './text-files.ts';

export async function conformanceCommand(url: string, args: HilArguments): Promise<number> {
  const out = createConsole(args);
  const link = openLink(url, args);
  const start = performance.now();
  try {
    out.step('check the protocol');
    const suite = await withDevice(url, args.patience, () =>
      runSuite(link, args.timeout * 1000, { progress: out.advance }),
    );
    const seconds = (performance.now() - start) / 1000;
    const count = (outcome: string) => suite.checks.filter(check => check.outcome === outcome).length;
    const result = {
      ...{ schema: 'snnc-hil-conformance', schemaVersion: 1 },
      device: { name: suite.device, firmware: suite.firmware, url },
      ...{ passed: count('passed'), failed: count('failed'), skipped: count('skipped') },
      ...{ checks: suite.checks, seconds },
    };
    for (const line of linesOf(suite)) out.line(line);
    out.line(`${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
    if (args.junit !== undefined) writeText(args.junit, junitOf(suite, seconds));
    const first = suite.checks.find(({ outcome }) => outcome === 'failed');
    if (first !== undefined) {
      const facts = { failed: result.failed, checks: suite.checks.length };
      out.diagnostics.report(
        'E0861',
        { origin: url },
        { ...facts, first: `${first.name}: ${first.problem}` },
      );
    }
    out.result(result);
    const code = reportDiagnostics(args.json ? [] : out.diagnostics.list, args.json);
    return first === undefined ? code : 1;
  } finally {
    link.close();
  }
}

const MARKS = { passed: 'ok', failed: 'FAILED', skipped: '-' } as const;

const linesOf = ({ checks }: SuiteResult): readonly string[] =>
  checks.flatMap(({ name, rule, outcome, problem }) => [
    `${MARKS[outcome].padEnd(8)}${name.padEnd(24)}${rule}`,
    ...(problem === null ? [] : [`${' '.repeat(32)}${problem}`]),
  ]);

function junitOf({ checks, device, firmware }: SuiteResult, seconds: number): string {
  const cases = checks.map(({ name, rule, outcome, problem, seconds: own }) => ({
    name,
    seconds: own,
    ...(problem !== null && { failure: `${problem}\n${rule}` }),
    ...(outcome === 'skipped' && { skipped: 'the device says that it cannot' }),
  }));
  return writeJunit({ name: 'snnc hil conformance', cases, seconds, properties: { device, firmware } });
}
