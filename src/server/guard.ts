import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Secret } from '../core/secret.ts';

/** Who may talk to the server. */
export type Access = {
  /** Host names beside the loopback ones that requests may name; lower case, without port. */
  readonly trustedHosts: readonly string[];
  /** Required from everyone when the server listens beyond loopback; undefined on loopback. */
  readonly token: Secret | undefined;
};

export type Refusal = { readonly status: 400 | 401 | 403; readonly message: string };

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * The first thing that happens to every request on every port and path. "localhost" is not a wall: a web page can send
 * requests to it, and by DNS rebinding read the answers; only a list of allowed Host names stops that.
 */
export function refusalOf(request: IncomingMessage, access: Access): Refusal | undefined {
  const host = hostName(request);
  if (host === undefined || !(LOOPBACK_NAMES.has(host) || access.trustedHosts.includes(host))) {
    return { status: 400, message: 'this Host is not allowed; use http://127.0.0.1, or start with --unsafe-host NAME' };
  }
  if (!(request.url ?? '').startsWith('/')) return { status: 400, message: 'the request target must be a path' };
  if (isCrossSite(request)) return { status: 403, message: 'requests from other sites are not allowed' };
  if (access.token !== undefined && !hasToken(request, access.token)) {
    return { status: 401, message: 'send Authorization: Bearer with the value of APO_SERVE_TOKEN' };
  }
  return undefined;
}

/** The name in the one Host header without its port; undefined when it is missing, repeated or of another form. */
function hostName(request: IncomingMessage): string | undefined {
  const given = request.rawHeaders.filter((_, index, all) => index % 2 === 1 && /^host$/i.test(all[index - 1] ?? ''));
  const match = given.length === 1 ? /^(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d{1,5})?$/i.exec(given[0] ?? '') : null;
  return match?.[1]?.toLowerCase();
}

/** Another port of localhost is same-site: it may be another user's or another program's page. */
function isCrossSite({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site') return true;
  const { origin } = headers;
  return origin !== undefined && origin !== `http://${headers.host}` && origin !== `https://${headers.host}`;
}

function hasToken({ headers }: IncomingMessage, token: Secret): boolean {
  const given = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(given), digest(token.reveal()));
}

/** Equal lengths for the constant-time comparison. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
