import { DEFAULT_REDACTION, type RedactionLevel } from '../core/privacy/detector.ts';
import { createRedactor, type Redactor } from '../core/privacy/redact.ts';
import type { Span } from '../core/trace.ts';
import { redactSpan } from './content.ts';
import type { TraceSink } from './sink.ts';

/** Conversations whose placeholders are remembered; an older one starts its numbering again. */
const MAX_CONVERSATIONS = 500;

/** Redacts spans so that one value has one placeholder within a conversation (or a trace, where it belongs to none). */
export function createSpanRedactor(level: RedactionLevel): (span: Span) => Span {
  const redactors = new Map<string, Redactor>();
  return (span) => {
    const id = String(span.attributes['gen_ai.conversation.id'] ?? span.traceId);
    let redactor = redactors.get(id);
    if (redactor === undefined) {
      redactor = createRedactor(level);
      if (redactors.size >= MAX_CONVERSATIONS) redactors.delete(redactors.keys().next().value ?? '');
      redactors.set(id, redactor);
    }
    return redactSpan(span, redactor.value);
  };
}

/** Redacts what leaves the machine, and only that. */
export function redactOutbound(level: RedactionLevel = DEFAULT_REDACTION): (span: Span, sink: TraceSink) => Span {
  if (level === 0) return (span) => span;
  const redact = createSpanRedactor(level);
  return (span, sink) => (sink.leavesMachine === true ? redact(span) : span);
}
