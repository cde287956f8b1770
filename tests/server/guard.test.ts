import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../helpers/http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** Status line of a request written by hand. */
function raw(lines: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () =>
      socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`),
    );
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    socket.on('close', () => resolve(Number(text.split(' ')[1])));
  });
}

const ROUTES = ['GET /healthz', 'GET /api/traces', 'POST /v1/traces', 'GET /nothing'];

describe('the host guard (S02)', () => {
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '[::1]', 'localhost:4747', '127.0.0.1:1', '[::1]:80'])(
    'lets %s in',
    async (host) => {
      expect(await raw(['GET /healthz HTTP/1.1', `Host: ${host}`])).toBe(200);
    },
  );

  it.each([
    'evil.test',
    'evil.test:4747',
    'localhost.',
    'localhost.evil.test',
    'evil.localhost',
    '127.0.0.1.evil.test',
    '127.0.0.1.',
    '0.0.0.0',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '127.1',
    '2130706433',
    '0x7f.1',
    'user@localhost',
    'localhost:4747@evil.test',
    'localhost/evil',
    'localhost, evil.test',
    'localhost evil.test',
    'localhost:',
    'localhost:port',
    'localhost:123456',
    '',
  ])('keeps "%s" out of every route', async (host) => {
    for (const route of ROUTES) expect(await raw([`${route} HTTP/1.1`, `Host: ${host}`])).toBe(400);
  });

  it('refuses a missing Host, two of them, and an absolute request target', async () => {
    expect(await raw(['GET /healthz HTTP/1.1'])).toBe(400);
    expect(await raw(['GET /healthz HTTP/1.1', 'Host: localhost', 'Host: localhost'])).toBe(400);
    expect(await raw(['GET http://evil.test/healthz HTTP/1.1', 'Host: localhost'])).toBe(400);
  });

  it('refuses requests that another site makes in the browser', async () => {
    for (const header of [
      'Sec-Fetch-Site: cross-site',
      'Sec-Fetch-Site: same-site',
      'Origin: http://localhost:3000',
      'Origin: null',
    ]) {
      expect(await raw(['GET /api/traces HTTP/1.1', 'Host: localhost', header])).toBe(403);
    }
    expect(await raw(['GET /api/traces HTTP/1.1', 'Host: localhost', 'Sec-Fetch-Site: same-origin'])).toBe(200);
  });

  it('gives no CORS permission', async () => {
    const reply = await fetch(`${server.url}/v1/traces`, { method: 'OPTIONS' });
    expect(reply.status).toBe(405);
    expect(reply.headers.get('access-control-allow-origin')).toBeNull();
  });
});
