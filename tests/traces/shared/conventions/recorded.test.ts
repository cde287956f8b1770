import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Span, TraceEvent } from '../../../../src/core/trace.ts';
import { assembleTrace } from '../../../../src/traces/shared/conventions/assemble.ts';
import { readFacts } from '../../../../src/traces/shared/conventions/facts.ts';
import { kindOf } from '../../../../src/traces/shared/conventions/kind.ts';
import { withoutSubAgents } from '../../../../src/traces/shared/conventions/sub-agents.ts';

/** Spans as real programs sent them over OTLP; bulky attributes that nothing reads are left out. */
function recorded(name: string): readonly Span[] {
  const file = new URL(`./recorded/${name}.json`, import.meta.url);
  const spans = JSON.parse(readFileSync(file, 'utf8')) as readonly Span[];
  return spans.map((span) => ({ ...span, kind: kindOf(span.attributes, span.scope.name) }));
}

function told(events: readonly TraceEvent[]): readonly string[] {
  return events.flatMap((event) => {
    if (event.type === 'tool_call') return [`call ${event.id} ${event.name}(${event.arguments})`];
    if (event.type === 'tool_result') return [`result ${event.id} ${event.content}`];
    return 'content' in event ? [`${event.type} ${event.content}`] : [];
  });
}

describe('what real programs recorded', () => {
  it('openai-agents 0.x with OpenInference: the text also as a part, parallel calls as messages of their own, tools without arguments', () => {
    expect(told(assembleTrace(recorded('openai-agents')).events)).toEqual([
      'system OA system.',
      'user CALL2 get_weather oa responses',
      'call call_1563_0 get_weather({"city": "Paris"})',
      'call call_1563_1 get_weather({"city": "Rome"})',
      'result call_1563_0 18C in Paris',
      'result call_1563_1 18C in Rome',
      'reply Result: 18C in Paris | 18C in Rome',
      'user Second oa responses',
      'reply Echo: Second oa responses',
    ]);
  });

  it('LangChain 1.x with OpenInference: tool spans hold the message, which names its call', () => {
    expect(told(assembleTrace(recorded('langchain')).events)).toEqual([
      'system LC system.',
      'user CALL2 get_weather lc',
      'call call_1556_0 get_weather({"city": "Paris"})',
      'call call_1556_1 get_weather({"city": "Rome"})',
      'result call_1556_0 18C in Paris',
      'result call_1556_1 18C in Rome',
      'reply Result: 18C in Paris | 18C in Rome',
    ]);
  });

  it('a team of AGNO 2.7: what a member said is a conversation of its own', () => {
    const spans = recorded('agno-team');
    const texts = told(assembleTrace(withoutSubAgents(spans)).events).map((text) => text.slice(0, 44));
    expect(texts).toEqual([
      'system You coordinate a team of specialized ',
      'user DELEGATE helper then CALL get_weather a',
      'call call_d1610 delegate_task_to_member({"me',
      'result call_d1610 Result: 18C in Paris',
      'reply Result: Result: 18C in Paris',
    ]);
    expect(told(assembleTrace(spans).events)).toContain('system AG sys');
    const onlyInTool = spans.filter(({ kind }) => kind === 'tool').slice(0, 1);
    expect(withoutSubAgents(onlyInTool)).toEqual(onlyInTool);
  });

  it('Langfuse 5.x: generations, tools and usage in attributes of its own', () => {
    const spans = recorded('langfuse');
    const { events, tools } = assembleTrace(spans);
    expect(told(events)).toEqual([
      'system LF system.',
      'user CALL2 get_weather lf',
      'call call_1571_0 get_weather({"city": "Paris"})',
      'call call_1571_1 get_weather({"city": "Rome"})',
      'result call_1571_0 18C in Paris',
      'result call_1571_1 18C in Rome',
      'reply Result: 18C in Paris | 18C in Rome',
    ]);
    expect(tools.map(({ function: { name } }) => name)).toEqual(['get_weather']);
    expect(spans.filter(({ kind }) => kind === 'model').map((span) => readFacts(span))).toMatchObject([
      { models: ['gpt-4o-mini'], sessionId: 'lf-s1', usage: { input: 100, output: 20, cached: 10, reasoning: 5 } },
      { models: ['gpt-4o-mini'], usage: { input: 100, output: 20 } },
    ]);
  });
});
