import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Span } from '../../../../src/core/trace.ts';
import { assembleTrace } from '../../../../src/traces/shared/conventions/assemble.ts';
import { readTraceProtobuf } from '../../../../src/traces/shared/otlp/protobuf.ts';

/**
 * Bytes that the OpenTelemetry JS exporter sent for ai 7.0.173 with @ai-sdk/otel 1.0.173 on Node 24: `generateText` with a
 * tool, then `streamText`.
 */
function captured(file: string): readonly (readonly Span[])[] {
  const bytes = readFileSync(join(import.meta.dirname, '../../../fixtures', file));
  const { spans, rejectedSpans } = readTraceProtobuf(bytes, 0n);
  expect(rejectedSpans).toBe(0);
  const traces = new Map<string, Span[]>();
  for (const span of spans) traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span]);
  return [...traces.values()].sort((a, b) => b.length - a.length);
}

describe.each(['ai_sdk_7.0.173.pb', 'ai_sdk_7.0.173_legacy.pb'])('the AI SDK 7 on the wire, %s', (file) => {
  it('is a conversation in its order, tool results without the quotes of JSON', () => {
    const [withTool, stream] = captured(file);
    const { events, tools } = assembleTrace(withTool ?? []);
    const told = events.filter(({ type }) => type !== 'model_call');
    expect(told).toMatchObject([
      { type: 'system', content: 'Be kind.' },
      { type: 'user', content: 'Weather in Rome?' },
      { type: 'thinking', content: 'I should look.' },
      { type: 'tool_call', id: 'c1', name: 'weather', arguments: '{"city":"Rome"}' },
      { type: 'tool_result', id: 'c1', name: 'weather', content: 'sun in Rome', isError: false },
      { type: 'reply', content: 'Sunny' },
    ]);
    expect(tools).toMatchObject([
      {
        function: { name: 'weather', description: 'Weather', parameters: { properties: { city: { type: 'string' } } } },
      },
    ]);
    expect(events.filter(({ type }) => type === 'model_call')).toMatchObject([
      { model: 'mock-1', finishReason: 'tool-calls', usage: { input: 7, output: 3, cached: 2 } },
      { model: 'mock-1-2026', finishReason: 'stop', responseId: 'r-2' },
    ]);
    const streamed = assembleTrace(stream ?? []).events.filter(({ type }) => type !== 'model_call');
    expect(streamed).toMatchObject([
      { type: 'user', content: 'Weather?' },
      { type: 'reply', content: 'Sunny' },
    ]);
  });
});
