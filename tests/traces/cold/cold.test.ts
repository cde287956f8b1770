import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { pseudonymOf } from '../../../src/core/privacy/pseudonym.ts';
import type { Span } from '../../../src/core/trace.ts';
import { deleteFromCold, expireCold, writeCold } from '../../../src/traces/cold/cold.ts';
import type { ColdTrace } from '../../../src/traces/cold/rows.ts';
import { spansOf } from '../../../src/traces/shared/rollout-spans.ts';
import { coldRows } from '../../helpers/cold.ts';
import { temporaryFolder } from '../../helpers/folder.ts';
import { aFeedback } from '../../helpers/store-data.ts';
import { toolRollout } from '../helpers.ts';

const pseudonym = (id: string) => pseudonymOf(id, 'key');
const options = { pseudonym, redactionLevel: 2, newId: randomUUID };

function spansFor(number: number, userId: string, days = 0): readonly Span[] {
  const shift = (ns: string) => (BigInt(ns) + BigInt(days) * 86_400_000_000_000n).toString();
  return spansOf(toolRollout('run-1', `r${number}`), { conversationId: `s-${number}` }).map((span) => ({
    ...span,
    startNs: shift(span.startNs),
    endNs: shift(span.endNs),
    attributes: { ...span.attributes, ...(span.kind === 'agent' ? { 'user.id': userId } : {}) },
  }));
}

function traceOf(number: number, userId: string, days = 0): ColdTrace {
  return { spans: spansFor(number, userId, days), sessionId: `s-${number}`, userId, feedback: [] };
}

describe('cold storage', () => {
  it('has whoever gave feedback as a pseudonym only, as everybody', async () => {
    const folder = temporaryFolder();
    const given = { ...traceOf(1, 'u1'), feedback: [aFeedback({ metadata: { 'user.id': 'u1', scale: 5 } })] };
    await writeCold({ folder, ...options, traces: [given] });
    const [said] = (await coldRows(folder)).flatMap(({ feedback_json }) => feedback_json ?? []);
    expect(JSON.parse(said ?? '')).toMatchObject([{ metadata: { scale: 5 } }]);
    expect(said).not.toContain('u1');
  });

  it('forgets with a user what their own sessions hold without naming anybody', async () => {
    const folder = temporaryFolder();
    const given = (number: number, sessionId: string, userId: string | null): ColdTrace => ({
      ...traceOf(number, 'x'),
      sessionId,
      userId,
    });
    const traces = [
      given(1, 'own', 'u1'),
      given(2, 'own', null),
      given(3, 'group', 'u1'),
      given(4, 'group', null),
      given(5, 'group', 'u2'),
      given(6, 'known elsewhere', null),
      given(7, 'nobody', null),
    ];
    await writeCold({ folder, ...options, traces });
    const sessions = ['known elsewhere', 'group'].map(pseudonym);
    await deleteFromCold(folder, { pseudonym: pseudonym('u1'), sessions }, new Date());
    const left = new Set((await coldRows(folder)).map(({ trace_id }) => trace_id));
    expect(traces.map(({ spans }) => left.has(spans[0]?.traceId ?? ''))).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((number) => [4, 5, 7].includes(number)),
    );
  });

  it('keeps traces by the date on which they ended, without loss of what has a column', async () => {
    const folder = temporaryFolder();
    const report = await writeCold({
      folder,
      ...options,
      traces: [traceOf(1, 'u1'), traceOf(2, 'u2', 1), traceOf(3, 'u1')],
    });
    expect(report).toMatchObject({ traces: 3, spans: 15, dropped: 0 });
    expect(readdirSync(folder).sort()).toEqual(['dt=2026-11-21', 'dt=2026-11-22']);
    const rows = (await coldRows(folder)).filter(({ dt }) => dt === '2026-11-21');
    expect(rows).toHaveLength(10);
    const [root, chat] = spansFor(1, 'u1');
    const stored = rows.find((row) => row.span_id === chat?.spanId && row.trace_id === chat.traceId);
    expect(stored).toMatchObject({
      parent_id: root?.spanId,
      kind: 'model',
      model: 'gpt-x',
      prompt_version: 'p-0123456789ab',
      start_ns: BigInt(chat?.startNs ?? 0),
      end_ns: BigInt(chat?.endNs ?? 0),
      tokens_in: 10,
      input_json: chat?.attributes['gen_ai.input.messages'],
      user_hash: pseudonym('u1'),
      session_hash: pseudonym('s-1'),
      redaction_level: 2,
      dt: '2026-11-21',
    });
    expect(rows.find((row) => row.span_id === root?.spanId)).toMatchObject({
      score: 0.5,
      parent_id: null,
      model: null,
    });
  });

  it('names nobody: user and session ids are pseudonyms only', async () => {
    const folder = temporaryFolder();
    const { files } = await writeCold({ folder, ...options, traces: [traceOf(1, 'alice@example.com')] });
    const rows = JSON.stringify(await coldRows(folder), (_key, value) =>
      typeof value === 'bigint' ? `${value}` : value,
    );
    for (const text of [rows, readFileSync(files[0] ?? '', 'latin1')]) {
      expect(text).not.toContain('alice');
      expect(text).not.toContain('s-1"');
    }
  });

  it('deletes a user everywhere, keeps the others, and drops what comes late', async () => {
    const folder = temporaryFolder();
    await writeCold({ folder, ...options, traces: [traceOf(1, 'u1'), traceOf(2, 'u2'), traceOf(3, 'u1', 1)] });
    expect(await deleteFromCold(folder, { pseudonym: pseudonym('u1') }, new Date(0))).toMatchObject({ spans: 10 });
    const rows = await coldRows(folder);
    expect(new Set(rows.map((row) => row.user_hash))).toEqual(new Set([pseudonym('u2')]));
    expect(rows).toHaveLength(5);
    expect(await writeCold({ folder, ...options, traces: [traceOf(4, 'u1')] })).toMatchObject({
      traces: 0,
      dropped: 1,
    });
    expect(await deleteFromCold(join(folder, 'none'), { pseudonym: 'x' }, new Date(0))).toMatchObject({ spans: 0 });
  });

  it('leaves the date to the path, so that pandas and Spark read the folder as one table', async () => {
    const folder = temporaryFolder();
    const { files } = await writeCold({ folder, ...options, traces: [traceOf(1, 'u1'), traceOf(2, 'u2')] });
    const { schema } = await parquetMetadataAsync(await asyncBufferFromFile(files[0] ?? ''));
    const columns = schema.map(({ name }) => name);
    expect(columns).toContain('trace_id');
    expect(columns).not.toContain('dt');
    await deleteFromCold(folder, { pseudonym: pseudonym('u1') }, new Date(0));
    expect(readdirSync(folder).filter((name) => !/^(_|dt=)/.test(name))).toEqual([]);
    expect(statSync(files[0] ?? '').mode & 0o777).toBe(0o600);
  });

  it('still drops users that an earlier version remembered under the old name', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'tombstones.jsonl'), `${JSON.stringify({ pseudonym: pseudonym('u1') })}\n`);
    expect(await writeCold({ folder, ...options, traces: [traceOf(1, 'u1')] })).toMatchObject({ dropped: 1 });
  });

  it('forgets dates that are older than the retention', async () => {
    const folder = temporaryFolder();
    await writeCold({ folder, ...options, traces: [traceOf(1, 'u1'), traceOf(2, 'u2', 10)] });
    const now = new Date('2026-12-02T12:00:00Z');
    expect(expireCold(folder, { days: 11, now })).toEqual([]);
    expect(expireCold(folder, { days: 5, now })).toEqual(['2026-11-21']);
    expect(readdirSync(folder)).toEqual(['dt=2026-12-01']);
  });
});
