import { describe, expect, it } from 'vitest';
import { ROLES } from '../../src/models/model.ts';
import { createEngine } from '../helpers/engine.ts';

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
});
