import { cutEnd } from '../../core/cut.ts';
import type { Json } from '../../core/json.ts';
import type { AssistantMessage, Message, ToolCall, ToolDefinition, ToolMessage } from '../../core/message.ts';
import type { RolloutStatus } from '../../core/rollout.ts';
import { groupOf, ownerOf, recordedToolCalls, type Task } from '../../core/task.ts';
import type { TraceEvent } from '../../core/trace.ts';
import type { StoredRollout } from '../../stores/store.ts';
import { BROKEN_OFF } from '../../traces/shared/conventions/assemble.ts';
import type { TrainingSample } from '../exporter.ts';
import { coverTools, toolsFromJson } from '../shared/tools.ts';
import {
  alternate,
  answerStart,
  inCallOrder,
  messagesOf,
  toolsOffered,
  withThinkingApart,
  withToolNames,
} from './conversation.ts';

/** Turns an id into something that does not name a person or a session; see core/privacy/pseudonym.ts. */
export type HashId = (id: string) => string;

/** A record either is a sample or was left out for a reason; every record is counted. */
export type Taken =
  | {
      readonly ok: true;
      readonly sample: TrainingSample;
      /** The recorded answer, where the sample's is a correction of it. */
      readonly corrected?: readonly Message[];
    }
  | {
      readonly ok: false;
      readonly reason: string;
      /** Set where the record is the worse half of a pair and nothing else. */
      readonly superseded?: TrainingSample;
    };

type Origin = {
  readonly hash: HashId;
  /** The task behind a rollout or trace, where it is known: it brings the reference answer, session and user. */
  readonly task?: Task | undefined;
};

/** A stored rollout. Infrastructure failures say nothing about the agent and are never taken. */
export function sampleOfRollout(stored: StoredRollout, { hash, task }: Origin): Taken {
  const { rollout, grade } = stored;
  if (rollout.failure?.kind === 'infrastructure') return { ok: false, reason: 'infrastructure failure' };
  const owner = task === undefined ? stored : ownerOf(task);
  const recorded = messagesOf(rollout.events);
  const answered = recorded.at(-1)?.role === 'assistant';
  const messages =
    answered || rollout.answer === ''
      ? recorded
      : [...recorded, { role: 'assistant' as const, content: rollout.answer }];
  return assemble(messages, toolsOffered(rollout.events), {
    id: rollout.id,
    score: grade.status === 'scored' ? grade.score : null,
    reason: rollout.failure?.message ?? grade.reason,
    status: rollout.status,
    expected: task?.expected ?? null,
    taskId: rollout.taskId,
    sessionHash: hash(owner.sessionId ?? sessionOfTaskId(rollout.taskId)),
    userHash: owner.userId === undefined ? null : hash(owner.userId),
    source: 'rollout',
    meta: {
      task: isHistoryTask(rollout.taskId) ? hash(rollout.taskId) : rollout.taskId,
      run: stored.runId,
      prompt: rollout.promptId,
      iteration: stored.iteration,
      split: stored.split,
      sample: rollout.sample,
      category: stored.category,
      difficulty: stored.difficulty,
    },
  });
}

/** History task ids name the session and end with the turn's own id: `agno:<db>:<session>:<run>`. */
export function isHistoryTask(taskId: string): boolean {
  return taskId.split(':').length >= 4;
}

/** Turns of a session stay together. */
function sessionOfTaskId(taskId: string): string {
  return isHistoryTask(taskId) ? taskId.slice(0, taskId.lastIndexOf(':')) : taskId;
}

/**
 * A recorded turn. What is learned is the reference answer where there is one (a correction, or an answer that was
 * rated good), else what the agent answered then.
 */
export function sampleOfTask(task: Task, source: 'history' | 'dataset', { hash }: Origin): Taken {
  const { expected, observed } = task;
  const { userId } = ownerOf(task);
  const answer = expected ?? observed;
  if (typeof task.metadata.error === 'string' && expected === null) {
    return { ok: false, reason: 'the turn ended in an error' };
  }
  if (answer === null || answer === '') return { ok: false, reason: 'no answer' };
  const isReference = expected !== null && expected !== observed;
  const taken = assemble(conversationOf(task, answer), toolsFromJson(task.metadata.tools), {
    id: hash(task.id),
    score: isReference ? REFERENCE_SCORE : ratingOf(task),
    reason: isReference ? 'reference answer' : '',
    status: 'ok',
    expected,
    taskId: task.id,
    sessionHash: hash(groupOf(task)),
    userHash: userId === undefined ? null : hash(userId),
    source,
    meta: {
      category: task.category,
      difficulty: task.difficulty,
      turn: textOr(task.metadata.run_id, task.id.slice(task.id.lastIndexOf(':') + 1)),
      regeneratedFrom: textOr(task.metadata.regenerated_from, null),
    },
  });
  if (!isReference || observed === null || observed === '' || typeof task.metadata.error === 'string') return taken;
  const recorded = alternate(withThinkingApart(conversationOf(task, observed)));
  return { ...taken, corrected: recorded.slice(answerStart(recorded)) };
}

/** A reference answer is good by definition, whatever was measured on other answers. */
const REFERENCE_SCORE = 1;

function textOr<T>(value: Json | undefined, other: T): string | T {
  return typeof value === 'string' && value !== '' ? value : other;
}

/** The whole conversation of a recorded turn: context, input, replayed tool calls, then the given answer. */
export function conversationOf(task: Task, answer: string): readonly Message[] {
  const system = task.metadata.system_prompt;
  const messages: Message[] = typeof system === 'string' && system !== '' ? [{ role: 'system', content: system }] : [];
  messages.push(...task.context, { role: 'user', content: task.input });
  recordedToolCalls(task).forEach((call, index) => {
    const id = `call_${index + 1}`;
    const made: ToolCall = { id, type: 'function', function: { name: call.name, arguments: call.arguments } };
    const asked: AssistantMessage = { role: 'assistant', content: '', tool_calls: [made] };
    const result: ToolMessage = {
      role: 'tool',
      tool_call_id: id,
      content: call.result,
      name: call.name,
      ...(call.is_error ? { is_error: true } : {}),
    };
    messages.push(asked, result);
  });
  const thinking = task.metadata.reasoning_content;
  messages.push({
    role: 'assistant',
    content: answer,
    ...(typeof thinking === 'string' && thinking !== '' && answer === task.observed
      ? { reasoning_content: thinking }
      : {}),
  });
  return messages;
}

export type TraceRecord = {
  readonly traceId: string;
  readonly events: readonly TraceEvent[];
  /** As offered to the model; empty when that was not captured. */
  readonly tools: readonly ToolDefinition[];
  readonly status: 'ok' | 'error';
  /** 0..1, or null without feedback. */
  readonly score: number | null;
  readonly reason: string;
  /** A person's better answer, from feedback. */
  readonly correction: string | null;
  readonly sessionId: string | null;
  readonly userId: string | null;
};

/** A stored production trace. A person's correction takes the place of the answer. */
export function sampleOfTrace(trace: TraceRecord, { hash }: Origin): Taken {
  const recorded = alternate(withThinkingApart(messagesOf(trace.events)));
  if (recorded.length === 0) return { ok: false, reason: 'no message content was captured' };
  const { correction } = trace;
  const messages =
    correction === null ? recorded : [...withoutAnswer(recorded), { role: 'assistant' as const, content: correction }];
  const taken = assemble(messages, trace.tools, {
    id: trace.traceId,
    score: correction === null ? trace.score : REFERENCE_SCORE,
    reason: trace.reason || failureIn(trace),
    status: correction === null ? statusOfTrace(trace) : 'ok',
    expected: correction,
    taskId: trace.traceId,
    sessionHash: hash(trace.sessionId ?? trace.traceId),
    userHash: trace.userId === null ? null : hash(trace.userId),
    source: 'trace',
    meta: {},
  });
  const answered = recorded.at(-1)?.role === 'assistant';
  return correction === null || !answered ? taken : { ...taken, corrected: recorded.slice(answerStart(recorded)) };
}

/** What went wrong last, in the words of the error, where nobody said more. */
function failureIn(trace: TraceRecord): string {
  if (trace.correction !== null || statusOfTrace(trace) !== 'failed') return '';
  const last = trace.events.findLast((event) => event.type === 'error');
  return last?.type === 'error' ? cutEnd(last.message, MAX_REASON) : '';
}

/** Frameworks put whole stacks into their errors. */
const MAX_REASON = 500;

function withoutAnswer(messages: readonly Message[]): readonly Message[] {
  const last = messages.at(-1);
  return last?.role === 'assistant' && (last.tool_calls ?? []).length === 0 ? messages.slice(0, -1) : messages;
}

/** What providers call an answer that they or the model held back. */
const REFUSED = /content[_-]?filter|refusal|safety/i;

/** A trace may contain a failed tool call and still end well: what counts is whether an answer came last. */
function statusOfTrace({ status, events }: TraceRecord): RolloutStatus {
  const last = events.findLast(({ type }) => type === 'reply' || type === 'error');
  if (status !== 'ok' && last?.type !== 'reply') return 'failed';
  const call = events.findLast((event) => event.type === 'model_call');
  if (CUT_SHORT.has(call?.finishReason.toLowerCase() ?? '')) return 'truncated';
  return REFUSED.test(call?.finishReason ?? '') ? 'refused' : 'ok';
}

/** Finish reasons of replies that are not whole, as OpenAI, Anthropic, Gemini and we call them. */
const CUT_SHORT = new Set(['length', 'max_tokens', 'max_output_tokens', BROKEN_OFF]);

function assemble(
  recorded: readonly Message[],
  known: readonly ToolDefinition[],
  facts: Omit<TrainingSample, 'messages' | 'answerAt' | 'tools' | 'inventedTools'>,
): Extract<Taken, { ok: true }> {
  const messages = withToolNames(inCallOrder(alternate(withThinkingApart(recorded))));
  const { tools, invented } = coverTools(messages, known);
  return {
    ok: true,
    sample: { ...facts, messages, answerAt: answerStart(messages), tools, inventedTools: invented },
  };
}

function ratingOf(task: Task): number | null {
  const rating = task.metadata.rating;
  return typeof rating === 'number' && rating >= 0 && rating <= 1 ? rating : null;
}
