import { Agent as HttpAgent, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { getProxyForUrl } from 'proxy-from-env';
import { ApoError } from '../../core/errors.ts';
import { createTunnel } from './tunnel.ts';

/** Idle connections end before servers end them (most after 5 s), so that no request meets a closing one. */
const KEPT_ALIVE = { keepAlive: true, timeout: 4000 };

/** Addresses of this machine are never asked for through a proxy (as in Go's net/http and in browsers). */
const LOOPBACK = /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/;

type Headers = { readonly [name: string]: string };

/** How a server is reached. */
export type Route = {
  /** Host of the proxy on the way. */
  readonly proxy?: string;
  /** What the proxy is told to let us through. */
  readonly credentials: Headers;
  readonly agent: HttpAgent;
  /** Where a request for the address is sent, and as what. */
  request(url: URL, headers: Headers): { readonly to: URL; readonly options: Pick<RequestOptions, 'headers' | 'path'> };
};

/**
 * The way to a server, by the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names unless NO_PROXY excludes the host (in
 * capitals or not, see proxy-from-env). What goes to `https:` goes in a tunnel (RFC 9110, 9.3.6), so that the proxy sees
 * neither keys nor texts; what goes to `http:` in absolute form (RFC 9112, 3.2.2).
 * @throws ApoError `config-invalid` for a proxy that is no http(s) address
 */
export function routeTo(server: URL): Route {
  const named = LOOPBACK.test(server.hostname) ? '' : getProxyForUrl(server.href);
  const sent = (to: URL, headers: Headers): ReturnType<Route['request']> => ({ to, options: { headers } });
  if (named === '') return { credentials: {}, agent: agentFor(server), request: sent };
  const proxy = readProxy(named, server);
  const credentials = credentialsOf(proxy);
  const to = new URL(proxy.origin);
  if (server.protocol === 'http:') {
    return {
      proxy: proxy.host,
      credentials,
      agent: agentFor(to),
      request({ href, host }, headers) {
        return { to, options: { path: href, headers: { ...headers, ...credentials, host } } };
      },
    };
  }
  return {
    proxy: proxy.host,
    credentials,
    agent: createTunnel(to, { ...KEPT_ALIVE, headers: credentials }),
    request: sent,
  };
}

function agentFor({ protocol }: URL): HttpAgent {
  return protocol === 'https:' ? new HttpsAgent(KEPT_ALIVE) : new HttpAgent(KEPT_ALIVE);
}

function readProxy(named: string, { protocol }: URL): URL {
  const proxy = URL.canParse(named) ? new URL(named) : undefined;
  if (proxy !== undefined && /^https?:$/.test(proxy.protocol)) return proxy;
  const variable = `${protocol.slice(0, -1).toUpperCase()}_PROXY`;
  throw new ApoError('config-invalid', `the proxy that ${variable} or ALL_PROXY names is no http(s) address`, {
    hint: 'set it to something like http://proxy.example:3128, or name the model server in NO_PROXY',
  });
}

function credentialsOf({ username, password }: URL): Headers {
  if (username === '') return {};
  const text = `${decoded(username)}:${decoded(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(text).toString('base64')}` };
}

/** Many do not know that `%` has to be written as `%25`. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
