import { hashOf, isJsonObject, type Json, type JsonObject } from './json.ts';
import { callsOf, type Message } from './message.ts';

export const DIFFICULTIES = ['easy', 'medium', 'hard'] as const;
export type Difficulty = (typeof DIFFICULTIES)[number];

/** One thing that the agent is asked. This is also, key for key, one line of a dataset file that `apo` writes. */
export type Task = {
  readonly id: string;
  readonly input: string;
  /** The conversation before the input, oldest first; without the system prompt, which is what is being trained. */
  readonly context: readonly Message[];
  /** The reference answer; the first of several. */
  readonly expected: string | null;
  /** What the agent answered when it was recorded; a reference only if it was rated good. */
  readonly observed: string | null;
  readonly category: string | null;
  readonly difficulty: Difficulty | null;
  /**
   * Everything else. Known keys: `session_id`, `conversation_id`, `group` (see {@link groupOf}), `user_id`, `timestamp`
   * (ISO 8601), `rating` (0..1), `error`, `source`, `tool_calls` (see {@link recordedToolCalls}), `expected_answers` (see
   * {@link expectedAnswers}).
   */
  readonly metadata: JsonObject;
};

/** A tool call of the recorded conversation, replayed instead of executed. */
export type RecordedToolCall = {
  readonly name: string;
  /** Raw argument text. */
  readonly arguments: string;
  readonly result: string;
  readonly is_error: boolean;
};

/** Tasks of one group share a conversation, so a split must not separate them. */
export function groupOf(task: Task): string {
  for (const key of ['group', 'session_id', 'conversation_id']) {
    const value = task.metadata[key];
    if (typeof value === 'string' && value !== '') return value;
  }
  return task.id;
}

/** Whose conversation a task is, as far as its metadata says. */
export function ownerOf(task: Task): { readonly sessionId?: string; readonly userId?: string } {
  const session = groupOf(task);
  const user = task.metadata.user_id;
  return {
    ...(session === task.id ? {} : { sessionId: session }),
    ...(typeof user === 'string' && user !== '' ? { userId: user } : {}),
  };
}

/** All answers that are right, the reference answer first; with a list in `metadata.expected_answers` any one of them. */
export function expectedAnswers({ expected, metadata }: Task): readonly string[] {
  if (expected === null) return [];
  const listed = Array.isArray(metadata.expected_answers) ? (metadata.expected_answers as readonly Json[]) : [];
  return [...new Set([expected, ...listed.filter((answer) => typeof answer === 'string')])];
}

/** The same, and their list as one JSON text: the answer of an agent that was asked for all. */
export function expectedTexts(task: Task): readonly string[] {
  const answers = expectedAnswers(task);
  return Array.isArray(task.metadata.expected_answers) ? [...answers, JSON.stringify(answers)] : answers;
}

/** The tool calls recorded in `metadata.tool_calls`, in order; members that are not calls are left out. */
export function recordedToolCalls(task: Task): readonly RecordedToolCall[] {
  const calls = task.metadata.tool_calls;
  return Array.isArray(calls) ? (calls as readonly Json[]).filter(isRecordedToolCall) : [];
}

/** The tool calls of a conversation with what came of them, as a task records them; the result is '' where there is none. */
export function callsWithResults(messages: readonly Message[]): readonly RecordedToolCall[] {
  return messages.flatMap((message, at) =>
    callsOf(message).map((call) => {
      // Ids repeat within a run with some providers, so the result is the next one after the call.
      const result = messages.find(
        (other, index) => index > at && other.role === 'tool' && other.tool_call_id === call.id,
      );
      return {
        name: call.function.name,
        arguments: call.function.arguments,
        result: result?.content ?? '',
        is_error: result?.role === 'tool' && result.is_error === true,
      };
    }),
  );
}

function isRecordedToolCall(value: Json): value is RecordedToolCall & JsonObject {
  return (
    isJsonObject(value) &&
    typeof value.name === 'string' &&
    typeof value.arguments === 'string' &&
    typeof value.result === 'string'
  );
}

/** Everything in a task that somebody said, the reference answer included: a prompt that knows it proves nothing. */
export function conversationTexts(task: Task): readonly string[] {
  return [
    task.input,
    ...expectedAnswers(task),
    task.observed ?? '',
    ...task.context.map(({ content }) => content),
    ...recordedToolCalls(task).flatMap((call) => [call.arguments, call.result]),
  ];
}

/** What makes two tasks the same question: input and context, whatever they are called. */
export function taskHash(task: Task): string {
  return hashOf({ input: task.input, context: task.context });
}
