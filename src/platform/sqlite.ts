import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type Sqlite from 'better-sqlite3';

/** How many objects of closed databases are let go together: below one MB, for a full collection of some ten milliseconds. */
const BATCH = 500;

/** Something that must not be collected while `strong` is set. */
type Kept = { strong: object | undefined; readonly weak: WeakRef<object> };

const open = new Set<Kept[]>();
let closed: Kept[] = [];
let letGoAt = BATCH;

/**
 * Keeps the native objects of a database (statements, pragmas' hidden ones among them, iterators, itself) until it is closed,
 * and then until they can be freed safely. On Node 24, better-sqlite3 12 aborts the process when the garbage collector frees
 * one while no JavaScript runs (`RemoveEnvironmentCleanupHook` without an environment, node_object_wrap.h), as collections
 * that V8 schedules for itself do. So they are freed by a collection that is asked for, from JavaScript; what outlives it,
 * because somebody still holds it, is kept on.
 */
export function keepStatements<T extends Sqlite.Database>(database: T): T {
  const kept: Kept[] = [];
  open.add(kept);
  const keep = <O extends object>(object: O): O => {
    kept.push({ strong: object, weak: new WeakRef(object) });
    return object;
  };
  for (const symbol of Object.getOwnPropertySymbols(database)) {
    const native = (database as unknown as { [key: symbol]: Partial<Native> })[symbol];
    const { prepare, close } = native ?? {};
    if (native === undefined || prepare === undefined || close === undefined) continue;
    keep(native);
    native.prepare = (...given) => {
      const statement = keep(prepare.apply(native, given));
      const { iterate } = statement;
      statement.iterate = (...values) => keep(iterate.apply(statement, values));
      return statement;
    };
    native.close = () => {
      close.apply(native);
      if (!open.delete(kept)) return;
      closed.push(...kept);
      if (closed.length >= letGoAt) letGo();
    };
  }
  return database;
}

/** What `database.prepare` and `database.close` call, behind a symbol. */
type Native = { prepare(...given: unknown[]): Statement; close(): void };
type Statement = { iterate(...values: unknown[]): object };

function letGo(): void {
  for (const one of closed) one.strong = undefined;
  collectGarbage();
  closed = closed.filter((one) => {
    one.strong = one.weak.deref();
    return one.strong !== undefined;
  });
  letGoAt = closed.length + BATCH;
}

/** Blocks until everything that nobody holds is freed, as `node --expose-gc` offers it. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
