/** Which module of the exporting framework a node came from, by what exporters write into its metadata. */
import type { Entry } from './proto-tensor.ts';

/**
 * Source  torch.onnx, keys of node metadata: `pkg.torch.onnx.name_scopes` is a printed list of module paths, the node's
 * own name last; `namespace` is such a path with types, "path: type/path: type/name: operator"
 */
export function scopeOf(metadata: readonly Entry[]): { readonly scope?: string } {
  const entries = new Map(metadata);
  const scopes = entries.get('pkg.torch.onnx.name_scopes');
  const namespace = entries.get('namespace');
  const listed =
    scopes === undefined ? [] : [...scopes.matchAll(/'([^']*)'|"([^"]*)"/g)].map(m => m[1] ?? m[2]);
  const named = (namespace ?? '').split('/').map(part => part.split(':')[0]?.trim());
  const path = (listed.length > 0 ? listed : named).slice(0, -1);
  const scope = path.findLast(part => part !== undefined && part !== '');
  return scope === undefined ? {} : { scope };
}
