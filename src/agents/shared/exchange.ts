import { isJsonObject, type Json, type JsonObject, parseJson } from '../../core/json.ts';
import { type Prompt, promptText } from '../../core/prompt.ts';
import type { Task } from '../../core/task.ts';
import type { AgentResult } from '../agent.ts';
import { agentFailure } from './result.ts';

/** Longest reply of an agent outside of this process, in bytes. */
export const MAX_REPLY_BYTES = 8 * 1024 * 1024;

/** What an agent outside of this process is sent. */
export type AgentRequest = {
  /** The prompt as one text, `{{placeholders}}` as they are: filling them is the agent's part, as in production. */
  readonly prompt: string;
  /** The same by component, for agents with more than one prompt. */
  readonly components: { readonly [name: string]: string };
  /** Without `expected`, `observed` and their like in the metadata: the agent must not see what it is graded by. */
  readonly task: JsonObject;
};

/** How a call of such an agent ended, as it stands in the journal. */
export type AgentReply = { readonly text: string } | { readonly failure: string };

export function requestOf(prompt: Prompt, task: Task): AgentRequest & JsonObject {
  const { id, input, context, category, difficulty } = task;
  const { expected_answers: _answers, expected_tool_calls: _calls, ...metadata } = task.metadata;
  return {
    prompt: promptText(prompt),
    components: prompt.components,
    task: { id, input, context: context as unknown as Json, category, difficulty, metadata },
  };
}

/** The result of a reply: a JSON object with `answer` is that answer, a JSON string is itself, any other text is the answer. */
export function resultOf(reply: Json): AgentResult {
  if (!isJsonObject(reply) || typeof reply.text !== 'string') {
    const failure = isJsonObject(reply) ? reply.failure : undefined;
    return agentFailure(typeof failure === 'string' ? failure : 'the agent gave no answer');
  }
  const answer = answerIn(reply.text);
  return answer.trim() === '' ? agentFailure('the answer is empty') : { status: 'ok', answer, failure: null };
}

function answerIn(text: string): string {
  const plain = text.replace(/^\ufeff/, '').trimEnd();
  const parsed = parseJson(plain);
  if (!parsed.ok) return plain;
  if (typeof parsed.value === 'string') return parsed.value;
  if (!isJsonObject(parsed.value) || !Object.hasOwn(parsed.value, 'answer')) return plain;
  return textOf(parsed.value.answer ?? null);
}

/** Answers that are not texts are graded as their JSON; null is no answer. */
function textOf(answer: Json): string {
  if (typeof answer === 'string') return answer;
  return answer === null ? '' : JSON.stringify(answer);
}
