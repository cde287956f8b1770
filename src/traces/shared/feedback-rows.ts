import { z } from 'zod';
import type { FeedbackRow } from '../../stores/trace-store.ts';

/** What a user says about an answer; each part that is given becomes a feedback row of its own. */
export const feedbackFields = z
  .strictObject({
    thumbs: z.enum(['up', 'down']).optional(),
    /** Stars, 1 to 5. */
    rating: z.number().min(1).max(5).optional(),
    comment: z.string().min(1).optional(),
    /** The answer that would have been right. */
    correction: z.string().min(1).optional(),
    /** 0..1, from a program or a judge. */
    score: z.number().min(0).max(1).optional(),
    /** What the score measures. */
    name: z.string().min(1).max(128).optional(),
    source: z.enum(['human', 'judge', 'code']).optional(),
    spanId: z
      .string()
      .regex(/^[0-9a-f]{16}$/)
      .optional(),
  })
  .refine(
    ({ thumbs, rating, comment, correction, score }) =>
      [thumbs, rating, comment, correction, score].some((value) => value !== undefined),
    'give thumbs, rating, comment, correction or score',
  );

export type FeedbackFields = z.infer<typeof feedbackFields>;

export function toFeedback(
  traceId: string,
  given: FeedbackFields,
  at: Date,
  newId: () => string,
): readonly FeedbackRow[] {
  const { thumbs, rating, comment, correction, score, name, source, spanId } = given;
  const common = {
    traceId,
    spanId: spanId ?? null,
    source: source ?? 'human',
    score: null,
    label: '',
    comment: '',
    correction: null,
    at: at.toISOString(),
    metadata: {},
  } as const;
  const rows: FeedbackRow[] = [];
  const add = (row: Partial<FeedbackRow> & { readonly name: string }): void =>
    void rows.push({ ...common, id: newId(), ...row });
  if (thumbs !== undefined) add({ name: 'thumbs', score: thumbs === 'up' ? 1 : 0, label: thumbs });
  if (rating !== undefined) add({ name: 'rating', score: (rating - 1) / 4, label: String(rating) });
  if (score !== undefined) add({ name: name ?? 'score', score });
  if (comment !== undefined) add({ name: 'comment', comment });
  if (correction !== undefined) add({ name: 'correction', correction });
  return rows;
}
