import { readdirSync, readFileSync } from 'node:fs';
import type { Database } from 'better-sqlite3';

/** `apo1` in ASCII: SQLite's mark of which application a file belongs to. */
export const APPLICATION_ID = 0x61706f31;

type Migration = { readonly version: number; readonly sql: string };

let cached: readonly Migration[] | undefined;

/** The numbered files of `stores/sql/`, in order. A released file never changes. */
export function migrations(): readonly Migration[] {
  if (cached === undefined) {
    const folder = new URL('../sql/', import.meta.url);
    cached = readdirSync(folder)
      .filter((name) => /^\d{4}-[a-z-]+\.sql$/.test(name))
      .sort()
      .map((name) => ({ version: Number(name.slice(0, 4)), sql: readFileSync(new URL(name, folder), 'utf8') }));
  }
  return cached;
}

export function newestVersion(): number {
  return migrations().at(-1)?.version ?? 0;
}

/**
 * Applies what is missing up to `target`, forward only, each migration in one transaction together with its number: a
 * kill leaves the old schema or the new one. The number is read again under the write lock, because another process may
 * have been faster.
 */
export function migrate(database: Database, target: number = newestVersion()): void {
  for (const { version, sql } of migrations()) {
    if (version > target || schemaVersion(database) >= version) continue;
    database
      .transaction(() => {
        if (schemaVersion(database) >= version) return;
        database.exec(sql);
        database.pragma(`user_version = ${version}`);
      })
      .immediate();
  }
}

export function schemaVersion(database: Database): number {
  return Number(database.pragma('user_version', { simple: true }));
}
