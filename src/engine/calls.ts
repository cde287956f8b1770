import PQueue from 'p-queue';
import { type Clock, isoTime } from '../core/clock.ts';
import { ApoError, isApoError, messageOf } from '../core/errors.ts';
import { hashOf, isJsonObject, type Json } from '../core/json.ts';
import { type MicroUsd, NO_USAGE } from '../core/usage.ts';
import {
  type ChatReply,
  type ChatRequest,
  type FaultKind,
  type Model,
  ModelError,
  type Role,
} from '../models/model.ts';
import type { JournalKey, JournalReply, JournalStore } from '../stores/store.ts';
import type { Budget } from './budget.ts';
import type { Limiter, Slot } from './limiter.ts';
import { KeptBudget } from './outlook.ts';
import type { Prices } from './prices.ts';
import { LONGEST_SERVER_WAIT_MS, type RetryPolicy, retry } from './retry.ts';
import type { StopSwitch } from './stop.ts';

/** The model behind a role. */
export type RoleBinding = {
  readonly model: Model;
  readonly name: string;
  readonly temperature: number | undefined;
  readonly maxOutputTokens: number | undefined;
  readonly limiter: Limiter;
};

export type CallOptions = {
  /** Tells equal requests apart that want different answers; 0 is sent without a seed. */
  readonly sample: number;
  /** The caller's own deadline. */
  readonly signal: AbortSignal;
  /** Told once what became of the call. */
  readonly onOutcome?: (outcome: JournalReply) => void;
};

/**
 * Every paid or outside call of a run goes through here, and only here: journal, budget, limiter and retries meet in this
 * file. Knows nothing of prompts, tasks or scores.
 */
export type Caller = {
  /**
   * Answers from the journal, or sends the request and journals the reply before returning it.
   * @throws ModelError when the call failed for good; that is journaled as its outcome, and replayed
   * @throws ApoError when the run has to stop (budget, quota, key, disk, interrupt)
   */
  chat(role: Role, request: Omit<ChatRequest, 'model' | 'seed'>, options: CallOptions): Promise<ChatReply>;
  /** The same for anything else that happens outside: its JSON result is journaled, its ModelErrors are retried. */
  effect(
    role: 'tool' | 'effect',
    request: Json,
    perform: (signal: AbortSignal) => Promise<Json>,
    signal: AbortSignal,
  ): Promise<Json>;
  /** Resolves when no call is in flight: their replies are journaled. */
  idle(): Promise<void>;
};

export type CallObserver = {
  /** A call ended, fresh or replayed. */
  readonly onCall?: (role: Role, reply: JournalReply, replayed: boolean) => void;
  readonly onRetry?: (role: JournalKey['role'], kind: FaultKind) => void;
};

export type CallerParts = {
  readonly runId: string;
  readonly journal: JournalStore;
  readonly roles: { readonly [role in Role]: RoleBinding };
  readonly budget: Budget;
  readonly prices: Prices;
  readonly stop: StopSwitch;
  readonly clock: Clock;
  /** Jitter of the retries; has no influence on results. */
  readonly random: () => number;
  readonly callTimeoutMs: number;
  /** How many calls and effects of all roles are in flight at most, and so in doubt after a kill. */
  readonly concurrency: number;
  readonly observer: CallObserver;
};

/**
 * Sent as the output limit where none is configured and tokens or cost are limited: without one, no upper bound of a call is
 * known before it is sent. It is no part of the journal's key, so that a run may be resumed with another kind of budget.
 */
const BUDGETED_OUTPUT_TOKENS = 4096;
/** As long as no call has ever succeeded, an unreachable server is more likely a wrong address than an outage. */
const FIRST_CONTACT_ATTEMPTS = 3;

/**
 * A call that has its reply. Its slot is free from now on, although the reply is used only when it is saved: whatever starts
 * in that slot is journaled after it (see {@link JournalStore}), so no more calls than slots are ever in doubt.
 */
type Performed = { readonly reply: JournalReply; readonly saved?: Promise<void> };

export function createCaller(parts: CallerParts): Caller {
  const { runId, journal, roles, budget, prices, stop, clock, observer } = parts;
  const inFlight = new Map<string, Promise<JournalReply>>();
  const slots = new PQueue({ concurrency: parts.concurrency });
  let reachedOnce = false;

  /** Equal calls that overlap are one call. */
  function once(key: JournalKey, perform: () => Promise<Performed>): Promise<JournalReply> {
    const running = inFlight.get(key.key);
    if (running !== undefined) return running;
    const promise = orStop(async () => {
      const { reply, saved } = await slots.add(perform);
      await saved;
      return reply;
    }).finally(() => inFlight.delete(key.key));
    inFlight.set(key.key, promise);
    return promise;
  }

  async function send(
    role: Role,
    request: ChatRequest,
    key: JournalKey,
    signal: AbortSignal,
    slot: Slot,
  ): Promise<JournalReply> {
    const { model, name } = roles[role];
    const sent =
      budget.limitsOutput && request.maxOutputTokens === undefined
        ? { ...request, maxOutputTokens: BUDGETED_OUTPUT_TOKENS }
        : request;
    const inputTokens = inputBound(sent);
    const outputTokens = sent.maxOutputTokens ?? 0;
    const bound = {
      tokens: inputTokens + outputTokens,
      costMicroUsd: prices.reserve(name, inputTokens, outputTokens, model),
      isOfRollout: role === 'agent' || role === 'grader',
    };
    let settle = await budget.reserve(bound, stop.requested);
    /** An attempt without a reply may have been paid for: it is spent as far as the budget goes, and in doubt. */
    let lost = false;
    const lose = (error: unknown): void => {
      lost = mayBeBilled(error);
      if (lost) settle(bound.tokens, bound.costMicroUsd);
    };
    try {
      const { value, attempts } = await retry(
        async (attempt) => {
          if (lost) {
            settle = await budget.reserve({ ...bound, isNew: false }, attempt.signal);
            await journal.start(key, request as unknown as Json, isoTime(clock));
            lost = false;
          }
          const options = { signal: attempt.signal, idempotencyKey: key.key };
          return slot.attempt(() => model.chat(sent, options), attempt.signal);
        },
        policyOf(role, signal, lose),
      );
      reachedOnce = true;
      const costMicroUsd = prices.cost(name, value.usage, model);
      settle(value.usage.input + value.usage.output, costMicroUsd);
      return { reply: value as unknown as Json, usage: value.usage, costMicroUsd, attempts };
    } catch (error) {
      lose(error);
      settle(0, 0);
      if (lost && !stop.signal.aborted) {
        await journal.start(key, request as unknown as Json, isoTime(clock));
        throw new LostCall(error as ModelError, bound.costMicroUsd);
      }
      throw error;
    }
  }

  function policyOf(
    role: JournalKey['role'],
    signal: AbortSignal,
    onFailure: (error: ModelError) => void = () => undefined,
  ): RetryPolicy {
    return {
      deadlineMs: parts.callTimeoutMs,
      ...(reachedOnce ? {} : { maxAttempts: FIRST_CONTACT_ATTEMPTS }),
      clock,
      random: parts.random,
      signal,
      // Nothing is in flight during a wait: a run that is asked to stop does not sit it out.
      leave: stop.requested,
      onRetry({ error }) {
        onFailure(error);
        observer.onRetry?.(role, error.kind);
      },
    };
  }

  /** A call that ends the run ends it for all others too, at once. */
  async function orStop<T>(perform: () => Promise<T>): Promise<T> {
    try {
      return await perform();
    } catch (error) {
      // What only ends the search leaves the final comparison to be made.
      if (isApoError(error) && !(error instanceof KeptBudget)) stop.request(error);
      throw error;
    }
  }

  /** Faults that say something about this one call become its outcome; the others stop the run. */
  async function outcomeOf(
    key: JournalKey,
    target: Target,
    signal: AbortSignal,
    perform: () => Promise<JournalReply>,
  ): Promise<JournalReply> {
    try {
      return await perform();
    } catch (thrown) {
      const lost = thrown instanceof LostCall ? thrown : undefined;
      const error = lost?.fault ?? thrown;
      const fault = faultOf(error, signal, stop.signal);
      const reason = fault === undefined ? undefined : stopReason(fault, target, reachedOnce);
      if (fault !== undefined && reason === undefined) {
        const reply = { fault: { kind: fault.kind, message: fault.message } };
        const doubt = lost === undefined ? {} : { inDoubtMicroUsd: lost.costMicroUsd };
        return { reply, usage: NO_USAGE, costMicroUsd: 0, attempts: 1, ...doubt };
      }
      if (!stop.signal.aborted) await journal.release(key);
      if (reason !== undefined) stop.request(reason);
      throw reason ?? stop.reason ?? error;
    }
  }

  return {
    async chat(role, partial, { sample, signal, onOutcome }) {
      const binding = roles[role];
      const temperature = binding.temperature ?? partial.temperature;
      const maxOutputTokens = binding.maxOutputTokens ?? partial.maxOutputTokens;
      const request: ChatRequest = {
        ...partial,
        model: binding.name,
        ...(temperature === undefined ? {} : { temperature }),
        ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
        ...(sample === 0 ? {} : { seed: sample }),
      };
      const key: JournalKey = { runId, role, key: hashOf({ role, request }) };
      let replayed = false;
      const perform = async (slot: Slot): Promise<Performed> => {
        stop.check();
        const started = await journal.start(key, request as unknown as Json, isoTime(clock));
        replayed = started.state === 'done';
        if (started.state === 'done') return { reply: started.reply };
        const target = {
          name: `${role} model "${binding.name}" at ${binding.model.provider}`,
          option: `--${role}-model or models.${role}`,
        };
        const reply = await outcomeOf(key, target, signal, () => send(role, request, key, signal, slot));
        return { reply, saved: journal.finish(key, reply, isoTime(clock)) };
      };
      const outcome = await once(key, () => binding.limiter.run(perform, stop.requested));
      observer.onCall?.(role, outcome, replayed);
      onOutcome?.(outcome);
      throwFault(outcome);
      return outcome.reply as unknown as ChatReply;
    },

    async effect(role, request, perform, signal) {
      const key: JournalKey = { runId, role, key: hashOf({ role, request }) };
      const call = async (): Promise<Performed> => {
        stop.check();
        const started = await journal.start(key, request, isoTime(clock));
        if (started.state === 'done') return { reply: started.reply };
        const reply = await outcomeOf(key, EFFECT_TARGETS[role], signal, async () => {
          const { value, attempts } = await retry((attempt) => perform(attempt.signal), policyOf(role, signal));
          return { reply: value, usage: NO_USAGE, costMicroUsd: 0, attempts };
        });
        return { reply, saved: journal.finish(key, reply, isoTime(clock)) };
      };
      const outcome = await once(key, call);
      throwFault(outcome);
      return outcome.reply;
    },

    async idle() {
      while (inFlight.size > 0) await Promise.allSettled(inFlight.values());
    },
  };
}

/** A fault after which nobody knows whether the provider charged for the attempt. */
class LostCall extends Error {
  readonly fault: ModelError;
  /** What it may have cost at most. */
  readonly costMicroUsd: MicroUsd;

  constructor(fault: ModelError, costMicroUsd: MicroUsd) {
    super(fault.message);
    this.fault = fault;
    this.costMicroUsd = costMicroUsd;
  }
}

const MAYBE_BILLED: ReadonlySet<FaultKind> = new Set(['timeout', 'network', 'protocol', 'too-large']);
/** The connection never stood, so nothing was sent. */
const NOT_SENT = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|no connection within/;

function mayBeBilled(error: unknown): boolean {
  return error instanceof ModelError && MAYBE_BILLED.has(error.kind) && !NOT_SENT.test(error.message);
}

/** No tokenizer makes more than one token of a byte; the JSON around the texts stands for the chat template. */
function inputBound({ messages, tools, responseSchema }: ChatRequest): number {
  return Buffer.byteLength(JSON.stringify({ messages, tools, responseSchema }));
}

/** What a call goes to, for people: its name and where it is configured. */
type Target = { readonly name: string; readonly option: string };

const EFFECT_TARGETS = {
  tool: { name: 'a tool of the agent', option: 'tools' },
  effect: { name: 'the agent', option: 'agent' },
} as const satisfies { [role in 'tool' | 'effect']: Target };

/** @throws ModelError when the outcome of the call is a fault. */
function throwFault({ reply }: JournalReply): void {
  if (isJsonObject(reply) && isJsonObject(reply.fault)) {
    throw new ModelError(reply.fault.kind as FaultKind, String(reply.fault.message));
  }
}

function faultOf(error: unknown, deadline: AbortSignal, stopping: AbortSignal): ModelError | undefined {
  if (stopping.aborted) return undefined;
  if (deadline.aborted) return new ModelError('timeout', 'the rollout reached its deadline');
  return error instanceof ModelError ? error : undefined;
}

function stopReason(fault: ModelError, target: Target, reachedOnce: boolean): ApoError | undefined {
  // Providers name model and host in their faults; the role says it already.
  const said = messageOf(fault).replace(/^model "[^"]*" at [^ ]+: /, '');
  const make = (code: ConstructorParameters<typeof ApoError>[0], what: string, hint: string): ApoError =>
    new ApoError(code, `${what} - ${target.name}: ${said}`, { hint, cause: fault });
  switch (fault.kind) {
    case 'auth':
      return make('provider-auth', 'the provider refused the key', 'check OPENAI_API_KEY and its permissions');
    case 'quota':
      return (fault.retryAfterMs ?? 0) > LONGEST_SERVER_WAIT_MS
        ? make('provider-quota', 'the rate limit of the provider lasts too long to wait for', 'wait, then resume')
        : make(
            'provider-quota',
            'the provider account has no quota left',
            'add credit or raise the limit, then resume',
          );
    case 'model-unknown':
      return reachedOnce
        ? make('provider-unavailable', 'the provider no longer knows the model', 'check the model name, then resume')
        : make(
            'model-unknown',
            'the provider does not know the model',
            `check the name given by ${target.option}, and that OPENAI_BASE_URL is the whole base (it mostly ends in /v1)`,
          );
    case 'invalid':
      return make(
        'request-invalid',
        'the provider rejected the request',
        'check the options of this model in the config',
      );
    case 'fatal':
      return make('provider-unavailable', 'the connection to the provider cannot be trusted', 'check OPENAI_BASE_URL');
    case 'network':
    case 'timeout':
      return reachedOnce
        ? undefined
        : make(
            'provider-unavailable',
            'the provider cannot be reached',
            'check OPENAI_BASE_URL and that the server is running',
          );
    default:
      return undefined;
  }
}
