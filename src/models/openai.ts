import { OpenAI } from 'openai';
import { z } from 'zod';
import type { PluginContext } from '../config/plugin.ts';
import { createRedaction } from '../config/redaction.ts';
import { messageOf } from '../core/errors.ts';
import { type JsonObject, parseJson } from '../core/json.ts';
import { followAbort } from '../platform/abort.ts';
import { type ChatOptions, type ChatReply, type ChatRequest, type Model, ModelError } from './model.ts';
import { OPENAI_HOST, readEndpoint, readKey } from './openai/endpoint.ts';
import { createExchanges, type Exchange, transportFault } from './openai/exchange.ts';
import {
  classify,
  errorIn,
  isFiltered,
  readServerError,
  type ServerError,
  statusOf,
  withMessage,
} from './openai/faults.ts';
import { adapt } from './openai/quirks.ts';
import { filteredReply, readReply } from './openai/reply.ts';
import { bodyOf, type Dialect } from './openai/request.ts';
import { routeTo } from './openai/route.ts';
import { completionOf } from './openai/stream.ts';

/*
 * Any OpenAI-compatible chat-completions server: OpenAI, vLLM, Ollama, LiteLLM and others. One attempt per call; it knows
 * nothing of retries, concurrency or prices.
 */

/** Each step of adaptation removes or replaces one thing; no server needs more than these. */
const MAX_ADAPTATIONS = 7;

const DEFAULT_KEY = 'OPENAI_API_KEY';

export const options = z.strictObject({
  /** With the `/v1`. OPENAI_BASE_URL wins over it unless `apiKeyEnv` names another key; default OpenAI's own. */
  baseUrl: z.string().optional(),
  /** The variable that holds the key. A key is needed for api.openai.com only. */
  apiKeyEnv: z.string().default(DEFAULT_KEY),
  /** For one attempt, from the connection to the last byte. A connection that takes 10 s has failed. */
  timeoutMs: z.number().int().positive().default(120_000),
  /** Sent with every request; the values are treated as secrets. */
  headers: z.record(z.string(), z.string()).default({}),
  /** How the output limit is sent; the other one is tried when the server rejects it. */
  maxTokensField: z.enum(['max_completion_tokens', 'max_tokens']).default('max_completion_tokens'),
  /** Merged into every request body, over what stands there. */
  extraBody: z.record(z.string(), z.json()).default({}),
});

type Options = z.output<typeof options>;

export default function createOpenAi(given: Options, { environment }: PluginContext): Model {
  // The environment wins over the config, but its address belongs to its key: a role with a key of its own keeps its own.
  const fromEnvironment = given.apiKeyEnv === DEFAULT_KEY ? environment.get('OPENAI_BASE_URL') : undefined;
  const endpoint = readEndpoint(fromEnvironment ?? given.baseUrl ?? `https://${OPENAI_HOST}/v1`);
  const key = readKey(given.apiKeyEnv, endpoint.host, environment.get(given.apiKeyEnv));
  const organization = environment.get('OPENAI_ORG_ID');
  const project = environment.get('OPENAI_PROJECT_ID');
  const { headers, extraBody } = given;
  const route = routeTo(new URL(endpoint.url));
  const named = {
    extraBody,
    headers,
    proxy: route.credentials,
    query: endpoint.query,
    organization: organization ?? null,
    project: project ?? null,
  };
  const redaction = createRedaction({ key, named }, environment);
  const exchanges = createExchanges(route);
  const client = new OpenAI({
    apiKey: key ?? 'none',
    adminAPIKey: null,
    organization: organization ?? null,
    project: project ?? null,
    baseURL: endpoint.url,
    defaultQuery: endpoint.query,
    defaultHeaders: { ...(key === undefined ? { Authorization: null } : {}), ...given.headers },
    maxRetries: 0,
    // Told to the server in a header; the timer of `chat` is the earlier one.
    timeout: given.timeoutMs + 1000,
    logLevel: 'off',
    fetch: exchanges.fetch,
  });
  const place = route.proxy === undefined ? endpoint.host : `${endpoint.host} through the proxy ${route.proxy}`;
  const dialects = new Map<string, Dialect>();
  const firstDialect: Dialect = {
    tokensField: given.maxTokensField,
    format: 'json_schema',
    temperature: true,
    seed: true,
    systemRole: true,
    turns: false,
    stream: false,
  };

  async function send(body: JsonObject, { idempotencyKey }: ChatOptions, signal: AbortSignal): Promise<Exchange> {
    const response = await client.chat.completions
      .create(body as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming, {
        signal,
        ...(idempotencyKey === undefined ? {} : { headers: { 'Idempotency-Key': idempotencyKey } }),
      })
      .asResponse();
    return exchanges.take(response);
  }

  async function attempt(request: ChatRequest, callOptions: ChatOptions, signal: AbortSignal): Promise<ChatReply> {
    let dialect = dialects.get(request.model) ?? firstDialect;
    for (let adaptations = 0; ; adaptations++) {
      const exchange = await send(bodyOf(request, dialect, given.extraBody), callOptions, signal);
      if (!exchange.ok) throw transportFault(exchange.error);
      const outcome = readExchange(exchange, request);
      if (!('fault' in outcome)) {
        if (adaptations > 0) dialects.set(request.model, dialect);
        return redaction.clean(outcome);
      }
      const fault = faultOf(outcome.status, outcome.fault, exchange.headers(), request);
      const adapted = adapt(dialect, outcome.status, outcome.fault) ?? withoutFormat(dialect, request, fault);
      if (adapted === undefined || adaptations >= MAX_ADAPTATIONS) throw fault;
      dialect = adapted;
    }
  }

  return {
    provider: endpoint.host === OPENAI_HOST ? 'openai' : endpoint.host,
    simulated: false,
    async chat(request, callOptions) {
      callOptions.signal.throwIfAborted();
      const stop = new AbortController();
      const unfollow = followAbort(callOptions.signal, stop);
      const timer = setTimeout(() => {
        stop.abort(new ModelError('timeout', `no complete reply within ${given.timeoutMs / 1000} s`));
      }, given.timeoutMs);
      try {
        return await attempt(request, callOptions, stop.signal);
      } catch (error) {
        callOptions.signal.throwIfAborted();
        const fault = asFault(stop.signal.aborted ? stop.signal.reason : error);
        throw withMessage(fault, redaction.line(`model "${request.model}" at ${place}: ${fault.message}`));
      } finally {
        clearTimeout(timer);
        unfollow();
      }
    },
  };
}

/** Some servers do not say what they refuse. A schema is the first thing that is not plain, and the prompt can ask for it. */
function withoutFormat(sent: Dialect, { responseSchema }: ChatRequest, { kind }: ModelError): Dialect | undefined {
  if (responseSchema === undefined || kind !== 'invalid' || sent.format === 'prompt') return undefined;
  return { ...sent, format: 'prompt' };
}

/** Without what may be secret: credentials and the query. */
function targetOf(location: string | null): string {
  if (location === null) return 'nowhere';
  return location.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/]*@/i, '$1//');
}

type Failed = { readonly fault: ServerError; readonly status: number };

/** @throws ModelError `protocol` for a reply that is none, `fatal` for a redirect. */
function readExchange(exchange: Extract<Exchange, { ok: true }>, request: ChatRequest): ChatReply | Failed {
  const { status, contentType, body } = exchange;
  if (status >= 300 && status <= 399) {
    const message = `a redirect to ${targetOf(exchange.headers().get('location'))}, which is not followed`;
    throw new ModelError('fatal', `status ${status}, ${message}`, { status });
  }
  if (status < 200 || status > 299) {
    const fault = readServerError(body);
    return isFiltered(status, fault) ? filteredReply(request, fault.message) : { fault, status };
  }
  if (/html/i.test(contentType)) throw protocol(`the reply is ${contentType.split(';')[0]} instead of JSON`);
  if (body.trim() === '') throw protocol('the reply is empty');
  const parsed = /event-stream/i.test(contentType)
    ? ({ ok: true, value: completionOf(body) } as const)
    : parseJson(body);
  if (!parsed.ok) {
    // The parser's own message quotes a piece of the text, which may be a piece of an echoed key.
    const rule = /^(nested deeper|forbidden key)/.test(parsed.reason) ? ` (${parsed.reason})` : '';
    throw protocol(`the reply is not usable JSON${rule}`);
  }
  const fault = errorIn(parsed.value);
  const said = fault === undefined ? undefined : statusOf(fault);
  if (fault !== undefined && said === undefined) throw protocol(`an error instead of a reply: ${fault.message}`);
  return fault !== undefined && said !== undefined ? { fault, status: said } : readReply(parsed.value, request);
}

/** Anything but a ModelError was thrown before sending, so that sending it again cannot help. */
function asFault(error: unknown): ModelError {
  return error instanceof ModelError ? error : new ModelError('fatal', `cannot send: ${messageOf(error)}`);
}

function protocol(message: string): ModelError {
  return new ModelError('protocol', message);
}

const ADVICE: { readonly [status: number]: string } = {
  404: ' (if the model exists, check the path of the base URL)',
  407: ' (the proxy wants other credentials in its address)',
};

function faultOf(status: number, error: ServerError, headers: Headers, request: ChatRequest): ModelError {
  const { kind, retryAfterMs } = classify(status, error, headers, Date.now());
  const said = error.message.trim() === '' ? 'no message' : error.message;
  const about = kind === 'invalid' ? ` to ${summaryOf(request)}` : '';
  const advice = ADVICE[status] ?? '';
  return new ModelError(kind, `status ${status}${about}: ${said}${advice}`, {
    status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** The shape of a request without any of its text. */
function summaryOf({ messages, tools = [], responseSchema, temperature, maxOutputTokens }: ChatRequest): string {
  const characters = messages.reduce((sum, message) => sum + message.content.length, 0);
  return [
    `${messages.length} messages with ${characters} characters`,
    ...(tools.length > 0 ? [`${tools.length} tools`] : []),
    ...(responseSchema === undefined ? [] : [`schema "${responseSchema.name}"`]),
    ...(temperature === undefined ? [] : [`temperature ${temperature}`]),
    ...(maxOutputTokens === undefined ? [] : [`at most ${maxOutputTokens} output tokens`]),
  ].join(', ');
}
