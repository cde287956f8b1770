import { readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import { ApoError } from '../../core/errors.ts';
import { keepStatements } from '../../platform/sqlite.ts';
import { terminalSafe } from '../../platform/text.ts';
import { createStoreFile } from './create.ts';
import { inspectDatabase, inspectHead, inspectWithLog } from './inspect.ts';
import { APPLICATION_ID, migrate, newestVersion, schemaVersion } from './migrations.ts';

/** How long a write waits for another process's transaction, in milliseconds. Ours take well under one. */
const BUSY_TIMEOUT_MS = 10_000;

/** Migrations read the spans once, at about 12 s a GB: below this nobody needs to be told why it takes longer. */
const LARGE_BYTES = 100_000_000;

/** Files open in this process, with how often: these must not be inspected again, see {@link inspectHead}. */
const openFiles = new Map<string, number>();

export type OpenDatabase = { readonly database: Sqlite.Database; close(): void };

export function openMemory(): OpenDatabase {
  const database = keepStatements(new Sqlite(':memory:'));
  database.pragma(`application_id = ${APPLICATION_ID}`);
  configure(database);
  return { database, close: () => void database.close() };
}

export function openFile(path: string, create: boolean): OpenDatabase {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    if (!create) {
      throw new ApoError('not-found', `there is no store at ${path}`, {
        hint: 'run apo train first, or name the file with --store',
      });
    }
    createStoreFile(targetOf(path));
  } else if (!found.isFile()) {
    throw new ApoError('store-foreign', `store ${path} is not a file`, { hint: 'choose a file with --store' });
  }
  // SQLite keeps the log beside the file, not beside a link to it.
  const file = realpathSync(path);
  const count = openFiles.get(file) ?? 0;
  const head = count === 0 ? inspectHead(file) : undefined;
  if (head?.hasLog) inspectWithLog(file, head);
  const database = keepStatements(new Sqlite(file, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS }));
  try {
    if (head?.hasLog === false) inspectDatabase(file, database, head);
    if (found !== undefined && found.size > LARGE_BYTES && schemaVersion(database) < newestVersion()) {
      const size = `${(found.size / 1e9).toFixed(1)} GB`;
      process.stderr.write(terminalSafe(`store ${path} (${size}) is being upgraded, once; about 12 s a GB\n`));
    }
    configure(database);
  } catch (error) {
    database.close();
    throw error;
  }
  openFiles.set(file, count + 1);
  return {
    database,
    close() {
      if (!database.open) return;
      database.close();
      openFiles.set(file, (openFiles.get(file) ?? 1) - 1);
    },
  };
}

/** Where a store that is not there yet belongs: a link that leads to nothing is no file of that name. */
function targetOf(path: string): string {
  try {
    return targetOf(resolve(dirname(path), readlinkSync(path)));
  } catch {
    return path;
  }
}

function configure(database: Sqlite.Database): void {
  database.pragma('journal_mode = wal');
  // The sync of each commit is made outside of SQLite, see createLogSync.
  database.pragma('synchronous = normal');
  database.pragma('foreign_keys = on');
  database.pragma('trusted_schema = off');
  migrate(database);
}
