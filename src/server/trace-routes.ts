import { randomUUID } from 'node:crypto';
import { Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { parseJson } from '../core/json.ts';
import type { FeedbackRow, TraceStore } from '../stores/trace-store.ts';
import { assembleTrace } from '../traces/shared/conventions/assemble.ts';
import { feedbackFields, toFeedback } from '../traces/shared/feedback-rows.ts';

const MAX_FEEDBACK_BYTES = 256 * 1024;

const number = z.coerce.number();
const query = z.object({
  session: z.string().optional(),
  user: z.string().optional(),
  model: z.string().optional(),
  tool: z.string().optional(),
  status: z.enum(['ok', 'error']).optional(),
  minScore: number.optional(),
  maxScore: number.optional(),
  text: z.string().optional(),
  since: z.string().optional(),
  until: z.string().optional(),
  after: z.string().optional(),
  limit: number.int().min(1).max(1000).optional(),
});

const jsonOnly: MiddlewareHandler = async (context, next) => {
  if (/^application\/json\b/i.test(context.req.header('content-type') ?? '')) return next();
  return context.json({ error: 'send Content-Type application/json' }, 415);
};

/** One line: which field, and what about it. */
function firstProblem({ issues: [issue] }: z.ZodError): string {
  return [issue?.path.join('.') ?? '', issue?.message ?? ''].filter((text) => text !== '').join(': ');
}

/** Feedback on a response of which only the provider's id is known; the other fields are those of a trace's feedback. */
const named = z.looseObject({ responseId: z.string().min(1).max(512) });

/** Reading traces and attaching feedback: `/traces`, `/traces/:id`, `/traces/:id/feedback`, `/feedback`, `/stats`. */
export function traceRoutes(traces: TraceStore): Hono {
  const routes = new Hono();
  routes.get('/traces', async (context) => {
    const given = query.safeParse(context.req.query());
    if (!given.success) return context.json({ error: firstProblem(given.error) }, 400);
    const { limit, after, session, user, ...filter } = given.data;
    return context.json(
      await traces.list(
        {
          ...filter,
          ...(session === undefined ? {} : { sessionId: session }),
          ...(user === undefined ? {} : { userId: user }),
        },
        { ...(limit === undefined ? {} : { limit }), ...(after === undefined ? {} : { after }) },
      ),
    );
  });
  routes.get('/stats', async (context) => context.json(await traces.stats({})));
  routes.get('/traces/:id', async (context) => {
    const trace = await traces.find(context.req.param('id'));
    if (trace === undefined) return context.json({ error: 'not found' }, 404);
    const spans = await traces.spans(trace.traceId);
    const feedback = await traces.feedback(trace.traceId);
    return context.json({ trace, events: assembleTrace(spans).events, spans, feedback });
  });
  routes.on('POST', ['/feedback', '/traces/:id/feedback'], bodyLimit({ maxSize: MAX_FEEDBACK_BYTES }), jsonOnly);
  routes.post('/feedback', async (context) => {
    const body = parseJson(await context.req.text());
    if (!body.ok) return context.json({ error: body.reason }, 400);
    const target = named.safeParse(body.value);
    if (!target.success) return context.json({ error: firstProblem(target.error) }, 400);
    const { responseId, ...fields } = target.data;
    const given = feedbackFields.safeParse(fields);
    if (!given.success) return context.json({ error: firstProblem(given.error) }, 400);
    const feedback: FeedbackRow[] = [];
    for (const row of toFeedback('', given.data, new Date(), randomUUID)) {
      feedback.push({ ...row, responseId, traceId: await traces.addFeedback({ ...row, responseId }) });
    }
    // 202: it waits for the span.
    return context.json({ feedback }, feedback.every(({ traceId }) => traceId !== '') ? 201 : 202);
  });
  routes.post('/traces/:id/feedback', async (context) => {
    const body = parseJson(await context.req.text());
    const given = feedbackFields.safeParse(body.ok ? body.value : undefined);
    if (!given.success) return context.json({ error: body.ok ? firstProblem(given.error) : body.reason }, 400);
    const trace = await traces.find(context.req.param('id'));
    if (trace === undefined) return context.json({ error: 'not found' }, 404);
    const feedback: readonly FeedbackRow[] = toFeedback(trace.traceId, given.data, new Date(), randomUUID);
    for (const row of feedback) await traces.addFeedback(row);
    return context.json({ feedback }, 201);
  });
  return routes;
}
