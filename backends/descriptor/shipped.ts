/** Where descriptors lie: the ones that ship with the package, and a user's own file. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import type { DescriptorFile } from './document.ts';
import { MAX_BYTES } from './xml.ts';

/** A shipped chip: its folder is the name of the target. */
export interface ShippedTarget {
  readonly name: string;
  readonly chipPath: string;
}

/**
 * The folder of the package's descriptors, found from this module upwards: the same in a checkout (build/),
 * in a bundle (dist/) and in node_modules.
 */
export function findBackendsFolder(from: string = fileURLToPath(import.meta.url)): string {
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    if (isPackageRoot(folder)) return join(folder, 'backends');
    if (dirname(folder) === folder) return defect(`no package folder of snnc above ${from}`);
  }
}

function isPackageRoot(folder: string): boolean {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return false;
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'name' in manifest && manifest.name === 'snnc';
}

/** Targets by name, in alphabetical order. */
export function listShippedTargets(backends: string): readonly ShippedTarget[] {
  return readdirSync(backends)
    .map(name => ({ name, chipPath: join(backends, name, 'chip.xml') }))
    .filter(target => existsSync(target.chipPath))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every shipped descriptor file. */
export function listShippedFiles(backends: string): readonly string[] {
  return readdirSync(backends, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.xml'))
    .sort()
    .map(name => join(backends, name));
}

/**
 * Errors: E0101 (cannot be read), E0551 (too large: not even read). Shipped files are shown relative to the
 * package, others as the user wrote them: no path of this machine gets into a manifest.
 */
export function readDescriptorFile(
  path: string,
  shown: string,
  backends: string,
  report: Report,
): DescriptorFile | undefined {
  const inside = relative(backends, path);
  const isShipped = !inside.startsWith('..') && !isAbsolute(inside);
  const origin = isShipped ? `backends/${inside.replaceAll('\\', '/')}` : shown;
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) {
      report('E0551', { origin }, { problem: `${size} bytes; the limit is ${MAX_BYTES}` });
      return undefined;
    }
    const bytes = readFileSync(path);
    return { origin, path, sha256: createHash('sha256').update(bytes).digest('hex'), bytes };
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? `${error.code}` : String(error);
    report('E0101', { origin }, { path: origin, reason });
    return undefined;
  }
}
