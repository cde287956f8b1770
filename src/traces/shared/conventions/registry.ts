import type { Message } from '../../../core/message.ts';
import { aiSdk } from './ai-sdk.ts';
import { splitChoices } from './choices.ts';
import type { Convention, ConventionSpan, SpanMessages, ToolExecution } from './convention.ts';
import { inputOutput, pydanticAi, requestResponse } from './frameworks.ts';
import { genai } from './genai.ts';
import { genaiEvents } from './genai-events.ts';
import { langfuse } from './langfuse.ts';
import { mlflow } from './mlflow.ts';
import { openinference } from './openinference.ts';
import { mergeTurn } from './to-messages.ts';
import { traceloop, traceloopEntity } from './traceloop.ts';

/** Most specific first: a span often carries several conventions, and the first that has messages speaks. */
const CONVENTIONS: readonly Convention[] = [
  genai,
  openinference,
  aiSdk,
  traceloop,
  genaiEvents,
  mlflow,
  traceloopEntity,
  inputOutput,
  langfuse,
  pydanticAi,
  requestResponse,
];

/** `others`: further choices, where a model call was asked for several replies. */
export type ReadMessages = SpanMessages & {
  readonly others: readonly Message[];
  readonly convention: string | null;
};

const NO_MESSAGES: ReadMessages = { input: [], output: [], others: [], convention: null };

/** What a span saw and produced; both empty where content was not captured, which is normal. */
export function readMessages(span: ConventionSpan): ReadMessages {
  for (const convention of CONVENTIONS) {
    const messages = convention.messages(span);
    if (messages === undefined) continue;
    // A history often has the parallel calls of one turn as one message each.
    const { reply, others } = splitChoices(span, messages.output);
    return { input: mergeTurn(messages.input), output: mergeTurn(reply), others, convention: convention.name };
  }
  return NO_MESSAGES;
}

export function readTool(span: ConventionSpan): ToolExecution | undefined {
  if (span.kind !== 'tool') return undefined;
  for (const convention of CONVENTIONS) {
    const tool = convention.tool?.(span);
    if (tool !== undefined) return tool;
  }
  return undefined;
}
