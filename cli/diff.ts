/** `snnc diff`: two deployment folders, or two manifests, side by side. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { openFolder } from '../backends/folder.ts';
import { parseManifest, printManifest } from '../backends/manifest.ts';
import { sha256 } from '../ir/constants.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import type { Deployed } from '../report/deployed.ts';
import { diffDeployments } from '../report/diff.ts';
import { renderDiff } from '../report/diff-table.ts';
import { createConsole } from './console.ts';
import { readReport, validationOf } from './kept-report.ts';
import type { Shared } from './options.ts';
import { writeText } from './text-files.ts';

export interface DiffArguments extends Shared {
  readonly a: string;
  readonly b: string;
  /** A file for the page. */
  readonly html?: string | undefined;
}

export async function diffCommand(args: DiffArguments): Promise<number> {
  const out = createConsole(args);
  const diff = diffDeployments(readDeployed(args.a), readDeployed(args.b));
  out.line(renderDiff(diff, out.columns).trimEnd());
  if (args.html !== undefined) {
    const { renderDiffPage } = await import('../report/diff-page/page.ts');
    writeText(args.html, renderDiffPage(diff));
  }
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
  // Plain neurons have no report: it speaks of images.
  const report = manifest.network.mode === 'free' ? undefined : readReport(path);
  return { path, manifest, digest, report, validation: validationOf(path, digest), read };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown';
    return fail('E0101', { origin: path }, { path, reason });
  }
}
