import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import type { TraceStore } from '../../../src/stores/trace-store.ts';
import { archiveTraces } from '../../../src/traces/cold/archive.ts';
import { readTraceJson } from '../../../src/traces/shared/otlp/json.ts';
import { coldRows } from '../../helpers/cold.ts';
import { temporaryFolder } from '../../helpers/folder.ts';
import { span } from '../../helpers/spans.ts';
import { openStore } from '../../helpers/store-files.ts';

const NOW = new Date('2026-12-31T00:00:00Z');
const IDS = Array.from({ length: 6 }, (_, index) => `${index + 1}`.padStart(32, '0'));

/** Stands still, as a killed process does, after the store has let go of some of what was moved. */
function killedAfter(traces: TraceStore, deletedBefore: number, onKill: () => void): TraceStore {
  return {
    ...traces,
    async delete(target, options) {
      if ('traceIds' in target) {
        await traces.delete({ traceIds: target.traceIds.slice(0, deletedBefore) }, options);
      }
      onKill();
      return new Promise(() => undefined);
    },
  };
}

it.each([0, 2, 6])('has every trace once after a run that was killed when %i had left the store', async (deleted) => {
  const folder = temporaryFolder();
  const store = openStore(join(folder, 'apo.db'));
  const cold = join(folder, 'cold');
  const retention = { days: 10, folder: cold, expireDays: 365 };
  try {
    await store.traces.saveSpans(IDS.map((traceId) => span({ 'gen_ai.operation.name': 'chat' }, { traceId })));
    await new Promise<void>((resolve, reject) => {
      const traces = killedAfter(store.traces, deleted, resolve);
      archiveTraces(traces, retention, { now: NOW, key: 'k' }).catch(reject);
    });
    const [date = ''] = readdirSync(cold).filter((name) => name.startsWith('dt='));
    // What a process that never runs again was writing.
    writeFileSync(join(cold, date, `part-x.parquet.${2 ** 22 + 1}.tmp`), 'half');
    await archiveTraces(store.traces, retention, { now: NOW, key: 'k' });
    expect((await coldRows(cold)).map((row) => row.trace_id).sort()).toEqual(IDS);
    expect((await store.traces.list({})).traces).toEqual([]);
    expect(readdirSync(cold, { recursive: true }).filter((name) => /_moving|tmp/.test(String(name)))).toEqual([]);
  } finally {
    await store.close();
  }
});

it('moves traces whose clock was ahead by the time at which they were received', async () => {
  const folder = temporaryFolder();
  const store = openStore(join(folder, 'apo.db'));
  const cold = join(folder, 'cold');
  const retention = { days: 10, folder: cold, expireDays: 365 };
  const inTheFuture = (traceId: string): object => ({
    resourceSpans: [
      {
        scopeSpans: [
          { spans: [{ traceId, spanId: '0123456789abcdef', name: 'x', startTimeUnixNano: '2000000000000000000' }] },
        ],
      },
    ],
  });
  const receive = (traceId: string, at: string) =>
    readTraceJson(JSON.stringify(inTheFuture(traceId)), BigInt(Date.parse(at)) * 1_000_000n).spans;
  const [old = '', recent = ''] = IDS;
  try {
    await store.traces.saveSpans([...receive(old, '2026-12-01T12:00:00Z'), ...receive(recent, '2026-12-30T12:00:00Z')]);
    await archiveTraces(store.traces, retention, { now: NOW, key: 'k' });
    expect((await store.traces.list({})).traces.map(({ traceId }) => traceId)).toEqual([recent]);
    expect((await coldRows(cold)).map((row) => [row.trace_id, row.dt])).toEqual([[old, '2026-12-01']]);
  } finally {
    await store.close();
  }
});

it('leaves nothing behind when the store fails, and waits for another process that moves', async () => {
  const folder = temporaryFolder();
  const store = openStore(join(folder, 'apo.db'));
  const cold = join(folder, 'cold');
  const retention = { days: 10, folder: cold, expireDays: 365 };
  const context = { now: NOW, key: 'k' };
  const failing: TraceStore = { ...store.traces, delete: () => Promise.reject(new Error('disk full')) };
  try {
    await store.traces.saveSpans(IDS.map((traceId) => span({ 'gen_ai.operation.name': 'chat' }, { traceId })));
    await expect(archiveTraces(failing, retention, context)).rejects.toThrow('disk full');
    expect(await coldRows(cold)).toEqual([]);
    // The parent of this process lives as long as it does.
    const other = join(cold, `_moving-${process.ppid}.txt`);
    writeFileSync(other, '');
    await expect(archiveTraces(store.traces, retention, context)).rejects.toThrow(`process ${process.ppid} is moving`);
    expect((await store.traces.list({})).traces).toHaveLength(IDS.length);
    rmSync(other);
    expect(await archiveTraces(store.traces, retention, context)).toMatchObject({ traces: IDS.length });
    expect(readdirSync(cold).filter((name) => name.startsWith('_'))).toEqual([]);
  } finally {
    await store.close();
  }
});
