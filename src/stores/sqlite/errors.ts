import { ApoError, type ErrorCode, faultInWords, isApoError } from '../../core/errors.ts';

type Mapping = { readonly code: ErrorCode; readonly what: string; readonly hint: string; readonly retryable: boolean };

const LOCKED: Mapping = {
  code: 'store-locked',
  what: 'is locked by another process',
  hint: 'wait until the other process is done, or use another --store',
  retryable: true,
};
const CORRUPT: Mapping = {
  code: 'store-corrupt',
  what: 'is damaged',
  hint: 'restore a backup, or move the file away and start a new store',
  retryable: false,
};
const UNWRITABLE: Mapping = {
  code: 'store-write',
  what: 'cannot be written',
  hint: 'check free space, permissions and the disk, or name another --store; nothing stored is lost',
  retryable: true,
};

const UNLOADABLE: Mapping = {
  code: 'internal',
  what: 'cannot be opened, because the SQLite module was built for another version of Node',
  hint: 'run npm rebuild better-sqlite3',
  retryable: false,
};

/** SQLite result codes by the start of their name, and what they mean for a store. */
const MAPPINGS: readonly (readonly [RegExp, Mapping])[] = [
  [/^SQLITE_(BUSY|LOCKED)/, LOCKED],
  [/^SQLITE_(CORRUPT|NOTADB)/, CORRUPT],
  [/^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|PERM|AUTH|NOLFS|PROTOCOL|TOOBIG|NOMEM)/, UNWRITABLE],
  [/^ERR_DLOPEN_FAILED$/, UNLOADABLE],
  [/^(EACCES|EPERM|EROFS|ENOSPC|EDQUOT|EFBIG|EIO|EMFILE|ENFILE|ENOTDIR|ENOENT|EISDIR|ELOOP|ENAMETOOLONG)$/, UNWRITABLE],
];

/** Turns whatever SQLite or the file system threw into the store's error; a defect of ours passes unchanged. */
export function storeError(path: string, error: unknown): unknown {
  if (isApoError(error)) return error;
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const mapping = MAPPINGS.find(([pattern]) => pattern.test(code))?.[1];
  if (mapping === undefined) return error;
  const reason = faultInWords(error);
  return new ApoError(
    mapping.code,
    `store ${path} ${mapping.what}: ${reason.includes(code) ? reason : `${reason} (${code})`}`,
    {
      hint: mapping.hint,
      retryable: mapping.retryable,
      cause: error,
    },
  );
}

export function corrupt(path: string, reason: string): ApoError {
  return new ApoError('store-corrupt', `store ${path} ${CORRUPT.what}: ${reason}`, { hint: CORRUPT.hint });
}

export function removed(path: string): ApoError {
  return new ApoError('store-write', `store ${path} was removed while it was in use`, {
    hint: 'nothing can be kept in it any more: restore it from a copy, or start a new run',
    resumable: false,
  });
}
