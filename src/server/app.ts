import { Hono } from 'hono';
import { isApoError, messageOf } from '../core/errors.ts';
import type { TraceStore } from '../stores/trace-store.ts';
import { traceRoutes } from './trace-routes.ts';

/** Everything besides OTLP. The guard has already let the request through. */
export function createApp(traces: TraceStore): Hono {
  const app = new Hono();
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.route('/api', traceRoutes(traces));
  app.notFound((context) => context.json({ error: 'not found' }, 404));
  app.onError((error, context) => {
    if (isApoError(error) && error.code === 'usage') return context.json({ error: error.message }, 400);
    if (isApoError(error) && error.retryable)
      return context.json({ error: error.message }, 503, { 'retry-after': '1' });
    return context.json({ error: messageOf(error) }, 500);
  });
  return app;
}
