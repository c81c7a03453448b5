/** The resolved descriptor that a manifest carries, as compile wrote it; a manifest is a file that anybody can edit. */
import { z } from 'zod';
import type { Manifest } from '../backends/manifest.ts';
import type { Target } from '../backends/target.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';

export type DeployedTarget = Pick<Target, 'timing' | 'topology' | 'chips' | 'costSets'>;

const figure = z.looseObject({ value: z.number(), unit: z.string(), status: z.string() });
const count = z.looseObject({ value: z.int().min(1) });
const deployed = z.looseObject({
  chips: z.int().min(1),
  timing: z.record(z.string(), figure.extend({ value: z.number().min(0) })),
  topology: z
    .looseObject({
      ...{ routersX: count, routersY: count, coresPerRouter: count, chipsX: count, chipsY: count },
      ...{ chipsZ: count, messageBits: count, gradedMessageBits: count },
    })
    .catchall(figure),
  costSets: z.array(z.looseObject({ name: z.string(), costs: z.record(z.string(), figure) })).min(1),
});

/** Errors: E0611 */
export function deployedTarget({ target }: Manifest, origin: string): DeployedTarget {
  const found = deployed.safeParse(target);
  // Checked for what is read of it; compile wrote it from a Target.
  if (found.success) return target as unknown as DeployedTarget;
  const issue = found.error.issues[0]!;
  return fail('E0611', { origin }, { path: `target.${issue.path.join('.')}`, reason: issue.message });
}
