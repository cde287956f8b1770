// What `apo simulate --fresh` serves, with a ledger in front: all packages are counted alike, by what they really send.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createSimulatedApp } from '../../dist/server/simulate.js';

/** @returns {Promise<{ url: string, spent: { rollouts: number, calls: number, tokens: number }, close(): void }>} */
export function serveWorld(world) {
  const spent = { rollouts: 0, calls: 0, tokens: 0 };
  const app = new Hono();
  app.use('/v1/chat/completions', async (context, next) => {
    const { model } = await context.req.json();
    await next();
    if (!context.res.ok) throw new Error(`the simulated model refused a request: ${await context.res.text()}`);
    const { usage } = await context.res.clone().json();
    spent.calls += 1;
    spent.rollouts += model === 'sim-agent' ? 1 : 0;
    spent.tokens += usage.prompt_tokens + usage.completion_tokens;
  });
  app.route('/', createSimulatedApp(world, { latencyMs: 0, faults: [], fresh: true }));
  return new Promise((resolve) => {
    // A package may think for longer than the five seconds that Node keeps a connection.
    const serverOptions = { keepAliveTimeout: 600_000 };
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', serverOptions }, ({ port }) =>
      resolve({ url: `http://127.0.0.1:${port}/v1`, spent, close }),
    );
    function close() {
      server.close();
      server.closeAllConnections();
    }
  });
}
