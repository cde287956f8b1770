import { createApp } from '../../src/server/app.ts';
import { createInlineIngest } from '../../src/server/ingest-inline.ts';
import { SERVER_LIMITS, type ServerLimits } from '../../src/server/limits.ts';
import { createHttpServer, listen, stop } from '../../src/server/listen.ts';
import { createOtlpReceiver } from '../../src/server/otlp.ts';
import createSqliteStore from '../../src/stores/sqlite.ts';
import type { TraceStore } from '../../src/stores/trace-store.ts';

export type TestServer = { readonly url: string; readonly traces: TraceStore; close(): Promise<void> };

/** The real server on a free port with a store in memory; everything in this process. */
export async function startTestServer(
  given: { readonly limits?: Partial<ServerLimits>; readonly traces?: (real: TraceStore) => TraceStore } = {},
): Promise<TestServer> {
  const limits = { ...SERVER_LIMITS, ...given.limits };
  const store = createSqliteStore({ path: ':memory:', create: true }, { folder: '/' });
  const traces = given.traces?.(store.traces) ?? store.traces;
  const ingest = createInlineIngest(traces, limits, Date.now);
  const access = { trustedHosts: [], token: undefined };
  const server = createHttpServer({ app: createApp(traces), otlp: createOtlpReceiver(ingest, limits), access, limits });
  const url = await listen(server, '127.0.0.1', 0, '--port');
  return {
    url,
    traces,
    async close() {
      await stop(server, 100);
      await ingest.close();
      await store.close();
    },
  };
}
