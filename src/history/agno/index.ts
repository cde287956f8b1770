import { basename, extname } from 'node:path';
import { ApoError } from '../../core/errors.ts';
import { describeTables, openForeign } from '../shared/database.ts';
import type { HistoryOptions, HistoryRecord, HistorySource } from '../source.ts';
import { readSchema } from './schema.ts';
import { readSessions } from './sessions.ts';

/**
 * Conversations that AGNO (all generations: v1 early and late, v2, v3 alpha) stored in SQLite. Detected by columns, read
 * session by session and run by run.
 */
export default function createAgnoHistory(options: HistoryOptions): HistorySource {
  const database = openForeign(options.path);
  const schema = readSchema(database);
  if (schema.sessions.length === 0 && schema.runs.length === 0) {
    database.close();
    throw new ApoError('history-invalid', `${options.path} has no AGNO session table; ${describeTables(database)}`, {
      hint: 'give the database that the agent stores its sessions in',
    });
  }
  return {
    name: 'agno',
    *read(): Generator<HistoryRecord> {
      yield* readSessions(database, schema, {
        ...options,
        databaseName: basename(options.path, extname(options.path)),
      });
    },
    close: database.close,
  };
}

export function detect(path: string): boolean {
  const database = openForeign(path);
  try {
    const { sessions, runs } = readSchema(database);
    return sessions.length > 0 || runs.length > 0;
  } finally {
    database.close();
  }
}
