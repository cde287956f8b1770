import type { Span } from '../../../core/trace.ts';

/** Ancestors looked at; parents are foreign ids and may run in a circle. */
const MAX_DEPTH = 100;

/**
 * The spans of the agent that was asked. What runs inside of a tool, or as an agent below an agent that calls models
 * itself, is a conversation of its own with other instructions; the asking agent saw a tool's result of it.
 */
export function withoutSubAgents(spans: readonly Span[]): readonly Span[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  function* ancestors(span: Span): Generator<Span> {
    let at: Span | undefined = span;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      at = at.parentSpanId === null ? undefined : byId.get(at.parentSpanId);
      if (at === undefined) return;
      yield at;
    }
  }
  const callers = new Set<string>();
  for (const span of spans) {
    if (span.kind !== 'model') continue;
    for (const { kind, spanId } of ancestors(span)) {
      if (kind !== 'agent') continue;
      callers.add(spanId);
      break;
    }
  }
  const own = spans.filter((span) => {
    let isAgent = span.kind === 'agent';
    for (const { kind, spanId } of ancestors(span)) {
      if (kind === 'tool' || (kind === 'agent' && isAgent && callers.has(spanId))) return false;
      isAgent ||= kind === 'agent';
    }
    return true;
  });
  // A trace may begin inside of a tool.
  return own.some(({ kind }) => kind === 'model') ? own : spans;
}
