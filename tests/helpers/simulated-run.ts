import createChatAgent, { options as chatOptions } from '../../src/agents/chat.ts';
import { createEnvironment } from '../../src/config/environment.ts';
import { createGate } from '../../src/core/gate.ts';
import { createPrompt } from '../../src/core/prompt.ts';
import { createRandom } from '../../src/core/random.ts';
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
import type { World } from '../../src/models/simulated/world.ts';
import type { Optimizer } from '../../src/optimizers/optimizer.ts';
import { systemClock } from '../../src/platform/clock.ts';
import createSqliteStore from '../../src/stores/sqlite.ts';

export type SimulatedRun = {
  readonly world: World;
  readonly optimizer: Optimizer;
  readonly maxRollouts: number;
  readonly start?: string;
  readonly seed?: number;
  readonly concurrency?: number;
  /** Whether critics answer as they are asked to, or in sentences. Default true. */
  readonly knowsSchema?: boolean;
  /** What the agent says instead of its answer. */
  readonly distort?: (answer: string) => string;
};

/** Trains on a simulated world through the real engine, with everything in this process. */
export async function trainOnWorld({
  world,
  optimizer,
  maxRollouts,
  start = world.startPrompt,
  seed = 0,
  concurrency = 8,
  knowsSchema = true,
  distort = (answer) => answer,
}: SimulatedRun): Promise<TrainEnd> {
  const store = createSqliteStore({ path: ':memory:', create: true }, { folder: '.' });
  const now = new Date(0).toISOString();
  const run = {
    id: 'run',
    status: 'running',
    reason: '',
    algorithm: optimizer.name,
    seed,
    config: {},
    result: null,
  } as const;
  await store.runs.create({ ...run, createdAt: now, updatedAt: now });
  const stop = createStopSwitch();
  const clock = systemClock;
  const model: Model = {
    provider: 'simulated',
    simulated: true,
    async chat(request) {
      const { responseSchema: _schema, ...text } = request;
      const { content, toolCalls, usage } = respond(world, knowsSchema ? request : text, request.seed ?? 0);
      const said = request.model === 'sim-agent' ? distort(content) : knowsSchema ? content : asSentences(content);
      return {
        content: said,
        thinking: '',
        toolCalls,
        finishReason: 'stop',
        usage,
        model: request.model,
        responseId: '',
      };
    },
  };
  const role = (name: string) => ({
    model,
    name,
    temperature: undefined,
    maxOutputTokens: undefined,
    limiter: createLimiter({ concurrency: 64, clock }),
  });
  const budget = createBudget({ rollouts: maxRollouts }, { calls: 0, tokens: 0, costMicroUsd: 0 }, () => 0);
  const caller = createCaller({
    runId: run.id,
    journal: store.journal,
    roles: {
      agent: role('sim-agent'),
      grader: role('sim-judge'),
      critic: role('sim-critic'),
      editor: role('sim-editor'),
    },
    budget,
    prices: createPrices({}),
    stop,
    clock,
    random: () => 0.5,
    callTimeoutMs: 60_000,
    concurrency,
    observer: {},
  });
  const tasks = createRandom('split', seed).shuffle(datasetOf(world, 100));
  const prompt = createPrompt(start);
  const end = await train({
    runId: run.id,
    seed,
    iterations: optimizer.defaultIterations,
    start: prompt,
    split: { train: tasks.slice(0, 80), val: tasks.slice(80), test: [] },
    optimizer,
    agent: await createChatAgent(chatOptions.parse({}), {
      folder: '.',
      environment: createEnvironment({}),
      load: () => Promise.reject(new Error('nothing to load')),
    }),
    provider: 'simulated',
    grader: createExactGrader(exactOptions.parse({})),
    store,
    caller,
    budget,
    stop,
    clock,
    concurrency,
    rolloutTimeoutMs: 60_000,
    failureThreshold: 0.1,
    simulated: true,
    reject: createGate({ start: prompt, protectedTexts: [], tasks: [] }),
    observer: {},
  });
  await store.close();
  return end;
}

function asSentences(content: string): string {
  if (!content.startsWith('{"findings"')) return content;
  const { findings } = JSON.parse(content) as { findings: { cause: string; statement: string }[] };
  return findings.map(({ cause, statement }) => `- ${cause} The prompt should say: ${statement}`).join('\n');
}
