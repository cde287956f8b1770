import type { Agent, AgentContext, AgentResult } from '../agents/agent.ts';
import type { Clock } from '../core/clock.ts';
import { isApoError, messageOf } from '../core/errors.ts';
import { hashOf } from '../core/json.ts';
import type { Prompt } from '../core/prompt.ts';
import type { Grade, Rollout, ScoredRollout } from '../core/rollout.ts';
import { type Task, taskHash } from '../core/task.ts';
import { addUsage, NO_USAGE } from '../core/usage.ts';
import type { Grader } from '../graders/grader.ts';
import { ModelError } from '../models/model.ts';
import { followAbort } from '../platform/abort.ts';
import type { JournalReply } from '../stores/store.ts';
import type { Caller } from './calls.ts';
import type { LeakGuard } from './leaks.ts';
import type { StopSwitch } from './stop.ts';
import { createTrace, type RolloutTrace } from './trace.ts';

export type RolloutParts = {
  readonly runId: string;
  readonly agent: Agent;
  readonly grader: Grader;
  readonly caller: Caller;
  /** Provider of the agent's model, for the trace. */
  readonly provider: string;
  readonly stop: StopSwitch;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly leaks: LeakGuard;
  /** How often a verdict that cannot be used is asked for once more. Default 0: a run that is resumed after too many. */
  readonly regrades?: number;
};

/** Apart from the samples of any optimizer. */
const REGRADE_SAMPLES = 1_000_000;

/**
 * Runs the agent on one task and grades the answer. What the agent or its provider does wrong is a result; only what has
 * to stop the run is thrown.
 */
export async function runRollout(
  parts: RolloutParts,
  prompt: Prompt,
  task: Task,
  sample: number,
): Promise<ScoredRollout> {
  const id = rolloutId(parts.agent, prompt, task, sample);
  const startedAt = parts.clock.now();
  const deadline = startDeadline(parts);
  try {
    return await rollOut(parts, prompt, task, sample, { id, startedAt, signal: deadline.signal });
  } finally {
    deadline.end();
  }
}

/** Without the run: critics read these ids, and equal runs must ask equal questions. */
export function rolloutId(agent: Agent, prompt: Prompt, task: Task, sample: number): string {
  return `ro-${hashOf([prompt.id, task.id, taskHash(task), agent.identity, sample]).slice(0, 16)}`;
}

/** Not AbortSignal.any: on a signal that outlives thousands of rollouts it leaves something behind for each. */
function startDeadline({ stop, clock, timeoutMs }: RolloutParts): { readonly signal: AbortSignal; end(): void } {
  const deadline = new AbortController();
  const unfollow = followAbort(stop.signal, deadline);
  const cancel = clock.after(timeoutMs, () => {
    deadline.abort(new ModelError('timeout', 'the rollout reached its deadline'));
  });
  return {
    signal: deadline.signal,
    end() {
      cancel();
      unfollow();
    },
  };
}

async function rollOut(
  parts: RolloutParts,
  prompt: Prompt,
  task: Task,
  sample: number,
  { id, startedAt, signal }: { readonly id: string; readonly startedAt: number; readonly signal: AbortSignal },
): Promise<ScoredRollout> {
  const trace = createTrace(id, parts.clock);
  const { context, usage } = createContext(parts, id, task, sample, signal, trace);
  const result = await runAgent(parts, prompt, task, context);
  // An agent that makes no model calls of ours shows at least what went in and what came out.
  if (!trace.events.some(({ type }) => type === 'user')) {
    trace.record({ type: 'user', content: task.input });
    if (result.answer !== '') trace.record({ type: 'reply', content: result.answer });
  }
  if (result.failure !== null) trace.record({ type: 'error', message: result.failure.message });
  const rollout: Rollout = {
    id,
    taskId: task.id,
    promptId: prompt.id,
    sample,
    ...result,
    traceId: hashOf(['trace', parts.runId, id]).slice(0, 32),
    events: trace.events,
    usage: usage(),
    durationMs: Math.round(parts.clock.now() - startedAt),
  };
  return { rollout, grade: await gradeRollout(parts, rollout, task, sample, signal) };
}

async function runAgent(
  { agent, stop }: RolloutParts,
  prompt: Prompt,
  task: Task,
  context: AgentContext,
): Promise<AgentResult> {
  try {
    return await agent.run(prompt, task, context);
  } catch (error) {
    stop.check();
    if (isApoError(error)) throw error;
    // A request that is too long is the prompt's or the agent's doing; every other fault is the provider's.
    const own = !(error instanceof ModelError) || error.kind === 'context-overflow' || error.kind === 'too-large';
    return {
      status: 'failed',
      answer: '',
      failure: { kind: own ? 'agent' : 'infrastructure', message: messageOf(error) },
    };
  }
}

async function gradeRollout(
  parts: RolloutParts,
  rollout: Rollout,
  task: Task,
  sample: number,
  signal: AbortSignal,
): Promise<Grade> {
  if (rollout.failure?.kind === 'infrastructure')
    return { status: 'unscored', reason: `not graded: ${rollout.failure.message}` };
  if (rollout.failure !== null)
    return { status: 'scored', score: 0, reason: `the agent failed: ${rollout.failure.message}` };
  // A content filter sends no text: as wrong an answer as an apology, not an unknown one.
  if (rollout.status === 'refused' && rollout.answer.trim() === '')
    return { status: 'scored', score: 0, reason: 'refused without an answer' };
  try {
    let grade = await askGrader(parts, rollout, task, sample, signal);
    for (let again = 1; grade.status === 'unscored' && again <= (parts.regrades ?? 0); again++)
      grade = await askGrader(parts, rollout, task, sample + again * REGRADE_SAMPLES, signal);
    return grade;
  } catch (error) {
    parts.stop.check();
    if (isApoError(error)) throw error;
    return { status: 'unscored', reason: `the grader failed: ${messageOf(error)}` };
  }
}

/** A grade in which the grader gives away what it was to keep to itself is none. */
export async function askGrader(
  { grader, caller, leaks }: Pick<RolloutParts, 'grader' | 'caller' | 'leaks'>,
  rollout: Parameters<Grader['grade']>[0],
  task: Task,
  sample: number,
  signal: AbortSignal,
): Promise<Grade> {
  let hasLeaked = false;
  const grade = await grader.grade(rollout, task, {
    signal,
    async chat(messages, options = {}) {
      const request = { messages: leaks.plant('grader', messages), ...options };
      const reply = await caller.chat('grader', request, { subject: subjectOf(task), sample, signal });
      hasLeaked ||= leaks.isLeak(reply.content);
      return { ...reply, content: leaks.read('grader', reply.content) };
    },
  });
  if (!hasLeaked) return grade;
  leaks.count('grader');
  return { status: 'unscored', reason: 'the grader repeated a planted code: it obeys the text that it grades' };
}

function subjectOf(task: Task): string {
  return `task "${task.id}"`;
}

function createContext(
  parts: RolloutParts,
  rolloutId: string,
  task: Task,
  sample: number,
  signal: AbortSignal,
  trace: RolloutTrace,
) {
  let toolCalls = 0;
  let usage = NO_USAGE;
  const context: AgentContext = {
    signal,
    async chat(messages, tools) {
      trace.nextSpan();
      trace.recordMessages(messages);
      const offered = tools === undefined || tools.length === 0 ? {} : { tools };
      const startedAt = parts.clock.epoch();
      let attempts = 1;
      const onOutcome = (outcome: JournalReply): void => {
        attempts = outcome.attempts;
      };
      const options = { subject: subjectOf(task), sample, signal, onOutcome };
      const reply = await parts.caller.chat('agent', { messages, ...offered }, options);
      trace.recordReply(reply, { startedAt, provider: parts.provider, attempts, tools: offered.tools });
      usage = addUsage(usage, reply.usage);
      return reply;
    },
    async tool(call, execute) {
      trace.nextSpan();
      toolCalls += 1;
      const startedAt = parts.clock.epoch();
      const request = { rolloutId, number: toolCalls, name: call.function.name, arguments: call.function.arguments };
      const result = (await parts.caller.effect(
        'tool',
        request,
        async () => ({ ...(await execute()) }),
        signal,
      )) as Awaited<ReturnType<typeof execute>>;
      trace.record({ type: 'tool_result', id: call.id, name: call.function.name, ...result, startedAt });
      return result;
    },
    async effect(name, request, perform) {
      trace.nextSpan();
      return parts.caller.effect('effect', { name, request, sample }, perform, signal);
    },
  };
  return { context, usage: () => usage };
}
