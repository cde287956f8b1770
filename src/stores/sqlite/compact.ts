import type { Connection } from './connection.ts';

/** Takes the bytes of deleted rows out of the file and its write-ahead log: the file is rewritten, the log emptied. */
export function compact(connection: Connection): void {
  connection.run('vacuum');
  connection.all('pragma wal_checkpoint(truncate)');
}
