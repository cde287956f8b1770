import { z } from 'zod';

/** A soft limit: full score up to `free`, none from `most` on, and evenly falling in between. */
export const limits = z.strictObject({
  free: z.int().nonnegative(),
  /** Default twice `free`. */
  most: z.int().positive().optional(),
});

export function penalized(value: number, { free, most = 2 * free + 1 }: z.infer<typeof limits>): number {
  return 1 - Math.min(1, Math.max(0, (value - free) / Math.max(1, most - free)));
}
