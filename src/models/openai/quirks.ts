import type { ServerError } from './faults.ts';
import type { Dialect } from './request.ts';

/** What servers say about a parameter that they do not take; not what they say about a value out of its range. */
const REJECTED =
  /unsupported|not support|unrecognized|unrecognised|unknown|unexpected|not permitted|not allowed|extra (fields|inputs)|extra_forbidden|only the default|not implemented|not available|invalid schema|invalid type|use '?max/;

/** Google of Gemma, and chat templates. llama.cpp answers 500 where a template fails. */
const NO_SYSTEM = /(developer|system) instructions? is not enabled|only user and assistant roles are supported/;
const MUST_ALTERNATE = /roles must alternate/;

/** DashScope of its reasoning models: "This model only support stream mode, please enable the stream parameter". */
const STREAM_ONLY = /only supports? stream|stream(ing)? (mode )?is required|(requires|must|enable).{0,20} stream/;

/**
 * The dialect to ask with instead, when a server rejected a parameter that it does not take; undefined when the rejection
 * has another reason. Each step only removes or replaces, so that a few steps end.
 */
export function adapt(sent: Dialect, status: number, error: ServerError): Dialect | undefined {
  const text = `${error.codes} ${error.message}`.toLowerCase();
  if (sent.systemRole && NO_SYSTEM.test(text)) return { ...sent, systemRole: false };
  // Templates without a system role say no more than this of one.
  if (!sent.turns && MUST_ALTERNATE.test(text)) {
    return { ...sent, turns: true, systemRole: sent.systemRole && /optional system/.test(text) };
  }
  if (status !== 400 && status !== 422 && status !== 501) return undefined;
  const names = (parameter: string): boolean => error.param.includes(parameter) || text.includes(parameter);
  // Whatever a server has against the format of the reply, another one may please it.
  if (names('response_format') || names('json_schema') || names('json_object')) {
    if (sent.format === 'json_schema') return { ...sent, format: 'json_object' };
    if (sent.format === 'json_object') return { ...sent, format: 'prompt' };
  }
  if (!sent.stream && STREAM_ONLY.test(text)) return { ...sent, stream: true };
  if (!REJECTED.test(text)) return undefined;
  if (sent.systemRole && /system.{0,20}(role|message|prompt)|role.{0,30}'system'/.test(text)) {
    return { ...sent, systemRole: false };
  }
  if (sent.temperature && names('temperature')) return { ...sent, temperature: false };
  if (sent.seed && names('seed')) return { ...sent, seed: false };
  // A rejection of max_tokens usually recommends max_completion_tokens in the same text, so the parameter sent comes first.
  if (sent.tokensField === 'max_tokens' && names("'max_tokens'"))
    return { ...sent, tokensField: 'max_completion_tokens' };
  if (names(sent.tokensField)) {
    const other = sent.tokensField === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens';
    return { ...sent, tokensField: other };
  }
  return undefined;
}
