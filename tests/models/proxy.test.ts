import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { expect, it } from 'vitest';
import { type FakeProvider, startFakeProvider } from '../helpers/fake-provider.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { type Ended, repositoryPath, runApo } from '../helpers/process.ts';

const CERTIFICATE = repositoryPath('tests/fixtures/tls/models.example.cert.pem');
const KEY = 'sk-canary0123456789abcdef';
const PASSWORD = 'canary-password-42';

type Proxy = AsyncDisposable & {
  readonly host: string;
  /** What it was asked for, with the headers that it could read. */
  readonly asked: { readonly line: string; readonly headers: IncomingHttpHeaders }[];
};

/** A proxy that sends whoever asks for models.example to the provider, in a tunnel by way of its TLS server. */
async function startProxy({ url }: FakeProvider, status?: number): Promise<Proxy> {
  const provider = Number(new URL(url).port);
  const tls = await listening(
    createTlsServer(
      { cert: readFileSync(CERTIFICATE), key: readFileSync(CERTIFICATE.replace('.cert.', '.key.')) },
      (socket) => joined(socket, connect(provider, '127.0.0.1')),
    ),
  );
  const asked: { line: string; headers: IncomingHttpHeaders }[] = [];
  const proxy = createServer((incoming, outgoing) => {
    asked.push({ line: `${incoming.method} ${incoming.url}`, headers: incoming.headers });
    if (status !== undefined) {
      outgoing.writeHead(status).end(`no way for ${incoming.headers['proxy-authorization']}`);
      return;
    }
    const { pathname } = new URL(incoming.url ?? '');
    const { method, headers } = incoming;
    const forwarded = httpRequest({ port: provider, path: pathname, method, headers }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 0, reply.headers);
      reply.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  });
  proxy.on('connect', ({ method, url: target, headers }, socket: Socket) => {
    asked.push({ line: `${method} ${target}`, headers });
    if (status === undefined) {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      joined(socket, connect(portOf(tls), '127.0.0.1'));
    } else {
      socket.end(`HTTP/1.1 ${status} No\r\n\r\nno way for ${headers['proxy-authorization']}`);
    }
  });
  await listening(proxy);
  return {
    host: `127.0.0.1:${portOf(proxy)}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const server of [proxy, tls]) server.close();
    },
  };
}

function joined(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => to.destroy()).pipe(to);
  }
}

async function listening<T extends Server>(server: T): Promise<T> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function check(baseUrl: string, env: { readonly [name: string]: string }): Promise<Ended> {
  const folder = temporaryFolder();
  const rows = Array.from({ length: 10 }, (_, row) => JSON.stringify({ task: `what is ${row}`, expected: 'ok' }));
  writeFileSync(join(folder, 'tasks.jsonl'), rows.join('\n'));
  return runApo(['check', '--dataset', 'tasks.jsonl', '--grader', 'exact', '--json'], {
    cwd: folder,
    env: { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: baseUrl, NODE_EXTRA_CA_CERTS: CERTIFICATE, ...env },
  });
}

it('reaches a TLS server in a tunnel: the proxy sees its name, and no request', async () => {
  await using provider = await startFakeProvider();
  await using proxy = await startProxy(provider);
  const address = `http://someone:${PASSWORD}@${proxy.host}`;
  const ended = await check('https://models.example/v1', { https_proxy: address, DEBUG: '*' });
  expect([ended.code, ended.stderr]).toEqual([0, expect.anything()]);
  expect(provider.requests.map(({ headers }) => headers.authorization)).toContain(`Bearer ${KEY}`);
  expect(provider.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
  const basic = `Basic ${Buffer.from(`someone:${PASSWORD}`).toString('base64')}`;
  expect(new Set(proxy.asked.map(({ line }) => line))).toEqual(new Set(['CONNECT models.example:443']));
  for (const { headers } of proxy.asked) {
    expect(headers['proxy-authorization']).toBe(basic);
    expect(JSON.stringify(headers)).not.toContain(KEY);
  }
  expect(ended.stdout + ended.stderr).not.toContain(PASSWORD);
  expect(ended.stdout + ended.stderr).not.toContain(basic.slice(6));
});

it('asks for a server without TLS by its whole address', async () => {
  await using provider = await startFakeProvider();
  await using proxy = await startProxy(provider);
  const ended = await check('http://models.example/v1', { HTTP_PROXY: `http://a%b:c@${proxy.host}` });
  expect(ended).toMatchObject({ code: 0 });
  expect(proxy.asked[0]).toMatchObject({
    line: 'POST http://models.example/v1/chat/completions',
    headers: { host: 'models.example', 'proxy-authorization': `Basic ${Buffer.from('a%b:c').toString('base64')}` },
  });
  expect(provider.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
});

it('leaves the proxy out for this machine, and for what NO_PROXY names', async () => {
  await using provider = await startFakeProvider();
  await using proxy = await startProxy(provider);
  const env = { ALL_PROXY: `http://${proxy.host}`, NO_PROXY: 'models.example' };
  expect((await check(provider.url, env)).code).toBe(0);
  expect((await check('http://models.example/v1', env)).stdout).toContain('models.example: ');
  expect(proxy.asked).toEqual([]);
});

it.each(['https', 'http'])('names the proxy that refuses, without its credentials: %s', async (protocol) => {
  await using provider = await startFakeProvider();
  await using proxy = await startProxy(provider, 407);
  const named = { ALL_PROXY: `http://someone:${PASSWORD}@${proxy.host}` };
  const { code, stdout, stderr } = await check(`${protocol}://models.example/v1`, named);
  expect(code).toBe(4);
  expect(stdout).toContain(`at models.example through the proxy ${proxy.host}: `);
  expect(stdout).toMatch(/status 407.*wants other credentials in its address/);
  expect(stdout + stderr).not.toContain(Buffer.from(`someone:${PASSWORD}`).toString('base64'));
});

it('says that a proxy is none', async () => {
  const { code, stdout, stderr } = await check('https://models.example/v1', {
    HTTPS_PROXY: 'socks5://canary@127.0.0.1:1',
  });
  expect(code).toBe(2);
  expect(stdout + stderr).toContain('the proxy that HTTPS_PROXY or ALL_PROXY names is no http(s) address');
  expect(stdout + stderr).not.toContain('canary');
});
