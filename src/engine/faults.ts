import { ApoError, messageOf } from '../core/errors.ts';
import { isJsonObject } from '../core/json.ts';
import type { MicroUsd } from '../core/usage.ts';
import { type FaultKind, ModelError } from '../models/model.ts';
import type { JournalReply } from '../stores/store.ts';
import { LONGEST_SERVER_WAIT_MS } from './retry.ts';

/*
 * What becomes of a call that failed for good: a fault is either a fact about this one call, which is journaled as its
 * outcome, or a reason to stop the run.
 */

/** A fault after which nobody knows whether the provider charged for the attempt. */
export class LostCall extends Error {
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

/** Whether an attempt that ended so may have been charged for. */
export function mayBeBilled(error: unknown): boolean {
  return error instanceof ModelError && MAYBE_BILLED.has(error.kind) && !NOT_SENT.test(error.message);
}

/** What a call goes to, for people: its name and where it is configured, and what it is about. */
export type Target = { readonly name: string; readonly option: string; readonly subject?: string | undefined };

/** @throws ModelError when the outcome of the call is a fault. */
export function throwFault({ reply }: JournalReply): void {
  if (isJsonObject(reply) && isJsonObject(reply.fault)) {
    throw new ModelError(reply.fault.kind as FaultKind, String(reply.fault.message));
  }
}

/** The fault of a call, if it is one; undefined when the run is being stopped, or something else went wrong. */
export function faultOf(error: unknown, deadline: AbortSignal, stopping: AbortSignal): ModelError | undefined {
  if (stopping.aborted) return undefined;
  if (deadline.aborted) return new ModelError('timeout', 'the rollout reached its deadline');
  return error instanceof ModelError ? error : undefined;
}

/**
 * Why a fault ends the run; undefined where it is this one call's outcome.
 * @param reachedOnce whether any call of this process had a reply: before that, a wrong address is likelier than an outage
 */
export function stopReason(fault: ModelError, target: Target, reachedOnce: boolean): ApoError | undefined {
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
        `the provider rejected the request${target.subject === undefined ? '' : ` on ${target.subject}`}`,
        reachedOnce && target.subject !== undefined
          ? 'it took others: correct that task or leave it out, and check the options of this model in the config'
          : 'check the options of this model in the config',
      );
    case 'fatal':
      return make(
        'provider-unavailable',
        'the connection to the provider cannot be used',
        'check OPENAI_BASE_URL, and the proxy if there is one',
      );
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
