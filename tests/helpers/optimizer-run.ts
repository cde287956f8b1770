import createChatAgent, { options as chatOptions } from '../../src/agents/chat.ts';
import { createGate } from '../../src/core/gate.ts';
import { createPrompt, type Prompt } from '../../src/core/prompt.ts';
import { createBudget } from '../../src/engine/budget.ts';
import { createCaller } from '../../src/engine/calls.ts';
import { createLimiter } from '../../src/engine/limiter.ts';
import { createPrices } from '../../src/engine/prices.ts';
import { createStopSwitch } from '../../src/engine/stop.ts';
import { type TrainEnd, train } from '../../src/engine/train.ts';
import createExactGrader, { options as exactOptions } from '../../src/graders/exact.ts';
import type { Model } from '../../src/models/model.ts';
import { datasetOf } from '../../src/models/simulated/dataset.ts';
import { respond } from '../../src/models/simulated/respond.ts';
import { createWorld } from '../../src/models/simulated/world.ts';
import type { Candidate, Optimizer } from '../../src/optimizers/optimizer.ts';
import { systemClock } from '../../src/platform/clock.ts';
import createSqliteStore from '../../src/stores/sqlite.ts';
import { pluginContext } from './contexts.ts';

export type RunOptions = {
  readonly optimizer: Optimizer;
  readonly maxRollouts: number;
  readonly iterations?: number;
  readonly seed?: number;
  readonly start?: string;
  readonly tasks?: number;
  /** What the critic and the editor say instead of the simulated model. */
  readonly reply?: (text: string) => string | undefined;
  readonly reject?: (proposal: Prompt, parent: Prompt) => string | undefined;
};

export type Run = TrainEnd & { readonly candidates: readonly Candidate[]; readonly evaluated: ReadonlySet<string> };

/** Trains on the quick start's world through the real engine, with a store in memory. */
export async function runOptimizer({
  optimizer,
  maxRollouts,
  iterations = optimizer.defaultIterations,
  seed = 1,
  tasks = 60,
  start = createWorld('quickstart', 1).startPrompt,
  reply,
  reject,
}: RunOptions): Promise<Run> {
  const world = createWorld('quickstart', 1);
  const store = createSqliteStore({ path: ':memory:', create: true }, pluginContext());
  const runId = 'run';
  const now = new Date(0).toISOString();
  await store.runs.create({
    id: runId,
    status: 'running',
    reason: '',
    algorithm: optimizer.name,
    seed,
    config: {},
    createdAt: now,
    updatedAt: now,
    result: null,
  });
  const model: Model = {
    provider: 'simulated',
    simulated: true,
    async chat(request) {
      const simulated = respond(world, request, request.seed ?? 0);
      const said = ['sim-critic', 'sim-editor'].includes(request.model)
        ? reply?.(request.messages.map(({ content }) => content).join('\n'))
        : undefined;
      return {
        content: said ?? simulated.content,
        thinking: '',
        toolCalls: simulated.toolCalls,
        finishReason: 'stop',
        usage: simulated.usage,
        model: request.model,
        responseId: '',
      };
    },
  };
  const limiter = createLimiter({ concurrency: 64, clock: systemClock });
  const binding = (name: string) => ({ model, name, temperature: undefined, maxOutputTokens: undefined, limiter });
  const budget = createBudget({ rollouts: maxRollouts }, { calls: 0, tokens: 0, costMicroUsd: 0 }, () => 0);
  const stop = createStopSwitch();
  const evaluated = new Set<string>();
  const list = datasetOf(world, tasks);
  const cut = Math.round(tasks * 0.7);
  const prompt = createPrompt(start);
  const end = await train({
    runId,
    seed,
    iterations,
    start: prompt,
    split: { train: list.slice(0, cut), val: list.slice(cut), test: [] },
    optimizer,
    agent: await createChatAgent(
      chatOptions.parse({ variables: start.includes('{{shop}}') ? { shop: 'Example' } : {} }),
      pluginContext(),
    ),
    provider: 'simulated',
    grader: createExactGrader(exactOptions.parse({})),
    store,
    caller: createCaller({
      runId,
      journal: store.journal,
      roles: {
        agent: binding('sim-agent'),
        grader: binding('sim-judge'),
        critic: binding('sim-critic'),
        editor: binding('sim-editor'),
      },
      budget,
      prices: createPrices({}),
      stop,
      clock: systemClock,
      random: () => 0.5,
      callTimeoutMs: 60_000,
      concurrency: 8,
      observer: {},
    }),
    budget,
    stop,
    clock: systemClock,
    concurrency: 8,
    rolloutTimeoutMs: 60_000,
    failureThreshold: 0.1,
    simulated: true,
    reject: reject ?? createGate({ start: prompt, tasks: [] }),
    observer: { onRollout: ({ rollout }) => evaluated.add(rollout.promptId) },
  });
  const candidates = await store.candidates.list(runId);
  await store.close();
  return { ...end, candidates, evaluated };
}
