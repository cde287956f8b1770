import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Span } from '../../src/core/trace.ts';
import type { Store } from '../../src/stores/store.ts';
import type { FeedbackRow, LateEvent } from '../../src/stores/trace-store.ts';
import { temporaryStore } from '../helpers/folder.ts';
import { span } from '../helpers/spans.ts';
import { aFeedback } from '../helpers/store-data.ts';
import { openStore } from '../helpers/store-files.ts';

let path: string;
let store: Store;
beforeEach(() => {
  path = temporaryStore();
  store = openStore(path);
});
afterEach(() => store.close());

const trace = (digit: string): string => digit.repeat(32);
const id = (digit: string): string => digit.repeat(16);
const RESPONSE = 'gen_ai.response.id';

/** Span `spanDigit` of trace `traceDigit`, `from` milliseconds after the start; with a response id unless that is ''. */
function answer(traceDigit: string, spanDigit: string, responseId: string, from = 0): Span {
  const given = { traceId: trace(traceDigit), spanId: id(spanDigit), from, to: from + 1 };
  return span({ 'gen_ai.request.model': 'gpt-4o', ...(responseId === '' ? {} : { [RESPONSE]: responseId }) }, given);
}

function evaluation(responseId: string, named = { traceId: '', spanId: '' }, value = 1): LateEvent {
  const attributes = { 'gen_ai.evaluation.name': 'ok', 'gen_ai.evaluation.score.value': value, [RESPONSE]: responseId };
  return { name: 'gen_ai.evaluation.result', timeNs: '1795000000500000000', attributes, ...named };
}

/** Where feedback lies, as `trace digit:span digit`. */
async function places(): Promise<readonly string[]> {
  const all: FeedbackRow[] = [];
  for (const digit of ['1', '2', '3']) all.push(...(await store.traces.feedback(trace(digit))));
  return all.map(({ traceId, spanId }) => `${traceId[0]}:${spanId?.[0] ?? ''}`);
}

describe('feedback that names a response', () => {
  it('goes to the latest span that has its id, whatever the order of arrival and of the ids', async () => {
    const spans = [
      answer('1', 'a', 'r', 5),
      answer('2', 'b', 'r', 9),
      answer('3', 'c', 'r', 7),
      answer('1', 'd', 'r', 9),
    ];
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(spans, { minLength: 4 }), fc.boolean(), async (shuffled, together) => {
        await store.close();
        store = openStore(temporaryStore());
        if (together) await store.traces.saveSpans(shuffled);
        else for (const one of shuffled) await store.traces.saveSpans([one]);
        await store.traces.saveEvents([evaluation('r')]);
        // Of two that started at the same time, the one with the larger id.
        expect(await places()).toEqual(['1:d']);
      }),
      { numRuns: 20 },
    );
  });

  it('goes to the named span or trace before all others that have the same id', async () => {
    await store.traces.saveSpans([answer('1', 'a', 'mock', 1), answer('1', 'b', '', 2), answer('2', 'c', 'mock', 9)]);
    await store.traces.saveEvents([
      evaluation('mock', { traceId: trace('1'), spanId: id('a') }),
      evaluation('mock', { traceId: trace('1'), spanId: id('b') }, 0),
      evaluation('mock', { traceId: trace('1'), spanId: '' }, 0.5),
    ]);
    expect(await places()).toEqual(['1:a', '1:a', '1:a']);
  });

  it('stays where its ids say while nobody has the response, and moves with the score when its span comes', async () => {
    const judge = span(
      {},
      {
        traceId: trace('1'),
        spanId: id('a'),
        events: [{ name: 'gen_ai.evaluation.result', attributes: evaluation('r', undefined, 0.25).attributes }],
      },
    );
    await store.traces.saveSpans([judge]);
    expect(await places()).toEqual(['1:a']);
    expect(await store.traces.find(trace('1'))).toMatchObject({ score: 0.25, feedback: 1 });
    await store.traces.saveSpans([answer('2', 'b', 'r')]);
    expect(await places()).toEqual(['2:b']);
    await store.traces.saveSpans([judge]);
    expect(await places()).toEqual(['2:b']);
    expect(await store.traces.find(trace('1'))).toMatchObject({ score: null, feedback: 0 });
    expect(await store.traces.find(trace('2'))).toMatchObject({ score: 0.25, feedback: 1 });
  });

  it('comes back from a span of the same id when the one that it named arrives later', async () => {
    await store.traces.saveSpans([answer('2', 'b', 'mock')]);
    await store.traces.saveEvents([evaluation('mock', { traceId: trace('1'), spanId: id('a') })]);
    expect(await places()).toEqual(['2:b']);
    await store.traces.saveSpans([answer('1', 'a', 'mock')]);
    expect(await places()).toEqual(['1:a']);
    expect(await store.traces.find(trace('2'))).toMatchObject({ score: null, feedback: 0 });
    expect(await store.traces.find(trace('1'))).toMatchObject({ score: 1, feedback: 1 });
  });

  it('keeps evaluations of several responses apart that came at the same time', async () => {
    await store.traces.saveEvents([evaluation('r1'), evaluation('r2', undefined, 0)]);
    await store.traces.saveSpans([answer('1', 'a', 'r1'), answer('2', 'b', 'r2')]);
    expect(await store.traces.find(trace('1'))).toMatchObject({ score: 1, feedback: 1 });
    expect(await store.traces.find(trace('2'))).toMatchObject({ score: 0, feedback: 1 });
  });

  it('waits in the file for a span that another process receives', async () => {
    expect(await store.traces.addFeedback(aFeedback({ traceId: '', responseId: 'r' }))).toBe('');
    await store.close();
    store = openStore(path);
    await store.traces.saveSpans([answer('1', 'a', 'r')]);
    expect(await places()).toEqual(['1:a']);
  });

  it('follows a span that is sent again with another id, and a deletion', async () => {
    await store.traces.saveSpans([answer('1', 'a', 'old')]);
    await store.traces.saveSpans([answer('1', 'a', 'new')]);
    await store.traces.saveSpans([answer('2', 'b', 'gone')]);
    await store.traces.saveSpans([answer('2', 'b', '')]);
    for (const [index, [responseId, found]] of (
      [
        ['old', ''],
        ['gone', ''],
        ['new', trace('1')],
      ] as const
    ).entries()) {
      const given = aFeedback({ id: `f${index}`, traceId: '', responseId });
      expect(await store.traces.addFeedback(given), responseId).toBe(found);
    }
    await store.traces.delete({ traceIds: [trace('1')] });
    expect(await store.traces.addFeedback(aFeedback({ id: 'f9', traceId: '', responseId: 'new' }))).toBe('');
    // What names a deleted trace is dropped, but not what a deleted judge said about another.
    await store.traces.saveSpans([answer('2', 'b', 'kept')]);
    await store.traces.saveEvents([
      evaluation('new', { traceId: trace('1'), spanId: id('a') }),
      evaluation('kept', { traceId: trace('1'), spanId: id('a') }),
    ]);
    expect(await places()).toEqual(['2:b']);
  });

  it('leaves with the user or session that it names, and with its age, while its response has not come', async () => {
    const bytes = (): string => readFileSync(path, 'latin1');
    const own = (who: object, responseId: string, value: string): LateEvent => {
      const one = evaluation(responseId);
      return { ...one, attributes: { ...one.attributes, ...who, 'gen_ai.evaluation.explanation': value } };
    };
    await store.traces.saveSpans([answer('2', 'b', 'here')]);
    await store.traces.saveEvents([
      own({ 'user.id': 'u1' }, 'never', 'MARK-user'),
      own({ 'session.id': 's1' }, 'never2', 'MARK-session'),
      own({}, 'never3', 'MARK-nobody'),
      own({ 'user.id': 'u2' }, 'here', 'MARK-placed'),
      { ...evaluation('', { traceId: trace('9'), spanId: id('9') }), name: 'note', attributes: { text: 'MARK-late' } },
    ]);
    await store.traces.delete({ userId: 'u1' });
    expect(
      bytes()
        .match(/MARK-[a-z]+/g)
        ?.sort(),
    ).toEqual(['MARK-late', 'MARK-nobody', 'MARK-placed', 'MARK-session']);
    await store.traces.delete({ sessionId: 's1' });
    expect(bytes()).not.toContain('MARK-session');
    // Said at 1795000000.5 s.
    await store.traces.deleteStrays(new Date(1795000000_400).toISOString());
    expect(await store.traces.addFeedback(aFeedback({ id: 'x', traceId: '', responseId: 'here' }))).toBe(trace('2'));
    await store.traces.saveSpans([answer('1', 'a', 'never3')]);
    expect(await places()).toEqual(['1:a', '2:b', '2:b']);
    await store.traces.saveEvents([own({}, 'never4', 'MARK-nobody')]);
    await store.traces.deleteStrays(new Date(1795000000_600).toISOString());
    await store.traces.saveSpans([answer('3', 'c', 'never4'), { ...answer('3', 'd', ''), traceId: trace('9') }]);
    expect(await places()).toEqual(['1:a', '2:b', '2:b']);
    expect((await store.traces.spans(trace('9')))[0]?.events).toEqual([]);
    // A score that is gone counts no longer.
    await store.traces.delete({ userId: 'u2' });
    expect(await places()).toEqual(['1:a', '2:b']);
    expect((await store.traces.find(trace('2')))?.feedback).toBe(1);
  });
});
