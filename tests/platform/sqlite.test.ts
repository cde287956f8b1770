import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { keepStatements } from '../../src/platform/sqlite.ts';

describe('databases of one process', () => {
  it('R17 frees what closed ones left behind, and nothing of an open one', async () => {
    const open = keepStatements(new Sqlite(':memory:'));
    const used = new WeakRef(open.prepare('select 1'));
    const left: WeakRef<object>[] = [];
    for (let round = 0; round < 20; round++) {
      const database = keepStatements(new Sqlite(':memory:'));
      for (let number = 0; number < 60; number++) left.push(new WeakRef(database.prepare(`select ${number}`)));
      database.close();
      // What a WeakRef was made of stays alive for the rest of the turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(left.filter((one) => one.deref() !== undefined).length).toBeLessThan(left.length / 2);
    expect(used.deref()).toBeDefined();
    open.close();
  });
});
