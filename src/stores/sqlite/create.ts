import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { makeFolder } from '../../platform/files.ts';
import { keepStatements } from '../../platform/sqlite.ts';
import { APPLICATION_ID, migrate } from './migrations.ts';

/**
 * Creates a store as a whole: built under a temporary name, then linked to its path. At every moment the path holds
 * nothing or a complete store with our mark in its header, so that everything else found there can be refused untouched.
 * When another process creates the same store first, that one is kept. Readable by its owner only.
 */
export function createStoreFile(path: string, version?: number): void {
  makeFolder(dirname(path), 0o700);
  const temporary = `${path}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  try {
    closeSync(openSync(temporary, 'wx', 0o600));
    const database = keepStatements(new Sqlite(temporary));
    try {
      database.pragma('journal_mode = memory');
      database.pragma(`application_id = ${APPLICATION_ID}`);
      migrate(database, version);
      database.pragma('journal_mode = wal');
    } finally {
      database.close();
    }
    sync(temporary);
    publish(temporary, path);
    sync(dirname(path));
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(temporary + suffix, { force: true });
  }
}

function publish(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (existsSync(path)) return;
    // File systems without hard links (exFAT, some network mounts).
    if (['EPERM', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      renameSync(temporary, path);
      return;
    }
    throw error;
  }
}

function sync(path: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
