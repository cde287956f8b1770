/**
 * One error type for everything that can go wrong. Message grammar: what failed - on what - what to do (`hint`).
 * Expected failures (a failed rollout, an unparsable grade, a bad record) are values, not errors.
 */
export type ErrorCode = keyof typeof EXIT_CODES;

/** Exit code of the process for each error code; 4, 5, 6, 130 and 143 leave a run that `apo train --resume` continues. */
const EXIT_CODES = {
  internal: 1,
  'not-found': 1,
  'journal-mismatch': 1,
  'step-failed': 1,
  usage: 2,
  'config-invalid': 2,
  'prompt-invalid': 2,
  'plugin-unknown': 2,
  'plugin-invalid': 2,
  'model-unknown': 2,
  'request-invalid': 2,
  'dataset-invalid': 3,
  'dataset-empty': 3,
  'history-invalid': 3,
  'provider-auth': 4,
  'provider-quota': 4,
  'provider-unavailable': 4,
  'budget-reached': 5,
  'store-corrupt': 6,
  'store-newer': 6,
  'store-foreign': 6,
  'store-locked': 6,
  'store-write': 6,
  'file-write': 6,
  'threshold-missed': 7,
  interrupted: 130,
  terminated: 143,
} as const;

export type ApoErrorOptions = {
  /** What the user can do about it, one sentence. */
  readonly hint?: string;
  /** Whether the same attempt may succeed later without any change. Default false. */
  readonly retryable?: boolean;
  /** False where a run that it stopped would only meet it again. Default true. */
  readonly resumable?: boolean;
  readonly cause?: unknown;
};

const BRAND = Symbol.for('apo.error');

export class ApoError extends Error {
  readonly [BRAND] = true;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly resumable: boolean;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: ApoErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ApoError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.resumable = options.resumable ?? true;
    this.hint = options.hint;
  }
}

/** Works across package copies, unlike `instanceof`. */
export function isApoError(error: unknown): error is ApoError {
  return typeof error === 'object' && error !== null && BRAND in error;
}

export function exitCodeOf(error: unknown): number {
  return isApoError(error) ? EXIT_CODES[error.code] : 1;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const FAULTS: { readonly [code: string]: string } = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than allowed',
  EIO: 'the disk failed',
  EEXIST: 'a file of that name is in the way',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  ELOOP: 'its symbolic links form a loop',
  ENAMETOOLONG: 'the name is too long',
};

/** A fault of the file system in words, without the path, which the caller names; the message of anything else. */
export function faultInWords(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words = Object.hasOwn(FAULTS, code) ? FAULTS[code] : undefined;
  return words === undefined ? messageOf(error) : `${words} (${code})`;
}
