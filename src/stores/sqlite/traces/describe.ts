import { callsOf, type Message } from '../../../core/message.ts';
import type { Span } from '../../../core/trace.ts';
import { readFacts, type SpanFacts } from '../../../traces/shared/conventions/facts.ts';
import { readMessages, readTool } from '../../../traces/shared/conventions/registry.ts';

/** Characters of a message that lists show. */
const PREVIEW_LENGTH = 160;
/** Characters of one span that can be searched for. */
const MAX_WORDS_LENGTH = 32 * 1024;

/** What a replaced span counted for, so that the same span sent twice counts once. */
export type Counted = { readonly failed: number; readonly inputTokens: number; readonly outputTokens: number };

/** What the store derives from one span. */
export type SpanDescription = {
  readonly facts: SpanFacts;
  readonly counted: Counted;
  /** The tool that ran, or those that the reply called: many instrumentations have no span for a tool. */
  readonly tools: readonly string[];
  /** The user's last message and the reply, whole; '' when not captured. */
  readonly input: string;
  readonly output: string;
  /** What this span adds to the conversation, for search. */
  readonly words: string;
};

export function describeSpan(span: Span): SpanDescription {
  const facts = readFacts(span);
  const { input, output } = readMessages(span);
  const tool = readTool(span);
  const news = input.slice(input.findLastIndex(({ role }) => role === 'assistant') + 1);
  const failure = failureOf(span);
  const words = [
    ...[...news, ...output].flatMap(textsOf),
    ...(tool === undefined ? [] : [tool.name, spelledOut(tool.arguments), spelledOut(tool.result ?? '')]),
    failure,
  ]
    .filter((text) => text !== '')
    .join('\n');
  return {
    facts,
    counted: {
      failed: span.status === 'error' ? 1 : 0,
      inputTokens: facts.usage?.input ?? 0,
      outputTokens: facts.usage?.output ?? 0,
    },
    tools: (tool === undefined ? output.flatMap(callsOf).map((call) => call.function.name) : [tool.name]).filter(
      (name) => name !== '',
    ),
    input: input.findLast(({ role }) => role === 'user')?.content ?? '',
    output: output.findLast(({ role }) => role === 'assistant')?.content ?? '',
    words: words.slice(0, MAX_WORDS_LENGTH).replaceAll('\0', ' '),
  };
}

function textsOf(message: Message): readonly string[] {
  if (message.role !== 'assistant') return [message.role === 'tool' ? spelledOut(message.content) : message.content];
  const calls = callsOf(message).flatMap(({ function: call }) => [call.name, spelledOut(call.arguments)]);
  return [message.content, message.reasoning_content ?? '', ...calls];
}

/** JSON text without its escapes: Python writes every letter beyond ASCII as one, which nobody would search for. */
function spelledOut(text: string): string {
  if (!text.includes('\\') || !/^\s*[[{"]/.test(text)) return text;
  return text.replace(/\\(?:u([\da-f]{4})|(.))/gis, (_escape, hex?: string, sign = '') =>
    hex === undefined ? (/[bfnrt]/.test(sign) ? ' ' : sign) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function failureOf(span: Span): string {
  if (span.status !== 'error') return '';
  const exception = span.events.find(({ name }) => name === 'exception')?.attributes['exception.message'];
  return [span.statusMessage, typeof exception === 'string' ? exception : ''].join('\n').trim();
}

/** The start of a text on one line, for lists. */
export function preview(text: string): string {
  const line = text.trimStart().slice(0, PREVIEW_LENGTH).replace(HALF, '');
  return line.replace(/\s+/g, ' ').trimEnd();
}

/** A surrogate pair that the cut went through. */
const HALF = /[\ud800-\udbff]$/;

/** Decimal nanoseconds at a fixed width, so that text order is time order; '' stays ''. */
export function padded(nanoseconds: string): string {
  return nanoseconds === '' ? '' : nanoseconds.padStart(20, '0');
}
