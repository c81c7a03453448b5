/** What sections of report.json are made of. Unknown is null, never 0; lists of one length are columns of one table. */
import { z } from 'zod';

export const real = z.number();
export const count = z.int().min(0);
export const column = z.array(real);
export const indexes = z.array(z.int().min(0));
export const perCostSet = z.record(z.string(), real.nullable());
export const record = z.record(z.string(), real);
export const sha = z.string().regex(/^[0-9a-f]{64}$/);
export const option = z.union([z.string(), real, z.boolean(), z.null()]);
export const band = z.strictObject({ low: real, high: real });
export const span = z.strictObject({ steps: real, seconds: real });
export const router = z.strictObject({ chip: count, x: count, y: count });

/** Where numbers come from: counted on tables or bytes, counted in a simulation, or expected. */
export const STATUSES = ['given', 'counted', 'simulated', 'estimated', 'assumed', 'unknown'] as const;
