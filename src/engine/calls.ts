import PQueue from 'p-queue';
import { type Clock, isoNow } from '../core/clock.ts';
import { isApoError } from '../core/errors.ts';
import { hashOf, type Json } from '../core/json.ts';
import { NO_USAGE } from '../core/usage.ts';
import type { ChatReply, ChatRequest, FaultKind, Model, ModelError, Role } from '../models/model.ts';
import type { JournalKey, JournalReply, JournalStore } from '../stores/store.ts';
import type { Budget, Reservation } from './budget.ts';
import { faultOf, LostCall, mayBeBilled, stopReason, type Target, throwFault } from './faults.ts';
import type { Limiter, Slot } from './limiter.ts';
import { KeptBudget } from './outlook.ts';
import type { Prices } from './prices.ts';
import { type RetryPolicy, retry } from './retry.ts';
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
  /** What it is about, for people: a task. */
  readonly subject?: string;
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
   * Answers from the journal, or sends the request and journals the reply; nothing that follows from it is journaled
   * before it.
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
  /** Resolves when no call is in flight and all replies are journaled. */
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
 * A call that has its reply. Its slot is free from now on, and the reply is used, although it may not be saved yet: whatever
 * starts in that slot or follows from the reply is journaled after it (see {@link JournalStore}), so no more calls than slots
 * are ever in doubt.
 */
type Performed = {
  readonly reply: JournalReply;
  /** Left out where the journal had the reply. */
  readonly saved?: Promise<void>;
};

export function createCaller(parts: CallerParts): Caller {
  const { runId, journal, roles, budget, prices, stop, clock, observer } = parts;
  const inFlight = new Map<string, Promise<JournalReply>>();
  const saving = new Set<Promise<void>>();
  /** Keys of the calls that the budget knows of. */
  const begun = new Set<string>();
  const slots = new PQueue({ concurrency: parts.concurrency });
  let reachedOnce = false;

  /** Equal calls that overlap are one call. */
  function once(key: JournalKey, perform: () => Promise<Performed>): Promise<JournalReply> {
    const running = inFlight.get(key.key);
    if (running !== undefined) return running;
    const promise = orStop(async () => {
      const { reply, saved } = await slots.add(perform);
      if (saved !== undefined) follow(saved);
      return reply;
    }).finally(() => inFlight.delete(key.key));
    inFlight.set(key.key, promise);
    return promise;
  }

  /** A reply that cannot be saved ends the run. */
  function follow(saved: Promise<void>): void {
    const done = orStop(() => saved)
      .catch(() => undefined)
      .finally(() => saving.delete(done));
    saving.add(done);
  }

  /** A request with the output limit that the budget asks for, and what it may take at most. */
  function bounded(role: Role, request: ChatRequest): { readonly sent: ChatRequest; readonly bound: Reservation } {
    const { model, name } = roles[role];
    const sent =
      budget.limitsOutput && request.maxOutputTokens === undefined
        ? { ...request, maxOutputTokens: BUDGETED_OUTPUT_TOKENS }
        : request;
    const inputTokens = inputBound(sent);
    const outputTokens = sent.maxOutputTokens ?? 0;
    const costMicroUsd = prices.reserve(name, inputTokens, outputTokens, model);
    const isOfRollout = role === 'agent' || role === 'grader';
    return { sent, bound: { tokens: inputTokens + outputTokens, costMicroUsd, isOfRollout } };
  }

  /** What a resumed run is told of a call that it made before; within one run, a repeated call is told of once. */
  function replay(role: Role, request: ChatRequest, key: string, { usage, costMicroUsd }: JournalReply): void {
    if (begun.has(key)) return;
    begun.add(key);
    budget.replay(bounded(role, request).bound, usage.input + usage.output, costMicroUsd);
  }

  async function send(
    role: Role,
    request: ChatRequest,
    key: JournalKey,
    signal: AbortSignal,
    slot: Slot,
  ): Promise<JournalReply> {
    const { model, name } = roles[role];
    const { sent, bound } = bounded(role, request);
    begun.add(key.key);
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
            await journal.start(key, request as unknown as Json, isoNow(clock));
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
        await journal.start(key, request as unknown as Json, isoNow(clock));
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

  /** What the journal has, or what comes of performing the call. */
  async function answer(
    key: JournalKey,
    request: Json,
    target: Target,
    signal: AbortSignal,
    perform: () => Promise<JournalReply>,
  ): Promise<Performed> {
    stop.check();
    const started = await journal.start(key, request, isoNow(clock));
    if (started.state === 'done') return { reply: started.reply };
    const reply = await outcomeOf(key, target, signal, perform);
    return { reply, saved: journal.finish(key, reply, isoNow(clock)) };
  }

  return {
    async chat(role, partial, { subject, sample, signal, onOutcome }) {
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
      const target = {
        name: `${role} model "${binding.name}" at ${binding.model.provider}`,
        option: `--${role}-model or models.${role}`,
        subject,
      };
      let replayed = false;
      const perform = async (slot: Slot): Promise<Performed> => {
        const performed = await answer(key, request as unknown as Json, target, signal, () =>
          send(role, request, key, signal, slot),
        );
        replayed = performed.saved === undefined;
        return performed;
      };
      const outcome = await once(key, () => binding.limiter.run(perform, stop.requested));
      if (replayed) replay(role, request, key.key, outcome);
      observer.onCall?.(role, outcome, replayed);
      onOutcome?.(outcome);
      throwFault(outcome);
      return outcome.reply as unknown as ChatReply;
    },

    async effect(role, request, perform, signal) {
      const key: JournalKey = { runId, role, key: hashOf({ role, request }) };
      const call = (): Promise<Performed> =>
        answer(key, request, EFFECT_TARGETS[role], signal, async () => {
          const { value, attempts } = await retry((attempt) => perform(attempt.signal), policyOf(role, signal));
          return { reply: value, usage: NO_USAGE, costMicroUsd: 0, attempts };
        });
      const outcome = await once(key, call);
      throwFault(outcome);
      return outcome.reply;
    },

    async idle() {
      while (inFlight.size + saving.size > 0) await Promise.allSettled([...inFlight.values(), ...saving]);
    },
  };
}

/** No tokenizer makes more than one token of a byte; the JSON around the texts stands for the chat template. */
function inputBound({ messages, tools, responseSchema }: ChatRequest): number {
  return Buffer.byteLength(JSON.stringify({ messages, tools, responseSchema }));
}

const EFFECT_TARGETS = {
  tool: { name: 'a tool of the agent', option: 'tools' },
  effect: { name: 'the agent', option: 'agent' },
} as const satisfies { [role in 'tool' | 'effect']: Target };
