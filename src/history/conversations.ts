import { basename, extname } from 'node:path';
import { ApoError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { Message } from '../core/message.ts';
import { DIFFICULTIES } from '../core/task.ts';
import { trimContext } from './shared/context.ts';
import { describeTables, type ForeignDatabase, openForeign, quoteName, type Row } from './shared/database.ts';
import { createRatings, rawRating } from './shared/rating.ts';
import { readTime } from './shared/time.ts';
import { expectedOf, type HistoryOptions, type HistoryRecord, type HistorySource } from './source.ts';

/**
 * The plain table of many home-grown agents: `conversations(user_message, agent_response, timestamp, rating)`, found by
 * its columns. Optional columns: a session or conversation id, id, user id, category, difficulty, model.
 */
export default function createConversations(options: HistoryOptions): HistorySource {
  const database = openForeign(options.path);
  const table = findTable(database);
  if (table === undefined) {
    database.close();
    throw new ApoError(
      'history-invalid',
      `${options.path} has no table with user_message and agent_response; ${describeTables(database)}`,
      { hint: 'give the database that the agent stores its conversations in' },
    );
  }
  return { name: 'conversations', read: () => readTable(database, table, options), close: database.close };
}

export function detect(path: string): boolean {
  const database = openForeign(path);
  try {
    return findTable(database) !== undefined;
  } finally {
    database.close();
  }
}

const COLUMNS = {
  input: ['user_message', 'user_input'],
  answer: ['agent_response', 'assistant_message', 'assistant_response'],
  timestamp: ['timestamp', 'created_at', 'time'],
  rating: ['rating', 'user_rating', 'score', 'feedback'],
  session: ['session_id', 'conversation_id', 'thread_id'],
  id: ['id', 'message_id'],
  user: ['user_id'],
  category: ['category'],
  difficulty: ['difficulty'],
  model: ['model'],
} as const;

type Field = keyof typeof COLUMNS;
type Table = { readonly name: string; readonly columns: { readonly [K in Field]?: string } };

function findTable(database: ForeignDatabase): Table | undefined {
  // A table of the usual name before views and copies of it.
  const tables = [...database.tables].sort(([a], [b]) => Number(isUsual(b)) - Number(isUsual(a)));
  for (const [name, present] of tables) {
    const columns = Object.fromEntries(
      Object.entries(COLUMNS).flatMap(([field, names]) => {
        const column = names.map((wanted) => present.find((given) => given.toLowerCase() === wanted)).find(Boolean);
        return column === undefined ? [] : [[field, column]];
      }),
    ) as Table['columns'];
    if (columns.input !== undefined && columns.answer !== undefined) return { name, columns };
  }
  return undefined;
}

function isUsual(table: string): boolean {
  return table.toLowerCase() === 'conversations';
}

function* readTable(database: ForeignDatabase, table: Table, options: HistoryOptions): Generator<HistoryRecord> {
  const { columns } = table;
  const ratings = createRatings(function* () {
    if (columns.rating === undefined) return;
    const sql = `SELECT ${quoteName(columns.rating)} AS rating FROM ${quoteName(table.name)}`;
    for (const { rating } of database.rows(sql)) yield rawRating(rating as string | number | null);
  });
  const fields = Object.entries(columns).map(([field, column]) => `${quoteName(column)} AS ${quoteName(field)}`);
  // Only rows of one session build on each other; without sessions the table's own order numbers the rows.
  const order = columns.session === undefined ? [] : [columns.session, columns.timestamp, columns.id];
  const orderBy = order.flatMap((column) => (column === undefined ? [] : [quoteName(column)])).join(', ');
  const sql = `SELECT ${fields.join(', ')} FROM ${quoteName(table.name)}${orderBy === '' ? '' : ` ORDER BY ${orderBy}`}`;
  const databaseName = basename(options.path, extname(options.path));
  let position = 0;
  let session: string | undefined;
  let conversation: readonly Message[] = [];
  for (const row of database.rows(sql)) {
    position++;
    const rowId = text(row.id) ?? String(position);
    const rowSession = text(row.session);
    if (rowSession === undefined || rowSession !== session) conversation = [];
    session = rowSession;
    const id = `conversations:${databaseName}:${rowSession ?? table.name}:${rowId}`;
    const input = text(row.input) ?? '';
    const answer = text(row.answer) ?? null;
    const raw = rawRating(row.rating as string | number | null);
    const rating = raw === undefined ? undefined : ratings.normalise(raw);
    yield {
      kind: 'task',
      task: {
        id,
        input,
        context: conversation,
        expected: expectedOf(answer, rating, options),
        observed: answer,
        category: text(row.category) ?? null,
        difficulty: DIFFICULTIES.find((difficulty) => difficulty === row.difficulty) ?? null,
        metadata: metadataOf(row, rowSession, rating),
      },
    };
    if (rowSession !== undefined && answer !== null && input !== '') {
      const turn: readonly Message[] = [
        { role: 'user', content: input },
        { role: 'assistant', content: answer },
      ];
      conversation = trimContext([...conversation, ...turn]).messages;
    }
  }
}

function metadataOf(row: Row, session: string | undefined, rating: number | undefined): JsonObject {
  const timestamp = readTime(row.timestamp);
  return {
    source: 'conversations',
    ...(session === undefined ? {} : { session_id: session }),
    ...(text(row.user) === undefined ? {} : { user_id: text(row.user) ?? '' }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(rating === undefined ? {} : { rating }),
    ...(text(row.model) === undefined ? {} : { model: text(row.model) ?? '' }),
  };
}

function text(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}
