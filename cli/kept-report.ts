/** The report that a folder keeps, with what was validated since; written anew when that changes. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../backends/folder.ts';
import { VALIDATION, type Validation, validationSchema } from '../backends/validation.ts';
import { fail, type Report as Say, UserError } from '../ir/diagnostics/diagnostic.ts';
import { renderReport } from '../report/html/render.ts';
import { printJson } from '../report/print.ts';
import { REPORT_VERSION, type Report, reportSchema } from '../report/schema.ts';
import { withValidation } from '../report/sections/answers.ts';
import { renderSummary } from '../report/summary.ts';

const REPORT = 'report.json';
export const SUMMARY = 'summary.txt';
export const PAGE = 'report.html';

interface Parser<T> {
  safeParse(
    value: unknown,
  ):
    | { success: true; data: T }
    | { success: false; error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] } };
}

/** A file beside the manifest that no hash covers. Errors: E0545 */
function parseBeside<T>(folder: string, file: string, schema: Parser<T>): T {
  const place = { origin: join(folder, file) };
  const refuse = (reason: string) => fail('E0545', place, { file, reason });
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(place.origin, 'utf8'));
  } catch (error) {
    return refuse(error instanceof SyntaxError ? 'it is not JSON' : 'it cannot be read');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return refuse(`${issue?.path.join('.') || '(top)'}: ${issue?.message}`);
}

/** What was found of the deployment with this manifest; undefined where it was not validated. Errors: E0545 */
export function validationOf(folder: string, digest: string): Validation | undefined {
  if (!existsSync(join(folder, VALIDATION))) return undefined;
  const found = parseBeside(folder, VALIDATION, validationSchema);
  return found.manifest === digest ? found : undefined;
}

/** Errors: E0545, of a report of another version too */
export function readReport(folder: string): Report {
  const report = parseBeside(folder, REPORT, reportSchema);
  return withValidation(report, validationOf(folder, report.provenance.manifest));
}

/** Files that are made from a report, by name. */
export const reportFiles = (report: Report): readonly (readonly [name: string, text: string])[] => [
  [REPORT, printJson(report)],
  [SUMMARY, renderSummary(report)],
  [PAGE, renderReport(report)],
];

/** Takes in what was validated. Errors: W0545 where there is no report of this version, or the folder cannot be written to. */
export function refreshReport(folder: string, say: Say): void {
  const version = versionOf(folder);
  if (version !== REPORT_VERSION) {
    const reason = version === undefined ? 'it cannot be read' : `it is of version ${version}`;
    say('W0545', { origin: folder }, { file: REPORT, reason });
    return;
  }
  try {
    keepReport(folder, readReport(folder), say);
  } catch (error) {
    say('W0545', { origin: folder }, { file: REPORT, reason: reasonOf(error) });
  }
}

/** Errors: W0545 where the folder cannot be written to. */
export function keepReport(folder: string, report: Report, say: Say): void {
  try {
    for (const [name, text] of reportFiles(report)) replaceFile(join(folder, name), text);
  } catch (error) {
    say('W0545', { origin: folder }, { file: REPORT, reason: reasonOf(error) });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof UserError) return error.message;
  if (error instanceof Error && 'code' in error) return `${error.code}`;
  throw error;
}

function versionOf(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, REPORT), 'utf8')).schemaVersion;
  } catch {
    return undefined;
  }
}
