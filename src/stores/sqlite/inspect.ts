import { closeSync, openSync, readSync, statSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { ApoError } from '../../core/errors.ts';
import { isFileLocked } from '../../platform/locks.ts';
import { keepStatements } from '../../platform/sqlite.ts';
import { corrupt, storeError } from './errors.ts';
import { APPLICATION_ID, newestVersion, schemaVersion } from './migrations.ts';
import { findSchemaDamage } from './schema.ts';

/** Largest store whose structure is checked on every opening (2 ms per MB); larger ones after an unclean shutdown only. */
const ALWAYS_CHECKED_BYTES = 32 * 1024 * 1024;

const MAGIC = 'SQLite format 3\0';
/** Page 1 (header and schema) and page 2 (store_identity). */
const HEAD_BYTES = 8192;

export type Head = {
  readonly bytes: Buffer;
  /** A write-ahead log with content lies beside the file: another process has it open, or one died. */
  readonly hasLog: boolean;
  /** One died: nobody has it open. */
  readonly isUnclean: boolean;
};

/**
 * First look at a file, before SQLite touches it.
 * Must not run while this process has the file open: closing a second handle would drop SQLite's locks (POSIX).
 * @throws ApoError `store-corrupt` or `store-foreign`
 */
export function inspectHead(path: string): Head {
  const bytes = readHead(path, HEAD_BYTES);
  if (bytes.length === 0) throw corrupt(path, 'it is empty');
  if (bytes.length < 100) throw corrupt(path, 'its header is cut off');
  if (bytes.toString('latin1', 0, 16) !== MAGIC) throw corrupt(path, 'it is not an SQLite database');
  if (bytes.readUInt32BE(68) !== APPLICATION_ID) throw foreign(path);
  // File format versions: 2 is WAL, as we make it; 1 is what a tool that turned WAL off leaves.
  if (bytes[18] !== bytes[19] || (bytes[18] !== 1 && bytes[18] !== 2)) throw corrupt(path, 'its header is damaged');
  if (sizeOf(`${path}-journal`) > 0) throw corrupt(path, 'a rollback journal that is not its own lies beside it');
  const hasLog = sizeOf(`${path}-wal`) > 0;
  if (hasLog) inspectLog(path);
  return { bytes, hasLog, isUnclean: hasLog && !isFileLocked(path) };
}

/** Opens a file that has a log read-only for the look, since even closing a writable connection would write. */
export function inspectWithLog(path: string, head: Head): void {
  const database = keepStatements(new Sqlite(path, { readonly: true, fileMustExist: true }));
  try {
    inspectDatabase(path, database, head);
  } finally {
    database.close();
  }
}

/**
 * Proves that the database is sound and ours and that this version can work with it. Only reads.
 * @throws ApoError `store-corrupt`, `store-foreign` or `store-newer`
 */
export function inspectDatabase(path: string, database: Sqlite.Database, head: Head): void {
  try {
    inspectContent(path, database, head);
  } catch (error) {
    // A damaged schema shows as an ordinary SQL error.
    const isSql = error instanceof Sqlite.SqliteError && error.code === 'SQLITE_ERROR';
    throw isSql ? corrupt(path, error.message) : storeError(path, error);
  }
}

function inspectContent(path: string, database: Sqlite.Database, head: Head): void {
  if (Number(database.pragma('application_id', { simple: true })) !== APPLICATION_ID) throw foreign(path);
  const version = schemaVersion(database);
  if (version < 1) throw corrupt(path, 'its schema version is missing');
  if (version > newestVersion()) throw newer(path, version);
  if (head.isUnclean || sizeOf(path) <= ALWAYS_CHECKED_BYTES) {
    const finding = database.pragma('quick_check(1)', { simple: true });
    if (finding !== 'ok') throw corrupt(path, String(finding).replaceAll('\n', ' '));
  }
  const damage = findSchemaDamage(database, version);
  if (damage !== undefined) throw corrupt(path, damage);
  const identity = database.prepare('select id from store_identity').pluck().get();
  if (typeof identity !== 'string' || !head.bytes.includes(identity)) {
    throw corrupt(path, 'the write-ahead log beside it belongs to another store');
  }
}

/** SQLite silently overwrites a log that it cannot read. A log of zeros is what a power loss leaves. */
function inspectLog(path: string): void {
  const head = readHead(`${path}-wal`, 32);
  if (head.length < 32 || head.every((byte) => byte === 0)) return;
  const magic = head.readUInt32BE(0);
  if (magic !== 0x377f0682 && magic !== 0x377f0683) {
    throw corrupt(path, `${path}-wal is not a write-ahead log`);
  }
}

function foreign(path: string): ApoError {
  return new ApoError('store-foreign', `${path} is the database of another program`, {
    hint: 'choose another file with --store; to read conversations from a database use --history',
  });
}

function newer(path: string, version: number): ApoError {
  return new ApoError(
    'store-newer',
    `store ${path} has schema ${version}, this version of apo knows up to ${newestVersion()}`,
    { hint: 'update apo, or use another --store; nothing was written to it' },
  );
}

function readHead(path: string, length: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(file, buffer, 0, length, 0));
  } finally {
    closeSync(file);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
