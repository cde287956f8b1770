import type { Database } from 'better-sqlite3';

type Job = {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Group commit: what is submitted in one turn of the event loop shares one transaction, so one fsync pays for all calls
 * that start or finish together. A promise resolves only after its transaction is on disk. Each job has a savepoint:
 * one that fails takes nothing with it.
 */
export function createGroupCommit(database: Database): {
  submit<T>(work: () => T): Promise<T>;
  /** Commits now what is waiting. */
  flush(): void;
} {
  let waiting: Job[] = [];
  const immediately = database.transaction((work: () => void) => work()).immediate;
  const savepoint = database.transaction((work: () => unknown) => work());

  function flush(): void {
    const jobs = waiting;
    waiting = [];
    if (jobs.length === 0) return;
    const settle: (() => void)[] = [];
    try {
      immediately(() => {
        for (const job of jobs) settle.push(attempt(job));
      });
    } catch (error) {
      for (const { reject } of jobs) reject(error);
      return;
    }
    for (const done of settle) done();
  }

  function attempt({ work, resolve, reject }: Job): () => void {
    try {
      const value = savepoint(work);
      return () => resolve(value);
    } catch (error) {
      // A full disk may have rolled the whole transaction back; then nobody's work is in it.
      if (!database.inTransaction) throw error;
      return () => reject(error);
    }
  }

  return {
    submit: <T>(work: () => T) =>
      new Promise<T>((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ work, resolve: resolve as (value: unknown) => void, reject });
      }),
    flush,
  };
}
