/**
 * One error type for everything that can go wrong. Message grammar: what failed - on what - what to do (`hint`).
 * Expected failures (a failed rollout, an unparsable grade, a bad record) are values, not errors.
 */
export type ErrorCode = keyof typeof CODES;

/** Why a training run stops that `apo train --resume` continues: a limit or signal, failed calls, or a disk. */
type Stop = 'asked' | 'calls' | 'disk';

type Meaning = { readonly exit: number; readonly stop?: Stop };

/** What each code means: the exit code of the process, and of which stop it is. One without a stop makes a run fail. */
const CODES = {
  internal: { exit: 1 },
  'not-found': { exit: 1 },
  'journal-mismatch': { exit: 1 },
  'step-failed': { exit: 1, stop: 'calls' },
  usage: { exit: 2 },
  'config-invalid': { exit: 2 },
  'prompt-invalid': { exit: 2 },
  'plugin-unknown': { exit: 2 },
  'plugin-invalid': { exit: 2 },
  'model-unknown': { exit: 2 },
  'request-invalid': { exit: 2 },
  'dataset-invalid': { exit: 3 },
  'dataset-empty': { exit: 3 },
  'history-invalid': { exit: 3 },
  'provider-auth': { exit: 4, stop: 'calls' },
  'provider-quota': { exit: 4, stop: 'calls' },
  'provider-unavailable': { exit: 4, stop: 'calls' },
  'budget-reached': { exit: 5, stop: 'asked' },
  'store-corrupt': { exit: 6 },
  'store-newer': { exit: 6 },
  'store-foreign': { exit: 6 },
  'store-locked': { exit: 6 },
  'store-write': { exit: 6, stop: 'disk' },
  'file-write': { exit: 6, stop: 'disk' },
  'threshold-missed': { exit: 7 },
  'hung-up': { exit: 129, stop: 'asked' },
  interrupted: { exit: 130, stop: 'asked' },
  terminated: { exit: 143, stop: 'asked' },
} as const satisfies { readonly [code: string]: Meaning };

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
  return (isApoError(error) ? meaningOf(error.code)?.exit : undefined) ?? 1;
}

/** Undefined also for what is no code. */
export function stopOf(code: string): Stop | undefined {
  return meaningOf(code)?.stop;
}

function meaningOf(code: string): Meaning | undefined {
  return Object.hasOwn(CODES, code) ? CODES[code as ErrorCode] : undefined;
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
