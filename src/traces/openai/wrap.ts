import { isJsonObject } from '../../core/json.ts';
import { type ActiveSpan, type Attributes, isThenable, nowMs, startSpan } from '../span.ts';
import { currentContext, guard, tracingState } from '../state.ts';
import { CHAT, type Endpoint, type Outcome, RESPONSES, requestAttributes } from './endpoints.ts';
import { createTurns, type Turn } from './turns.ts';

export type WrapOptions = {
  /** `gen_ai.provider.name`. Default `openai`. */
  readonly provider?: string;
  /** Name of the agent in traces that the wrapper opens itself. Default `agent`. */
  readonly agent?: string;
};

/** The part of the `openai` package's client that is used; any version since 4 has it. */
type Create = (this: unknown, body: unknown, ...rest: unknown[]) => unknown;
type Resource = { create: Create };
type Client = {
  readonly chat?: { readonly completions?: Resource };
  readonly responses?: Resource;
  readonly baseURL?: string;
  withOptions?: (...options: unknown[]) => unknown;
};

const WRAPPED = Symbol.for('apo.trace.wrapped');

/**
 * Records every chat completion and response that goes through a client: `create`, and with it `parse`, `stream` and
 * `runTools`. The client is changed in place and returned; what its methods return is untouched, streams included.
 * Within `trace(...)` calls become spans of that trace; otherwise a new user message opens a trace that ends with the
 * final reply. Wrapping twice does nothing.
 */
export function wrapOpenAI<C extends object>(client: C, options: WrapOptions = {}): C {
  guard(() => {
    if (WRAPPED in client) return;
    Object.defineProperty(client, WRAPPED, { value: true });
    const { chat, responses, baseURL, withOptions } = client as Client;
    const turns = createTurns(options.agent ?? 'agent');
    const call = { provider: options.provider ?? 'openai', address: hostOf(baseURL), turns };
    if (chat?.completions !== undefined) wrapCreate(chat.completions, CHAT, call);
    if (responses !== undefined) wrapCreate(responses, RESPONSES, call);
    if (typeof withOptions === 'function') {
      define(client, 'withOptions', (...given: unknown[]) => {
        const derived = withOptions.apply(client, given);
        return typeof derived === 'object' && derived !== null ? wrapOpenAI(derived, options) : derived;
      });
    }
  });
  return client;
}

type CallDetails = {
  readonly provider: string;
  readonly address: string | undefined;
  readonly turns: ReturnType<typeof createTurns>;
};

function wrapCreate(resource: Resource, endpoint: Endpoint, details: CallDetails): void {
  const original = resource.create;
  if (typeof original !== 'function') return;
  define(resource, 'create', function (this: unknown, body: unknown, ...rest: unknown[]): unknown {
    const run = () => original.call(this, body, ...rest);
    if (tracingState() === undefined) return run();
    const recording = guard(() => beginCall(body, endpoint, details));
    return recording === undefined ? run() : observe(recording, run);
  });
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}

/** One call being recorded. Its methods may be called in any order; the first ending counts. */
type Recording = {
  readonly span: ActiveSpan;
  succeed(reply: unknown, attributes?: { readonly [key: string]: number | boolean | undefined }): void;
  /** `partial`: what of the reply had arrived, in the shape of a whole one. */
  fail(error: unknown, partial?: unknown): void;
  readonly collect: Endpoint['collect'];
};

function beginCall(body: unknown, endpoint: Endpoint, { provider, address, turns }: CallDetails): Recording {
  const request = isJsonObject(body) ? body : {};
  const { system, messages } = endpoint.conversation(request);
  const previous = typeof request.previous_response_id === 'string' ? request.previous_response_id : '';
  const turn: Turn | undefined = currentContext().parent === undefined ? turns.enter(messages, previous) : undefined;
  const attributes = requestAttributes(request, provider, system);
  const keepsContent = tracingState()?.content !== 'none';
  const span = startSpan({
    name: `chat ${attributes['gen_ai.request.model']}`,
    kind: 'model',
    attributes: {
      ...attributes,
      'server.address': address,
      ...(keepsContent ? {} : { 'gen_ai.system_instructions': undefined }),
    },
    ...(turn === undefined ? {} : { parent: turn.root }),
  });
  span.input(messages);
  function show(reply: unknown, more: Attributes = {}): Outcome {
    const outcome = endpoint.outcome(isJsonObject(reply) ? reply : {});
    span.set({ ...outcome.attributes, ...more });
    if (outcome.messages.length > 0) span.output(outcome.messages);
    return outcome;
  }
  return {
    span,
    collect: endpoint.collect,
    succeed(reply, more) {
      guard(() => {
        const { messages: output, responseId } = show(reply, more);
        span.end();
        turn?.reply(output, responseId);
      });
      span.end();
    },
    fail(error, partial) {
      guard(() => {
        if (partial !== undefined) show(partial, { 'apo.stream.broken_off': true });
        const status = isJsonObject(error) && typeof error.status === 'number' ? error.status : undefined;
        if (status !== undefined) span.set({ 'error.type': String(status) });
        span.error(error);
      });
      span.end();
      turn?.fail(error);
    },
  };
}

/** The parts of the package's `APIPromise` that decide what a caller gets. */
type ApiPromise = PromiseLike<unknown> & {
  responsePromise: Promise<unknown>;
  parseResponse: (...given: unknown[]) => unknown;
  asResponse?: () => Promise<unknown>;
};

/**
 * Hands on what the package returns. Its promise parses a body only when somebody asks for it, so that nobody may ask on
 * the caller's behalf: the steps inside of it are observed instead.
 */
function observe(recording: Recording, run: () => unknown): unknown {
  const { span } = recording;
  let result: unknown;
  try {
    result = span.run(run);
  } catch (error) {
    recording.fail(error);
    throw error;
  }
  if (!isApiPromise(result)) {
    if (!isThenable(result)) finish(recording, result);
    else result.then((value) => finish(recording, value), recording.fail);
    return result;
  }
  const promise = result;
  const { parseResponse, asResponse } = promise;
  let parsed = false;
  promise.responsePromise = promise.responsePromise.then(undefined, (error) => {
    recording.fail(error);
    throw error;
  });
  promise.parseResponse = async (...given) => {
    parsed = true;
    try {
      const value = await parseResponse.apply(promise, given);
      finish(recording, value);
      return value;
    } catch (error) {
      recording.fail(error);
      throw error;
    }
  };
  if (typeof asResponse === 'function') {
    promise.asResponse = async () => {
      const response = await asResponse.apply(promise);
      // Raw access: the body is the caller's. `withResponse` parses as well, in an earlier microtask.
      if (!parsed) span.end();
      return response;
    };
  }
  return promise;
}

function isApiPromise(value: unknown): value is ApiPromise {
  return (
    typeof value === 'object' &&
    value !== null &&
    'parseResponse' in value &&
    typeof value.parseResponse === 'function' &&
    'responsePromise' in value &&
    value.responsePromise instanceof Promise
  );
}

function finish(recording: Recording, value: unknown): void {
  if (!isStream(value)) {
    recording.succeed(value);
    return;
  }
  const observed = guard(() => observeStream(recording, value));
  if (observed === undefined) recording.span.end();
}

type Stream = { iterator?: () => AsyncIterator<unknown>; [Symbol.asyncIterator](): AsyncIterator<unknown> };

function isStream(value: unknown): value is Stream {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** `tee` and `toReadableStream` of the package's stream go through `iterator` too. */
function observeStream(recording: Recording, stream: Stream): true {
  const startedMs = nowMs();
  const inner = typeof stream.iterator === 'function' ? stream.iterator : stream[Symbol.asyncIterator];
  const wrapped = () => observeIterator(recording, inner.call(stream), startedMs);
  if (typeof stream.iterator === 'function') stream.iterator = wrapped;
  else define(stream, Symbol.asyncIterator as never, wrapped);
  return true;
}

function observeIterator(
  recording: Recording,
  inner: AsyncIterator<unknown>,
  startedMs: number,
): AsyncIterableIterator<unknown> {
  const collector = recording.collect();
  let firstMs: number | undefined;
  let done = false;
  function finished(broken: boolean): void {
    if (done) return;
    done = true;
    recording.succeed(guard(() => collector.result()) ?? {}, {
      'gen_ai.response.time_to_first_chunk': firstMs === undefined ? undefined : (firstMs - startedMs) / 1000,
      'apo.stream.broken_off': broken || guard(() => collector.isWhole()) === false ? true : undefined,
    });
  }
  function failed(error: unknown): void {
    if (done) return;
    done = true;
    recording.fail(error, firstMs === undefined ? undefined : guard(() => collector.result()));
  }
  async function next(): Promise<IteratorResult<unknown>> {
    try {
      const step = await inner.next();
      if (step.done === true) finished(false);
      else {
        firstMs ??= nowMs();
        guard(() => collector.add(step.value));
      }
      return step;
    } catch (error) {
      failed(error);
      throw error;
    }
  }
  return {
    next,
    async return(value?: unknown) {
      finished(true);
      return (await inner.return?.(value)) ?? { done: true, value };
    },
    async throw(error?: unknown) {
      failed(error);
      if (inner.throw !== undefined) return inner.throw(error);
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function hostOf(baseURL: string | undefined): string | undefined {
  return baseURL !== undefined && URL.canParse(baseURL) ? new URL(baseURL).hostname : undefined;
}
