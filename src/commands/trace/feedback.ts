import { randomUUID } from 'node:crypto';
import { ApoError } from '../../core/errors.ts';
import { type FeedbackFields, feedbackFields, toFeedback } from '../../traces/shared/feedback-rows.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { traceOf } from './filter.ts';

export type FeedbackFlags = StoreOptions & {
  readonly thumbs?: string;
  readonly rating?: number;
  readonly comment?: string;
  readonly correction?: string;
};

export async function giveFeedback(reference: string, flags: FeedbackFlags): Promise<void> {
  const given = fieldsOf(flags);
  const rows = await withStore(flags, async (store) => {
    const trace = await traceOf(store, reference);
    const feedback = toFeedback(trace.traceId, given, new Date(), randomUUID);
    for (const row of feedback) await store.traces.addFeedback(row);
    return feedback;
  });
  if (flags.json) printJson(rows);
  else print(`${rows.map(({ name }) => name).join(', ')} added to trace ${rows[0]?.traceId ?? ''}`);
}

function fieldsOf({ thumbs, rating, comment, correction }: FeedbackFlags): FeedbackFields {
  const given = feedbackFields.safeParse({ thumbs, rating, comment, correction });
  if (given.success) return given.data;
  const issue = given.error.issues[0];
  throw new ApoError('usage', `feedback is not usable: ${[...(issue?.path ?? []), issue?.message].join(' ')}`, {
    hint: 'give --thumbs up or down, --rating 1 to 5, --comment or --correction',
  });
}
