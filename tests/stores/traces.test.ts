import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import createSqliteStore from '../../src/stores/sqlite.ts';
import type { Store } from '../../src/stores/store.ts';
import type { FeedbackRow, TraceFilter } from '../../src/stores/trace-store.ts';
import { temporaryStore } from '../helpers/folder.ts';
import { span } from '../helpers/spans.ts';
import { aFeedback } from '../helpers/store-data.ts';

let store: Store;
beforeEach(() => {
  store = createSqliteStore({ path: ':memory:', create: true }, { folder: '/' });
});

const id = (index: number): string => index.toString(16).padStart(32, '0').replace(/^0/, 'a');
const MODEL = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o' };
const found = async (filter: TraceFilter): Promise<readonly string[]> =>
  (await store.traces.list(filter)).traces.map(({ traceId }) => traceId);

const feedback = (given: Partial<FeedbackRow>): FeedbackRow => aFeedback({ traceId: id(1), ...given });

describe('the summary of a trace', () => {
  it('is the same in whatever order, batches and repeats its spans arrive', async () => {
    const traceId = id(1);
    const spans = [
      span(
        { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.conversation.id': 's', 'user.id': 'u' },
        { traceId, name: 'agent', to: 90 },
      ),
      span(
        {
          ...MODEL,
          'gen_ai.usage.input_tokens': 10,
          'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]',
        },
        { traceId, name: 'chat', parentSpanId: 'f'.repeat(16), from: 5, to: 20 },
      ),
      span(
        {
          ...MODEL,
          'gen_ai.usage.output_tokens': 4,
          'gen_ai.output.messages': '[{"role":"assistant","parts":[{"type":"text","content":"hello"}]}]',
        },
        { traceId, name: 'chat', parentSpanId: 'f'.repeat(16), from: 30, to: 80 },
      ),
      span(
        { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'f' },
        { traceId, name: 'tool', parentSpanId: 'f'.repeat(16), from: 25, status: 'error' },
      ),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }), { maxLength: 6 }),
        async (batches) => {
          const fresh = createSqliteStore({ path: ':memory:', create: true }, { folder: '/' });
          for (const batch of [...batches, [3, 1], [0, 2, 1]]) {
            await fresh.traces.saveSpans(batch.map((index) => spans[index]).filter((one) => one !== undefined));
          }
          const { traces } = await fresh.traces.list({});
          await fresh.close();
          expect(traces).toMatchObject([
            {
              name: 'agent',
              sessionId: 's',
              userId: 'u',
              service: 'test',
              durationMs: 90,
              status: 'error',
              spans: 4,
              errors: 1,
              models: ['gpt-4o'],
              tools: ['f'],
              inputTokens: 10,
              outputTokens: 4,
              input: 'hi',
              output: 'hello',
            },
          ]);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('follows a span that is sent again when it has ended', async () => {
    const open = span(MODEL, { traceId: id(1), status: 'error', endNs: '' });
    await store.traces.saveSpans([open]);
    expect((await store.traces.list({})).traces[0]).toMatchObject({ status: 'error', durationMs: 0 });
    await store.traces.saveSpans([{ ...open, status: 'ok', endNs: (BigInt(open.startNs) + 5_000_000n).toString() }]);
    expect((await store.traces.list({})).traces[0]).toMatchObject({ status: 'ok', errors: 0, spans: 1, durationMs: 5 });
  });

  it('keeps spans as they came, times beyond every calendar too', async () => {
    const odd = span(
      { text: 'nul \0 and "quotes"', list: [1, { a: null }] },
      { traceId: id(1), startNs: '18446744073709551615', endNs: '5', otelKind: 'client' },
    );
    await store.traces.saveSpans([odd]);
    expect(await store.traces.spans(id(1))).toEqual([odd]);
    expect((await store.traces.list({})).traces[0]).toMatchObject({ startNs: '18446744073709551615', durationMs: 0 });
  });
});

describe('listing', () => {
  beforeEach(async () => {
    await store.traces.saveSpans([
      span(
        {
          ...MODEL,
          'gen_ai.conversation.id': 's1',
          'user.id': 'u1',
          'gen_ai.output.messages':
            '[{"role":"assistant","parts":[{"type":"text","content":"Crème brûlée for get_weather"}]}]',
        },
        { traceId: id(1), startNs: '1000000000000000001' },
      ),
      span(
        { ...MODEL, 'gen_ai.request.model': 'gpt-4o-mini', 'gen_ai.conversation.id': 's2' },
        {
          traceId: id(2),
          startNs: '1000000000000000002',
          status: 'error',
          statusMessage: "100% of quota_used isn't left",
        },
      ),
      span(
        {
          'gen_ai.operation.name': 'execute_tool',
          'gen_ai.tool.name': 'f',
          'user.id': 'u1',
          // As Python writes it.
          'gen_ai.tool.call.arguments': '{"to": "Z\\u00fcrich\\nStra\\u00dfe 5", "path": "C:\\\\new"}',
        },
        { traceId: id(3), startNs: '1795219200000000000' },
      ),
    ]);
    await store.traces.addFeedback(feedback({ traceId: id(1), score: 0.8 }));
    await store.traces.addFeedback(feedback({ id: 'f2', traceId: id(2), score: 0.2 }));
  });

  it.each<[string, TraceFilter, readonly number[]]>([
    ['nothing', {}, [3, 2, 1]],
    ['session', { sessionId: 's1' }, [1]],
    ['user', { userId: 'u1' }, [3, 1]],
    ['model, exactly', { model: 'gpt-4o' }, [1]],
    ['tool', { tool: 'f' }, [3]],
    ['status', { status: 'error' }, [2]],
    ['good status', { status: 'ok' }, [3, 1]],
    ['least score', { minScore: 0.8 }, [1]],
    ['most score', { maxScore: 0.5 }, [2]],
    ['words', { text: 'creme BRULEE' }, [1]],
    ['the beginning of a word', { text: 'weath' }, [1]],
    ['a name with an underscore', { text: 'get_weather' }, [1]],
    ['words of an error', { text: "100% quota_used isn't" }, [2]],
    ['words that JSON escapes', { text: 'zürich straße new' }, [3]],
    ['words that are nowhere', { text: 'creme absent' }, []],
    ['no word at all', { text: '%_"*' }, []],
    ['a word of letters that the index does not know', { text: '\u0840\u07eb\u{16800}' }, []],
    ['start', { since: '2026-11-21' }, [3]],
    ['end', { until: '2026-11-20' }, [2, 1]],
    ['the whole of the last day', { until: '2026-11-21' }, [3, 2, 1]],
    ['several', { model: 'gpt-4o', userId: 'u1', minScore: 0.1 }, [1]],
  ])('filters by %s', async (_name, filter, wanted) => {
    expect(await found(filter)).toEqual(wanted.map(id));
  });

  it('pages without gaps and repeats, spans of the same instant too', async () => {
    await store.traces.saveSpans(
      Array.from({ length: 25 }, (_, index) => span({}, { traceId: id(100 + index), startNs: '1600000000000000000' })),
    );
    const all = await found({});
    const paged: string[] = [];
    let after: string | null = null;
    do {
      const page = await store.traces.list({}, { limit: 7, ...(after === null ? {} : { after }) });
      paged.push(...page.traces.map(({ traceId }) => traceId));
      after = page.next;
    } while (after !== null);
    expect(paged).toEqual(all);
    expect(new Set(paged).size).toBe(28);
  });

  it('finds a trace by its id or a beginning that only it has', async () => {
    expect((await store.traces.find(id(2).toUpperCase()))?.traceId).toBe(id(2));
    expect(await store.traces.find(id(2).slice(0, -1))).toBeUndefined();
    expect(await store.traces.find("' or 1=1 --")).toBeUndefined();
  });

  it('counts', async () => {
    expect(await store.traces.stats({})).toMatchObject({
      traces: 3,
      sessions: 2,
      spans: 3,
      errors: 1,
      meanScore: 0.5,
      models: [
        { name: 'gpt-4o', traces: 1 },
        { name: 'gpt-4o-mini', traces: 1 },
      ],
      tools: [{ name: 'f', traces: 1 }],
    });
    expect(await store.traces.stats({ sessionId: 'none' })).toMatchObject({ traces: 0, meanScore: null, models: [] });
  });

  it('pages through words that every trace has, some have and few have, alone and with other filters', async () => {
    const count = 700;
    const spans = Array.from({ length: count }, (_, index) => {
      const words = `every one${index % 3 === 0 ? ' third' : ''}${index % 100 === 7 ? ' seldom' : ''} number${index}x`;
      const content = `[{"role":"user","parts":[{"type":"text","content":"${words}"}]}]`;
      return span(
        { 'gen_ai.input.messages': content, ...(index % 2 === 0 ? { 'session.id': 'even' } : {}) },
        // Later rows are older: what arrived last is not what is newest.
        { traceId: id(index + 1_000), startNs: `${1_795_000_000_000_000_000n - BigInt(index)}` },
      );
    });
    await store.traces.saveSpans(spans);
    const numbersOf = async (filter: TraceFilter): Promise<number[]> => {
      const numbers: number[] = [];
      let after: string | null = null;
      do {
        const page = await store.traces.list(filter, { limit: 40, ...(after === null ? {} : { after }) });
        numbers.push(...page.traces.map(({ input }) => Number(/number(\d+)x/.exec(input)?.[1])));
        after = page.next;
      } while (after !== null);
      return numbers;
    };
    const all = Array.from({ length: count }, (_, index) => index);
    expect(await numbersOf({ text: 'EVER' })).toEqual(all);
    expect(await numbersOf({ text: 'every third' })).toEqual(all.filter((index) => index % 3 === 0));
    expect(await numbersOf({ text: 'seldom' })).toEqual(all.filter((index) => index % 100 === 7));
    expect(await numbersOf({ text: 'one', sessionId: 'even' })).toEqual(all.filter((index) => index % 2 === 0));
    expect(await numbersOf({ text: 'third', sessionId: 'even' })).toEqual(all.filter((index) => index % 6 === 0));
    expect(await numbersOf({ text: 'number69' })).toEqual([69, 690, 691, 692, 693, 694, 695, 696, 697, 698, 699]);
  });

  it('takes every text for a value, never for SQL or a search expression (S10)', async () => {
    const hostile = [
      "' or '1'='1",
      '"; drop table spans; --',
      'NEAR(a b)',
      'a AND NOT b',
      'words:x',
      '*',
      '^a',
      '(',
      '\0',
      '%',
      '_',
      '\\',
      '""',
      '-',
    ];
    const check = async (text: string): Promise<void> => {
      const filter = { sessionId: text, userId: text, model: text, tool: text, text };
      expect(await found(filter)).toEqual([]);
      await store.traces.stats(filter);
      expect(await store.traces.find(text)).toBeUndefined();
      expect(await store.traces.delete({ sessionId: text })).toBe(0);
      await store.traces.list({ text });
    };
    for (const text of hostile) await check(text);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1 }), async (text) => {
        await store.traces.list({ sessionId: text, text });
      }),
    );
    expect(await found({})).toHaveLength(3);
  });
});

describe('feedback', () => {
  it('attaches before and after the trace arrives, and its mean is the score', async () => {
    await store.traces.addFeedback(feedback({ score: 1 }));
    await store.traces.saveSpans([span({}, { traceId: id(1) })]);
    expect(await store.traces.find(id(1))).toMatchObject({ score: 1, feedback: 1 });
    await store.traces.addFeedback(feedback({ id: 'f2', name: 'correction', score: null, correction: 'better' }));
    await store.traces.addFeedback(feedback({ id: 'f3', score: 0 }));
    expect(await store.traces.find(id(1))).toMatchObject({ score: 0.5, feedback: 3 });
    expect((await store.traces.feedback(id(1))).map(({ correction }) => correction)).toEqual([null, 'better', null]);
  });

  it('comes from evaluation events, once however often the span arrives', async () => {
    const judged = span(MODEL, {
      traceId: id(1),
      events: [
        {
          name: 'gen_ai.evaluation.result',
          attributes: {
            'gen_ai.evaluation.name': 'relevance',
            'gen_ai.evaluation.score.value': 0.25,
            'gen_ai.evaluation.explanation': 'off topic',
          },
        },
        {
          name: 'gen_ai.evaluation.result',
          attributes: { 'gen_ai.evaluation.name': 'stars', 'gen_ai.evaluation.score.value': 4 },
        },
      ],
    });
    await store.traces.saveSpans([judged]);
    await store.traces.saveSpans([judged]);
    expect(await store.traces.feedback(id(1))).toMatchObject([
      { name: 'relevance', source: 'judge', score: 0.25, comment: 'off topic', spanId: judged.spanId },
      { name: 'stars', score: null, label: '4' },
    ]);
    expect(await store.traces.find(id(1))).toMatchObject({ score: 0.25 });
  });

  it('comes from a span that links to the judged one', async () => {
    const judged = span(MODEL, { traceId: id(1) });
    const evaluator = span(
      {
        'openinference.span.kind': 'EVALUATOR',
        'annotations.0.annotation.name': 'correct',
        'annotations.0.annotation.score': 1,
        'annotations.0.annotation.annotator_kind': 'HUMAN',
      },
      { traceId: id(2), links: [{ traceId: id(1), spanId: judged.spanId, attributes: {} }] },
    );
    await store.traces.saveSpans([judged, evaluator]);
    expect(await store.traces.feedback(id(1))).toMatchObject([{ name: 'correct', source: 'human', score: 1 }]);
  });

  it('given days later by the tracing API does not lengthen the trace', async () => {
    await store.traces.saveSpans([span({}, { traceId: id(1), to: 10, name: 'agent' })]);
    await store.traces.saveSpans([
      span(
        { 'apo.feedback': true, 'apo.span.kind': 'grader' },
        {
          traceId: id(1),
          from: 86_400_000,
          name: 'user_feedback',
          events: [
            {
              name: 'gen_ai.evaluation.result',
              attributes: {
                'gen_ai.evaluation.name': 'user_feedback',
                'gen_ai.evaluation.score.value': 0,
                'apo.feedback.correction': 'better',
              },
            },
          ],
        },
      ),
    ]);
    expect(await store.traces.find(id(1))).toMatchObject({ name: 'agent', durationMs: 10, score: 0 });
    expect(await store.traces.feedback(id(1))).toMatchObject([{ source: 'human', correction: 'better' }]);
  });
});

describe('deleting', () => {
  it('leaves no byte of the conversation in the file or its log (S19)', async () => {
    const path = temporaryStore();
    const file = createSqliteStore({ path, create: true }, { folder: '/' });
    const secret = (user: string) =>
      span(
        {
          ...MODEL,
          'user.id': user,
          'gen_ai.conversation.id': `session-${user}`,
          'gen_ai.response.id': `response-${user}`,
          'gen_ai.output.messages': `[{"role":"assistant","parts":[{"type":"text","content":"zebra${user} crossing"}]}]`,
        },
        { traceId: id(user === 'ann' ? 1 : 2), name: `turn of ${user}` },
      );
    await file.traces.saveSpans([secret('ann'), secret('bob')]);
    await file.traces.addFeedback(feedback({ comment: 'zebraann again' }));
    expect(await file.traces.delete({ userId: 'ann' })).toBe(1);
    const bytes = ['', '-wal'].map((suffix) => readFileSync(path + suffix).toString('latin1')).join('');
    const hex = (text: string) => Buffer.from(text).toString('hex');
    expect(bytes).not.toMatch(/zebraann|session-ann|response-ann|turn of ann/);
    expect(bytes).not.toContain(hex('response-ann'));
    expect(bytes).toMatch(/zebrabob/);
    expect(bytes).toContain(hex('response-bob'));
    expect((await file.traces.list({})).traces).toMatchObject([{ userId: 'bob' }]);
    expect((await file.traces.list({ text: 'zebraann' })).traces).toEqual([]);
    await file.close();
  });

  it('takes a session or single traces, and late spans do not bring them back', async () => {
    const spans = [1, 2, 3].map((index) =>
      span({ 'gen_ai.conversation.id': index < 3 ? 's' : 't' }, { traceId: id(index) }),
    );
    await store.traces.saveSpans(spans);
    expect(await store.traces.delete({ sessionId: 's' })).toBe(2);
    expect(await store.traces.delete({ traceIds: [id(3), id(9)] })).toBe(1);
    await store.traces.saveSpans(spans);
    expect(await found({})).toEqual([]);
    expect(await store.traces.spans(id(1))).toEqual([]);
  });
});
