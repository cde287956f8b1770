import { Worker } from 'node:worker_threads';
import { messageOf } from '../core/errors.ts';
import type { ArchiveReport, Retention } from '../traces/cold/archive.ts';

export type RetentionStart = { readonly storePath: string; readonly key: string; readonly retention: Retention };

export type RetentionRun = {
  readonly done: Promise<ArchiveReport>;
  /** Ends it soon, with nothing half done. */
  stop(): void;
};

export type RunningRetention = {
  /** Ends a run that is under way, after `timeoutMs` at the latest. */
  stop(timeoutMs: number): Promise<void>;
};

const HOUR_MS = 3_600_000;

/** Applies a retention now and every hour, one run at a time. A failed run is reported and tried again an hour later. */
export function startRetention(
  run: () => RetentionRun,
  report: (outcome: ArchiveReport | string) => void,
): RunningRetention {
  let current: { readonly stop: () => void; readonly ended: Promise<void> } | undefined;

  function apply(): void {
    if (current !== undefined) return;
    const { done, stop } = run();
    const ended = done
      .then(report, (error) => report(messageOf(error)))
      .finally(() => {
        current = undefined;
      });
    current = { stop, ended };
  }
  apply();
  const timer = setInterval(apply, HOUR_MS);
  return {
    async stop(timeoutMs) {
      clearInterval(timer);
      if (current === undefined) return;
      current.stop();
      let timeout: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timeout = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([current.ended, late]);
      clearTimeout(timeout);
    },
  };
}

/** One run in a thread and with a connection of its own: reading and packing months of traces must not delay anybody. */
export function retentionInThread(start: RetentionStart): RetentionRun {
  const worker = new Worker(new URL('./retention-worker.js', import.meta.url), { workerData: start });
  const done = new Promise<ArchiveReport>((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('the retention thread ended early')));
  });
  worker.unref();
  return { done, stop: () => worker.postMessage('stop') };
}
