import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { Agent, type AgentOptions, request as httpsRequest } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { ModelError } from '../model.ts';

/** For a connection to a server, and for a proxy to make one. */
export const CONNECT_TIMEOUT_MS = 10_000;

type Created = (error: Error | null, socket?: TLSSocket) => void;

/**
 * Connections to TLS servers by way of a proxy (`CONNECT`, RFC 9110, 9.3.6). What the proxy refuses, or does not do in
 * {@link CONNECT_TIMEOUT_MS}, is a ModelError: a request without a socket cannot be ended by anybody else.
 */
export function createTunnel(proxy: URL, options: AgentOptions & { readonly headers: OutgoingHttpHeaders }): Agent {
  const { headers, ...kept } = options;
  const agent = new Agent(kept);
  const request = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  return Object.assign(agent, {
    createConnection(server: { readonly host: string; readonly port: number }, created: Created): undefined {
      const { host, port } = server;
      const path = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      const asked = request(proxy, { method: 'CONNECT', path, headers: { ...headers, host: path }, agent: false });
      const timer = setTimeout(() => {
        asked.destroy(new ModelError('network', `no connection within ${CONNECT_TIMEOUT_MS / 1000} s`));
      }, CONNECT_TIMEOUT_MS);
      asked.once('close', () => clearTimeout(timer));
      asked.once('error', created);
      asked.once('connect', ({ statusCode = 0 }, socket) => {
        if (statusCode === 200) {
          created(null, connect({ ...server, socket }));
        } else {
          socket.destroy();
          created(refusal(statusCode));
        }
      });
      asked.end();
    },
  });
}

/** A proxy that is out of order may work again; one that wants to know who asks, or forbids the server, will not. */
function refusal(status: number): ModelError {
  const advice = status === 407 ? ', it wants other credentials in its address' : '';
  return new ModelError(status >= 500 ? 'network' : 'fatal', `the proxy refuses (status ${status}${advice})`, {
    status,
  });
}
