import { callsOf, type Message, type ToolDefinition } from '../../../core/message.ts';
import type { Span, TraceEvent } from '../../../core/trace.ts';
import { NO_USAGE } from '../../../core/usage.ts';
import { readFacts } from './facts.ts';
import { finishReasonIn } from './finish.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { type ReadMessages, readMessages, readTool } from './registry.ts';
import { readToolDefinitions } from './tools.ts';

export type AssembledTrace = {
  /** The conversation in order. */
  readonly events: readonly TraceEvent[];
  /** Tools that any model call offered, the last definition of each name. */
  readonly tools: readonly ToolDefinition[];
};

/** Something that a span says at its start or end. */
type Moment = { readonly atNs: bigint; readonly order: number; readonly tell: () => void };

/**
 * The conversation that spans amount to, whatever conventions they follow: each message once, although every model call
 * repeats the history that it was given. Also for the spans of several traces of one session.
 *
 * Model calls speak first. Other spans (agents, chains) are heard only where no model call captured content, because
 * they repeat their children.
 */
export function assembleTrace(spans: readonly Span[]): AssembledTrace {
  const told = spans.map((span) => ({ span, messages: withoutFailure(span, readMessages(span)) }));
  const hasContent = ({ messages }: { messages: ReadMessages }): boolean =>
    messages.input.length + messages.output.length > 0;
  const speaking = told.some((entry) => entry.span.kind === 'model' && hasContent(entry))
    ? told.filter(({ span }) => span.kind === 'model')
    : outermost(told.filter(hasContent));
  const ledger = createLedger();
  const tools = firstTools(spans);
  const conversationOf = (span: Span, messages: ReadMessages): readonly Moment[] =>
    conversation(ledger, span, messages, span.kind === 'model' ? tools.get(span.spanId) : undefined);
  const moments: Moment[] = speaking.flatMap(({ span, messages }) => conversationOf(span, messages));
  if (!speaking.some(({ span }) => span.kind === 'model')) {
    moments.push(
      ...told.filter(({ span }) => span.kind === 'model').flatMap(({ span }) => conversationOf(span, NOTHING)),
    );
  }
  ledger.claim(spans.flatMap((span) => readTool(span)?.id ?? []));
  moments.push(...spans.flatMap((span) => toolMoments(ledger, span)));
  moments.push(...spans.filter(({ kind }) => kind !== 'tool').flatMap((span) => failureMoment(ledger, span)));
  moments.sort((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : a.order - b.order));
  for (const { tell } of moments) tell();
  if (!ledger.hasReply) {
    for (const { span, messages } of outermost(told.filter(({ messages }) => messages.output.length > 0))) {
      ledger.open(span).messages(messages.output, endMs(span));
    }
  }
  return { events: ledger.events, tools: toolsOf(spans) };
}

const NOTHING: ReadMessages = { input: [], output: [], others: [], convention: null };

function conversation(
  ledger: Ledger,
  span: Span,
  { input, output, others }: ReadMessages,
  firstTool: bigint | undefined,
): readonly Moment[] {
  const turn = ledger.open(span);
  const reply = (): void => {
    if (span.kind === 'model') ledger.add(modelCall(span, ledger, others));
    turn.messages(output, endMs(span));
  };
  return [
    { atNs: BigInt(span.startNs), order: 2, tell: () => turn.messages(input, startMs(span)) },
    // Where tools run inside of the model call that asked for them, it asked before.
    firstTool === undefined
      ? { atNs: endNs(span), order: 3, tell: reply }
      : { atNs: firstTool, order: 0.5, tell: reply },
  ];
}

/** When the first tool below each span started. */
function firstTools(spans: readonly Span[]): ReadonlyMap<string, bigint> {
  const starts = new Map<string, bigint>();
  for (const { kind, parentSpanId, startNs } of spans) {
    if (kind !== 'tool' || parentSpanId === null) continue;
    const known = starts.get(parentSpanId);
    const start = BigInt(startNs);
    if (known === undefined || start < known) starts.set(parentSpanId, start);
  }
  return starts;
}

/** Finish reason of a reply that the caller stopped reading, or that ended without one of the model's. */
export const BROKEN_OFF = 'broken_off';

function modelCall(span: Span, ledger: Ledger, others: readonly Message[]): TraceEvent {
  const facts = readFacts(span);
  const tools = readToolDefinitions(span.attributes);
  return {
    at: endMs(span),
    spanId: span.spanId,
    type: 'model_call',
    startedAt: startMs(span),
    provider: facts.provider ?? '',
    model: facts.models[0] ?? '',
    finishReason:
      span.attributes['apo.stream.broken_off'] === true ? BROKEN_OFF : facts.finishReason || finishReasonIn(span),
    responseId: facts.responseId,
    usage: facts.usage ?? NO_USAGE,
    ...(ledger.toolsChanged(tools) ? { tools } : {}),
    ...(others.length > 0 ? { otherReplies: others.map(replyText) } : {}),
  };
}

/** A choice that was not taken, as one text; its tool calls as their JSON. */
function replyText(message: Message): string {
  const calls = callsOf(message).map((call) => JSON.stringify(call.function));
  return [message.content, ...calls].filter((text) => text !== '').join('\n');
}

function toolMoments(ledger: Ledger, span: Span): readonly Moment[] {
  const tool = readTool(span);
  if (tool === undefined) return [];
  let id = tool.id;
  const end = endNs(span);
  return [
    {
      atNs: BigInt(span.startNs),
      order: 1,
      tell: () => {
        id = ledger.toolStarted(tool, span.spanId, startMs(span));
      },
    },
    {
      atNs: end,
      // Clocks that count milliseconds know tools that took no time.
      order: end === BigInt(span.startNs) ? 1.5 : 0,
      tell: () =>
        ledger.toolEnded({
          at: endMs(span),
          spanId: span.spanId,
          type: 'tool_result',
          id,
          name: tool.name,
          content: tool.result ?? (span.status === 'error' ? failureOf(span) : ''),
          isError: span.status === 'error',
          replayed: span.attributes['apo.tool.replayed'] === true,
          startedAt: startMs(span),
        }),
    },
  ];
}

function failureMoment(ledger: Ledger, span: Span): readonly Moment[] {
  if (span.status !== 'error') return [];
  const isOwn = span.kind === 'model';
  return [{ atNs: endNs(span), order: 4, tell: () => ledger.failed(failureOf(span), span.spanId, endMs(span), isOwn) }];
}

/** What agno says of a failed run, whose output then is the text of the exception. */
const AGNO_FAILURE = 'run status: error';

/** What a failed agent or chain gave back may be the text of its error, which is no answer. */
function withoutFailure(span: Span, messages: ReadMessages): ReadMessages {
  if (span.status !== 'error' || span.kind === 'model') return messages;
  const failure = failureOf(span);
  return {
    ...messages,
    output: messages.output.filter(({ content }) => content.trim() === '' || !failure.includes(content.trim())),
  };
}

function failureOf(span: Span): string {
  if (span.statusMessage === AGNO_FAILURE) {
    const output = readMessages(span).output.map(({ content }) => content);
    return output.join('\n') || AGNO_FAILURE;
  }
  if (span.statusMessage !== '') return span.statusMessage;
  const message = span.events.find(({ name }) => name === 'exception')?.attributes['exception.message'];
  return typeof message === 'string' ? message : `${span.name} failed`;
}

/** Spans none of whose ancestors are in the list. */
function outermost<T extends { readonly span: Span }>(entries: readonly T[]): readonly T[] {
  const ids = new Set(entries.map(({ span }) => span.spanId));
  return entries.filter(({ span }) => span.parentSpanId === null || !ids.has(span.parentSpanId));
}

function toolsOf(spans: readonly Span[]): readonly ToolDefinition[] {
  const tools = new Map<string, ToolDefinition>();
  for (const { attributes } of spans) {
    for (const tool of readToolDefinitions(attributes)) tools.set(tool.function.name, tool);
  }
  return [...tools.values()];
}

function startMs(span: Span): number {
  return Number(BigInt(span.startNs) / 1000n) / 1000;
}

function endMs(span: Span): number {
  return Number(endNs(span) / 1000n) / 1000;
}

/** A span that is still open, or whose clock ran backwards, ends where it starts. */
function endNs(span: Span): bigint {
  const start = BigInt(span.startNs);
  const end = span.endNs === '' ? start : BigInt(span.endNs);
  return end < start ? start : end;
}
