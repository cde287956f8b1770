import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repairTail } from '../../src/traces/shared/lines.ts';
import { EVENT_TYPES, type TrajectoryEvent } from '../../src/traces/shared/trajectory-event.ts';
import { readTrajectory, trajectoryFiles, writeTrajectories } from '../../src/traces/trajectory.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { toolRollout } from './helpers.ts';

const RUN = {
  id: 'run-1',
  status: 'completed',
  reason: 'iterations done',
  algorithm: 'beam',
  seed: 1,
  createdAt: '2026-11-21T09:00:00.000Z',
  updatedAt: '2026-11-21T09:05:00.000Z',
} as const;

function linesOf(file: string): TrajectoryEvent[] {
  const text = readFileSync(file, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('trajectory files', () => {
  it('hold one event a line with consecutive indices, from run_started to run_completed', async () => {
    const { file } = await writeTrajectories({
      folder: join(temporaryFolder(), 'new'),
      run: RUN,
      rollouts: [toolRollout('run-1', 'a'), toolRollout('run-1', 'b')],
    });
    const events = linesOf(file);
    expect(events.map((event) => event.idx)).toEqual(events.map((_, index) => index));
    expect(events.every((event) => Object.keys(event).join() === 'ts_utc,run_id,idx,event_type,payload')).toBe(true);
    expect(new Set(events.map((event) => event.event_type))).toEqual(new Set(EVENT_TYPES));
    expect(events[0]).toMatchObject({ event_type: 'run_started', payload: { schema_version: 1 } });
    expect(events.at(-1)).toMatchObject({ event_type: 'run_completed', payload: { rollouts: 2, status: 'completed' } });
    const calls = events.filter((event) => event.event_type === 'tool_call').map((event) => event.payload.arguments);
    expect(calls.slice(0, 2)).toEqual(['{"city":"Paris"}', '{"city": "Rome"']);
    const results = events.filter((event) => event.event_type === 'tool_result').map((event) => event.payload);
    expect(results.slice(0, 2).map((payload) => payload.recorded_for)).toEqual([undefined, '{"city":"Oslo"}']);
  });

  it('come with a summary of counts, scores and usage', async () => {
    const folder = temporaryFolder();
    const failed = toolRollout('run-1', 'b', { status: 'failed', failure: { kind: 'agent', message: 'loop' } });
    await writeTrajectories({
      folder,
      run: RUN,
      rollouts: [toolRollout('run-1', 'a'), { ...failed, grade: { status: 'unscored', reason: 'failed' } }],
    });
    expect(JSON.parse(readFileSync(trajectoryFiles(folder, 'run-1').summaryFile, 'utf8'))).toMatchObject({
      schema_version: 1,
      run_id: 'run-1',
      rollouts: 2,
      rollouts_by_status: { ok: 1, failed: 1 },
      scored: 1,
      unscored: 1,
      mean_score: 0.5,
      tool_calls: { weather: 4 },
      tool_errors: 2,
      usage: { input: 40, output: 20 },
      events_by_type: { run_started: 1, final_report: 2, run_completed: 1 },
    });
  });

  it('are the same bytes when they are rebuilt, and leave no temporary file', async () => {
    const folder = temporaryFolder();
    const options = { folder, run: RUN, rollouts: [toolRollout()] };
    const { file } = await writeTrajectories(options);
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, 'damaged');
    await writeTrajectories(options);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(folder).sort()).toEqual(['run-1.jsonl', 'run-1.summary.json']);
  });

  it('have no run_completed while the run goes on', async () => {
    const run = { ...RUN, status: 'running', reason: '' };
    const { file, summary } = await writeTrajectories({ folder: temporaryFolder(), run, rollouts: [toolRollout()] });
    expect(linesOf(file).some((event) => event.event_type === 'run_completed')).toBe(false);
    expect(summary.completed_at).toBeNull();
  });

  it('hold previews and SHA-256 instead of content on request', async () => {
    const { file } = await writeTrajectories({
      folder: temporaryFolder(),
      run: RUN,
      rollouts: [toolRollout('run-1', 'a', { answer: `${'x'.repeat(199)}😀 tail` })],
      content: 'preview',
    });
    const report = linesOf(file).find((event) => event.event_type === 'final_report');
    expect(report?.payload).toMatchObject({ answer_preview: 'x'.repeat(199), answer_characters: 206 });
    expect(report?.payload.answer_sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(report?.payload).not.toHaveProperty('answer');
    expect(readFileSync(file, 'utf8')).not.toContain('tail');
  });

  it('keep the old file when the rollouts cannot be read to the end', async () => {
    const folder = temporaryFolder();
    const { file } = await writeTrajectories({ folder, run: RUN, rollouts: [toolRollout()] });
    const before = readFileSync(file, 'utf8');
    async function* broken() {
      yield toolRollout();
      throw new Error('database is gone');
    }
    await expect(writeTrajectories({ folder, run: RUN, rollouts: broken() })).rejects.toThrow('database is gone');
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('cannot be led out of the folder by a run id', () => {
    expect(trajectoryFiles('out', '../../etc/passwd').file).toBe(join('out', '__.._etc_passwd.jsonl'));
  });

  it('are readable up to the line that a crash tore', async () => {
    const folder = temporaryFolder();
    const { file } = await writeTrajectories({ folder, run: RUN, rollouts: [toolRollout()] });
    const whole = await collect(readTrajectory(file));
    truncateSync(file, readFileSync(file).length - 20);
    const problems: unknown[] = [];
    const rest = await collect(readTrajectory(file, (problem) => problems.push(problem)));
    expect(rest).toEqual(whole.slice(0, -1));
    expect(problems).toEqual([expect.objectContaining({ line: whole.length, torn: true })]);
  });

  it('can be appended to after a repair of the tail, at whatever byte they were torn', async () => {
    const folder = temporaryFolder();
    const { file } = await writeTrajectories({ folder, run: RUN, rollouts: [toolRollout()] });
    const bytes = readFileSync(file);
    const whole = await collect(readTrajectory(file));
    const lastLine = bytes.length - bytes.subarray(0, -1).lastIndexOf(0x0a) - 1;
    for (let cut = 0; cut <= lastLine; cut += 7) {
      writeFileSync(file, bytes.subarray(0, bytes.length - cut));
      repairTail(file);
      const added = { ts_utc: RUN.updatedAt, run_id: 'run-1', idx: 99, event_type: 'phase', payload: {} };
      appendFileSync(file, `${JSON.stringify(added)}\n`);
      const expected = cut <= 1 ? whole : whole.slice(0, -1);
      expect(await collect(readTrajectory(file, () => expect.unreachable()))).toEqual([...expected, added]);
    }
  });

  it('refuse to be read when they are of a later version, and skip what is no event', async () => {
    const file = join(temporaryFolder(), 'other.jsonl');
    const started = { ts_utc: RUN.createdAt, run_id: 'r', idx: 0, event_type: 'run_started' };
    writeFileSync(file, `[1]\n{"a":1}\nnot json\n${JSON.stringify({ ...started, payload: { schema_version: 1 } })}\n`);
    const problems: unknown[] = [];
    expect(await collect(readTrajectory(file, (problem) => problems.push(problem)))).toHaveLength(1);
    expect(problems).toHaveLength(3);
    writeFileSync(file, `${JSON.stringify({ ...started, payload: { schema_version: 2 } })}\n`);
    await expect(collect(readTrajectory(file))).rejects.toThrow(/version 2/);
  });
});
