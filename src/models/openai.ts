import { OpenAI } from 'openai';
import { z } from 'zod';
import type { PluginContext } from '../config/plugin.ts';
import { ApoError, messageOf } from '../core/errors.ts';
import { type JsonObject, parseJson } from '../core/json.ts';
import { type ChatOptions, type ChatReply, type ChatRequest, type Model, ModelError } from './model.ts';
import { createExchanges, type Exchange, transportFault } from './openai/exchange.ts';
import {
  classify,
  createScrubber,
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

/*
 * Any OpenAI-compatible chat-completions server: OpenAI, vLLM, Ollama, LiteLLM and others. One attempt per call; it knows
 * nothing of retries, concurrency or prices.
 */

const OPENAI_HOST = 'api.openai.com';
/** Each step of adaptation removes or replaces one parameter; there are not more than these. */
const MAX_ADAPTATIONS = 5;

export const options = z.strictObject({
  /** With the `/v1`. Default: OPENAI_BASE_URL, else OpenAI's own. */
  baseUrl: z.string().optional(),
  /** The variable that holds the key. A key is needed for api.openai.com only. */
  apiKeyEnv: z.string().default('OPENAI_API_KEY'),
  /** For one attempt, from the connection to the last byte. */
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
  const endpoint = readEndpoint(given.baseUrl ?? environment.get('OPENAI_BASE_URL') ?? `https://${OPENAI_HOST}/v1`);
  const key = readKey(given.apiKeyEnv, endpoint.host, environment.get(given.apiKeyEnv));
  const scrub = createScrubber([key ?? '', ...Object.values(given.headers), ...Object.values(endpoint.query)]);
  const exchanges = createExchanges();
  const client = new OpenAI({
    apiKey: key ?? 'none',
    adminAPIKey: null,
    organization: environment.get('OPENAI_ORG_ID') ?? null,
    project: environment.get('OPENAI_PROJECT_ID') ?? null,
    baseURL: endpoint.url,
    defaultQuery: endpoint.query,
    defaultHeaders: { ...(key === undefined ? { Authorization: null } : {}), ...given.headers },
    maxRetries: 0,
    timeout: given.timeoutMs,
    logLevel: 'off',
    fetch: exchanges.fetch,
  });
  const dialects = new Map<string, Dialect>();
  const firstDialect: Dialect = {
    tokensField: given.maxTokensField,
    format: 'json_schema',
    temperature: true,
    seed: true,
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
        return outcome;
      }
      const adapted = adaptations < MAX_ADAPTATIONS ? adapt(dialect, outcome.status, outcome.fault) : undefined;
      if (adapted === undefined) throw faultOf(outcome.status, outcome.fault, exchange.headers, request);
      dialect = adapted;
    }
  }

  return {
    provider: endpoint.host === OPENAI_HOST ? 'openai' : endpoint.host,
    simulated: false,
    async chat(request, callOptions) {
      callOptions.signal.throwIfAborted();
      const stop = new AbortController();
      const forward = (): void => stop.abort(callOptions.signal.reason);
      callOptions.signal.addEventListener('abort', forward, { once: true });
      const timer = setTimeout(() => {
        stop.abort(new ModelError('timeout', `no complete reply within ${given.timeoutMs / 1000} s`));
      }, given.timeoutMs);
      try {
        return await attempt(request, callOptions, stop.signal);
      } catch (error) {
        callOptions.signal.throwIfAborted();
        const fault = asFault(stop.signal.aborted ? stop.signal.reason : error);
        throw withMessage(fault, scrub(`model "${request.model}" at ${endpoint.host}: ${fault.message}`));
      } finally {
        clearTimeout(timer);
        callOptions.signal.removeEventListener('abort', forward);
      }
    },
  };
}

type Failed = { readonly fault: ServerError; readonly status: number };

/** @throws ModelError `protocol` for a reply that is none. */
function readExchange(exchange: Extract<Exchange, { ok: true }>, request: ChatRequest): ChatReply | Failed {
  const { status, headers, body } = exchange;
  if (status < 200 || status > 299) {
    const fault = readServerError(body);
    return isFiltered(status, fault) ? filteredReply(request, fault.message) : { fault, status };
  }
  const type = headers.get('content-type') ?? '';
  if (/html|event-stream/i.test(type)) throw protocol(`the reply is ${type.split(';')[0]} instead of JSON`);
  if (body.trim() === '') throw protocol('the reply is empty');
  const parsed = parseJson(body);
  if (!parsed.ok) throw protocol(`the reply is not usable JSON: ${parsed.reason}`);
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

function faultOf(status: number, error: ServerError, headers: Headers, request: ChatRequest): ModelError {
  const { kind, retryAfterMs } = classify(status, error, headers, Date.now());
  const said = error.message.trim() === '' ? 'no message' : error.message;
  const summary = kind === 'invalid' ? ` (request: ${summaryOf(request)})` : '';
  return new ModelError(kind, `status ${status}, ${said}${summary}`, {
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

type Endpoint = { readonly url: string; readonly host: string; readonly query: { readonly [name: string]: string } };

/** @throws ApoError `config-invalid`; its message never holds the address, which may contain credentials. */
function readEndpoint(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new ApoError('config-invalid', 'the base URL of the model provider is no http(s) address', {
      hint: 'set baseUrl or OPENAI_BASE_URL to something like http://localhost:8000/v1',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new ApoError('config-invalid', `the base URL of the model provider at ${url.host} contains credentials`, {
      hint: 'put the key into the environment variable that apiKeyEnv names',
    });
  }
  return {
    url: `${url.origin}${url.pathname.replace(/\/+$/, '')}`,
    host: url.host,
    query: Object.fromEntries(url.searchParams),
  };
}

/** @throws ApoError `config-invalid` when OpenAI itself is asked without a key, or the key cannot be a header. */
function readKey(variable: string, host: string, value: string | undefined): string | undefined {
  const key = value?.trim() || undefined;
  if (key === undefined && host === OPENAI_HOST) {
    throw new ApoError('config-invalid', `no API key for ${host}: ${variable} is not set`, {
      hint: `set ${variable} in the environment or in .env, or OPENAI_BASE_URL to a server that needs no key`,
    });
  }
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
    throw new ApoError('config-invalid', `the API key in ${variable} contains characters that no key has`, {
      hint: `copy the key again into ${variable}, without spaces, quotes or line breaks`,
    });
  }
  return key;
}
