import type { JsonObject } from '../../../core/json.ts';
import type { Message } from '../../../core/message.ts';
import type { Span } from '../../../core/trace.ts';

/** Messages that a span saw and produced. */
export type SpanMessages = { readonly input: readonly Message[]; readonly output: readonly Message[] };

/** A tool execution, as far as the span says. */
export type ToolExecution = {
  /** '' when the convention carries no call id. */
  readonly id: string;
  readonly name: string;
  /** Raw text. */
  readonly arguments: string;
  /** Undefined when the result was not captured. */
  readonly result: string | undefined;
};

/** One way of writing what an agent does into span attributes and events. One file each; pure and total. */
export interface Convention {
  readonly name: string;
  /** Undefined when the span carries no messages of this convention. Either side may be empty. */
  messages(span: ConventionSpan): SpanMessages | undefined;
  /** Undefined when the span is no tool execution of this convention. */
  tool?(span: ConventionSpan): ToolExecution | undefined;
}

export type ConventionSpan = Pick<Span, 'name' | 'kind' | 'attributes' | 'events' | 'scope'>;

/** Undefined instead of two empty sides, so that the next convention is asked. */
export function messagesOrNone(input: readonly Message[], output: readonly Message[]): SpanMessages | undefined {
  return input.length === 0 && output.length === 0 ? undefined : { input, output };
}

export function hasAny(attributes: JsonObject, keys: readonly string[]): boolean {
  return keys.some((key) => attributes[key] !== undefined);
}
