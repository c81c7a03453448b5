/** The conformance suite: every rule of docs/hil-protocol.md that can be seen from outside, against any device. */
import type { GrpcLink } from '../grpc-link.ts';
import { LinkError } from '../link.ts';
import { HOSTILE_CHECKS } from './hostile-checks.ts';
import { Broken, type Check, createBench } from './kit.ts';
import { LOAD_CHECKS } from './load-checks.ts';
import { READ_CHECKS } from './read-checks.ts';
import { RUN_CHECKS } from './run-checks.ts';
import { SESSION_CHECKS } from './session-checks.ts';

export const CHECKS: readonly Check[] = [
  ...SESSION_CHECKS,
  ...LOAD_CHECKS,
  ...RUN_CHECKS,
  ...READ_CHECKS,
  ...HOSTILE_CHECKS,
];

export interface CheckResult {
  readonly name: string;
  readonly rule: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Of what failed: expected and got. */
  readonly problem: string | null;
  readonly seconds: number;
}

export interface SuiteResult {
  readonly device: string;
  readonly firmware: string;
  readonly checks: readonly CheckResult[];
}

export interface SuiteOptions {
  readonly progress?: ((done: number, all: number) => void) | undefined;
  /** Names of checks; undefined: all. */
  readonly only?: readonly string[] | undefined;
}

/** Errors: LinkError where the device cannot even describe itself. */
export async function runSuite(
  link: GrpcLink,
  timeout: number,
  { progress, only }: SuiteOptions = {},
): Promise<SuiteResult> {
  const description = await link.call('Describe', {}, timeout);
  const { bench, tidy } = await createBench(link, description, timeout);
  link.setRate(bench.limits.messagesPerSecond);
  const able = new Set<string>([
    ...Object.entries(description.capabilities ?? {}).flatMap(([name, can]) => (can === true ? [name] : [])),
    ...(description.capabilities?.states ?? []),
  ]);
  const checks: CheckResult[] = [];
  const chosen = CHECKS.filter(({ name }) => only === undefined || only.includes(name));
  for (const { name, rule, needs, run } of chosen) {
    const start = performance.now();
    const isAble = needs === undefined || able.has(needs);
    const problem = isAble ? await problemOf(() => run(bench)) : null;
    await tidy();
    const outcome = !isAble ? 'skipped' : problem === null ? 'passed' : 'failed';
    checks.push({ name, rule, outcome, problem, seconds: (performance.now() - start) / 1000 });
    progress?.(checks.length, chosen.length);
  }
  return { device: description.device, firmware: description.firmware, checks };
}

async function problemOf(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof Broken) return error.message;
    if (error instanceof LinkError) return `${error.call} ends in ${error.status}: ${error.message}`;
    throw error;
  }
}
