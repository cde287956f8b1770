import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import createConversations from '../../src/history/conversations.ts';
import type { HistoryRecord } from '../../src/history/source.ts';
import { historyContract } from '../contracts/history.ts';
import { openDatabase } from '../helpers/database.ts';
import { temporaryFolder } from '../helpers/folder.ts';

function read(columns: string, rows: readonly (readonly unknown[])[]) {
  const path = join(temporaryFolder(), 'shop.db');
  const database = openDatabase(path);
  database.exec(`CREATE TABLE conversations (${columns})`);
  const marks = rows[0]?.map(() => '?').join();
  for (const row of rows) database.prepare(`INSERT INTO conversations VALUES (${marks})`).run(...row);
  database.close();
  const source = createConversations({ path });
  const records = [...(source.read() as Iterable<HistoryRecord>)];
  source.close();
  return records.map((record) => (record.kind === 'task' ? record.task : record));
}

it('each row is a task; rated good, its answer is the reference', () => {
  expect(
    read('user_message, agent_response, timestamp, rating', [
      ['Where is it?', 'On its way.', '2026-11-20 10:00:00', 5],
      ['When?', 'No idea.', 1795229103, 1],
    ]),
  ).toEqual([
    {
      id: 'conversations:shop:conversations:1',
      input: 'Where is it?',
      context: [],
      expected: 'On its way.',
      observed: 'On its way.',
      category: null,
      difficulty: null,
      metadata: { source: 'conversations', timestamp: '2026-11-20T10:00:00.000Z', rating: 1 },
    },
    expect.objectContaining({ expected: null, observed: 'No idea.', metadata: expect.objectContaining({ rating: 0 }) }),
  ]);
});

it('rows of one session build on each other, in order of time', () => {
  const tasks = read('id, session_id, user_message, agent_response, timestamp, rating, category', [
    [2, 's', 'two', 'zwei', '2026-11-20 10:01:00', null, 'numbers'],
    [1, 's', 'one', 'eins', '2026-11-20 10:00:00', null, 'numbers'],
    [3, 't', 'three', null, '2026-11-20 10:00:30', null, null],
  ]);
  expect(tasks).toMatchObject([
    { id: 'conversations:shop:s:1', context: [], category: 'numbers', metadata: { session_id: 's' } },
    { id: 'conversations:shop:s:2', context: [{ content: 'one' }, { content: 'eins' }] },
    { id: 'conversations:shop:t:3', context: [], observed: null },
  ]);
});

describe('as a history source', () => {
  historyContract(() => {
    const path = join(temporaryFolder(), 'shop.db');
    const database = openDatabase(path);
    database.exec(`CREATE TABLE conversations (session_id, user_message, agent_response, timestamp, rating);
      INSERT INTO conversations VALUES ('s', 'one', 'eins', '2026-11-20 10:00:00', 1), ('s', 'two', 'zwei', '2026-11-20 10:01:00', 0)`);
    database.close();
    return createConversations({ path });
  });
});
