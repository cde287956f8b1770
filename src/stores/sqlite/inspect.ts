import { closeSync, openSync, readSync, statSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { ApoError } from '../../core/errors.ts';
import { corrupt } from './errors.ts';
import { APPLICATION_ID, newestVersion } from './migrations.ts';

/** Largest store whose structure is checked on every opening; larger ones only after an unclean shutdown. */
const ALWAYS_CHECKED_BYTES = 16 * 1024 * 1024;

const MAGIC = 'SQLite format 3\0';
/** Page 1 (header and schema) and page 2 (store_identity). */
const HEAD_BYTES = 8192;

/**
 * Proves that the file is a store of ours that this version can work with, without writing a byte to it.
 * @throws ApoError `store-corrupt`, `store-foreign` or `store-newer`
 */
export function inspectStoreFile(path: string): void {
  const head = readHead(path, HEAD_BYTES);
  if (head.length < 100 || head.toString('latin1', 0, 16) !== MAGIC) {
    throw corrupt(path, head.length < 100 ? 'its header is cut off' : 'it is not an SQLite database');
  }
  if (head.readUInt32BE(68) !== APPLICATION_ID) throw foreign(path);
  if (sizeOf(`${path}-journal`) > 0) throw corrupt(path, 'a rollback journal that is not its own lies beside it');
  const unclean = sizeOf(`${path}-wal`) > 0;
  if (unclean) inspectLog(path);
  const database = new Sqlite(path, { readonly: true, fileMustExist: true });
  try {
    if (Number(database.pragma('application_id', { simple: true })) !== APPLICATION_ID) throw foreign(path);
    const version = Number(database.pragma('user_version', { simple: true }));
    if (version > newestVersion()) throw newer(path, version);
    if (version < 1) throw corrupt(path, 'its schema version is missing');
    if (unclean || sizeOf(path) <= ALWAYS_CHECKED_BYTES) {
      const finding = database.pragma('quick_check(1)', { simple: true });
      if (finding !== 'ok') throw corrupt(path, String(finding).replaceAll('\n', ' '));
    }
    const identity = database.prepare('select id from store_identity').pluck().get();
    if (typeof identity !== 'string' || !head.includes(identity)) {
      throw corrupt(path, 'the write-ahead log beside it belongs to another store');
    }
  } finally {
    database.close();
  }
}

/** SQLite silently overwrites a log that it cannot read; a log of zeros is what a power loss leaves. */
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
