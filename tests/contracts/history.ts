import { expect, it } from 'vitest';
import { groupOf, type Task } from '../../src/core/task.ts';
import type { HistoryRecord, HistorySource } from '../../src/history/source.ts';

/** What every history source keeps, whatever it reads. `open` opens a history of at least two turns of one session. */
export function historyContract(open: () => HistorySource | Promise<HistorySource>): void {
  async function readAll(source: HistorySource): Promise<readonly HistoryRecord[]> {
    const records: HistoryRecord[] = [];
    for await (const record of source.read()) records.push(record);
    return records;
  }

  async function tasks(): Promise<readonly Task[]> {
    const source = await open();
    try {
      return (await readAll(source)).flatMap((record) => (record.kind === 'task' ? [record.task] : []));
    } finally {
      source.close();
    }
  }

  it('reads the same every time, and can be read again', async () => {
    const source = await open();
    const first = await readAll(source);
    expect(first.length).toBeGreaterThan(1);
    expect(await readAll(source)).toEqual(first);
    source.close();
    source.close();
  });

  it('can be left in the middle and closed', async () => {
    const source = await open();
    for await (const _ of source.read()) break;
    source.close();
  });

  it('gives tasks that survive JSON, each with its own id', async () => {
    const all = await tasks();
    expect(JSON.parse(JSON.stringify(all))).toEqual(all);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const task of all) {
      expect(Object.keys(task)).toEqual([
        'id',
        'input',
        'context',
        'expected',
        'observed',
        'category',
        'difficulty',
        'metadata',
      ]);
    }
  });

  it('keeps turns of one session in one group, with the turns before as context', async () => {
    const all = await tasks();
    const [first, second] = all;
    expect(groupOf(second as Task)).toBe(groupOf(first as Task));
    expect(first?.context).toEqual([]);
    expect(second?.context[0]).toEqual({ role: 'user', content: first?.input });
  });

  it('has no system message in a context, and answers every tool call in it', async () => {
    for (const { context } of await tasks()) {
      expect(context.filter(({ role }) => role === 'system')).toEqual([]);
      const calls = context.flatMap((message) => (message.role === 'assistant' ? (message.tool_calls ?? []) : []));
      const results = context.flatMap((message) => (message.role === 'tool' ? [message.tool_call_id] : []));
      expect(results).toEqual(calls.map(({ id }) => id));
    }
  });
}
