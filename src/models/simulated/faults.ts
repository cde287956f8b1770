import { z } from 'zod';

/**
 * Faults on demand, for tests: which requests, and what happens to them. Deterministic: requests are numbered from 1 in
 * the order in which they arrive.
 */
const faultSchema = z.strictObject({
  /**
   * `latency`: answers after `ms`; `status`: answers with `status` and an OpenAI error body; `drop`: closes the connection
   * without an answer; `truncated`: half of the body under a full content length, then closes; `broken-json`: a complete body that is not JSON; `bad-content`: a well-formed reply whose content is
   * not the JSON that was asked for; `length`: a reply cut by the length limit; `refusal`: a reply that refuses.
   */
  kind: z.enum(['latency', 'status', 'drop', 'truncated', 'broken-json', 'bad-content', 'length', 'refusal']),
  /** Numbers of the requests that it concerns. */
  requests: z.array(z.int().min(1)).optional(),
  /** Every nth request; with `requests` left out too: every request. */
  every: z.int().min(1).optional(),
  /** Only requests numbered from here, and up to there. */
  from: z.int().min(1).default(1),
  to: z.int().min(1).optional(),
  /** Only requests of this part; numbers then still count all requests. */
  role: z.enum(['agent', 'judge', 'critic', 'editor']).optional(),
  ms: z.int().min(0).default(1000),
  status: z.int().min(400).max(599).default(500),
  /** Seconds, or an HTTP date; sent as `Retry-After` with a status. */
  retryAfter: z.union([z.number().min(0), z.string()]).optional(),
  /** The `error.code` of the body; a usual one for the status when left out. */
  code: z.string().optional(),
});

export const faultPlanSchema = z.array(faultSchema);

export type Fault = z.infer<typeof faultSchema>;
export type FaultPlan = readonly Fault[];

/** The faults of one request, in the order of the plan. */
export function faultsOf(plan: FaultPlan, number: number, part: string): readonly Fault[] {
  return plan.filter((fault) => {
    if (fault.role !== undefined && fault.role !== part) return false;
    if (number < fault.from || (fault.to !== undefined && number > fault.to)) return false;
    if (fault.requests !== undefined) return fault.requests.includes(number);
    return number % (fault.every ?? 1) === 0;
  });
}

/** An OpenAI error body for a status. */
export function errorBody(
  status: number,
  code?: string,
): { readonly error: { readonly [key: string]: string | null } } {
  const [type, usual, message] =
    status === 429
      ? ['rate_limit_error', 'rate_limit_exceeded', 'Rate limit reached (simulated fault).']
      : status === 401
        ? ['authentication_error', 'invalid_api_key', 'Incorrect API key provided (simulated fault).']
        : status === 404
          ? ['invalid_request_error', 'model_not_found', 'The model does not exist (simulated fault).']
          : status < 500
            ? ['invalid_request_error', 'invalid_request', 'The request was refused (simulated fault).']
            : ['server_error', 'server_error', 'The server had an error (simulated fault).'];
  return { error: { message, type, param: null, code: code ?? usual } };
}
