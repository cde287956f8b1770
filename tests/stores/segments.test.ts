import { expect, it } from 'vitest';
import { openDatabase } from '../helpers/database.ts';
import { temporaryStore } from '../helpers/folder.ts';
import { span } from '../helpers/spans.ts';
import { openStore } from '../helpers/store-files.ts';

/** Spans of these traces, one each; a word and a response id in every one. */
const spansOf = (traces: readonly number[], spanId: string) =>
  traces.map((digit) =>
    span(
      {
        'gen_ai.request.model': 'm',
        'gen_ai.response.id': `r-${digit}-${spanId}`,
        'gen_ai.input.messages': `[{"role":"user","parts":[{"type":"text","content":"word${digit}"}]}]`,
      },
      { traceId: String(digit).repeat(32), spanId },
    ),
  );

it('writes one segment of each full-text index for a batch, however the spans of many traces are mixed', async () => {
  const path = temporaryStore();
  const store = openStore(path);
  await store.traces.saveSpans(spansOf([1, 2, 3, 4, 5, 6], 'a'.repeat(16)));
  await store.traces.saveSpans(spansOf([6, 2, 5, 1, 4, 3], 'b'.repeat(16)));
  await store.close();
  const database = openDatabase(path, { readonly: true });
  for (const index of ['span_words', 'span_responses']) {
    const segments = database.prepare(`select count(distinct segid) as n from ${index}_idx`).pluck().get();
    expect(segments, index).toBe(2);
  }
  database.close();
});
