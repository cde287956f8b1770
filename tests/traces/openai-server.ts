import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Answer = (body: Record<string, unknown>, response: ServerResponse, request: IncomingMessage) => void;

/** A scripted server: each request gets the next answer, the last one for ever. Returns its base address. */
export async function scriptedServer(...answers: readonly Answer[]): Promise<{ url: string; bodies: unknown[] }> {
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const body = text.startsWith('{') ? JSON.parse(text) : {};
      const answer = answers[Math.min(bodies.length, answers.length - 1)];
      bodies.push(body);
      answer?.(body, response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, bodies };
}

export function json(value: unknown, status = 200): Answer {
  return (_body, response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req-1' });
    response.end(JSON.stringify(value));
  };
}

/** Server-sent events; `end: false` leaves the stream without its end by breaking the connection. */
export function sse(
  events: readonly unknown[],
  options: { readonly named?: boolean; readonly cut?: boolean } = {},
): Answer {
  return (_body, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) {
      const name = options.named === true ? `event: ${(event as { type: string }).type}\n` : '';
      response.write(`${name}data: ${JSON.stringify(event)}\n\n`);
    }
    if (options.cut === true) setImmediate(() => response.destroy());
    else response.end(options.named === true ? '' : 'data: [DONE]\n\n');
  };
}

export function completion(message: object, finish_reason = 'stop'): object {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-x-2026',
    choices: [{ index: 0, finish_reason, message: { role: 'assistant', content: null, ...message } }],
    usage: {
      prompt_tokens: 12,
      completion_tokens: 7,
      total_tokens: 19,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 3 },
    },
  };
}

export function chunk(delta: object, finish_reason: string | null = null): object {
  return {
    id: 'chatcmpl-2',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'gpt-x-2026',
    choices: [{ index: 0, delta, finish_reason }],
  };
}

export const TOOL_CALL = { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } };
