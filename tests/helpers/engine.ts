import createChatAgent, { options as chatOptions } from '../../src/agents/chat.ts';
import { createEnvironment } from '../../src/config/environment.ts';
import type { PluginContext } from '../../src/config/plugin.ts';
import type { Clock } from '../../src/core/clock.ts';
import { createPrompt } from '../../src/core/prompt.ts';
import type { Task } from '../../src/core/task.ts';
import type { Usage } from '../../src/core/usage.ts';
import { type BudgetLimits, createBudget } from '../../src/engine/budget.ts';
import { createCaller, type RoleBinding } from '../../src/engine/calls.ts';
import { createLimiter } from '../../src/engine/limiter.ts';
import { createPrices, type Rates } from '../../src/engine/prices.ts';
import { createStopSwitch } from '../../src/engine/stop.ts';
import type { TrainParts } from '../../src/engine/train.ts';
import createExactGrader, { options as exactOptions } from '../../src/graders/exact.ts';
import type { ChatReply, ChatRequest, Model, Role } from '../../src/models/model.ts';
import type { Optimizer } from '../../src/optimizers/optimizer.ts';
import { systemClock } from '../../src/platform/clock.ts';
import createSqliteStore from '../../src/stores/sqlite.ts';

const NOWHERE: PluginContext = {
  folder: '.',
  environment: createEnvironment({}),
  load: () => Promise.reject(new Error('no plug-ins here')),
};

/** Waits between attempts end at once, deadlines never come. */
export const IMPATIENT: Clock = {
  ...systemClock,
  sleep: (ms, signal) => (ms < 10_000 ? Promise.resolve() : systemClock.sleep(ms, signal)),
};

export type EngineOptions = {
  /** The model behind every role: its text, or a whole reply. */
  readonly chat: (request: ChatRequest, signal: AbortSignal) => Promise<string | Partial<ChatReply>>;
  readonly limits?: BudgetLimits;
  /** Of the model `m`. Default: 1 USD per million tokens. */
  readonly rates?: Rates;
  /** What the model is called in each role. Default: `m`. */
  readonly names?: { readonly [role in Role]: string };
  readonly concurrency?: number;
  readonly maxOutputTokens?: number;
  readonly clock?: Clock;
  readonly elapsed?: () => number;
  readonly callTimeoutMs?: number;
  /** File of the store. Default: memory. */
  readonly path?: string;
};

/** The real caller over a real journal, with a scripted model behind every role. */
export async function createEngine(options: EngineOptions) {
  const { chat, limits = {}, rates = { input: 1, output: 1 }, concurrency = 8, clock = systemClock } = options;
  const store = createSqliteStore({ path: options.path ?? ':memory:', create: true }, NOWHERE);
  const at = new Date(0).toISOString();
  await store.runs.create({
    id: 'run',
    status: 'running',
    reason: '',
    algorithm: 'test',
    seed: 0,
    config: {},
    createdAt: at,
    updatedAt: at,
    result: null,
  });
  const model: Model = {
    provider: 'test',
    simulated: false,
    async chat(request, { signal }) {
      const said = await chat(request, signal);
      const reply = typeof said === 'string' ? { content: said } : said;
      return { ...EMPTY, ...reply, model: request.model };
    },
  };
  const stop = createStopSwitch();
  const budget = createBudget(limits, { calls: 0, tokens: 0, costMicroUsd: 0 }, options.elapsed ?? (() => clock.now()));
  /** A limiter for each role, as for models of different names. */
  const bind = (name = 'm'): RoleBinding => ({
    model,
    name,
    temperature: undefined,
    maxOutputTokens: options.maxOutputTokens,
    limiter: createLimiter({ concurrency, clock }),
  });
  const { names } = options;
  const roles = {
    agent: bind(names?.agent),
    grader: bind(names?.grader),
    critic: bind(names?.critic),
    editor: bind(names?.editor),
  };
  const caller = createCaller({
    runId: 'run',
    journal: store.journal,
    roles,
    budget,
    prices: createPrices({ m: rates }),
    stop,
    clock,
    random: () => 0.5,
    callTimeoutMs: options.callTimeoutMs ?? 60_000,
    concurrency,
    observer: {},
  });
  const ask = (text: string, role: Role = 'agent'): Promise<ChatReply> =>
    caller.chat(role, { messages: [{ role: 'user', content: text }] }, { sample: 0, signal: stop.signal });
  return { store, stop, budget, caller, clock, concurrency, ask };
}

/** As the simulated model knows who asks. */
export const SIMULATED_NAMES = {
  agent: 'sim-agent',
  grader: 'sim-judge',
  critic: 'sim-critic',
  editor: 'sim-editor',
} as const;

const EMPTY: ChatReply = {
  content: '',
  thinking: '',
  toolCalls: [],
  finishReason: 'stop',
  usage: { input: 10, output: 10, cached: 0, reasoning: 0, estimated: false },
  model: 'm',
  responseId: 'r',
};

export function usage(input: number, output: number): Usage {
  return { input, output, cached: 0, reasoning: 0, estimated: false };
}

/** All that `train` needs, with the chat agent and the exact grader. */
export async function createTrainParts(
  engine: Awaited<ReturnType<typeof createEngine>>,
  given: {
    readonly tasks: readonly Task[];
    readonly optimizer: Optimizer;
    readonly prompt?: string;
    readonly iterations?: number;
    /** Values of the prompt's placeholders. */
    readonly variables?: { readonly [name: string]: string };
  },
): Promise<TrainParts> {
  const cut = Math.ceil(given.tasks.length * 0.7);
  return {
    ...engine,
    runId: 'run',
    seed: 1,
    iterations: given.iterations ?? 2,
    start: createPrompt(given.prompt ?? 'You are a support assistant.'),
    split: { train: given.tasks.slice(0, cut), val: given.tasks.slice(cut), test: [] },
    optimizer: given.optimizer,
    agent: await createChatAgent(chatOptions.parse({ variables: given.variables ?? {} }), NOWHERE),
    provider: 'test',
    grader: createExactGrader(exactOptions.parse({})),
    rolloutTimeoutMs: 60_000,
    failureThreshold: 0.1,
    simulated: false,
    reject: () => undefined,
    observer: {},
  };
}
