import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { ApoError } from '../../core/errors.ts';
import { corrupt, storeError } from './errors.ts';
import { APPLICATION_ID, newestVersion, schemaVersion } from './migrations.ts';
import { findSchemaDamage } from './schema.ts';

/** Largest store whose structure is checked on every opening; larger ones only after an unclean shutdown. */
const ALWAYS_CHECKED_BYTES = 16 * 1024 * 1024;

const MAGIC = 'SQLite format 3\0';
/** Page 1 (header and schema) and page 2 (store_identity). */
const HEAD_BYTES = 8192;

/**
 * Proves that the file is a sound store that this version can work with, without writing a byte to it or beside it.
 * Must not run while this process has the file open: closing a second handle would drop SQLite's locks (POSIX).
 * @throws ApoError `store-corrupt`, `store-foreign` or `store-newer`
 */
export function inspectStoreFile(path: string): void {
  const head = readHead(path, HEAD_BYTES);
  if (head.length < 100) throw corrupt(path, 'its header is cut off');
  if (head.toString('latin1', 0, 16) !== MAGIC) throw corrupt(path, 'it is not an SQLite database');
  if (head[18] !== head[19] || (head[18] !== 1 && head[18] !== 2)) throw corrupt(path, 'its header is damaged');
  if (head.readUInt32BE(68) !== APPLICATION_ID) throw foreign(path);
  if (sizeOf(`${path}-journal`) > 0) throw corrupt(path, 'a rollback journal that is not its own lies beside it');
  try {
    inspectContent(path, head);
  } catch (error) {
    // A damaged schema shows as an ordinary SQL error.
    const isSql = error instanceof Sqlite.SqliteError && error.code === 'SQLITE_ERROR';
    throw isSql ? corrupt(path, error.message) : storeError(path, error);
  }
}

function inspectContent(path: string, head: Buffer): void {
  if (sizeOf(`${path}-wal`) > 0) {
    inspectLog(path);
    inspectInPlace(path, head);
  } else if (sizeOf(path) <= ALWAYS_CHECKED_BYTES) {
    inspectImage(path, head);
  } else {
    assertVersion(path, head.readUInt32BE(60));
  }
}

/** A log is there: only SQLite can tell what the store holds. */
function inspectInPlace(path: string, head: Buffer): void {
  const database = new Sqlite(path, { readonly: true, fileMustExist: true });
  try {
    inspectDatabase(path, database, head);
  } finally {
    database.close();
  }
}

/** No log: the file is all there is. It is read into memory, since even a read-only opening leaves files beside it. */
function inspectImage(path: string, head: Buffer): void {
  const before = statSync(path).mtimeMs;
  const image = readFileSync(path);
  // Version numbers 1 instead of 2: an image in memory cannot have a write-ahead log (file format, 1.3.3).
  image.fill(1, 18, 20);
  try {
    const database = new Sqlite(image);
    try {
      inspectDatabase(path, database, head);
    } finally {
      database.close();
    }
  } catch (error) {
    // Another process may have written while the file was read.
    const isStable = statSync(path).mtimeMs === before && sizeOf(`${path}-wal`) === 0;
    if (isStable) throw error;
    inspectInPlace(path, head);
  }
}

function inspectDatabase(path: string, database: Sqlite.Database, head: Buffer): void {
  if (Number(database.pragma('application_id', { simple: true })) !== APPLICATION_ID) throw foreign(path);
  const version = schemaVersion(database);
  assertVersion(path, version);
  const finding = database.pragma('quick_check(1)', { simple: true });
  if (finding !== 'ok') throw corrupt(path, String(finding).replaceAll('\n', ' '));
  const damage = findSchemaDamage(database, version);
  if (damage !== undefined) throw corrupt(path, damage);
  const identity = database.prepare('select id from store_identity').pluck().get();
  if (typeof identity !== 'string' || !head.includes(identity)) {
    throw corrupt(path, 'the write-ahead log beside it belongs to another store');
  }
}

function assertVersion(path: string, version: number): void {
  if (version < 1) throw corrupt(path, 'its schema version is missing');
  if (version <= newestVersion()) return;
  throw new ApoError(
    'store-newer',
    `store ${path} has schema ${version}, this version of apo knows up to ${newestVersion()}`,
    { hint: 'update apo, or use another --store; nothing was written to it' },
  );
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
