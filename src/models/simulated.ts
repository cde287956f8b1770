import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { hashOf } from '../core/json.ts';
import { type ChatReply, type ChatRequest, type Model, ModelError } from './model.ts';
import { FAMILIES, isFamily } from './simulated/families.ts';
import { errorBody, type Fault, faultPlanSchema, faultsOf } from './simulated/faults.ts';
import { partOfRequest, respond } from './simulated/respond.ts';
import { createWorld } from './simulated/world.ts';

/**
 * The simulated model in process: a small world with hidden rules instead of a language model, for the quick start, for
 * tests and for the benchmark. It says that it is simulated, and it is used only where a config names it.
 */
export const options = z.strictObject({
  /** A family of worlds; see `apo simulate --help`. */
  world: z
    .string()
    .refine(isFamily, { error: `must be one of ${Object.keys(FAMILIES).join(', ')}` })
    .default('quickstart'),
  /** Draws another world of the family. The shipped quick-start dataset belongs to seed 1. */
  seed: z.union([z.int(), z.string().min(1)]).default(1),
  /** Milliseconds that every reply takes. */
  latencyMs: z.int().min(0).default(0),
  /** Faults on demand; see `simulated/faults.ts`. */
  faults: faultPlanSchema.default([]),
  /** Accepted so that a role's `model: sim-agent` can stand beside `use`; requests carry the name themselves. */
  model: z.string().optional(),
});

export default function createSimulatedModel(given: z.infer<typeof options>): Model {
  const { world: family, seed, latencyMs, faults } = given;
  const world = createWorld(isFamily(family) ? family : 'quickstart', seed);
  let received = 0;

  async function chat(request: ChatRequest, { signal }: { readonly signal: AbortSignal }): Promise<ChatReply> {
    received += 1;
    const sample = request.seed ?? 0;
    const reply = respond(world, request, sample);
    const active = faults.length === 0 ? [] : faultsOf(faults, received, partOfRequest(world, request));
    const delay = active.reduce((sum, fault) => sum + (fault.kind === 'latency' ? fault.ms : 0), latencyMs);
    await wait(delay, signal);
    const fault = active.find(({ kind }) => kind !== 'latency');
    if (fault !== undefined) throwFault(fault);
    const cut = fault?.kind === 'length';
    const content = fault === undefined ? reply.content : alterContent(fault, reply.content);
    return {
      content,
      thinking: '',
      toolCalls: fault === undefined ? reply.toolCalls : [],
      finishReason: cut
        ? 'length'
        : fault?.kind === 'refusal'
          ? 'refusal'
          : reply.toolCalls.length > 0
            ? 'tool_calls'
            : 'stop',
      usage: reply.usage,
      model: `simulated:${request.model}`,
      responseId: `sim-${hashOf([family, String(seed), request, sample]).slice(0, 24)}`,
    };
  }

  return { provider: 'simulated', simulated: true, chat };
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (ms > 0) await sleep(ms, undefined, { signal });
}

/** The failures that end an attempt, as the HTTP provider would report them. */
function throwFault(fault: Fault): void {
  if (fault.kind === 'drop') throw new ModelError('network', 'connection closed (simulated fault)');
  if (fault.kind === 'truncated' || fault.kind === 'broken-json') {
    throw new ModelError('protocol', 'reply is not valid JSON (simulated fault)');
  }
  if (fault.kind !== 'status') return;
  const { status } = fault;
  const seconds = Number(fault.retryAfter);
  const kind =
    status === 429
      ? fault.code === 'insufficient_quota'
        ? 'quota'
        : 'rate-limit'
      : status === 401 || status === 403
        ? 'auth'
        : status === 404
          ? 'model-unknown'
          : status >= 500
            ? 'overloaded'
            : 'invalid';
  throw new ModelError(kind, errorBody(status, fault.code).error.message ?? 'simulated fault', {
    status,
    ...(Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {}),
  });
}

/** What arrives instead of the reply, for faults that are replies themselves. */
export function alterContent(fault: Fault, content: string): string {
  if (fault.kind === 'length') return content.slice(0, Math.ceil(content.length / 2));
  if (fault.kind === 'refusal') return '';
  return fault.kind === 'bad-content' ? 'Sure! Here is what you asked for: { "score": ' : content;
}
