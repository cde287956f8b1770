import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { ApoError, messageOf } from '../core/errors.ts';
import { type Access, refusalOf } from './guard.ts';
import type { ServerLimits } from './limits.ts';
import { type OtlpReceiver, refuse } from './otlp.ts';
import { encodingOf } from './otlp-reply.ts';

export type ServerParts = {
  readonly app: Hono;
  readonly otlp: OtlpReceiver;
  readonly access: Access;
  readonly limits: ServerLimits;
};

/** One listener: the guard first, then OTLP on plain node:http, then the app. */
export function createHttpServer({ app, otlp, access, limits }: ServerParts): Server {
  const appListener = getRequestListener(app.fetch);
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 30_000,
      maxHeaderSize: 16 * 1024,
    },
    (request: IncomingMessage, response: ServerResponse) => {
      const refusal = refusalOf(request, access);
      if (refusal !== undefined) {
        const encoding = encodingOf(request.headers['content-type']) ?? 'json';
        return refuse(response, encoding, refusal.status, refusal.message);
      }
      if (!otlp.handle(request, response)) void appListener(request, response);
    },
  );
  server.maxConnections = 1024;
  return server;
}

/**
 * Starts listening and returns the address as a URL.
 * @throws ApoError `usage` when the port is taken or not allowed
 */
export function listen(server: Server, host: string, port: number, flag: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new ApoError('usage', `cannot listen on ${host} port ${port}: ${messageOf(error)}`, {
          hint: `choose another with ${flag}; 0 takes any free port`,
          cause: error,
        }),
      ),
    );
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo;
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      resolve(`http://${name}:${address.port}`);
    });
  });
}

/** How often connections that became idle are looked for while stopping: clients keep them open for the next request. */
const IDLE_CHECK_MS = 50;

/** Takes no new connections, lets open requests end for up to `timeoutMs`, then cuts what is left. */
export function stop(server: Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), timeoutMs);
    const check = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(check);
      resolve();
    });
    server.closeIdleConnections();
  });
}
