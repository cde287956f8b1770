import { aiSdk } from './ai-sdk.ts';
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

const NO_MESSAGES: SpanMessages = { input: [], output: [] };

/** What a span saw and produced; both empty where content was not captured, which is normal. */
export function readMessages(span: ConventionSpan): SpanMessages & { readonly convention: string | null } {
  for (const convention of CONVENTIONS) {
    const messages = convention.messages(span);
    if (messages === undefined) continue;
    // A history often has the parallel calls of one turn as one message each.
    return { input: mergeTurn(messages.input), output: mergeTurn(messages.output), convention: convention.name };
  }
  return { ...NO_MESSAGES, convention: null };
}

export function readTool(span: ConventionSpan): ToolExecution | undefined {
  if (span.kind !== 'tool') return undefined;
  for (const convention of CONVENTIONS) {
    const tool = convention.tool?.(span);
    if (tool !== undefined) return tool;
  }
  return undefined;
}
