import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ApoError } from '../../src/core/errors.ts';
import { ROLES } from '../../src/models/model.ts';
import { openDatabase } from '../helpers/database.ts';
import { createEngine } from '../helpers/engine.ts';
import { temporaryFolder } from '../helpers/folder.ts';

describe('the caller', () => {
  it('R02 has never more calls and tools in flight than the concurrency, whatever their roles', async () => {
    let inFlight = 0;
    let most = 0;
    async function work(): Promise<void> {
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inFlight--;
    }
    const { caller, ask, stop } = await createEngine({
      concurrency: 3,
      async chat() {
        await work();
        return 'done';
      },
    });
    const tool = (number: number) =>
      caller.effect(
        'tool',
        { number },
        async () => {
          await work();
          return null;
        },
        stop.signal,
      );
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        index % 5 === 4 ? tool(index) : ask(`question ${index}`, ROLES[index % ROLES.length]),
      ),
    );
    expect(most).toBe(3);
  });

  it('R02 whenever the process dies, no more calls are in doubt than the concurrency', async () => {
    const path = join(temporaryFolder(), 'apo.db');
    let most = 0;
    const { ask, store } = await createEngine({
      concurrency: 3,
      path,
      async chat() {
        // What another process would find now.
        most = Math.max(most, Number(started.pluck().get()));
        await new Promise((resolve) => setTimeout(resolve, 2));
        return 'done';
      },
    });
    const other = openDatabase(path, { readonly: true });
    const started = other.prepare(`select count(*) from calls where state = 'started'`);
    await Promise.all(Array.from({ length: 60 }, (_, index) => ask(`question ${index}`)));
    other.close();
    await store.close();
    expect(most).toBe(3);
  });

  it('R08 ends the run when a reply cannot be saved, although the reply is used at once', async () => {
    const { ask, caller, stop, store } = await createEngine({ chat: async () => 'done' });
    let fail: (error: Error) => void = () => undefined;
    Object.assign(store.journal, { finish: () => new Promise((_resolve, reject) => (fail = reject)) });
    await expect(ask('one')).resolves.toMatchObject({ content: 'done' });
    let isIdle = false;
    const idle = caller.idle().then(() => {
      isIdle = true;
    });
    await new Promise(setImmediate);
    expect(isIdle).toBe(false);
    fail(new ApoError('store-write', 'the disk is full'));
    await idle;
    expect(stop.reason).toMatchObject({ code: 'store-write' });
    await expect(ask('two')).rejects.toThrow('the disk is full');
  });
});
