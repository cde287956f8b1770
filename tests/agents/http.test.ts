import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Agent } from '../../src/agents/agent.ts';
import createHttpAgent, { options } from '../../src/agents/http.ts';
import { createPrompt } from '../../src/core/prompt.ts';
import { testAgent } from '../contracts/agent.ts';
import { agentContext, pluginContext, taskOf } from '../helpers/contexts.ts';

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void;

let server: Server;
let handle: Handler;
let paths: string[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    paths.push(request.url ?? '');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    handle(request, Buffer.concat(chunks).toString(), response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function httpAgent(given: { readonly [name: string]: string } = {}, variables: { [name: string]: string } = {}): Agent {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer`;
  return createHttpAgent(options.parse({ url, ...given }), pluginContext('.', variables));
}

function answerWith(status: number, body: string | Buffer, headers: { readonly [name: string]: string } = {}): void {
  paths = [];
  handle = (_request, _body, response) => response.writeHead(status, headers).end(body);
}

const prompt = createPrompt('Be brief.');

testAgent('http', async () => {
  answerWith(200, '{"answer":"42"}', { 'content-type': 'application/json' });
  return httpAgent();
});

describe('http agent (S14)', () => {
  it('posts prompt, components and task as JSON, with its token', async () => {
    let seen: unknown;
    handle = (request, body, response) => {
      seen = [request.method, request.headers['content-type'], request.headers.authorization, JSON.parse(body)];
      response.end('fine');
    };
    const { input, id } = taskOf();
    const metadata = { source: 's', expected_answers: ['42', 'forty-two'] };
    const task = taskOf({ expected: '42', observed: '41', metadata });
    await httpAgent({ tokenVariable: 'MY_TOKEN' }, { MY_TOKEN: 's3' }).run(prompt, task, agentContext());
    expect(seen).toEqual([
      'POST',
      'application/json',
      'Bearer s3',
      {
        prompt: 'Be brief.',
        components: { system: 'Be brief.' },
        task: { id, input, context: [], category: null, difficulty: null, metadata: { source: 's' } },
      },
    ]);
  });

  it('needs the variable of its token, and keeps the token out of its identity', () => {
    expect(() => httpAgent({ tokenVariable: 'MY_TOKEN' })).toThrow(/environment variable MY_TOKEN/);
    const agent = httpAgent({ tokenVariable: 'MY_TOKEN' }, { MY_TOKEN: 's3cret' });
    expect(JSON.stringify(agent.identity)).not.toContain('s3cret');
  });

  it.each([
    ['plain text\n', 'plain text'],
    ['{"answer": "yes", "more": 1}', 'yes'],
    ['{"answer": [1, 2]}', '[1,2]'],
    ['"quoted"', 'quoted'],
    ['{"total": 5}', '{"total": 5}'],
    ['\ufeff{"answer": "bom"}', 'bom'],
  ])('reads the answer of %j', async (body, answer) => {
    answerWith(200, body);
    expect(await httpAgent().run(prompt, taskOf(), agentContext())).toEqual({ status: 'ok', answer, failure: null });
  });

  it.each([
    [200, '', 'the answer is empty'],
    [200, '{"answer": null}', 'the answer is empty'],
    [400, 'bad', 'agent service answered 400'],
    [422, 'bad', 'agent service answered 422'],
  ])('fails by its own doing at status %i with %j', async (status, body, message) => {
    answerWith(status, body);
    expect(await httpAgent().run(prompt, taskOf(), agentContext())).toMatchObject({
      status: 'failed',
      failure: { kind: 'agent', message },
    });
  });

  it.each([
    [429, 'rate-limit'],
    [500, 'overloaded'],
    [503, 'overloaded'],
    [401, 'auth'],
    [404, 'fatal'],
  ])('passes status %i on as %s, for the engine to handle', async (status, kind) => {
    answerWith(status, 'no', { 'retry-after': '2' });
    await expect(httpAgent().run(prompt, taskOf(), agentContext())).rejects.toMatchObject({ kind, status });
  });

  it('says how long the server asked to wait', async () => {
    answerWith(429, '', { 'retry-after': '2' });
    await expect(httpAgent().run(prompt, taskOf(), agentContext())).rejects.toMatchObject({ retryAfterMs: 2000 });
  });

  it('follows no redirect', async () => {
    answerWith(307, '', { location: '/elsewhere' });
    await expect(httpAgent().run(prompt, taskOf(), agentContext())).rejects.toMatchObject({ kind: 'fatal' });
    expect(paths).toEqual(['/answer']);
  });

  it('stops reading at 8 MiB', async () => {
    answerWith(200, Buffer.alloc(9 * 1024 * 1024, 97));
    const { failure } = await httpAgent().run(prompt, taskOf(), agentContext());
    expect(failure?.message).toBe('the reply is larger than 8388608 bytes');
  });

  it('reports a dropped connection and a closed port as network', async () => {
    handle = (request) => request.socket.destroy();
    await expect(httpAgent().run(prompt, taskOf(), agentContext())).rejects.toMatchObject({ kind: 'network' });
    const closed = httpAgent({ url: 'http://127.0.0.1:1/' });
    await expect(closed.run(prompt, taskOf(), agentContext())).rejects.toThrow();
  });

  it('ends at the deadline when the service does not answer', async () => {
    const controller = new AbortController();
    const reason = new Error('deadline');
    handle = () => controller.abort(reason);
    await expect(httpAgent().run(prompt, taskOf(), agentContext([], controller.signal))).rejects.toBe(reason);
  });

  it.each(['file:///etc/passwd', 'http://user:secret@localhost/', 'nowhere'])('refuses the url %s', (url) => {
    expect(options.safeParse({ url }).success).toBe(false);
  });
});
