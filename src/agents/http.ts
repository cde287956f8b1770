import { z } from 'zod';
import type { PluginContext } from '../config/plugin.ts';
import { ApoError, messageOf } from '../core/errors.ts';
import type { Secret } from '../core/secret.ts';
import { ModelError } from '../models/model.ts';
import type { Agent } from './agent.ts';
import { checkNotEmpty } from './shared/check.ts';
import { type AgentReply, type AgentRequest, MAX_REPLY_BYTES, requestOf, resultOf } from './shared/exchange.ts';

export const options = z.strictObject({
  /** Where the agent listens. */
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/^[a-z]+:\/\/[^/?#]*@/i.test(url), 'must not contain credentials'),
  /** Name of an environment variable whose value is sent as a bearer token. */
  tokenVariable: z.string().optional(),
});

/**
 * An agent behind HTTP: POST `{ prompt, components, task }` as JSON, the reply is the answer as text or `{ "answer" }`.
 * Redirects are not followed. 429, 5xx and network faults are infrastructure, which the engine tries again; another
 * status is the agent's failure on this task.
 */
export default function createHttpAgent(given: z.infer<typeof options>, { environment }: PluginContext): Agent {
  const token = given.tokenVariable === undefined ? undefined : environment.secret(given.tokenVariable);
  if (given.tokenVariable !== undefined && token === undefined) {
    throw new ApoError('config-invalid', `agent "http" needs the environment variable ${given.tokenVariable}`, {
      hint: 'set it, or remove "tokenVariable"',
    });
  }
  return {
    identity: { agent: 'http', url: given.url },
    // Its tools are out of sight: critics can know of them from the prompt and from recordings only.
    toolNames: [],
    usesModel: false,
    validate: checkNotEmpty,
    async run(prompt, task, context) {
      const request = requestOf(prompt, task);
      return resultOf(await context.effect('http', request, (signal) => post(given.url, token, request, signal)));
    },
  };
}

async function post(
  url: string,
  token: Secret | undefined,
  request: AgentRequest,
  signal: AbortSignal,
): Promise<AgentReply> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/plain',
        ...(token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }),
      },
      body: JSON.stringify(request),
      redirect: 'manual',
      signal,
    });
    if (!response.ok) {
      await response.body?.cancel();
      return failureOf(response);
    }
    const text = await readLimited(response);
    return text === undefined ? { failure: `the reply is larger than ${MAX_REPLY_BYTES} bytes` } : { text };
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof ModelError ? error : networkError(error);
  }
}

function failureOf(response: Response): AgentReply {
  const { status } = response;
  const message = `agent service answered ${status}`;
  if (status >= 300 && status < 400)
    throw new ModelError('fatal', `${message}: redirects are not followed`, { status });
  if (status === 401 || status === 403) throw new ModelError('auth', message, { status });
  if (status === 404 || status === 405) throw new ModelError('fatal', `${message}: wrong url?`, { status });
  if (status === 429) throw new ModelError('rate-limit', message, { status, ...retryAfter(response) });
  if (status >= 500 || status === 408) throw new ModelError('overloaded', message, { status, ...retryAfter(response) });
  return { failure: message };
}

function retryAfter(response: Response): { readonly retryAfterMs?: number } {
  const seconds = Number.parseFloat(response.headers.get('retry-after') ?? '');
  return seconds >= 0 ? { retryAfterMs: Math.round(seconds * 1000) } : {};
}

/** Undefined when the decoded body passes the limit; the rest is not read. */
async function readLimited(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_REPLY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function networkError(error: unknown): ModelError {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const detail = cause instanceof Error ? cause.message : messageOf(error);
  const kind = /CERT|SELF_SIGNED|SIGNATURE/.test(code) ? 'fatal' : 'network';
  return new ModelError(kind, `agent service cannot be reached: ${detail || code}`, { cause: error });
}
