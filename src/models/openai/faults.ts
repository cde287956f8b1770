import { isJsonObject, type Json, type JsonObject, parseJson } from '../../core/json.ts';
import { type FaultKind, ModelError } from '../model.ts';
import { rateLimitResetOf, retryAfterInText, retryAfterOf } from './timing.ts';

/** What a server says about a failure, whatever shape it uses: OpenAI's, FastAPI's `detail`, a list, or plain text. */
export type ServerError = {
  readonly message: string;
  /** `code` and `type` together, in lower case. */
  readonly codes: string;
  readonly param: string;
  /** An HTTP status inside the body, as OpenRouter and LiteLLM send with status 200. */
  readonly status: number | undefined;
};

export function readServerError(body: string): ServerError {
  const parsed = parseJson(body);
  if (!parsed.ok) return { message: /<html|<!doctype/i.test(body) ? 'an HTML page' : body, ...NOTHING };
  return errorIn(parsed.value) ?? { message: body, ...NOTHING };
}

const NOTHING = { codes: '', param: '', status: undefined };

/** The error in a body that may also be a completion; undefined when there is none. */
export function errorIn(value: Json): ServerError | undefined {
  if (Array.isArray(value)) return value.length > 0 && isJsonObject(value[0]) ? errorIn(value[0]) : undefined;
  if (!isJsonObject(value)) return undefined;
  if (Array.isArray(value.choices) && value.choices.length > 0) {
    const [choice] = value.choices;
    return isJsonObject(choice) && isJsonObject(choice.error) ? errorIn({ error: choice.error }) : undefined;
  }
  const error = value.error ?? value.detail ?? (typeof value.message === 'string' ? value : undefined);
  if (typeof error === 'string') return { message: error, ...NOTHING, codes: words(value) };
  if (Array.isArray(error)) return { message: error.map(validationIssue).join('; '), ...NOTHING };
  if (!isJsonObject(error)) return undefined;
  const status = [error.code, error.status, error.status_code, value.status].map(Number).find(isFailure);
  return {
    message: typeof error.message === 'string' ? error.message : JSON.stringify(error.message ?? error),
    // Anthropic's gateways say why an account is stopped beside the error or in its details.
    codes: [words(error), words({ error_code: value.error_code ?? null }), detailsOf(error), moderationOf(error)]
      .join(' ')
      .trim(),
    param: typeof error.param === 'string' ? error.param : '',
    status,
  };
}

/** FastAPI and pydantic: `{ loc: ['body', 'seed'], msg: 'Extra inputs are not permitted' }`. */
function validationIssue(issue: Json): string {
  if (!isJsonObject(issue)) return String(issue);
  const place = Array.isArray(issue.loc) ? issue.loc.join('.') : '';
  return `${place}: ${String(issue.msg ?? issue.message ?? '')}`;
}

function words(error: JsonObject): string {
  return [error.code, error.type, error.status, error.error_code]
    .filter((word) => typeof word === 'string' || typeof word === 'number')
    .join(' ')
    .toLowerCase();
}

function detailsOf({ details }: JsonObject): string {
  return details !== undefined && isJsonObject(details) ? words(details) : '';
}

/** OpenRouter rejects an input that its moderation flagged with 403, as it would a key, and says why beside the message. */
function moderationOf({ metadata }: JsonObject): string {
  const isFlagged = metadata !== undefined && isJsonObject(metadata) && Array.isArray(metadata.reasons);
  return isFlagged ? 'content_filter' : '';
}

function isFailure(status: number): boolean {
  return Number.isInteger(status) && status >= 400 && status <= 599;
}

const QUOTA =
  /insufficient[_ ](quota|balance|credits?|funds)|credit[_ ]balance|spend[_ ]?limit|billing_|budget[_ ](has been )?exceeded|out of credits/;
/** OpenAI says this of an empty account, Google of a limit per minute; only the latter says when to come back. */
const CURRENT_QUOTA = /exceeded your current quota/;
const CONTEXT =
  /context[_ ]?(length|window|size)|maximum context|prompt is too long|input is too long|too many (input )?tokens|reduce the length|string_above_max_length/;
const MODEL =
  /model_not_found|model.{0,80}(does not exist|not found|not exist|is not available)|unknown model|invalid model|no such model/;
const FILTER = /content_filter|content_policy|responsibleaipolicy/;

/** Whether the provider's content filter rejected the request: an outcome of the rollout, not a failure of the call. */
export function isFiltered(status: number, { codes }: ServerError): boolean {
  return (status === 400 || status === 403) && FILTER.test(codes);
}

/** The class of a failed reply and how long the server asks to wait. */
export function classify(
  status: number,
  error: ServerError,
  headers: Headers,
  nowMs: number,
): { readonly kind: FaultKind; readonly retryAfterMs: number | undefined } {
  const text = `${error.codes} ${error.message.toLowerCase()}`;
  const retryAfterMs =
    retryAfterOf(headers, nowMs) ??
    // Reset times of rate limits come with every reply; they mean a wait only on a 429.
    (status === 429 ? (rateLimitResetOf(headers, nowMs) ?? retryAfterInText(error.message)) : undefined);
  return { kind: kindOf(status, text, retryAfterMs !== undefined), retryAfterMs };
}

function kindOf(status: number, text: string, saysWhen: boolean): FaultKind {
  if (status === 402) return 'quota';
  if (status < 500 && (QUOTA.test(text) || (CURRENT_QUOTA.test(text) && !saysWhen))) return 'quota';
  if (status === 403 && text.includes('model_not_found')) return 'model-unknown';
  if (status === 401 || status === 403) return 'auth';
  if (status === 407) return 'fatal';
  if (status === 413) return 'context-overflow';
  if (status === 429) return /request too large/.test(text) ? 'too-large' : 'rate-limit';
  if (status === 408 || status === 409 || status === 425 || status >= 500) return 'overloaded';
  if (CONTEXT.test(text)) return 'context-overflow';
  if (status === 404 || MODEL.test(text)) return 'model-unknown';
  return 'invalid';
}

/** The status that an error inside a 200 stands for; undefined when it does not say. */
export function statusOf({ status, codes }: ServerError): number | undefined {
  if (status !== undefined) return status;
  if (/rate_?limit|too_many_requests|insufficient_quota/.test(codes)) return 429;
  if (/authentication|invalid_api_key|permission/.test(codes)) return 401;
  if (/overloaded|server_error|unavailable|internal/.test(codes)) return 503;
  if (/context_length|invalid_request/.test(codes)) return 400;
  return undefined;
}

/** The same error with another message. */
export function withMessage(error: ModelError, message: string): ModelError {
  return new ModelError(error.kind, message, {
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
  });
}
