/** Files beside a module: threads begin in one of their own, which has another name in a bundle. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The first of these files that is there; `url`: the module's own. */
export const fileBeside = (url: string, ...names: readonly string[]): string | undefined =>
  names.map(name => fileURLToPath(new URL(name, url))).find(path => existsSync(path));
