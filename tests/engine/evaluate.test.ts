import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/core/message.ts';
import { createPrompt } from '../../src/core/prompt.ts';
import type { ScoredRollout } from '../../src/core/rollout.ts';
import type { Task } from '../../src/core/task.ts';
import { train } from '../../src/engine/train.ts';
import { ModelError } from '../../src/models/model.ts';
import { datasetOf } from '../../src/models/simulated/dataset.ts';
import { createWorld } from '../../src/models/simulated/world.ts';
import type { Optimizer } from '../../src/optimizers/optimizer.ts';
import type { Run } from '../../src/stores/store.ts';
import type { TrajectoryEvent } from '../../src/traces/shared/trajectory-event.ts';
import { readTrajectory, writeTrajectories } from '../../src/traces/trajectory.ts';
import { createEngine, createTrainParts } from '../helpers/engine.ts';
import { temporaryFolder } from '../helpers/folder.ts';

const optimizerOf = (run: Optimizer['run']): Optimizer => ({
  name: 'test',
  defaultIterations: 1,
  forecast: () => ({ rollouts: 0, critiques: 0, edits: 0 }),
  run,
});

describe('evaluation', () => {
  it('R17 a rollout that memory let go of comes back from the store as it was, and costs nothing', async () => {
    const tasks = datasetOf(createWorld('quickstart', 1), 100);
    let calls = 0;
    const engine = await createEngine({ concurrency: 64, chat: async () => `answer ${calls++}` });
    const seen: (readonly ScoredRollout[])[] = [];
    const optimizer = optimizerOf(async (context) => {
      const purpose = { iteration: 1, split: 'train', label: 'test' } as const;
      const trials = context.train.map((task) => ({ task, sample: 0 }));
      const look = (version: number) => context.evaluate(createPrompt(`Version ${version}.`), trials, purpose);
      seen.push(await look(0));
      for (let version = 1; version <= 2000 / trials.length + 1; version++) await look(version);
      const before = calls;
      seen.push(await look(0));
      expect(calls).toBe(before);
      return { best: context.start, baseline: [], final: [], reason: 'iterations' };
    });
    const { error } = await train(await createTrainParts(engine, { tasks, optimizer }));
    await engine.store.close();
    expect(error).toBeUndefined();
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[1]?.[0]).not.toBe(seen[0]?.[0]);
  });

  const slowly = createPrompt('Slowly.');
  const quickly = createPrompt('Quickly.');
  const CRITIQUE = 'What is wrong?';
  /** Answers the slow prompt only after the quick one's critique was asked for. */
  async function overlap(slowAnswer: () => string) {
    let critiqued: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      critiqued = resolve;
    });
    const order: string[] = [];
    const engine = await createEngine({
      concurrency: 64,
      chat: async ({ messages }) => {
        const [{ content }] = messages as [Message];
        if (content === CRITIQUE) critiqued();
        if (content !== 'Slowly.') return 'fine';
        await asked;
        return slowAnswer();
      },
    });
    const optimizer = optimizerOf(async (context) => {
      const purpose = { iteration: 1, split: 'train', label: 'test' } as const;
      const trials = context.train.slice(0, 20).map((task) => ({ task, sample: 0 }));
      const first = context.evaluate(slowly, trials, purpose).then(() => order.push('slow'));
      await context.evaluate(quickly, trials, purpose);
      order.push('quick');
      await context.ask('critic', { messages: [{ role: 'user', content: CRITIQUE }] }, 0);
      first.catch(() => undefined);
      return { best: quickly, baseline: [], final: [], reason: 'iterations' };
    });
    const tasks = datasetOf(createWorld('quickstart', 1), 100);
    const ended = await train(await createTrainParts(engine, { tasks, optimizer }));
    await engine.store.close();
    return { ...ended, order };
  }

  it('what is there is used while an evaluation that was asked for before still runs', async () => {
    const { error, order } = await overlap(() => 'fine');
    expect(error).toBeUndefined();
    expect(order).toEqual(['quick', 'slow']);
  });

  it('R21 an evaluation that nobody waits for still stops the run when it turns out to be bad', async () => {
    const { error, result } = await overlap(() => {
      throw new ModelError('overloaded', 'broken');
    });
    expect(error?.code).toBe('step-failed');
    expect(result.status).toBe('stopped');
  });

  it('a request that the provider rejects is named by its task, since it took the others', async () => {
    const tasks = datasetOf(createWorld('quickstart', 1), 20);
    const rejected = tasks[7] as Task;
    const engine = await createEngine({
      concurrency: 1,
      chat: async ({ messages }) => {
        if (messages.at(-1)?.content !== rejected.input) return 'an answer';
        throw new ModelError('invalid', 'model "m" at x: status 400: no such part');
      },
    });
    const optimizer = optimizerOf(async (context) => {
      const trials = [...context.train, ...context.val].map((task) => ({ task, sample: 0 }));
      await context.evaluate(context.start, trials, { iteration: 1, split: 'train', label: 'test' });
      return { best: context.start, baseline: [], final: [], reason: 'iterations' };
    });
    const { error } = await train(await createTrainParts(engine, { tasks, optimizer }));
    await engine.store.close();
    expect(error).toMatchObject({
      code: 'request-invalid',
      message: expect.stringContaining(`the provider rejected the request on task "${rejected.id}" - agent model "m"`),
      hint: expect.stringMatching(/^it took others: correct that task or leave it out/),
    });
  });

  it("tool calls of a task's context are on record with their names, and are no calls of the rollout", async () => {
    const call = { id: 'c1', type: 'function', function: { name: 'lookup', arguments: '{}' } } as const;
    const tasks = datasetOf(createWorld('quickstart', 1), 10).map(
      (task): Task => ({
        ...task,
        context: [
          { role: 'user', content: 'Where is it?' },
          { role: 'assistant', content: '', tool_calls: [call] },
          { role: 'tool', tool_call_id: 'c1', content: 'lost', is_error: true },
          { role: 'assistant', content: 'Lost.' },
        ],
      }),
    );
    const engine = await createEngine({ chat: async () => 'an answer' });
    const optimizer = optimizerOf(async (context) => {
      const trials = context.train.map((task) => ({ task, sample: 0 }));
      await context.evaluate(context.start, trials, { iteration: 1, split: 'train', label: 'test' });
      return { best: context.start, baseline: [], final: [], reason: 'iterations' };
    });
    await train(await createTrainParts(engine, { tasks, optimizer }));
    const [run] = await engine.store.runs.list();
    const written = await writeTrajectories({
      folder: temporaryFolder(),
      run: run as Run,
      rollouts: engine.store.rollouts.list({ runId: 'run' }),
    });
    await engine.store.close();
    const events: TrajectoryEvent[] = [];
    for await (const event of readTrajectory(written.file)) events.push(event);
    const results = events.filter(({ event_type }) => event_type === 'tool_result');
    expect(results[0]?.payload).toMatchObject({ name: 'lookup', result: 'lost', replayed: true });
    expect(written.summary).toMatchObject({ tool_calls: {}, tool_errors: 0 });
  });
});
