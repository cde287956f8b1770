import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { startRetention } from '../../src/server/retention.ts';
import type { ArchiveReport } from '../../src/traces/cold/archive.ts';
import { coldRows } from '../helpers/cold.ts';
import { temporaryStore } from '../helpers/folder.ts';
import { CLI, type ServeProcess, startServe } from '../helpers/serve-process.ts';

const DAY_MS = 86_400_000;
const OLD = '0123456789abcdef'.repeat(2);
const NEW = 'fedcba9876543210'.repeat(2);
const OTHER = 'abcdef0123456789'.repeat(2);

function apo(...argv: string[]) {
  return spawnSync(process.execPath, [CLI, ...argv], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
}

const listed = (store: string): string[] =>
  JSON.parse(apo('trace', 'list', '--json', '--store', store).stdout).traces.map(
    (trace: { traceId: string }) => trace.traceId,
  );

/** A trace in the older conventions, whose user is an address and whose content names it. */
function exportRequest(traceId: string, ageDays: number, user: string, more: object = {}): string {
  const startNs = `${Date.now() - ageDays * DAY_MS}000000`;
  const attributes = {
    'langfuse.user.id': user,
    'langfuse.session.id': `session of ${user}`,
    'gen_ai.system': 'OpenAI',
    'gen_ai.request.model': 'gpt-4o-mini',
    'llm.request.type': 'chat',
    'gen_ai.prompt.0.role': 'user',
    'gen_ai.prompt.0.content': `I am ${user}, where is my order?`,
    'gen_ai.completion.0.role': 'assistant',
    'gen_ai.completion.0.content': 'It was sent.',
    ...more,
  };
  const span = {
    traceId,
    spanId: '0123456789abcdef',
    name: 'openai.chat',
    startTimeUnixNano: startNs,
    endTimeUnixNano: startNs,
    attributes: Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  };
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
}

/** About a response that never comes. */
function strayEvaluation(ageDays: number): string {
  const attributes = {
    'gen_ai.evaluation.name': 'complaint',
    'gen_ai.evaluation.explanation': 'Write to stray@example.com.',
    'gen_ai.response.id': 'never',
  };
  const record = {
    eventName: 'gen_ai.evaluation.result',
    timeUnixNano: `${Date.now() - ageDays * DAY_MS}000000`,
    attributes: Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  };
  return JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] });
}

async function send(server: ServeProcess, body: string, path = '/v1/traces'): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(server.url + path, { method: 'POST', headers, body })).status;
}

/** A store with an old trace of Bob, an old one of Ann and a new one of Bob; the old ones have moved. */
async function archived(): Promise<{ readonly store: string; readonly cold: string }> {
  const store = temporaryStore();
  const cold = join(dirname(store), 'frozen');
  const first = await startServe([], store);
  expect(await send(first, exportRequest(OLD, 60, 'bob@example.com'))).toBe(200);
  expect(await send(first, exportRequest(OTHER, 60, 'ann@example.com'))).toBe(200);
  expect(await send(first, exportRequest(NEW, 1, 'bob@example.com'))).toBe(200);
  const feedback = JSON.stringify({ thumbs: 'down', correction: 'Ask bob@example.com.' });
  expect(await send(first, feedback, `/api/traces/${OLD}/feedback`)).toBe(201);
  expect(await send(first, strayEvaluation(60), '/v1/logs')).toBe(200);
  await first.stop();
  expect(readFileSync(store).includes('stray@example.com')).toBe(true);
  const second = await startServe(['--retention-days', '30', '--archive', cold], store);
  await vi.waitFor(() => expect(listed(store)).toEqual([NEW]), { timeout: 20_000, interval: 200 });
  expect(await second.stop()).toBe(0);
  return { store, cold };
}

describe('retention of apo serve', () => {
  it('moves old traces to Parquet by date, redacted, feedback included, and leaves the others', async () => {
    const { store, cold } = await archived();
    expect(readFileSync(store).includes('ann@example.com')).toBe(false);
    expect(readFileSync(store).includes('stray@example.com')).toBe(false);
    const date = new Date(Date.now() - 60 * DAY_MS).toISOString().slice(0, 10);
    expect(readdirSync(cold)).toEqual([`dt=${date}`]);
    const rows = await coldRows(cold);
    const bob = rows.find((row) => row.trace_id === OLD);
    const ann = rows.find((row) => row.trace_id === OTHER);
    expect(rows).toHaveLength(2);
    expect(bob).toMatchObject({ user_hash: expect.stringMatching(/^[0-9a-f]{16}$/), redaction_level: 2, score: 0 });
    expect(bob?.user_hash).not.toBe(ann?.user_hash);
    const feedback: { name: string; correction: string | null }[] = JSON.parse(bob?.feedback_json ?? '');
    expect(feedback.map(({ name, correction }) => [name, correction]).sort()).toEqual([
      ['correction', 'Ask <EMAIL_1>.'],
      ['thumbs', null],
    ]);
    expect(JSON.parse(bob?.attributes_json ?? '')).toMatchObject({
      'gen_ai.system': 'OpenAI',
      'gen_ai.prompt.0.content': 'I am <EMAIL_1>, where is my order?',
    });
    const texts = JSON.stringify(rows, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
    expect(texts).not.toContain('example.com');
  });

  it('is what apo trace archive does once, which also compacts the store', async () => {
    const store = temporaryStore();
    const cold = join(dirname(store), 'frozen');
    const server = await startServe([], store);
    const padding = { a: 'x'.repeat(60_000), b: 'y'.repeat(60_000) };
    expect(await send(server, exportRequest(NEW, 1, 'bob@example.com', padding))).toBe(200);
    await server.stop();
    const { size } = statSync(store);
    const { stdout } = apo('trace', 'archive', '--older-than', '0', '--to', cold, '--store', store, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ traces: 1, spans: 1, expired: [] });
    expect((await coldRows(cold)).map((row) => row.trace_id)).toEqual([NEW]);
    expect(listed(store)).toEqual([]);
    expect(readFileSync(store).includes('bob@example.com')).toBe(false);
    expect(statSync(store).size).toBeLessThan(size - 100_000);
  });

  it('keeps its hands off without the option, and refuses half of one', async () => {
    const store = temporaryStore();
    const server = await startServe([], store);
    await send(server, exportRequest(OLD, 400, 'bob@example.com'));
    await server.stop();
    expect(listed(store)).toEqual([OLD]);
    expect(apo('serve', '--archive', 'x', '--store', store)).toMatchObject({ status: 2 });
    expect(apo('serve', '--retention-days', 'x', '--store', store).stderr).toContain(
      "'--retention-days <n>' argument 'x' is invalid",
    );
  });

  it('runs at once and every hour, never twice at a time, and goes on after a failure', async () => {
    vi.useFakeTimers();
    try {
      const ends: ((fault?: Error) => void)[] = [];
      const outcomes: unknown[] = [];
      let stops = 0;
      const report: ArchiveReport = { files: [], traces: 1, spans: 1, dropped: 0, expired: [] };
      const running = startRetention(
        () => ({
          done: new Promise((resolve, reject) => {
            ends.push((fault) => (fault === undefined ? resolve(report) : reject(fault)));
          }),
          stop: () => void stops++,
        }),
        (outcome) => outcomes.push(outcome),
      );
      expect(ends).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(3 * 3_600_000);
      expect(ends).toHaveLength(1);
      ends[0]?.(new Error('disk full'));
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect(ends).toHaveLength(2);
      const stopping = running.stop(1_000);
      expect(stops).toBe(1);
      ends[1]?.();
      await stopping;
      expect(outcomes).toEqual(['disk full', report]);
      await vi.advanceTimersByTimeAsync(10 * 3_600_000);
      expect(ends).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('deleting a user', () => {
  it('reaches the store, cold storage and the files of JSONL sinks, and nobody else', async () => {
    const { store, cold } = await archived();
    const jsonl = join(dirname(store), 'spans');
    const line = (traceId: string, spanId: string, attributes: object) =>
      `${JSON.stringify({ schema_version: 1, traceId, spanId, parentSpanId: null, name: 'x', kind: 'agent', startNs: '1', endNs: '2', status: 'ok', statusMessage: '', attributes, events: [], links: [], resource: {}, scope: {} })}\n`;
    mkdirSync(jsonl);
    const file = join(jsonl, 'spans-2026-11-20.jsonl');
    const ann = line(OTHER, 'a'.repeat(16), { 'user.id': 'ann@example.com' });
    writeFileSync(
      file,
      line(NEW, 'b'.repeat(16), { 'user.id': 'bob@example.com' }) + ann + line(NEW, 'c'.repeat(16), {}),
    );
    for (const id of [NEW, OTHER]) writeFileSync(join(jsonl, `${id}.jsonl`), '{}\n');
    const flags = ['--store', store, '--cold', cold, '--jsonl', jsonl, '--yes', '--json'];
    const { stdout } = apo('trace', 'delete', '--user', 'bob@example.com', ...flags);
    expect(JSON.parse(stdout)).toMatchObject({ deleted: 1, coldSpans: 1, fileSpans: 2, trajectories: 1, rollouts: 0 });
    expect(existsSync(join(jsonl, `${NEW}.jsonl`))).toBe(false);
    expect(existsSync(join(jsonl, `${OTHER}.jsonl`))).toBe(true);
    expect(listed(store)).toEqual([]);
    expect((await coldRows(cold)).map((row) => row.trace_id)).toEqual([OTHER]);
    expect(readFileSync(file, 'utf8')).toBe(ann);
    expect(readFileSync(store).includes('bob@example.com')).toBe(false);
    expect(existsSync(`${store}-wal`)).toBe(false);
  });

  it('takes the id of a trace that is in cold storage only', async () => {
    const { store, cold } = await archived();
    const flags = ['--store', store, '--cold', cold, '--yes'];
    expect(apo('trace', 'delete', OLD, ...flags)).toMatchObject({ status: 0, stderr: '' });
    expect((await coldRows(cold)).map((row) => row.trace_id)).toEqual([OTHER]);
    expect(apo('trace', 'delete', OLD, ...flags).status).not.toBe(0);
  });
});
