/** `snnc ops`: the operators that are read, with what of them is not, from the table that reads them. */
import { fullName, supportedOperators } from '../compiler/onnx/ops/table.ts';
import { createConsole } from './console.ts';
import type { Shared } from './options.ts';

export async function opsCommand(args: Shared): Promise<number> {
  const out = createConsole(args);
  for (const { domain, operator, limits } of supportedOperators) {
    out.line(`${fullName(domain, operator).padEnd(40)}${limits ?? ''}`.trimEnd());
  }
  out.line(
    `\n${supportedOperators.length} operators; \`snnc check MODEL.onnx\` says what a model needs beyond them`,
  );
  out.result({ operators: supportedOperators.map(entry => ({ ...entry, limits: entry.limits ?? null })) });
  return 0;
}
