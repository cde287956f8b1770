import { callsOf, type Message } from '../../core/message.ts';
import type { PreferencePair, TrainingSample } from '../exporter.ts';
import { argumentsOf } from '../shared/tools.ts';

/** Default of {@link findFault}'s limit: the longest example that the OpenAI family takes. */
export const MAX_TOKENS = 65_536;

/** Characters in a token, on average; an estimate that is good enough for a limit. */
const CHARACTERS_PER_TOKEN = 4;

/** Exception texts that agents store as if they were answers: a Python traceback, an OpenAI client error. */
const ERROR_ANSWER = /^(?:Traceback \(most recent call last\):|Error code: [45]\d\d\b)/;

/** Marks of a text that was stored in part: cut by the receiver, or recorded as a preview. */
const IN_PART = /…\[\d+ bytes cut\]|… \[sha256:[\da-f]{64}\]/;

/**
 * The common rules of all formats, in the order in which a reader wants to hear of them.
 * @returns the first broken rule, as the reason that the report counts; undefined for a sound conversation.
 */
export function findFault(messages: readonly Message[], maxTokens: number = MAX_TOKENS): string | undefined {
  const first = messages[0]?.role === 'system' ? 1 : 0;
  const turns = messages.slice(first);
  if (turns.some(({ role }) => role === 'system')) return 'system message in the middle';
  if (turns[0]?.role !== 'user') return 'does not start with a user message';
  if (turns.some(({ role, content }) => role === 'user' && content.trim() === '')) return 'empty user message';
  return (
    findTurnFault(turns) ??
    findAnswerFault(messages.at(-1)) ??
    (messages.some(isInPart) ? 'a text was stored in part only' : undefined) ??
    (tokensOf(messages) > maxTokens ? 'too long' : undefined)
  );
}

function findTurnFault(turns: readonly Message[]): string | undefined {
  let previous: Message | undefined;
  let open = new Set<string>();
  for (const message of turns) {
    if (message.role !== 'tool' && open.size > 0) return 'tool call without a result';
    if (message.role === 'tool') {
      if (!open.delete(message.tool_call_id)) return 'tool result without a call';
    } else if (message.role === 'user') {
      if (previous !== undefined && previous.role !== 'assistant') return 'turns do not alternate';
    } else if (message.role === 'assistant') {
      if (previous === undefined || previous.role === 'assistant') return 'turns do not alternate';
      const calls = message.tool_calls ?? [];
      if (calls.length === 0 && message.content.trim() === '') return 'empty assistant message';
      open = new Set(calls.map(({ id }) => id));
      if (open.size < calls.length) return 'tool call id used twice';
      if (calls.some((call) => call.function.name === '')) return 'tool call without a name';
      if (calls.some((call) => argumentsOf(call) === undefined)) return 'tool arguments are not a JSON object';
    }
    previous = message;
  }
  return open.size > 0 ? 'tool call without a result' : undefined;
}

function findAnswerFault(last: Message | undefined): string | undefined {
  if (last?.role !== 'assistant') return 'does not end with an answer';
  return ERROR_ANSWER.test(last.content) ? 'the answer is an error message' : undefined;
}

/** The rules for a sample that is learned as it stands. */
export function findSampleFault(sample: TrainingSample, maxTokens?: number): string | undefined {
  return findFault(sample.messages, maxTokens);
}

/** Both continuations have to be sound conversations, and different ones. */
export function findPairFault(pair: PreferencePair, maxTokens?: number): string | undefined {
  const fault =
    findFault([...pair.prompt, ...pair.chosen], maxTokens) ?? findFault([...pair.prompt, ...pair.rejected], maxTokens);
  if (fault !== undefined) return fault;
  return JSON.stringify(pair.chosen) === JSON.stringify(pair.rejected) ? 'both answers are the same' : undefined;
}

function isInPart(message: Message): boolean {
  const texts = [message.content];
  if (message.role === 'assistant') {
    texts.push(message.reasoning_content ?? '', ...callsOf(message).map((call) => call.function.arguments));
  }
  return texts.some((text) => text.includes('…') && IN_PART.test(text));
}

/** Estimated tokens: a quarter of the characters of all that the model would read. */
function tokensOf(messages: readonly Message[]): number {
  const characters = messages.reduce((sum, message) => sum + message.content.length + extraLength(message), 0);
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

function extraLength(message: Message): number {
  if (message.role !== 'assistant') return 0;
  const calls = message.tool_calls ?? [];
  return (
    (message.reasoning_content?.length ?? 0) +
    calls.reduce((sum, call) => sum + call.function.name.length + call.function.arguments.length, 0)
  );
}
