import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/*
 * A scriptable OpenAI-compatible server on a free port of 127.0.0.1:
 *
 *   await using provider = await startFakeProvider({
 *     reply: (request) => `You said ${request.body.messages.at(-1)?.content}`,
 *     faults: (request) => (request.number === 1 ? { status: 429, headers: { 'retry-after': '1' } } : undefined),
 *   });
 *   // baseUrl: provider.url (with /v1); afterwards: provider.requests
 *
 * Replies are a function of the request, so that the same requests give the same replies in any order. A fault replaces
 * the reply of the requests that it is planned for.
 */

export type FakeRequest = {
  /** 1 for the first request of any kind. */
  readonly number: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Every byte of the body. */
  readonly text: string;
  /** The body as JSON; `{ messages: [] }` when it is none. */
  readonly body: FakeBody;
};

export type FakeBody = {
  readonly model?: string;
  readonly messages: readonly { readonly role: string; readonly content: string | null }[];
  readonly [key: string]: unknown;
};

/** The assistant's text, a message with tool calls and the like, or a whole response body. */
export type FakeReply =
  | string
  | { readonly message: object; readonly finishReason?: string }
  | { readonly raw: unknown };

/** What the server does instead of replying. */
export type Fault =
  /** Another HTTP answer; a body that is no string or buffer is sent as JSON. */
  | { readonly status: number; readonly headers?: Headers; readonly body?: unknown }
  /** `reset`: closes the socket before any byte. `hang`: never answers. */
  | 'reset'
  | 'hang'
  /** Headers and half of a promised body, then a closed (`cut`) or silent (`stall`) connection. */
  | 'cut'
  | 'stall'
  /** Bytes straight onto the socket, for what is not HTTP. */
  | { readonly socket: string }
  /** A valid body of which one byte comes in each interval. */
  | { readonly dripMs: number }
  /** The normal reply, later. */
  | { readonly latencyMs: number };

type Headers = { readonly [name: string]: string };

export type FakeProvider = AsyncDisposable & {
  /** `http://127.0.0.1:<port>/v1` */
  readonly url: string;
  /** All requests so far, in order of arrival. */
  readonly requests: readonly FakeRequest[];
  /** Largest number of requests that were in the server at one time. */
  readonly peak: number;
  /** Resolves when no request is left without a complete reply or a closed socket: the client let go of all. */
  idle(): Promise<void>;
  close(): Promise<void>;
};

export async function startFakeProvider(
  script: {
    readonly reply?: (request: FakeRequest) => FakeReply;
    readonly faults?: (request: FakeRequest) => Fault | undefined;
    /** Before every reply. Default 0. */
    readonly latencyMs?: number;
  } = {},
): Promise<FakeProvider> {
  const { reply = () => 'ok', faults = () => undefined, latencyMs = 0 } = script;
  const requests: FakeRequest[] = [];
  const sockets = new Set<Socket>();
  const idleWaiters: (() => void)[] = [];
  let open = 0;
  let peak = 0;

  const server = createServer((incoming, response) => {
    open++;
    peak = Math.max(peak, open);
    response.once('close', () => {
      open--;
      if (open === 0) for (const resolve of idleWaiters.splice(0)) resolve();
    });
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', () => undefined);
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const request: FakeRequest = {
        number: requests.length + 1,
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        headers: incoming.headers,
        text,
        body: bodyOf(text),
      };
      requests.push(request);
      const answer = (): void => sendReply(response, request, reply(request));
      const fault = faults(request);
      const delayMs = typeof fault === 'object' && 'latencyMs' in fault ? fault.latencyMs : latencyMs;
      if (fault !== undefined && !(typeof fault === 'object' && 'latencyMs' in fault)) inject(response, fault);
      else if (delayMs > 0) setTimeout(answer, delayMs);
      else answer();
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function close(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    get peak() {
      return peak;
    },
    idle: () => (open === 0 ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve))),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function bodyOf(text: string): FakeBody {
  try {
    return { messages: [], ...JSON.parse(text) };
  } catch {
    return { messages: [] };
  }
}

function sendReply(response: ServerResponse, request: FakeRequest, reply: FakeReply): void {
  const isRaw = typeof reply === 'object' && 'raw' in reply;
  sendJson(response, 200, isRaw ? reply.raw : completion(request, reply));
}

/** A chat completion as OpenAI writes it. */
export function completion(request: FakeRequest, reply: Exclude<FakeReply, { raw: unknown }>): object {
  const { message, finishReason = 'stop' } = typeof reply === 'string' ? { message: { content: reply } } : reply;
  const input = Math.ceil(request.text.length / 4);
  const output = Math.ceil(JSON.stringify(message).length / 4);
  return {
    id: `chatcmpl-${request.number}`,
    object: 'chat.completion',
    created: 1_790_000_000,
    model: request.body.model ?? 'fake',
    choices: [{ index: 0, finish_reason: finishReason, message: { role: 'assistant', content: null, ...message } }],
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  };
}

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
}

function inject(response: ServerResponse, fault: Exclude<Fault, { latencyMs: number }>): void {
  if (fault === 'hang') return;
  if (fault === 'reset') {
    response.socket?.resetAndDestroy();
  } else if (fault === 'cut' || fault === 'stall') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"id":"chatcmpl-', () => (fault === 'cut' ? response.socket?.destroy() : undefined));
  } else if ('socket' in fault) {
    response.socket?.end(fault.socket);
  } else if ('dripMs' in fault) {
    response.writeHead(200, { 'content-type': 'application/json' });
    const drip = setInterval(() => response.write(' '), fault.dripMs);
    response.once('close', () => clearInterval(drip));
  } else {
    sendJson(response, fault.status, fault.body ?? { error: { message: 'injected' } }, fault.headers);
  }
}
