import { appendFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { faultInWords } from '../../core/errors.ts';
import { makeFolder } from '../../platform/files.ts';
import { SinkError } from '../sink.ts';
import { repairTail } from './lines.ts';

/** How many files are remembered as whole; beyond it the oldest is looked at again before the next append. */
const MAX_FILES = 1_000;

/** Appends whole lines to JSON-lines files. Before the first append, and after a failed one, the tail is repaired. */
export function createAppender() {
  const whole = new Set<string>();

  function prepare(file: string): boolean {
    if (whole.has(file)) return false;
    repairTail(file);
    if (whole.size >= MAX_FILES) whole.delete(whole.values().next().value ?? '');
    whole.add(file);
    return true;
  }
  function failed(file: string, error: unknown): never {
    whole.delete(file);
    throw new SinkError(`cannot write ${file}: ${faultInWords(error)}`, { retryable: true, cause: error });
  }
  return {
    /** @throws SinkError, retryable. */
    async append(file: string, text: string): Promise<void> {
      try {
        if (!whole.has(file)) makeFolder(dirname(file));
        prepare(file);
        await appendFile(file, text, { mode: 0o600 });
      } catch (error) {
        failed(file, error);
      }
    },
    /** The same without waiting. */
    appendNow(file: string, text: string): void {
      try {
        if (prepare(file)) makeFolder(dirname(file));
        appendFileSync(file, text, { mode: 0o600 });
      } catch (error) {
        failed(file, error);
      }
    },
  };
}
