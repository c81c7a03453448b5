/** `snnc hil --conformance URL`. */
import type { HilArguments } from './hil.ts';

export async function conformanceCommand(_url: string, _args: HilArguments): Promise<number> {
  return 0;
}
