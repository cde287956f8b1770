import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Message } from '../../core/message.ts';
import { callsWithResults, type RecordedToolCall } from '../../core/task.ts';
import { mediaOf, pairToolCalls, readContent, readMessage, textValue } from '../shared/messages.ts';
import { readTime } from '../shared/time.ts';

/** One top-level run as the user saw it: what was asked, what came back, what happened in between. */
export type Turn = {
  readonly input: string;
  /** Messages that were given together with the input, before it. */
  readonly lead: readonly Message[];
  readonly media: readonly string[];
  /** All new messages from the user's on, without system messages; calls and results paired. */
  readonly messages: readonly Message[];
  readonly answer: string | null;
  readonly error: string | undefined;
  readonly systemPrompt: string | undefined;
  readonly toolCalls: readonly RecordedToolCall[];
  readonly status: Status;
  readonly timestamp: string | undefined;
};

export type Status = 'COMPLETED' | 'RUNNING' | 'PENDING' | 'PAUSED' | 'CANCELLED' | 'ERROR' | 'REGENERATED';

/** Runs that agno leaves out when it rebuilds a conversation. */
export const SKIPPED_IN_HISTORY: ReadonlySet<Status> = new Set(['PAUSED', 'CANCELLED', 'ERROR', 'REGENERATED']);

export type ReadTurn = { readonly ok: true; readonly turn: Turn } | { readonly ok: false; readonly reason: string };

/** @param run A run of any generation; early v1 wraps it as `{ message, response }`. */
export function readTurn(run: JsonObject): ReadTurn {
  const body = isJsonObject(run.response) ? run.response : run;
  const status = readStatus(body.status ?? run.status);
  const fresh = freshMessages(body);
  const asked = readInput(run, body);
  const at = findUserMessage(fresh, asked?.text);
  const userMessage = at === undefined ? undefined : fresh[at];
  const literal = userMessage === undefined ? undefined : readMessage(userMessage);
  const literalText = literal?.ok === true ? textOf(literal.messages) : '';
  const input = asked?.text ?? literalText;
  const media = new Set([...(asked?.media ?? []), ...(literal?.ok === true ? literal.media : [])]);
  if (input.trim() === '' && media.size === 0 && userMessage === undefined && asked === undefined) {
    return { ok: false, reason: 'the run has no user message' };
  }
  const raw = readAll(at === undefined ? [] : fresh.slice(at)).filter(({ role }) => role !== 'system');
  const { messages } = pairToolCalls(raw.length > 0 ? raw : [{ role: 'user', content: input }]);
  const isFinished = !SKIPPED_IN_HISTORY.has(status) || status === 'REGENERATED';
  const content = readContent(body.content).text;
  const answer = isFinished ? content || lastAnswer(messages) || null : null;
  const hasAnswer = messages.some(({ role, content }) => role === 'assistant' && content !== '');
  return {
    ok: true,
    turn: {
      input,
      lead: asked?.lead ?? [],
      media: [...media],
      messages: answer !== null && !hasAnswer ? [...messages, { role: 'assistant', content: answer }] : messages,
      answer,
      error: status === 'ERROR' ? content || 'the run failed' : undefined,
      systemPrompt: systemPromptOf(fresh),
      toolCalls: toolCallsOf(messages, body.tools),
      status,
      timestamp: timeOf(fresh, body, run),
    },
  };
}

function readStatus(value: Json | undefined): Status {
  const name = typeof value === 'string' ? value.toUpperCase().replace(/^.*\./, '') : '';
  if (name === 'CANCELED') return 'CANCELLED';
  if (name === 'FAILED') return 'ERROR';
  const known: readonly Status[] = ['RUNNING', 'PENDING', 'PAUSED', 'CANCELLED', 'ERROR', 'REGENERATED'];
  return known.find((status) => status === name) ?? 'COMPLETED';
}

/** Messages that this run added; copies of earlier ones carry `from_history`. */
function freshMessages(body: JsonObject): readonly JsonObject[] {
  return Array.isArray(body.messages)
    ? (body.messages as readonly Json[]).filter(isJsonObject).filter((message) => message.from_history !== true)
    : [];
}

type Asked = { readonly text: string; readonly lead: readonly Message[]; readonly media: readonly string[] };

/**
 * The user's own text: `input.input_content` (v2), a bare `input` (workflows), `message` or `messages` (early v1). The
 * stored user message may be longer, agno appends references and context to it.
 */
function readInput(run: JsonObject, body: JsonObject): Asked | undefined {
  const wrapped = body === run ? undefined : (run.message ?? run.messages);
  const given = body.input ?? run.input ?? wrapped ?? inputOfFirstStep(body);
  if (given === undefined || given === null) return undefined;
  const media = isJsonObject(given) ? mediaOf(given) : [];
  const content = isJsonObject(given) && given.input_content !== undefined ? given.input_content : given;
  const asked = readAsked(content);
  return asked === undefined ? undefined : { ...asked, media: [...media, ...asked.media] };
}

/** Workflows of late v1 keep the user's text in the messages of their first step only. */
function inputOfFirstStep(body: JsonObject): Json | undefined {
  for (const steps of [body.step_responses, body.step_results, body.step_executor_runs]) {
    const first = Array.isArray(steps) ? steps.flat().find(isJsonObject) : undefined;
    const response = first !== undefined && isJsonObject(first.response) ? first.response : first;
    const user = response === undefined ? undefined : freshMessages(response).find(({ role }) => role === 'user');
    if (user?.content !== undefined) return user.content;
  }
  return undefined;
}

function readAsked(content: Json): Asked | undefined {
  if (content === null) return undefined;
  if (isJsonObject(content)) {
    if (content.role !== undefined) return fromMessages([content]);
    const values = Object.values(content);
    const named = textValue(content.message) ?? textValue(content.input) ?? textValue(content.query);
    const only = values.length === 1 ? textValue(values[0]) : undefined;
    return { text: named ?? only ?? JSON.stringify(content), lead: [], media: [] };
  }
  if (Array.isArray(content) && content.some((item) => isJsonObject(item) && item.role !== undefined)) {
    return fromMessages(content);
  }
  const { text, media } = readContent(content);
  return { text, lead: [], media };
}

/** A list of messages as input: the last user message asks, what stands before it is its context. */
function fromMessages(items: readonly Json[]): Asked | undefined {
  const read = items.map(readMessage).filter((item) => item.ok);
  const last = read.findLastIndex(({ messages }) => messages.some(({ role }) => role === 'user'));
  const asked = read[last];
  if (asked === undefined) return undefined;
  const before = read.slice(0, last).flatMap(({ messages }) => messages);
  const lead = pairToolCalls(before.filter(({ role }) => role !== 'system')).messages;
  return { text: textOf(asked.messages), lead, media: asked.media };
}

/** The last user message that begins with what was asked; without that knowledge the last one. */
function findUserMessage(fresh: readonly JsonObject[], asked: string | undefined): number | undefined {
  const isUser = (message: JsonObject): boolean => message.role === 'user';
  const matching =
    asked === undefined || asked === ''
      ? -1
      : fresh.findLastIndex((message) => isUser(message) && readContent(message.content).text.startsWith(asked));
  const at = matching >= 0 ? matching : fresh.findLastIndex(isUser);
  return at >= 0 ? at : undefined;
}

/** Without thinking: a context is sent to models, and thinking is never sent back. */
function readAll(messages: readonly JsonObject[]): readonly Message[] {
  return messages.map(readMessage).flatMap((read) =>
    read.ok
      ? read.messages.map((message): Message => {
          if (message.role !== 'assistant') return message;
          const { reasoning_content: _, ...rest } = message;
          return rest;
        })
      : [],
  );
}

function textOf(messages: readonly Message[]): string {
  return messages.find(({ role }) => role === 'user')?.content ?? messages[0]?.content ?? '';
}

function lastAnswer(messages: readonly Message[]): string | undefined {
  return messages.findLast(({ role, content }) => role === 'assistant' && content !== '')?.content;
}

function systemPromptOf(fresh: readonly JsonObject[]): string | undefined {
  const system = fresh.find(({ role }) => role === 'system' || role === 'developer');
  return system === undefined ? undefined : readContent(system.content).text || undefined;
}

/** From the messages; agents with `store_tool_messages=False` have them only in the run's `tools`. */
function toolCallsOf(messages: readonly Message[], tools: Json | undefined): readonly RecordedToolCall[] {
  const calls = callsWithResults(messages);
  if (calls.length > 0) return calls;
  if (!Array.isArray(tools)) return [];
  return (tools as readonly Json[])
    .filter(isJsonObject)
    .filter(wasRun)
    .map((tool) => ({
      name: textValue(tool.tool_name) ?? 'unknown',
      arguments: typeof tool.tool_args === 'string' ? tool.tool_args : JSON.stringify(tool.tool_args ?? {}),
      result: readContent(tool.result ?? tool.content).text,
      is_error: tool.tool_call_error === true,
    }));
}

/** A call that waits for a confirmation has no result to replay. */
function wasRun(tool: JsonObject): boolean {
  return (tool.result ?? tool.content ?? null) !== null;
}

/** The last new message's: in v1 the time of a run object is that of the agent's first run. */
function timeOf(fresh: readonly JsonObject[], body: JsonObject, run: JsonObject): string | undefined {
  for (const message of fresh.toReversed()) {
    const time = readTime(message.created_at);
    if (time !== undefined) return time;
  }
  return readTime(body.created_at) ?? readTime(run.created_at);
}
