/** `snnc diff`: two deployment folders, or two manifests, side by side. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openFolder } from '../backends/folder.ts';
import { type Manifest, parseManifest, printManifest } from '../backends/manifest.ts';
import { VALIDATION, type Validation, validationSchema } from '../backends/validation.ts';
import { sha256 } from '../ir/constants.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import type { Deployed } from '../report/deployed.ts';
import { diffDeployments } from '../report/diff.ts';
import { renderDiff } from '../report/diff-table.ts';
import { reportSchema } from '../report/schema.ts';
import { createConsole } from './console.ts';
import type { Shared } from './options.ts';

export async function diffCommand(args: Shared & { a: string; b: string }): Promise<number> {
  const out = createConsole(args);
  const diff = diffDeployments(readDeployed(args.a), readDeployed(args.b));
  out.line(renderDiff(diff, out.columns).trimEnd());
  out.result(diff);
  return diff.equal ? 0 : 1;
}

/** Errors: E061x, E062x what is no deployment, E0545 what lies beside its manifest. */
export function readDeployed(path: string): Deployed {
  if (!existsSync(path))
    return fail('E0620', { origin: path }, { reason: 'there is no such file or folder' });
  if (!statSync(path).isDirectory()) {
    const manifest = parseManifest(readText(path), path);
    const digest = sha256(printManifest(manifest));
    return { path, manifest, digest, report: undefined, validation: undefined, read: undefined };
  }
  const { manifest, read } = openFolder(path);
  const digest = sha256(printManifest(manifest));
  const report = parseBeside(path, 'report.json', reportSchema);
  return { path, manifest, digest, report, validation: validationOf(path, digest), read };
}

function validationOf(path: string, digest: Manifest['model']['sha256']): Validation | undefined {
  if (!existsSync(join(path, VALIDATION))) return undefined;
  const found = parseBeside(path, VALIDATION, validationSchema);
  return found.manifest === digest ? found : undefined;
}

interface Parser<T> {
  safeParse(
    value: unknown,
  ):
    | { success: true; data: T }
    | { success: false; error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] } };
}

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

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown';
    return fail('E0101', { origin: path }, { path, reason });
  }
}
